"""What is measured: each scenario turns one running proxy into one sample.

A sample is a dictionary; `cost` is the figure that is compared, in the scenario's `unit`.
"""

import time

from .gateways import HttpNginxUnbuffered
from .sampling import cpu_share, per_turn

GIB = 1 << 30


class Scenario:
    unit = "?"
    rate_unit = "?"
    only = None       # candidates that it makes sense for; None is all
    bulk = False

    def __init__(self, name, title, network="default", **words):
        self.name = name
        self.title = title
        self.network_kind = network
        self.words = words

    def takes(self, kind):
        if kind.bulk_only and not self.bulk:
            return False
        return self.only is None or kind.name in self.only

    def sample(self, settings, network, kind):
        """One undisturbed sample, or the least disturbed of a few, marked as such."""
        best = None
        for attempt in range(settings.attempts):
            if attempt > 0 and settings.budget and settings.budget.left <= 0:
                break
            began = time.monotonic()
            taken = self.take(settings, network, kind)
            if attempt > 0 and settings.budget:
                settings.budget.spend(time.monotonic() - began)
            taken["disturbed"] = taken["foreign"] > settings.foreign_max
            if best is None or taken["foreign"] < best["foreign"]:
                best = taken
            if not best["disturbed"]:
                break
        return best

    def take(self, settings, network, kind):
        raise NotImplementedError


class Load(Scenario):
    """A scenario in which the generator keeps the proxy's core busy."""

    def take(self, settings, network, kind):
        with network.ready() as (generator, namespace):
            with self.start(kind, generator, settings, namespace) as proxy:
                before = proxy.counters()
                answer = self.ask(generator, proxy, settings)
                after = proxy.counters()
        units = self.units_in(answer)
        if not units:
            raise RuntimeError(f"{kind.name}: nothing came through while it was measured")
        shares = cpu_share(answer, settings.proxy_core, kind.own_threads_compete)
        return {
            "candidate": kind.name,
            "cost": self.cost(answer["cpu"]["proxy_ns"] / units),
            "core_cost": self.cost(answer["cpu"]["cores"][settings.proxy_core]["busy_ns"] / units),
            "rate": units / (answer["window_ns"] / 1e9),
            "latency_us": answer["latency_us"],
            "foreign": max(shares["foreign_on_load_core"], shares["foreign_on_proxy_core"]),
            **shares, **per_turn(before, after),
            "counters": after,
        }

    @staticmethod
    def start(kind, generator, settings, namespace):
        return kind(generator.origin_port, {settings.proxy_core}, namespace)

    def ask(self, generator, proxy, settings, **more):
        pids = ",".join(str(pid) for pid in proxy.pids())
        return generator.ask(self.command, port=proxy.port, pids=pids,
                             warm_up_ms=max(settings.warm_up_ms, proxy.warm_up_ms_min),
                             measure_ms=settings.measure_ms,
                             **{**self.words, **more})

    @staticmethod
    def cost(ns_per_unit):
        return ns_per_unit / 1e3


class Exchange(Load):
    unit = "us CPU per exchange"
    rate_unit = "exchanges/s"
    command = "exchange"

    def units_in(self, answer):
        return answer["exchanges"]


class Churn(Load):
    unit = "us CPU per connection"
    rate_unit = "connections/s"
    command = "exchange"

    def units_in(self, answer):
        return answer["connections"]


class Bulk(Load):
    unit = "s CPU per GiB"
    rate_unit = "GiB/s"
    command = "bulk"
    bulk = True

    def units_in(self, answer):
        return answer["bytes"] / GIB

    @staticmethod
    def cost(ns_per_unit):
        return ns_per_unit / 1e9


