"""How long ringway waits for what."""

import time

from harness.base import between, equal, scaled
from harness.ringway import serve_pair
from harness.sockets import Origin, ask, expect_gone, receive_exactly, Server


def test_an_idle_connection_ends_after_the_idle_timeout_on_both_sides():
    for mode in ("copy", "splice", "auto"):
        with Origin() as origin:
            with serve_pair(origin, "--idle-timeout", "400ms", "--relay", mode) as ringway:
                client = ringway.connect()
                server = origin.accept()
                client.sendall(b"x")
                receive_exactly(server, 1)
                began = time.monotonic()
                expect_gone(client)
                expect_gone(server)
                between(time.monotonic() - began, 0.3, scaled(2.0), "seconds until it ended")
                equal(ringway.settled(sessions=1).closed("idle-timeout"), 1, "closed for it")


def test_traffic_in_either_direction_keeps_a_connection():
    with Origin() as origin, serve_pair(origin, "--idle-timeout", "600ms") as ringway:
        client = ringway.connect()
        server = origin.accept()
        for turn in range(10):
            ends = (client, server) if turn % 2 else (server, client)
            ends[0].sendall(b"still here")
            equal(receive_exactly(ends[1], 10), b"still here")
            time.sleep(0.2)
        client.close()
        server.close()
        equal(ringway.settled(sessions=1).closed("finished"), 1, "finished sessions")


def test_idle_connections_stay_while_the_timeout_is_off():
    with Server() as echo, serve_pair(echo, "--idle-timeout", "off") as ringway:
        with ringway.connect() as client:
            ask(client)
            time.sleep(0.5)
            ask(client)


def test_a_blocked_connection_counts_as_idle():
    from harness.sockets import fill

    with Origin() as origin, serve_pair(origin, "--idle-timeout", "500ms") as ringway:
        client = ringway.connect(receive_buffer=8192)
        server = origin.accept()
        fill(server, quiet_seconds=0.2)
        began = time.monotonic()
        while time.monotonic() - began < scaled(5) and ringway.stats().active:
            time.sleep(0.05)
        equal(ringway.settled(sessions=1).closed("idle-timeout"), 1, "closed for it")
        client.close()
