"""What a connection through ringway is like at its two ends: bytes, ends, resets, slow readers."""

import hashlib
import os
import signal
import socket
import threading
import time

from harness.base import (alone, at_most, between, bytes_allowed, equal, eventually, expect, never,
                          scaled, slow_binary)
from harness.ringway import serve_pair, through
from harness.sockets import (Origin, Server, ask, connect, expect_end, expect_silence, fill,
                             pattern, receive_all, receive_exactly, receive_until_reset, reset)

MODES = ("copy", "splice", "auto")
MIB = 1 << 20


def test_an_exchange_reaches_the_server_and_its_answer_the_client():
    with Server() as echo, serve_pair(echo) as ringway, ringway.connect() as client:
        ask(client, b"hello")
        ask(client, b"again")


def test_a_server_that_speaks_first_is_heard():
    with Origin() as origin, serve_pair(origin) as ringway:
        client, server = through(ringway, origin)
        server.sendall(b"220 welcome\r\n")
        equal(receive_exactly(client, 13), b"220 welcome\r\n")


def test_many_small_exchanges_on_many_connections_do_not_mix():
    with Server() as echo, serve_pair(echo) as ringway:
        clients = [ringway.connect() for _ in range(50)]
        for turn in range(20):
            messages = [pattern(1 + (turn * 37 + index) % 700, seed=turn * 100 + index)
                        for index in range(len(clients))]
            for client, message in zip(clients, messages):
                client.sendall(message)
            for client, message in zip(clients, messages):
                equal(receive_exactly(client, len(message)), message, "answer")
        for client in clients:
            client.close()
        ringway.settled(sessions=50)


def test_half_close_from_the_client_reaches_the_server():
    for mode in MODES:
        with Origin() as origin, serve_pair(origin, "--relay", mode) as ringway:
            client, server = through(ringway, origin)
            client.sendall(b"question")
            client.shutdown(socket.SHUT_WR)
            equal(receive_all(server), b"question")
            time.sleep(0.05)
            server.sendall(b"a late answer")
            equal(receive_exactly(client, 13), b"a late answer")
            server.close()
            expect_end(client)
            client.close()
            equal(ringway.settled(sessions=1).closed("finished"), 1, "finished sessions")


def test_half_close_from_the_server_reaches_the_client():
    for mode in MODES:
        with Origin() as origin, serve_pair(origin, "--relay", mode) as ringway:
            client, server = through(ringway, origin)
            server.sendall(b"goodbye")
            server.shutdown(socket.SHUT_WR)
            equal(receive_all(client), b"goodbye")
            time.sleep(0.05)
            client.sendall(b"a late word")
            equal(receive_exactly(server, 11), b"a late word")
            client.close()
            expect_end(server)
            server.close()
            equal(ringway.settled(sessions=1).closed("finished"), 1, "finished sessions")


def test_a_connection_half_closed_at_once_still_gets_its_answer():
    with Origin() as origin, serve_pair(origin) as ringway:
        client = ringway.connect()
        client.shutdown(socket.SHUT_WR)
        server = origin.accept()
        expect_end(server)
        server.sendall(b"answer")
        server.close()
        equal(receive_all(client), b"answer")


def test_a_reset_by_the_client_reaches_the_server_after_what_was_sent_before():
    for mode in MODES:
        with Origin() as origin, serve_pair(origin, "--relay", mode) as ringway:
            client, server = through(ringway, origin)
            client.sendall(b"last words")
            equal(receive_exactly(server, 10), b"last words")
            reset(client)
            equal(receive_until_reset(server), b"")
            equal(ringway.settled(sessions=1).closed("downstream-reset"), 1, "resets counted")


def test_a_reset_by_the_server_reaches_the_client_after_what_was_sent_before():
    for mode in MODES:
        with Origin() as origin, serve_pair(origin, "--relay", mode) as ringway:
            client, server = through(ringway, origin)
            server.sendall(b"last words")
            equal(receive_exactly(client, 10), b"last words")
            reset(server)
            equal(receive_until_reset(client), b"")
            equal(ringway.settled(sessions=1).closed("upstream-reset"), 1, "resets counted")


