"""No body is held back, none is kept in memory: first bytes, events, slow readers, gibibytes."""

import hashlib
import os
import threading
import time

from harness import sse
from harness.base import (Failure, alone, at_most, bytes_allowed, equal, eventually, expect,
                          scaled, slow_binary, timeout_of)
from harness.gateway import gateway
from harness.http import LAST_CHUNK, Client, Stream, chunk, receive_body, request_bytes
from harness.http_origin import HttpOrigin, mirror
from harness.process import Job
from harness.sockets import BLOCK, Origin, fill, pattern

MIB = 1 << 20


def bulk_bytes():
    """1 GiB; RW_TEST_BULK_BYTES asks for more (10 GiB before a release), or less."""
    return int(os.environ.get("RW_TEST_BULK_BYTES", (64 << 20) if slow_binary() else (1 << 30)))


# ---- first bytes -----------------------------------------------------------------------------


def test_the_first_byte_of_a_request_reaches_the_origin_before_its_last_has_come():
    with HttpOrigin(mirror) as origin, gateway(origin) as ringway, ringway.client() as client:
        client.send(request_bytes("POST", "/", [("Content-Length", "10")]), b"a")
        eventually(lambda: any(held.endswith(b"\r\n\r\na") for held in origin.received()),
                   "the first byte of the body is there", 5)
        client.send(b"b" * 9)
        equal(client.response().body, b"a" + b"b" * 9)


def test_each_byte_of_a_chunked_request_goes_on_at_once():
    with HttpOrigin(mirror) as origin, gateway(origin) as ringway, ringway.client() as client:
        client.send(request_bytes("POST", "/", [("Transfer-Encoding", "chunked")]))
        for turn in range(5):
            client.send(chunk(b"part%d" % turn))
            eventually(lambda: any(b"part%d" % turn in held for held in origin.received()),
                       f"part {turn} is there", 5)
        client.send(LAST_CHUNK)
        equal(client.response().body, b"".join(b"part%d" % turn for turn in range(5)))


def test_the_first_byte_of_a_response_comes_before_the_last_byte_of_the_request():
    # The origin echoes while it reads: a conversation within one exchange.
    def echo_chunks(call):
        call.body_taken = True
        call.begin_chunks()
        while data := call.request.read_chunk(call.stream):
            call.chunk(data)
        call.end_chunks()

    with HttpOrigin(echo_chunks) as origin, gateway(origin) as ringway, ringway.client() as client:
        client.send(request_bytes("POST", "/", [("Transfer-Encoding", "chunked")]))
        response = client.head()
        for turn in range(20):
            client.send(chunk(b"word %d" % turn))
            equal(response.read_chunk(client.stream), b"word %d" % turn)
        client.send(LAST_CHUNK)
        equal(response.read_chunk(client.stream), b"")


def test_the_bytes_of_a_response_come_as_the_origin_sends_them():
    gate = threading.Event()

    def in_two(call):
        call.read_body()
        call.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst")
        gate.wait(10)
        call.send("later")

    with HttpOrigin(in_two) as origin, gateway(origin) as ringway, ringway.client() as client:
        client.request()
        client.head()
        equal(client.stream.exactly(5), b"first")
        gate.set()
        equal(client.stream.exactly(5), b"later")


def test_a_head_alone_comes_before_any_body():
    gate = threading.Event()

    def head_first(call):
        call.read_body()
        call.begin_chunks()
        gate.wait(10)
        call.end_chunks()

    with HttpOrigin(head_first) as origin, gateway(origin) as ringway, ringway.client() as client:
        client.request()
        response = client.head()
        equal(response.status, 200)
        gate.set()
        equal(response.read_chunk(client.stream), b"")


def test_head_and_body_that_are_there_leave_together():
    # One send for both: a client that receives once has it all.
    with HttpOrigin(lambda call: call.reply(body="x" * 500)) as origin, gateway(origin) as ringway:
        together = 0
        with ringway.client() as client:
            for _ in range(20):
                client.request()
                first = client.sock.recv(65536)
                together += first.endswith(b"x" * 500)
                client.stream.held += first
                equal(len(client.response().body), 500)
        expect(together >= 19, f"only {together} of 20 responses came in one piece")


# ---- server-sent events ----------------------------------------------------------------------


def late_events(origin, ringway, streams, events):
    """Percentile 99 of the events' delay in ms through ringway, and beside it without ringway: what
    a busy machine does to both is not ringway's."""
    through = [sse.Reader(ringway.client()) for _ in range(streams)]
    direct = [sse.Reader(Client(origin.address)) for _ in range(streams)]
    delays = []
    for readers in (through, direct):
        delays.append([delay for reader in readers for delay in reader.finish()])
        equal(len(delays[-1]), streams * events, "events")
    return [sse.percentile(several, 0.99) for several in delays]


