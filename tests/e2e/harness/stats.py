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

    def closed(self, reason):
        return self.closed_by_reason[reason]

    def ring(self, figure):
        return self.members["ring"][figure]

    def latency(self, name):
        return self.members["latency"][name]

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
        for way in (self.up, self.down):
            equal(way.copied + way.spliced + way.peeked, way.bytes, f"bytes {way.name} by mode")