def test_data_read_before_a_reset_is_written_first():
    # The client sends and resets with no pause; whatever ringway had read must be delivered before
    # the server sees the reset. The kernel may discard what ringway had not read, so any prefix is
    # right, and with a pause for ringway to read in, everything is.
    with Origin() as origin, serve_pair(origin) as ringway:
        for pause in (0.0, 0.05):
            for _ in range(10):
                message = pattern(3000)
                client, server = through(ringway, origin)
                client.sendall(message)
                time.sleep(pause)
                reset(client)
                got = receive_until_reset_or_nothing(server)
                expect(message.startswith(got), "what arrived is no prefix of what was sent")
                server.close()


def receive_until_reset_or_nothing(sock):
    # A receiver's kernel drops its queue when the reset arrives, so the test may read less.
    try:
        return receive_until_reset(sock)
    except ConnectionResetError:
        return b""


def test_a_reset_while_bulk_is_flowing_ends_both_sides():
    for mode in MODES:
        with Origin() as origin, serve_pair(origin, "--relay", mode) as ringway:
            client, server = through(ringway, origin)
            sender = threading.Thread(target=send_quietly, args=(server, bytes(64 * MIB)))
            sender.start()
            receive_exactly(client, 8 * MIB)
            reset(client)
            sender.join(scaled(10))
            expect(not sender.is_alive(), "the server's send must fail once the client is gone")
            server.close()
            ringway.settled(sessions=1)


def send_quietly(sock, data):
    try:
        sock.sendall(data)
    except OSError:
        pass


def test_urgent_and_odd_sizes_keep_their_order():
    with Server() as echo:
        for mode in MODES:
            with serve_pair(echo, "--relay", mode) as ringway, ringway.connect() as client:
                sizes = [1, 2, 3, 4095, 4096, 4097, 16383, 16384, 65535, 65536, 65537, 200001, 1,
                         7, 262144, 262145, 1, 1, 1, 999_999, 5]
                sent = b"".join(pattern(size, seed=size) for size in sizes)
                sender = threading.Thread(target=send_in_pieces, args=(client, sent, sizes))
                sender.start()
                equal(hashlib.sha256(receive_all(client)).hexdigest(),
                      hashlib.sha256(sent).hexdigest(), f"digest under {mode}")
                sender.join()


def send_in_pieces(sock, data, sizes):
    at = 0
    for size in sizes:
        sock.sendall(data[at:at + size])
        at += size
        time.sleep(0.002)
    sock.shutdown(socket.SHUT_WR)


# ---- backpressure ----------------------------------------------------------------------------


def test_a_slow_reader_holds_back_the_source_and_loses_no_byte():
    for mode in MODES:
        with Origin() as origin, serve_pair(origin, "--relay", mode, shards=1) as ringway:
            client, server = through(ringway, origin, receive_buffer=65536)
            sent = fill(server)
            before = ringway.private_bytes()
            eventually(lambda: ringway.stats().down.pauses >= 1, "the reader was parked")
            never(lambda: fill(server, quiet_seconds=0.05) > 8 * MIB, "the source moves on", 0.3)
            growth = ringway.private_bytes() - before
            at_most(growth, bytes_allowed(2 * MIB), f"growth of private memory under {mode}")
            cpu = ringway.cpu_seconds()
            time.sleep(0.5)
            between(ringway.cpu_seconds() - cpu, 0, 0.1, "CPU seconds while nothing can move")
            del sent
            server.close()
            receive_all(client)


def test_a_reader_that_stops_on_its_way_into_a_pipe_is_counted_as_parked():
    """What one turn brought filled the target's socket before the first pipe was borrowed; the
    direction stood still and `pauses` said nothing."""
    for mode in MODES:
        with Origin() as origin, serve_pair(origin, "--relay", mode, "--send-buffer", "16KiB",
                                            "--receive-buffer", "4MiB", shards=1) as ringway:
            client, server = through(ringway, origin, receive_buffer=16384)
            os.kill(ringway.pid, signal.SIGSTOP)
            try:
                fill(server)  # all of it is there when ringway looks first
            finally:
                os.kill(ringway.pid, signal.SIGCONT)
            eventually(lambda: ringway.stats().down.pauses >= 1, f"parked under {mode}")
            server.close()
            receive_all(client)


