"""`stats --json` with short names; docs/STATS.md describes the members."""

from harness.base import Failure, equal


class Way:
    """One direction's figures."""

    def __init__(self, name, figures):
        self.name = name
        self.bytes = figures["bytes"]
        self.copied = figures["copied_bytes"]
        self.spliced = figures["spliced_bytes"]
        self.peeked = figures["peeked_bytes"]
        self.into_splice = figures["into_splice"]
        self.out_of_splice = figures["out_of_splice"]
        self.pauses = figures["pauses"]


def named(rows, name, kind):
    """The row of this name; without one, the first."""
    for row in rows:
        if name is None or row["name"] == name:
            return row
    raise Failure(f"no {kind} {name} in {[row['name'] for row in rows]}")


class Reading:
    """The figures of all shards together, or of one."""

    def __init__(self, members):
        self.members = members
        connections = members["connections"]
        self.accepted = connections["accepted"]
        self.active = connections["active"]
        self.refused = connections["refused"]
        self.with_preamble = connections["with_preamble"]
        self.accept_pauses = connections["accept_pauses"]
        self.connect_failures = connections["connect_failures"]
        self.connect_retries = connections["connect_retries"]
        self.closed_by_reason = connections["closed"]
        self.up = Way("up", members["traffic"]["up"])
        self.down = Way("down", members["traffic"]["down"])
        self.resources = members["resources"]
        self.http = members["http"]
        self.routes = members["routes"]
        self.upstreams = members["upstreams"]

    def closed(self, reason):
        return self.closed_by_reason[reason]

    def ring(self, figure):
        return self.members["ring"][figure]

    def latency(self, name):
        return self.members["latency"][name]

    def ended(self, how):
        """Exchanges that ended like this, over all routes."""
        return sum(route["traffic"]["ended"][how] for route in self.routes)

    def route(self, name=None):
        return named(self.routes, name, "route")

    def upstream(self, name=None):
        return named(self.upstreams, name, "upstream")

    def listener(self, name):
        for listener in self.members["listeners"]:
            if listener["name"] == name:
                return listener
        raise Failure(f"no listener {name}")


class Stats(Reading):
    """A whole answer; asked for with --per-shard."""

    def __init__(self, answer):
        super().__init__(answer["total"])
        self.answer = answer
        self.shards = [Reading(shard) for shard in answer["per_shard"]]

    def log_lines_lost(self):
        return self.answer["writer_lines_dropped"] + self.members["log"]["lines_dropped"]

    def check_balance(self):
        """What must hold whenever no connection is left."""
        closed = sum(self.closed_by_reason.values())
        equal(closed, self.accepted, "sessions closed by reason, against sessions accepted")
        for name in ("buffers_in_use", "pipes_in_use", "slots_in_use"):
            equal(self.resources[name], 0, f"{name} with no connection left")
        equal(self.http["idle"], 0, "idle HTTP sessions with no connection left")
        for row in self.routes + self.upstreams:
            if row["traffic"] is not None:
                equal(row["traffic"]["active"], 0, f"exchanges of {row['name']} under way")
                equal(row["traffic"]["ended_total"], row["traffic"]["requests"],
                      f"exchanges of {row['name']} that ended, against requests")
        for row in self.upstreams:
            if row["pool"] is not None:
                equal((row["pool"]["leased"], row["pool"]["waiting"]), (0, 0),
                      f"leases and waiters of {row['name']}")
        for way in (self.up, self.down):
            equal(way.copied + way.spliced + way.peeked, way.bytes, f"bytes {way.name} by mode")