class Idle(Scenario):
    """Private memory: of the whole process once warm, and what every idle connection adds."""

    unit = "bytes private per idle connection"
    rate_unit = ""
    hold = "hold"

    @staticmethod
    def warm_up(generator, proxy):
        warm_up(generator, proxy)

    def take(self, settings, network, kind):
        count = settings.idle_connections
        with network.ready() as (generator, namespace):
            with kind(generator.origin_port, {settings.proxy_core}, namespace) as proxy:
                self.warm_up(generator, proxy)
                none = proxy.private_bytes()
                generator.ask(self.hold, port=proxy.port, connections=count)
                time.sleep(0.3)
                full = proxy.private_bytes()
                counters = proxy.counters()
                generator.ask("release")
                time.sleep(0.3)
                after = proxy.private_bytes()
        return {"candidate": kind.name, "cost": (full - none) / count, "rate": None, "foreign": 0,
                "private_warm": none, "private_full": full, "private_after": after,
                "connections": count, "counters": counters}


def warm_up(generator, proxy):
    """Touches what a proxy keeps in pools: buffers, pipes, connection slots."""
    generator.ask("exchange", port=proxy.port, connections=64, warm_up_ms=100, measure_ms=200)
    generator.ask("bulk", port=proxy.port, streams=4, warm_up_ms=100, measure_ms=200)
    generator.ask("exchange", port=proxy.port, connections=64, request=16384, response=16384,
                  warm_up_ms=50, measure_ms=100)
    time.sleep(0.4)


class Shards(Scenario):
    """One shard against two, with the same number of connections per shard.

    Batching changes the cost of an exchange more than anything else, so the cost of one shard is
    measured at several numbers of connections first: that curve says what one shard would have
    needed at the completions per turn that two shards had.
    """

    unit = "us CPU per exchange"
    rate_unit = "exchanges/s"
    only = ("ringway",)
    # label, shards, connections, whether the second core (where the load runs) is used too
    POINTS = (
        ("1 shard, 16 connections", 1, 16, False),
        ("1 shard, 32 connections", 1, 32, False),
        ("1 shard, 64 connections", 1, 64, False),
        ("1 shard, 128 connections", 1, 128, False),
        ("1 shard, 256 connections", 1, 256, False),
        ("2 shards sharing core 0, 128 connections", 2, 128, False),
        ("2 shards on both cores, 128 connections", 2, 128, True),
    )

    def sample(self, settings, network, kind):
        points = [self._point(settings, network, kind, *point) for point in self.POINTS]
        return {"candidate": kind.name, "cost": None, "rate": None, "disturbed": False,
                "points": points}

    def _point(self, settings, network, kind, label, shards, connections, both):
        cores = {settings.proxy_core, settings.load_core} if both else {settings.proxy_core}
        best = None
        for _ in range(settings.attempts):
            taken = self._measure(settings, network, kind, shards, connections, cores)
            taken.update(label=label, shards=shards, connections=connections)
            # With two shards the scheduler shares cores out by design: only one shard can be
            # called undisturbed.
            foreign = taken["foreign"] if shards == 1 else 0
            taken["disturbed"] = foreign > settings.foreign_max
            if best is None or taken["foreign"] < best["foreign"]:
                best = taken
            if not taken["disturbed"]:
                break
        return best

    @staticmethod
    def _measure(settings, network, kind, shards, connections, cores):
        load = Exchange("", "", connections=connections, request=128, response=128)
        with network.ready() as (generator, namespace):
            with kind(generator.origin_port, cores, namespace, shards=shards) as proxy:
                before = proxy.counters()
                answer = load.ask(generator, proxy, settings)
                after = proxy.counters()
                private = proxy.private_bytes()
        shares = cpu_share(answer, settings.proxy_core)
        return {"cost": answer["cpu"]["proxy_ns"] / answer["exchanges"] / 1e3,
                "rate": answer["exchanges"] / (answer["window_ns"] / 1e9),
                "foreign": max(shares["foreign_on_load_core"], shares["foreign_on_proxy_core"]),
                "private_warm": private, **shares, **per_turn(before, after)}