@alone
def test_each_event_arrives_promptly():
    for chunked in (True, False):
        with HttpOrigin(sse.events(300, 0.005, chunked)) as origin, gateway(origin) as ringway:
            through, direct = late_events(origin, ringway, 1, 300)
            at_most(through, scaled(50) + 2 * direct, "ms, percentile 99 of the delay")


@alone
def test_events_of_many_streams_arrive_promptly():
    with HttpOrigin(sse.events(60, 0.05)) as origin, gateway(origin) as ringway:
        through, direct = late_events(origin, ringway, 30, 60)
        at_most(through, scaled(50) + 2 * direct, "ms, percentile 99 of the delay")


def test_a_stream_of_events_outlives_the_first_byte_timeout():
    with HttpOrigin(sse.events(20, 0.05)) as origin:
        with gateway(origin, "--first-byte-timeout", "300ms") as ringway:
            equal(len(sse.Reader(ringway.client()).finish()), 20, "events")


# ---- backpressure ----------------------------------------------------------------------------


def endless(call):
    call.read_body()
    call.send("HTTP/1.1 200 OK\r\nContent-Length: 100000000000\r\n\r\n")
    try:
        call.origin.pushed = fill(call.sock, quiet_seconds=1.0)
    finally:
        call.origin.filled.set()
    call.over = True
    call.origin.release.wait(20)


@alone
def test_an_origin_is_held_back_by_a_slow_reader():
    with HttpOrigin(endless) as origin:
        origin.filled, origin.release, origin.pushed = threading.Event(), threading.Event(), 0
        with gateway(origin) as ringway, ringway.client(receive_buffer=65536) as client:
            before = ringway.private_bytes()
            client.request()
            client.head()
            expect(origin.filled.wait(20), "the origin was held back")
            at_most(origin.pushed, 48 * MIB, "bytes that the origin could send")
            at_most(ringway.private_bytes() - before, bytes_allowed(6 * MIB), "private bytes more")
            origin.release.set()


@alone
def test_a_client_is_held_back_by_a_slow_origin():
    release = threading.Event()

    def reads_nothing(call):
        release.wait(20)
        call.reset()

    with HttpOrigin(reads_nothing) as origin, gateway(origin) as ringway:
        with ringway.client() as client:
            before = ringway.private_bytes()
            client.send(request_bytes("POST", "/", [("Content-Length", "100000000000")]))
            at_most(fill(client.sock, quiet_seconds=1.0), 48 * MIB, "bytes that the client sent")
            at_most(ringway.private_bytes() - before, bytes_allowed(6 * MIB), "private bytes more")
            release.set()


@alone
def test_slow_readers_do_not_hold_up_others():
    big = pattern(8 * MIB)

    def answer(call):
        call.reply(body=big if call.target == "/big" else b"small")

    with HttpOrigin(answer) as origin, gateway(origin, shards=1) as ringway:
        slow = [ringway.client(receive_buffer=16384) for _ in range(40)]
        for client in slow:
            client.request("GET", "/big")
        with ringway.client() as client:
            times = []
            for _ in range(100):
                began = time.monotonic()
                equal(client.ask("GET", "/small").text(), "small")
                times.append(time.monotonic() - began)
            at_most(sorted(times)[95], scaled(0.25), "seconds, percentile 95 beside slow readers")
        for client in slow[:3]:
            equal(len(client.response().body), 8 * MIB, "a slow reader gets it all")
        for client in slow:
            client.close()


# ---- bulk ------------------------------------------------------------------------------------


def bulk_pieces(count):
    """Pieces of `count` bytes in which no part repeats at the same place."""
    source = memoryview(pattern(4 * BLOCK + 4096, 7) * 2)
    sent = 0
    while sent < count:
        start = (sent // BLOCK * 4099) % (4 * BLOCK)
        piece = source[start:start + min(BLOCK, count - sent)]
        yield piece
        sent += len(piece)


def serve_download(listener, count):
    """An origin in a process of its own: one response of `count` bytes; its digest."""
    taken, _ = listener.accept()
    stream = Stream(taken)
    while stream.line():
        pass
    taken.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % count)
    digest = hashlib.sha1()
    for piece in bulk_pieces(count):
        taken.sendall(piece)
        digest.update(piece)
    return digest.hexdigest()


def serve_upload(listener, count):
    taken, _ = listener.accept()
    stream = Stream(taken)
    while stream.line():
        pass
    digest = hashlib.sha1()
    receive_body(stream, count, digest.update)
    taken.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    return digest.hexdigest()


class MemoryWatch:
    """The most private memory that a process was seen to have."""

    def __init__(self, process):
        self.process = process
        self.first = self.most = process.private_bytes()
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)
        self.thread.start()

    def watch(self):
        while not self.done.wait(0.05):
            self.most = max(self.most, self.process.private_bytes())

    def growth(self):
        self.done.set()
        self.thread.join()
        return self.most - self.first


