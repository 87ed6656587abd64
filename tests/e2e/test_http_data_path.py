"""What serving requests must never do: allocate on a shard's thread, or keep memory."""

import threading

from harness.allocations import AllocationCounts
from harness.base import (Folder, alone, at_most, bytes_allowed, equal, expect, not_instrumented,
                          timeout_of)
from harness.crowd import close_all, open_many
from harness.gateway import gateway
from harness.http import Client, Stream, request_bytes
from harness.http_origin import HttpOrigin, mirror
from harness.mock import Mock
from harness.process import Job
from test_data_path import shard_threads

KINDS = [request_bytes("GET", "/a?b=c", [("Accept", "*/*"), ("User-Agent", "test")]),
         request_bytes("POST", "/form", body=b"x" * 300), request_bytes("HEAD", "/"),
         request_bytes("PUT", "/", [("X-Long", "v" * 900)], b"y" * 5000)]
METHODS = ("GET", "POST", "HEAD", "PUT")


def pipeline(address, count, batch=64):
    """`count` requests on one connection, `batch` at a time."""
    kinds = [KINDS[number % len(KINDS)] for number in range(batch)]
    with Client(address, seconds=60) as client:
        for _ in range(count // batch):
            client.send(b"".join(kinds))
            for number in range(batch):
                equal(client.response(METHODS[number % len(KINDS)]).status, 200, "the status")
    return count // batch * batch


def load(ringway, count, clients=4):
    jobs = [Job(pipeline, ringway.address(), count // clients) for _ in range(clients)]
    return sum(job.result(120) for job in jobs)


@alone
@timeout_of(180)
def test_a_hundred_thousand_requests_allocate_nothing_on_shard_threads():
    not_instrumented("a sanitizer replaces the allocator that would be counted")
    with Folder() as folder, Mock("http") as mock:
        counts = AllocationCounts(folder)
        with gateway(mock, env=counts.environment) as ringway:
            load(ringway, 8192)
            shards = shard_threads(ringway)
            before = counts.by_thread()
            expect(all(before.get(shard, (0,))[0] > 0 for shard in shards),
                   "the counter saw each shard thread allocate while it started")
            expect(load(ringway, 102_400) >= 100_000, "the requests ran")
            after = counts.by_thread()
            for shard in shards:
                grown = [b - a for a, b in zip(before.get(shard, (0, 0, 0)),
                                               after.get(shard, (0, 0, 0)))]
                equal(grown, [0, 0, 0], f"allocations, bytes and releases of shard thread {shard}")


@alone
@timeout_of(120)
def test_churn_errors_and_large_bodies_allocate_nothing_on_shard_threads():
    not_instrumented("a sanitizer replaces the allocator that would be counted")

    def answer(call):
        call.read_body()
        if call.path == "/reset":
            call.reset()
        elif call.path == "/junk":
            call.send("junk\r\n\r\n")
            call.end()
        else:
            call.reply(body=b"x" * (1 << 20 if call.path == "/large" else 100))

    with Folder() as folder, HttpOrigin(answer) as origin:
        counts = AllocationCounts(folder)
        with gateway(origin, "--eject-errors", "off", "--eject-error-percent", "off",
                     env=counts.environment) as ringway:

            def work():
                for turn in range(60):
                    for path in ("/small", "/large", "/reset", "/junk"):
                        ringway.request("POST", path, body=b"y" * (turn * 3000))
                    with ringway.client() as client:
                        client.send(b"GET / HTTP/1.1\r\nHost : h\r\n\r\n")
                        client.response()

            work()
            work()
            before = counts.by_thread()
            work()
            after = counts.by_thread()
            for shard in shard_threads(ringway):
                grown = after.get(shard, (0, 0, 0))[0] - before.get(shard, (0, 0, 0))[0]
                equal(grown, 0, f"allocations of shard thread {shard}")


@alone
@timeout_of(60)
def test_idle_keep_alive_connections_cost_little_memory():
    not_instrumented("a sanitizer keeps books of its own")
    count = 2000
    with HttpOrigin() as origin, gateway(origin, shards=1, nofile=8192) as ringway:
        request = request_bytes()

        def ask_all(clients):
            for client in clients:
                client.sendall(request)
                stream = Stream(client)
                while stream.line():
                    pass
                stream.exactly(7)

        warm = open_many(ringway.address(), 200)
        ask_all(warm)
        before = ringway.private_bytes()
        clients = open_many(ringway.address(), count)
        ask_all(clients)
        each = (ringway.private_bytes() - before) / count
        at_most(each, bytes_allowed(1536), "private bytes for each idle connection")
        expect(ringway.stats().active >= count, "they are all there")
        close_all(clients + warm)


@alone
@timeout_of(60)
def test_nothing_is_left_after_a_storm_of_every_kind():
    with HttpOrigin(mirror) as origin, gateway(origin) as ringway:

        def storm(number):
            for turn in range(15):
                with ringway.client() as client:
                    kind = (number + turn) % 5
                    if kind == 0:
                        client.ask("POST", "/", body=b"x" * 200_000)
                    elif kind == 1:
                        client.send(request_bytes("POST", "/", [("Content-Length", "999")]), b"x")
                    elif kind == 2:
                        client.send(b"junk\r\n\r\n")
                        client.response()
                    elif kind == 3:
                        client.send(b"GET / HT")
                    else:
                        client.send(request_bytes() * 10)
                        client.response()

        threads = [threading.Thread(target=storm, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        ringway.settled(sessions=90)
