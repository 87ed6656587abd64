"""A gibibyte each way, and how each direction chooses its way of moving bytes."""

import hashlib
import os
import socket
import threading
import time

from harness.base import alone, equal, eventually, expect, timeout_of
from harness.process import Job
from harness.ringway import serve_pair, through
from harness.sockets import BLOCK, Origin, Server, ask, pattern, receive_exactly

MIB = 1 << 20


def bulk_bytes():
    return int(os.environ.get("RW_TEST_BULK_BYTES", 1 << 30))


def send_bulk(sock, count, seed):
    """Sends `count` bytes and returns their digest; the block moves on so that no part repeats."""
    source = memoryview(pattern(4 * BLOCK + 4096, seed) * 2)
    digest = hashlib.sha256()
    sent = 0
    while sent < count:
        start = (sent // BLOCK * 4099) % (4 * BLOCK)
        piece = source[start:start + min(BLOCK, count - sent)]
        sock.sendall(piece)
        digest.update(piece)
        sent += len(piece)
    sock.shutdown(socket.SHUT_WR)
    return digest.hexdigest()


def receive_bulk(sock):
    digest, count = hashlib.sha256(), 0
    room = bytearray(BLOCK)
    view = memoryview(room)
    while True:
        got = sock.recv_into(room)
        if not got:
            return digest.hexdigest(), count
        digest.update(view[:got])
        count += got


def both_ways(sock, count, seed):
    """Sends and receives at once: (digest sent, digest received, bytes received)."""
    sent = []

    def send():
        try:
            sent.append(send_bulk(sock, count, seed))
        except OSError as error:
            sent.append(f"sending failed: {error}")

    sender = threading.Thread(target=send)
    sender.start()
    received, got = receive_bulk(sock)
    sender.join()
    sock.close()
    return sent[0], received, got


def relay_a_gibibyte_each_way(mode):
    count = bulk_bytes()
    with Origin() as origin, serve_pair(origin, "--relay", mode, "--access-log", "-") as ringway:
        client, server = through(ringway, origin)
        far = Job(both_ways, server, count, 2)
        server.close()
        origin.taken.clear()
        sent_up, received_down, got = both_ways(client, count, 1)
        sent_down, received_up, far_got = far.result(120)
        equal(got, count, "bytes that came down")
        equal(far_got, count, "bytes that went up")
        equal(received_up, sent_up, "SHA-256 of what went up")
        equal(received_down, sent_down, "SHA-256 of what came down")
        stats = ringway.settled(sessions=1)
        for way in (stats.up, stats.down):
            equal(way.bytes, count, f"{way.name} bytes counted")
            equal(way.copied + way.spliced + way.peeked, count, f"{way.name} bytes by mode")
        return stats


@alone
@timeout_of(120)
def test_a_gibibyte_each_way_arrives_unchanged_when_copied():
    stats = relay_a_gibibyte_each_way("copy")
    equal(stats.up.spliced + stats.down.spliced, 0, "spliced bytes")


@alone
@timeout_of(120)
def test_a_gibibyte_each_way_arrives_unchanged_when_spliced():
    stats = relay_a_gibibyte_each_way("splice")
    equal(stats.up.copied + stats.down.copied, 0, "copied bytes")


@alone
@timeout_of(120)
def test_a_gibibyte_each_way_arrives_unchanged_under_auto():
    stats = relay_a_gibibyte_each_way("auto")
    for way in (stats.up, stats.down):
        expect(way.into_splice >= 1, f"{way.name} never moved into splice")
        expect(way.spliced > bulk_bytes() // 2, f"{way.name} spliced only {way.spliced} bytes")


# ---- relay modes -----------------------------------------------------------------------------


def test_small_exchanges_are_copied_under_auto():
    with Server() as echo, serve_pair(echo) as ringway:
        with ringway.connect() as client:
            for _ in range(200):
                ask(client, b"x" * 128)
        stats = ringway.settled(sessions=1)
        equal((stats.up.spliced, stats.down.spliced), (0, 0), "spliced bytes")
        equal((stats.up.copied, stats.down.copied), (200 * 128, 200 * 128), "copied bytes")


def test_each_direction_moves_into_splice_and_back_on_its_own():
    with Origin() as origin, serve_pair(origin) as ringway:
        client, server = through(ringway, origin)
        sender = threading.Thread(target=server.sendall, args=(bytes(32 * MIB),))
        sender.start()
        receive_exactly(client, 32 * MIB)
        sender.join()
        stats = eventually(lambda: one_with(ringway, lambda s: s.down.out_of_splice >= 1),
                           "the quiet direction left splice")
        expect(stats.down.into_splice >= 1, "the bulk direction moved into splice")
        equal(stats.up.into_splice, 0, "switches of the other direction")
        for _ in range(50):  # small again: nothing may be lost on the way back
            server.sendall(b"small")
            equal(receive_exactly(client, 5), b"small")
            client.sendall(b"reply")
            equal(receive_exactly(server, 5), b"reply")
        client.close()
        server.close()
        stats = ringway.settled(sessions=1)
        equal(stats.down.bytes, 32 * MIB + 250, "bytes down")
        equal(stats.up.bytes, 250, "bytes up")


def one_with(ringway, condition):
    stats = ringway.stats()
    return stats if condition(stats) else None


def test_bursts_that_switch_modes_again_and_again_lose_nothing():
    with Server() as echo, serve_pair(echo) as ringway:
        with ringway.connect() as client:
            total = 0
            for burst in range(6):
                data = pattern(1_500_000 + burst * 7, seed=burst)
                sender = threading.Thread(target=client.sendall, args=(data,))
                sender.start()
                equal(receive_exactly(client, len(data)) == data, True, f"burst {burst} intact")
                sender.join()
                total += len(data)
                for turn in range(40):
                    ask(client, b"%03d" % turn)
                total += 120
                time.sleep(0.15)
        stats = ringway.settled(sessions=1)
        equal((stats.up.bytes, stats.down.bytes), (total, total), "bytes each way")
