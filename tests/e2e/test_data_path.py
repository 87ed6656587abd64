"""What the data path must never do: allocate, lock, or wait for a reader of statistics."""

import re
import threading
import time

from harness.allocations import AllocationCounts
from harness.base import (Failure, Folder, Skip, alone, between, equal, eventually, expect,
                          not_instrumented, scaled, timeout_of)
from harness.crowd import close_all, exchange_with_all, open_many
from harness.peers import Redis
from harness.process import Process, need, run
from harness.ringway import serve_pair
from harness.sockets import Origin, Server, ask, receive_exactly


def shard_threads(ringway):
    """Ids of the threads that carry connections."""
    found = [tid for tid, name in ringway.threads().items() if "shard" in name]
    if not found:
        raise Failure(f"no thread is named after a shard: {ringway.threads()}")
    return found


def benchmark(ringway, requests, connections=64):
    host, port = ringway.address()
    return run([need("redis-benchmark"), "-h", host, "-p", port, "-n", requests, "-c", connections,
                "-t", "ping", "-q"], seconds=120)


@alone
@timeout_of(180)
def test_a_million_exchanges_allocate_nothing_on_shard_threads():
    not_instrumented("a sanitizer replaces the allocator that would be counted")
    with Folder() as folder, Redis() as redis:
        counts = AllocationCounts(folder)
        with serve_pair(redis, env=counts.environment) as ringway:
            benchmark(ringway, 20_000)
            shards = shard_threads(ringway)
            before = counts.by_thread()
            expect(all(before.get(shard, (0,))[0] > 0 for shard in shards),
                   "the counter saw each shard thread allocate while it started")
            exchanges = ringway.stats().up.bytes
            benchmark(ringway, 500_000)  # PING_INLINE and PING_MBULK: a million together
            after = counts.by_thread()
            expect(ringway.stats().up.bytes - exchanges > 1_000_000 * 6, "a million exchanges ran")
            for shard in shards:
                grown = [b - a for a, b in zip(before.get(shard, (0, 0, 0)),
                                               after.get(shard, (0, 0, 0)))]
                equal(grown, [0, 0, 0], f"allocations, bytes and releases of shard thread {shard}")


@alone
@timeout_of(120)
def test_bulk_and_churn_allocate_nothing_on_shard_threads():
    not_instrumented("a sanitizer replaces the allocator that would be counted")
    with Folder() as folder, Origin() as origin:
        counts = AllocationCounts(folder)
        with serve_pair(origin, env=counts.environment) as ringway:

            def load():
                for _ in range(10):
                    bulk(ringway, origin)
                for _ in range(300):
                    client = ringway.connect()
                    server = origin.accept()
                    client.sendall(b"hello")
                    receive_exactly(server, 5)
                    client.close()
                    server.close()

            load()
            load()
            before = counts.by_thread()
            load()
            after = counts.by_thread()
            for shard in shard_threads(ringway):
                grown = after.get(shard, (0, 0, 0))[0] - before.get(shard, (0, 0, 0))[0]
                equal(grown, 0, f"allocations of shard thread {shard}")


def bulk(ringway, origin):
    client = ringway.connect()
    server = origin.accept()
    sender = threading.Thread(target=server.sendall, args=(bytes(4 << 20),))
    sender.start()
    receive_exactly(client, 4 << 20)
    sender.join()
    client.close()
    server.close()


@alone
@timeout_of(90)
def test_shard_threads_never_call_futex_under_load():
    strace = need("strace")
    not_instrumented("a sanitizer's own locks would be seen")
    with Folder() as folder, Redis() as redis, serve_pair(redis) as ringway:
        benchmark(ringway, 2000)
        shards = shard_threads(ringway)
        trace = folder.file("trace")
        with Process([strace, "-f", "-q", "-e", "trace=futex,io_uring_enter", "-o", trace, "-p",
                      ringway.pid]) as tracer:
            try:
                eventually(lambda: all(traced(ringway.pid, tid) for tid in shards),
                           "strace watches every shard", 5)
            except Failure:
                if "ermitted" in tracer.stderr():
                    raise Skip("this machine does not let strace attach") from None
                raise
            benchmark(ringway, 20_000)
            for _ in range(20):
                ringway.stats()
            tracer.stop()
        calls = {tid: {"futex": 0, "io_uring_enter": 0} for tid in shards}
        with open(trace) as lines:
            for line in lines:
                match = re.match(r"(\d+)\s+(futex|io_uring_enter)\(", line)
                if match and int(match[1]) in calls:
                    calls[int(match[1])][match[2]] += 1
        for tid, seen in calls.items():
            expect(seen["io_uring_enter"] > 10, f"the trace shows shard {tid} at work: {seen}")
            equal(seen["futex"], 0, f"futex calls of shard thread {tid}")


def traced(pid, tid):
    with open(f"/proc/{pid}/task/{tid}/status") as status:
        return re.search(r"TracerPid:\s+[1-9]", status.read()) is not None


@alone
def test_reading_statistics_does_not_disturb_traffic():
    with Server() as echo, serve_pair(echo, shards=1) as ringway:
        client = ringway.connect()

        def exchanges_in(seconds):
            end, done = time.monotonic() + seconds, 0
            while time.monotonic() < end:
                ask(client, b"x" * 100)
                done += 1
            return done

        exchanges_in(0.2)
        turns = ringway.stats().ring("wakes")
        stop = threading.Event()
        readings = []

        def read_on():
            with ringway.control() as control:
                while not stop.is_set():
                    control.ask("stats --per-shard --json")
                    readings.append(1)
                    time.sleep(0.005)

        reader = threading.Thread(target=read_on)
        reader.start()
        exchanges = exchanges_in(1.0)
        stop.set()
        reader.join()
        expect(len(readings) >= 20, f"{len(readings)} readings in a second")
        expect(exchanges > 100 / scaled(1), f"only {exchanges} exchanges in a second")
        between(ringway.stats().ring("wakes") - turns, 0, 5, "wake-ups of the shard by readers")
        client.close()


def test_nothing_spins_while_connections_are_idle_or_half_closed():
    import socket

    with Origin() as origin, serve_pair(origin) as ringway:
        pairs = []
        for index in range(20):
            client = ringway.connect()
            server = origin.accept()
            if index % 2:
                client.shutdown(socket.SHUT_WR)
            else:
                server.shutdown(socket.SHUT_WR)
            pairs.append((client, server))
        time.sleep(0.3)
        before = ringway.cpu_seconds()
        time.sleep(1.0)
        between(ringway.cpu_seconds() - before, 0, scaled(0.05), "CPU seconds in one idle second")
        for client, server in pairs:
            client.close()
            server.close()
        ringway.settled(sessions=20)


@alone
@timeout_of(60)
def test_a_small_buffer_pool_serves_many_connections():
    flags = ("--buffers", 16, "--buffer-size", "4KiB")
    with Server() as echo, serve_pair(echo, *flags, shards=1) as ringway:
        clients = open_many(ringway.address(), 200)
        for turn in range(5):
            exchange_with_all(clients, b"%04d" % turn * 500)
        close_all(clients)
        stats = ringway.settled(sessions=200)
        equal(stats.up.bytes, 200 * 5 * 2000, "bytes up")
        equal(stats.resources["buffers_in_use"], 0, "buffers in use at the end")
