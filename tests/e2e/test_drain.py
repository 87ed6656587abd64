"""How ringway ends: connections first, then itself."""

import signal
import time

from harness.base import Failure, between, contains, equal, eventually, expect, never, scaled
from harness.ringway import serve_pair
from harness.sockets import Server, ask, connect, expect_gone


def refuses(address):
    try:
        connect(address, seconds=2).close()
        return False
    except ConnectionRefusedError:
        return True


def test_without_connections_it_ends_at_once():
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        with Server() as echo, serve_pair(echo, "--drain-timeout", "60s") as ringway:
            with ringway.connect() as client:
                ask(client)
            ringway.settled(sessions=1)
            began = time.monotonic()
            ringway.end(number)
            between(time.monotonic() - began, 0, scaled(2), "seconds to end")


def test_live_connections_finish_while_it_drains():
    with Server() as echo, serve_pair(echo, "--drain-timeout", "60s") as ringway:
        address = ringway.address()
        clients = [connect(address) for _ in range(6)]
        for client in clients:
            ask(client)
        ringway.signal(signal.SIGTERM)
        eventually(lambda: refuses(address), "new connections are refused")
        for client in clients:
            ask(client, b"still served")
        expect(ringway.info()["draining"], "info says that it drains")
        for client in clients:
            client.close()
        ringway.end(0)


def test_the_drain_deadline_cuts_what_is_left_and_says_so():
    with Server() as echo, serve_pair(echo, "--drain-timeout", "400ms") as ringway:
        clients = [ringway.connect() for _ in range(5)]
        for client in clients:
            ask(client)
        clients.pop().close()
        eventually(lambda: ringway.stats().active == 4, "one of them ended")
        began = time.monotonic()
        ringway.end(signal.SIGTERM)
        between(time.monotonic() - began, 0.3, scaled(3), "seconds to end")
        for client in clients:
            expect_gone(client)
        lines = [line for line in ringway.output().splitlines() if "4" in line and "drain" in line]
        expect(lines, f"the log counts the four that were cut: {ringway.output()}")


def test_a_second_signal_ends_it_at_once_with_exit_code_1():
    for second in (signal.SIGTERM, signal.SIGINT):
        with Server() as echo, serve_pair(echo, "--drain-timeout", "60s") as ringway:
            with ringway.connect() as client:
                ask(client)
                ringway.signal(signal.SIGTERM)
                eventually(lambda: ringway.info()["draining"], "it drains")
                began = time.monotonic()
                ringway.end(second, code=1)
                between(time.monotonic() - began, 0, scaled(2), "seconds to end")
                expect_gone(client)


def test_quit_waits_without_a_deadline():
    with Server() as echo, serve_pair(echo, "--drain-timeout", "200ms") as ringway:
        client = ringway.connect()
        ask(client)
        ringway.signal(signal.SIGQUIT)
        never(lambda: not ringway.running(), "it ends with a connection live", 0.8)
        ask(client)
        client.close()
        ringway.end(0)


def test_ctl_drain_is_the_same_as_quit():
    with Server() as echo, serve_pair(echo, "--drain-timeout", "200ms") as ringway:
        address = ringway.address()
        client = connect(address)
        ask(client)
        ringway.ctl("drain")
        eventually(lambda: refuses(address), "new connections are refused")
        never(lambda: not ringway.running(), "it ends with a connection live", 0.6)
        ask(client)
        client.close()
        ringway.end(0)


def test_term_after_quit_sets_the_deadline_or_ends_it():
    with Server() as echo, serve_pair(echo, "--drain-timeout", "200ms") as ringway:
        client = ringway.connect()
        ask(client)
        ringway.signal(signal.SIGQUIT)
        eventually(lambda: ringway.info()["draining"], "it drains")
        ringway.signal(signal.SIGTERM)
        expect(ringway.wait() in (0, 1), "it ends")
        expect_gone(client)


def test_connections_in_the_listen_queue_are_still_accepted():
    # Stopped, ringway accepts nothing: the kernel completes these connections and queues them.
    with Server() as echo, serve_pair(echo, "--drain-timeout", "60s") as ringway:
        address = ringway.address()
        ringway.signal(signal.SIGSTOP)
        clients = [connect(address) for _ in range(40)]
        for client in clients:
            client.sendall(b"ping")
        ringway.signal(signal.SIGTERM)
        ringway.signal(signal.SIGCONT)
        for number, client in enumerate(clients):
            try:
                equal(client.recv(4), b"ping", f"answer to queued connection {number}")
            except ConnectionError as error:
                raise Failure(f"queued connection {number} was lost: {error}") from None
        for client in clients:
            client.close()
        ringway.end(0)
        equal(echo.accepted, 40, "connections that reached the server")


def test_a_drain_during_traffic_loses_no_byte():
    with Server() as echo, serve_pair(echo, "--drain-timeout", "60s") as ringway:
        clients = [ringway.connect() for _ in range(10)]
        ringway.signal(signal.SIGTERM)
        for turn in range(30):
            for client in clients:
                ask(client, b"turn %d" % turn)
        for client in clients:
            client.close()
        ringway.end(0)


def test_the_log_says_why_it_ends():
    with Server() as echo, serve_pair(echo) as ringway:
        ringway.end(signal.SIGTERM)
        contains(ringway.output(), "TERM")
