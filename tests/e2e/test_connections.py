"""How many at once: thousands of connections, exact limits, and running out of descriptors."""

import json
import resource
import socket
import time

from harness.base import (alone, at_most, between, bytes_allowed, equal, eventually, expect, never,
                          not_instrumented, scaled, timeout_of)
from harness.crowd import close_all, echo_until_quiet, exchange_with_all, open_many
from harness.process import Job
from harness.ringway import Ringway, serve_pair
from harness.sockets import Origin, Server, ask, connect, holding, receive_exactly


@alone
@timeout_of(120)
def test_five_thousand_connections_at_once_are_all_served():
    count = 5000
    with Origin(backlog=4096) as origin, serve_pair(origin) as ringway:
        server = Job(echo_until_quiet, origin.listener, count)
        clients = open_many(ringway.address(), count)
        for message in (b"first of all of us", b"and once more"):
            exchange_with_all(clients, message)
        stats = ringway.stats()
        equal(stats.active, count, "connections active at once")
        expect(all(shard.active > count // 10 for shard in stats.shards),
               "both shards share the load")
        close_all(clients)
        seen = server.result()
        equal((seen["accepted"], seen["peak"]), (count, count), "the origin's connections")
        stats = ringway.settled(sessions=count)
        equal(stats.closed("finished"), count, "finished sessions")
        equal(stats.up.bytes, seen["bytes"], "bytes up")


@alone
@timeout_of(60)
def test_an_idle_connection_keeps_less_than_two_kibibytes():
    count = 2000
    with Origin(backlog=4096) as origin, serve_pair(origin, shards=1) as ringway:
        server = Job(echo_until_quiet, origin.listener, 100 + count)
        warm = open_many(ringway.address(), 100)
        exchange_with_all(warm, b"warm up the pools")
        close_all(warm)
        eventually(lambda: ringway.stats().active == 0, "the warm-up ended")
        before = ringway.private_bytes()
        clients = open_many(ringway.address(), count)
        exchange_with_all(clients, b"hello")
        at_most((ringway.private_bytes() - before) / count, bytes_allowed(2048),
                "private bytes per idle connection")
        close_all(clients)
        server.result()


def test_max_connections_is_held_exactly_over_all_shards():
    limit, count = 10, 40
    with Server(holding("held")) as server:
        with serve_pair(server, "--max-connections", limit) as ringway:
            address = ringway.address()
            clients = [connect(address) for _ in range(count)]
            eventually(lambda: server.accepted >= limit, "the limit is reached")
            never(lambda: server.active > limit or ringway.stats().active > limit,
                  "more than the limit", 0.5)
            equal(server.active, limit, "connections served at once")
            served = 0
            while clients:  # each one that ends makes room for one that waits, on any shard
                ready = [client for client in clients if has_greeting(client)]
                expect(len(ready) <= limit, f"{len(ready)} were served at once")
                if not ready:
                    time.sleep(0.005)
                    expect(server.active <= limit, "over the limit")
                    continue
                client = ready[0]
                equal(receive_exactly(client, 5), b"held\n")
                clients.remove(client)
                client.close()
                served += 1
            equal(served, count, "clients served in the end")
            equal(server.active_peak, limit, "the most connections at any time")
            stats = ringway.settled(sessions=count)
            equal(stats.refused, 0, "connections accepted and dropped")
            equal(stats.closed("finished"), count, "finished sessions")
            expect(stats.accept_pauses >= 1, "that accepting paused is counted")


def has_greeting(client):
    client.setblocking(False)
    try:
        return bool(client.recv(5, socket.MSG_PEEK))
    except (BlockingIOError, ConnectionResetError):
        return False
    finally:
        client.settimeout(scaled(10))


def test_fewer_connections_than_shards_are_legal():
    with Server() as echo, serve_pair(echo, "--max-connections", 1) as ringway:
        for _ in range(30):
            with ringway.connect() as client:
                ask(client)
        equal(echo.active_peak, 1, "the most connections at any time")
        equal(ringway.settled(sessions=30).refused, 0, "connections accepted and dropped")


def test_a_waiting_client_that_gives_up_costs_nobody_else():
    with Server(holding("held")) as server:
        with serve_pair(server, "--max-connections", 2) as ringway:
            address = ringway.address()
            first = [connect(address) for _ in range(2)]
            for client in first:
                receive_exactly(client, 5)
            impatient = [connect(address) for _ in range(5)]
            close_all(impatient)
            patient = connect(address)
            close_all(first)
            equal(receive_exactly(patient, 5), b"held\n")
            patient.close()
            ringway.settled()


def test_the_descriptor_limit_is_raised_and_the_plan_printed():
    with Server() as echo:
        with serve_pair(echo, nofile=(256, 4096)) as ringway:
            soft, hard = resource.prlimit(ringway.pid, resource.RLIMIT_NOFILE)
            equal((soft, hard), (4096, 4096), "descriptor limit of the process")
            planned = ringway.info()["connections_max"]
            between(planned, 1000, 2048, "connections planned for 4096 descriptors")


def test_accepting_pauses_without_descriptors_and_resumes():
    not_instrumented("a sanitizer's own checks fail without descriptors")
    # The limit on connections is said to be far beyond what 200 descriptors can hold.
    flags = ("--max-connections", 1000, "--relay", "copy")
    with Server(holding("held")) as server:
        with serve_pair(server, *flags, shards=1, nofile=200) as ringway:
            address = ringway.address()
            with ringway.control() as control:
                clients = [client for client in map(try_connect, [address] * 150) if client]
                eventually(lambda: pauses(control) >= 1, "accepting paused")
                with ringway.control():  # which cannot be accepted now, and must not spin either
                    before = ringway.cpu_seconds()
                    time.sleep(1.0)
                    between(ringway.cpu_seconds() - before, 0, scaled(0.1),
                            "CPU seconds in a second without descriptors")
            served = [client for client in clients if has_greeting(client)]
            between(len(served), 50, 100, "clients served within 200 descriptors")
            close_all(clients)
            eventually(lambda: ringway.stats().active == 0, "all of them ended")
            for _ in range(20):
                with connect(address) as client:
                    equal(receive_exactly(client, 5), b"held\n", "what is served afterwards")
            ringway.settled()


def try_connect(address):
    """A client; nothing where the last descriptor went to it and none was left for its upstream."""
    try:
        return connect(address)
    except ConnectionResetError:
        return None


def pauses(control):
    return json.loads(control.ask("stats --json"))["total"]["connections"]["accept_pauses"]


def test_a_connection_limit_per_endpoint_is_exact_over_two_shards():
    limit = 5
    with Server(holding("a")) as one, Server(holding("b")) as two:
        upstream = f"{one.url}?max-connections={limit},{two.url}?max-connections={limit}"
        with Ringway("--listen", "tcp://127.0.0.1:0", "--upstream", upstream) as ringway:
            address = ringway.address()
            clients = [connect(address) for _ in range(30)]
            eventually(lambda: one.active == limit and two.active == limit, "both are full")
            never(lambda: one.active > limit or two.active > limit, "over the limit", 0.4)
            served = 0
            while clients:
                for client in list(clients):
                    if has_greeting(client):
                        receive_exactly(client, 2)  # closing with it unread would be a reset
                        clients.remove(client)
                        client.close()
                        served += 1
                time.sleep(0.005)
            equal(served, 30, "clients served in the end")
            equal((one.active_peak, two.active_peak), (limit, limit), "most connections")
            ringway.settled(sessions=30)


def test_a_small_backlog_flag_is_handed_to_the_kernel():
    from harness.process import need, run

    ss = need("ss")
    with Server() as echo, serve_pair(echo, "--backlog", 7, shards=1) as ringway:
        host, port = ringway.address()
        line = run([ss, "-ltnH", f"sport = :{port}"]).stdout.split()
        equal(line[2], "7", "backlog as the kernel sees it")