class Http(Load):
    """Requests with bodies of known length; `bulk` ones are told per GiB by the report's reader."""

    unit = "us CPU per request"
    rate_unit = "requests/s"
    command = "http"

    def __init__(self, name, title, network="default", bulk=False, bare=False, relay=False,
                 **words):
        super().__init__(name, title, network, **words)
        self.bulk = bulk
        self.bare = bare
        self.relay = relay  # also compare with ringway's own TCP relay

    def takes(self, kind):
        if kind.name == "relay" and not self.relay:
            return False
        return super().takes(kind)

    def start(self, kind, generator, settings, namespace):
        return kind(generator.origin_port, {settings.proxy_core}, namespace, bare=self.bare)

    def units_in(self, answer):
        return answer["exchanges"]


class HttpChurn(Http):
    unit = "us CPU per connection"
    rate_unit = "connections/s"


class Events(Http):
    unit = "us CPU per event"
    rate_unit = "events/s"
    command = "events"

    def start(self, kind, generator, settings, namespace):
        if kind.name == "nginx":
            kind = HttpNginxUnbuffered
        return super().start(kind, generator, settings, namespace)


class HttpIdle(Idle):
    hold = "hold_http"

    def takes(self, kind):
        return kind.name != "relay" and super().takes(kind)

    @staticmethod
    def warm_up(generator, proxy):
        """Touches what a proxy keeps in pools: buffers, pipes, slots of exchanges."""
        for words in ({"connections": 512}, {"response_body": 1 << 20, "connections": 4},
                      {"request_body": 16384, "connections": 64}):
            generator.ask("http", port=proxy.port, warm_up_ms=100, measure_ms=200, **words)
        time.sleep(0.4)


HTTP_SCENARIOS = (
    Http("http-64", "1 KiB responses, 64 connections; all add the same fields",
         connections=64, relay=True),
    Http("http-64-bare", "1 KiB responses, 64 connections; nobody adds fields",
         connections=64, bare=True, relay=True),
    Http("http-512", "1 KiB responses, 512 connections; all add the same fields",
         connections=512, relay=True),
    Http("http-5000", "1 KiB responses, 64 connections, 5,000 requests/s, open loop",
         connections=64, rate=5000),
    Http("http-post", "POST of 16 KiB, 64 connections", connections=64, request_body=16384,
         response_body=256),
    Http("http-64k", "64 KiB responses, 64 connections", bulk=True, connections=64,
         response_body=1 << 16),
    Http("http-1m", "1 MiB responses, 16 connections", bulk=True, connections=16,
         response_body=1 << 20),
    Http("http-1m-reno", "1 MiB responses, 16 connections, reno", network="reno", bulk=True,
         connections=16, response_body=1 << 20),
    Events("sse", "200 event streams, 200 events/s each", connections=200, events_per_second=200,
           event=100),
    HttpChurn("http-churn", "a new connection per request, 64 at a time", network="fresh",
              connections=64, new_connections="yes"),
    HttpIdle("http-idle", "idle keep-alive connections"),
)

TCP_SCENARIOS = (
    Exchange("exchange-64", "128 B exchanges, 64 connections",
             connections=64, request=128, response=128),
    Exchange("exchange-256", "128 B exchanges, 256 connections",
             connections=256, request=128, response=128),
    Bulk("bulk-1-reno", "bulk, 1 stream, reno", network="reno", streams=1),
    Bulk("bulk-16-reno", "bulk, 16 streams, reno", network="reno", streams=16),
    Bulk("bulk-1-default", "bulk, 1 stream, the machine's default", streams=1),
    Bulk("bulk-16-default", "bulk, 16 streams, the machine's default", streams=16),
    Churn("churn", "a new connection per 128 B exchange, 64 at a time, the origin closes first",
          network="fresh", connections=64, request=128, response=128, per_connection=1),
    Idle("idle", "idle connections"),
    Shards("shards", "two shards against one"),
)