@alone
@timeout_of(400)
def test_a_gibibyte_down_arrives_unchanged_in_flat_memory():
    count = bulk_bytes()
    with Origin() as origin:
        origin.listener.settimeout(None)
        job = Job(serve_download, origin.listener, count)
        with gateway(origin) as ringway, ringway.client(seconds=60) as client:
            watch = MemoryWatch(ringway)
            client.request()
            equal(client.head().fields.get("Content-Length"), str(count))
            digest = hashlib.sha1()
            receive_body(client.stream, count, digest.update)
            equal(digest.hexdigest(), job.result(60), "SHA-1 of what arrived")
            at_most(watch.growth(), bytes_allowed(12 * MIB), "private bytes more")
            down = ringway.stats().down
            expect(down.spliced > count * 3 // 4, f"only {down.spliced} bytes were spliced")


@alone
@timeout_of(400)
def test_a_gibibyte_up_arrives_unchanged_in_flat_memory():
    count = bulk_bytes()
    with Origin() as origin:
        origin.listener.settimeout(None)
        job = Job(serve_upload, origin.listener, count)
        with gateway(origin) as ringway, ringway.client(seconds=60) as client:
            watch = MemoryWatch(ringway)
            client.send(request_bytes("PUT", "/", [("Content-Length", str(count))]))
            digest = hashlib.sha1()
            for piece in bulk_pieces(count):
                client.sock.sendall(piece)
                digest.update(piece)
            equal(client.response().status, 200)
            equal(digest.hexdigest(), job.result(60), "SHA-1 of what arrived")
            at_most(watch.growth(), bytes_allowed(12 * MIB), "private bytes more")
            up = ringway.stats().up
            expect(up.spliced > count * 3 // 4, f"only {up.spliced} bytes were spliced")


@alone
@timeout_of(120)
def test_chunked_bodies_of_many_megabytes_arrive_unchanged_both_ways():
    data = pattern(20 * MIB)

    def echo(call):
        body = call.read_body()
        call.begin_chunks()
        at = 0
        for size in [1, 10, 100, 4096, 65536, 65537, 300_000] * 100:
            if at >= len(body):
                break
            call.chunk(body[at:at + size])
            at += size
        while at < len(body):
            call.chunk(body[at:at + MIB])
            at += MIB
        call.end_chunks()

    with HttpOrigin(echo) as origin, gateway(origin) as ringway, ringway.client() as client:
        for step in (70_000, 3 * MIB):
            client.send(request_bytes("POST", "/", [("Transfer-Encoding", "chunked")]))
            for at in range(0, len(data), step):
                client.send(chunk(data[at:at + step]))
            client.send(LAST_CHUNK)
            equal(client.response().body == data, True, "the body, back again")


def test_bodies_around_the_size_where_splice_begins_arrive_unchanged():
    with HttpOrigin(mirror) as origin, gateway(origin) as ringway, ringway.client() as client:
        for size in (65535, 65536, 65537, 131071, 131072, 131073, 262144, 400_001, 1_048_577):
            body = pattern(size, seed=size)
            for _ in range(2):
                equal(client.ask("PUT", "/", body=body).body == body, True, f"{size} bytes")
        equal(len(origin.requests), 18, "requests")


def test_large_bodies_go_by_splice_and_small_ones_do_not():
    data = pattern(8 * MIB)
    def answer(call):
        call.reply(body=data if call.target == "/big" else b"s")

    with HttpOrigin(answer) as origin:
        with gateway(origin) as ringway, ringway.client() as client:
            for _ in range(20):
                client.ask("GET", "/small")
            equal(ringway.stats().down.spliced, 0, "bytes spliced of small responses")
            equal(client.ask("GET", "/big").body == data, True, "the large one")
            expect(ringway.stats().down.spliced > 4 * MIB, "most of the large one was spliced")
            equal(client.ask("GET", "/small").text(), "s", "and then a small one again")


def test_relay_copy_never_splices():
    data = pattern(4 * MIB)
    with HttpOrigin(mirror) as origin, gateway(origin, "--relay", "copy") as ringway:
        equal(ringway.request("POST", "/", body=data).body == data, True, "the body")
        stats = ringway.stats()
        equal((stats.up.spliced, stats.down.spliced), (0, 0), "bytes spliced")


def test_the_tail_of_a_spliced_body_is_followed_by_the_next_request():
    data = pattern(2 * MIB)
    with HttpOrigin(mirror) as origin, gateway(origin, shards=1) as ringway:
        with ringway.client() as client:
            head = request_bytes("POST", "/", [("Content-Length", str(len(data)))])
            sender = threading.Thread(target=client.send, args=(
                head, data, request_bytes("GET", "/next"), head, data))
            sender.start()
            equal(client.response().body == data, True, "the first body")
            equal(client.response().text(), "/next", "the request behind it")
            equal(client.response().body == data, True, "the second body")
            sender.join()
        if origin.accepted > 3:
            raise Failure(f"{origin.accepted} connections for three requests in a row")