@alone
def test_many_blocked_connections_share_a_bounded_amount_of_memory():
    count = 100
    with Origin() as origin, serve_pair(origin, shards=1) as ringway:
        warm, warm_server = through(ringway, origin)
        fill(warm_server)
        before = ringway.private_bytes()
        pairs, sent = [], []
        for _ in range(count):
            client, server = through(ringway, origin, receive_buffer=65536)
            pairs.append((client, server))
            sent.append(fill(server, limit=4 * MIB, quiet_seconds=0.03))
        at_most((ringway.private_bytes() - before) / count, bytes_allowed(72 * 1024),
                "private bytes per blocked connection")
        ready, ready_server = through(ringway, origin)
        ready.sendall(b"still served")
        equal(receive_exactly(ready_server, 12), b"still served")
        for (client, server), count_sent in zip(pairs, sent):
            server.shutdown(socket.SHUT_WR)
            equal(len(receive_all(client)), count_sent, "bytes delivered in the end")
            client.close()
            server.close()


def test_a_blocked_direction_does_not_block_the_other():
    with Origin() as origin, serve_pair(origin) as ringway:
        client, server = through(ringway, origin)
        fill(server)
        for turn in range(20):
            message = b"up %d" % turn
            client.sendall(message)
            equal(receive_exactly(server, len(message)), message)


def test_one_slow_reader_does_not_slow_the_others():
    with Origin() as origin, serve_pair(origin, shards=1) as ringway:
        slow, slow_server = through(ringway, origin)
        fill(slow_server)
        client, server = through(ringway, origin)
        began = time.monotonic()
        for _ in range(100):
            client.sendall(b"x")
            receive_exactly(server, 1)
            server.sendall(b"y")
            receive_exactly(client, 1)
        between(time.monotonic() - began, 0, scaled(1.0), "seconds for a hundred exchanges")
        slow.close()


def test_an_idle_connection_costs_no_processor_time():
    with Server() as echo, serve_pair(echo) as ringway:
        clients = [ringway.connect() for _ in range(100)]
        for client in clients:
            ask(client)
        time.sleep(0.3)
        before, enters = ringway.cpu_seconds(), ringway.stats().ring("enters")
        time.sleep(1.0)
        between(ringway.cpu_seconds() - before, 0, 0.05 if not slow_binary() else 0.3,
                "CPU seconds in one idle second")
        between(ringway.stats().ring("enters") - enters, 0, 60, "ring enters in one idle second")
        for client in clients:
            client.close()


def test_data_that_waits_before_the_upstream_answers_is_not_lost():
    with Origin(backlog=0) as origin, serve_pair(origin) as ringway:
        clients = []
        for index in range(6):
            client = ringway.connect()
            client.sendall(b"early %d" % index)
            clients.append(client)
        seen = set()
        for _ in clients:
            server = origin.accept()
            seen.add(receive_exactly(server, 7))
        equal(seen, {b"early %d" % index for index in range(6)}, "what arrived")


def test_silence_stays_silence():
    with Origin() as origin, serve_pair(origin) as ringway:
        client, server = through(ringway, origin)
        expect_silence(client)
        expect_silence(server)


def test_regress_more_one_byte_messages_than_the_relay_counts_reads():
    with Server() as echo, serve_pair(echo) as ringway:
        client = ringway.connect()
        for turn in range(70_000):  # once divided by a count that had wrapped
            client.sendall(b"x")
            receive_exactly(client, 1)
        client.close()
        equal(ringway.settled(sessions=1).closed("finished"), 1, "finished sessions")


def test_connections_that_come_and_go_leave_nothing_behind():
    with Server() as echo, serve_pair(echo) as ringway:
        address = ringway.address()
        files = None
        for turn in range(600):
            with connect(address) as client:
                ask(client)
            if turn == 100:
                eventually(lambda: ringway.stats().active == 0, "the first hundred ended")
                files = ringway.open_files()
        stats = ringway.settled(sessions=600)
        equal(stats.closed("finished"), 600, "finished sessions")
        between(ringway.open_files(), 0, files + 2, "open files")
        equal(stats.resources["slots_in_use"], 0, "slots in use")
