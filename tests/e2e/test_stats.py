"""The figures: equal to what the peers counted, merged rightly, and shaped as documented."""

import json
import os
import socket
import threading
import time

from harness.base import (ROOT, Failure, Folder, between, contains, equal, eventually, expect,
                          scaled)
from harness.process import read_text
from harness.ringway import Ringway, serve_pair
from harness.schema import check
from harness.sockets import (Origin, Server, ask, expect_gone, pattern, receive_all,
                             receive_exactly, reset)


def test_counters_equal_what_the_peers_counted_to_the_byte():
    with Server() as echo, serve_pair(echo) as ringway:
        sent = received = 0
        for index in range(40):
            with ringway.connect() as client:
                message = pattern(1 + index * 7919, seed=index)
                sender = threading.Thread(target=client.sendall, args=(message,))
                sender.start()
                received += len(receive_exactly(client, len(message)))
                sender.join()
                sent += len(message)
        stats = ringway.settled(sessions=40)
        echo.idle()
        equal((stats.up.bytes, stats.down.bytes), (sent, received), "bytes each way")
        equal((echo.bytes_in, echo.bytes_out), (sent, received), "bytes at the origin")
        equal(stats.accepted, 40, "connections accepted")
        equal(echo.accepted, 40, "connections at the origin")
        equal(stats.closed("finished"), 40, "finished sessions")
        row = ringway.endpoints()[0]
        equal((row["connections"], row["bytes_up"], row["bytes_down"]), (40, sent, received),
              "the endpoint's row")
        equal(stats.latency("session")["count"], 40, "session durations recorded")
        equal(stats.latency("connect")["count"], 40, "connect latencies recorded")
        equal(stats.latency("first_byte")["count"], 40, "first-byte latencies recorded")


def test_every_close_has_exactly_one_reason():
    with Origin() as origin, serve_pair(origin, "--deny", "127.0.0.9") as ringway:
        for _ in range(3):
            client = ringway.connect()
            origin.accept()
            reset(client)
        for _ in range(2):
            client = ringway.connect()
            reset(origin.accept())
            expect_gone(client)
        for _ in range(4):
            client = ringway.connect()
            origin.accept().close()
            expect_gone(client)
            client.close()
        expect_gone(ringway.connect(source="127.0.0.9"))
        stats = ringway.settled(sessions=10)
        equal((stats.closed("downstream-reset"), stats.closed("upstream-reset"),
               stats.closed("finished"), stats.closed("denied")), (3, 2, 4, 1), "by reason")


def test_the_merged_figures_are_the_sum_of_the_shards():
    with Server() as echo, serve_pair(echo) as ringway:
        for _ in range(60):
            with ringway.connect() as client:
                ask(client, b"x" * 333)
        stats = ringway.settled(sessions=60)
        shards = stats.shards
        equal(len(shards), 2, "shards")
        for figure in ("accepted", "active"):
            equal(sum(getattr(shard, figure) for shard in shards), getattr(stats, figure), figure)
        equal(sum(shard.up.bytes for shard in shards), stats.up.bytes, "bytes up")
        expect(all(shard.accepted > 0 for shard in shards), "both shards took part")


def test_active_connections_are_counted_while_they_live():
    with Server() as echo, serve_pair(echo) as ringway:
        clients = [ringway.connect() for _ in range(7)]
        for client in clients:
            ask(client)
        equal(ringway.stats().active, 7, "active connections")
        for client in clients[:3]:
            client.close()
        eventually(lambda: ringway.stats().active == 4, "three of them ended")
        for client in clients:
            client.close()


def test_latencies_are_of_the_right_size():
    delay = 0.15
    with Origin() as origin, serve_pair(origin) as ringway:
        for _ in range(4):
            with ringway.connect() as client:
                server = origin.accept()
                client.sendall(b"question")
                receive_exactly(server, 8)
                time.sleep(delay)
                server.sendall(b"answer")
                receive_exactly(client, 6)
                server.close()
        stats = ringway.settled(sessions=4)
        first = stats.latency("first_byte")
        for name in ("p50", "p90", "p95", "p99", "p999", "max"):
            between(first[name + "_ns"] / 1e9, delay * 0.98, delay + scaled(0.3),
                    f"first byte {name}")
        between(stats.latency("session")["p50_ns"] / 1e9, delay * 0.98, delay + scaled(0.5),
                "session p50")
        between(stats.latency("connect")["max_ns"] / 1e9, 0.000001, scaled(0.1), "connect max")


def test_a_peak_does_not_leak_into_the_next_window():
    with Origin() as origin, serve_pair(origin, "--stats-window", "1s") as ringway:

        def exchange(delay):
            with ringway.connect() as client:
                server = origin.accept()
                client.sendall(b"q")
                receive_exactly(server, 1)
                time.sleep(delay)
                server.sendall(b"a")
                receive_exactly(client, 1)
                server.close()

        exchange(0.2)
        windows = ringway.stats().latency("first_byte")["window"]
        peaks = [windows["current"]["peak_ns"], windows["previous"]["peak_ns"]]
        between(max(peaks) / 1e9, 0.19, scaled(0.6), "the peak while it is new")
        deadline = time.monotonic() + 2.2
        while time.monotonic() < deadline:
            exchange(0.0)
        windows = ringway.stats().latency("first_byte")["window"]
        for which in ("current", "previous"):
            between(windows[which]["peak_ns"] / 1e9, 0, scaled(0.15), f"peak of the {which} window")
        expect(ringway.stats().latency("first_byte")["max_ns"] / 1e9 >= 0.19, "the maximum stays")


def test_peaks_can_be_forgotten():
    with Origin() as origin, serve_pair(origin) as ringway:
        with ringway.connect() as client:
            server = origin.accept()
            client.sendall(b"q")
            receive_exactly(server, 1)
            time.sleep(0.1)
            server.sendall(b"a")
            receive_exactly(client, 1)
        current = ringway.stats().latency("first_byte")["window"]["current"]
        ringway.ctl("reset", "peaks")
        window = lambda: ringway.stats().latency("first_byte")["window"]
        eventually(lambda: window()["current"]["peak_ns"] == 0, f"the peak {current} is forgotten")


def shape_of(value):
    """The keys of a JSON value at every depth, lists by their first element."""
    if isinstance(value, dict):
        return {key: shape_of(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [shape_of(value[0])] if value else []
    return "value"


def test_the_json_of_stats_keeps_its_keys():
    with Server() as echo, serve_pair(echo) as ringway:
        before = ringway.ask_json("stats --per-shard")
        with ringway.connect() as client:
            ask(client)
            busy = ringway.ask_json("stats --per-shard")
        ringway.settled(sessions=1)
        after = ringway.ask_json("stats --per-shard")
        equal(shape_of(busy), shape_of(after), "keys while busy and afterwards")
        equal(shape_of(before).keys(), shape_of(after).keys(), "keys before and afterwards")
        expect(isinstance(before.get("schema"), int), "it carries its schema")


def test_all_json_is_as_documented():
    with open(os.path.join(ROOT, "tests", "e2e", "stats_schema.json")) as source:
        root = json.load(source)
    with Folder() as folder, Server() as echo:
        log = folder.file("access.log")
        with serve_pair(echo, "--log-format", "json", "--access-log", log) as ringway:
            with ringway.connect() as client:
                ask(client)
                for shape, command in (("stats", "stats"), ("stats", "stats --per-shard"),
                                       ("upstreams", "upstreams"), ("info", "info"),
                                       ("connection_list", "connections")):
                    check(root["$defs"][shape], ringway.ask_json(command), root, command)
            ringway.settled(sessions=1)
            lines = eventually(lambda: read_text(log).splitlines(), "a line in the log")
            check(root["$defs"]["session_line"], json.loads(lines[0]), root, "session line")
            for line in ringway.stderr().splitlines():
                check(root["$defs"]["log_line"], json.loads(line), root, "log line")


def test_text_is_aligned_and_names_what_it_shows():
    with Server() as echo, serve_pair(echo) as ringway:
        with ringway.connect() as client:
            ask(client, b"x" * 1000)
            for words, wanted in ((("stats",), ("accepted", "active", "p99")),
                                  (("stats", "--per-shard"), ("accepted", "0", "1")),
                                  (("upstreams",), (f":{echo.port}", "ready")),
                                  (("connections",), ("%s:%d" % client.getsockname(),)),
                                  (("info",), ("127.0.0.1:%d" % ringway.address()[1],))):
                text = ringway.ctl(*words)
                contains(text, *wanted)
                expect(all(ord(letter) >= 32 for letter in text.replace("\n", "")), "plain text")


def test_figures_of_the_ring_move_with_traffic():
    with Server() as echo, serve_pair(echo) as ringway:
        with ringway.connect() as client:
            before = ringway.stats()
            for _ in range(100):
                ask(client)
            after = ringway.stats()
        for figure in ("enters", "completions", "sends", "turns"):
            expect(after.ring(figure) >= before.ring(figure) + 100,
                   f"{figure}: {before.ring(figure)} to {after.ring(figure)}")
        equal(after.ring("overflows"), 0, "overflows")
        expect(after.resources["cpu_ns"] > 0, "processor time")


def test_unix_and_tcp_listeners_are_counted_apart():
    with Server() as echo:
        with Ringway("--listen", "one=tcp://127.0.0.1:0", "--listen", "two=tcp://127.0.0.1:0",
                     "--upstream", f"u={echo.url}") as ringway:
            for name, count in (("one", 3), ("two", 5)):
                for _ in range(count):
                    with ringway.connect(name) as client:
                        ask(client)
            stats = ringway.settled(sessions=8)
            equal((stats.listener("one")["accepted"], stats.listener("two")["accepted"]), (3, 5),
                  "accepted by listener")


def test_half_closed_sessions_count_all_their_bytes():
    with Origin() as origin, serve_pair(origin) as ringway:
        client = ringway.connect()
        server = origin.accept()
        client.sendall(b"a" * 1234)
        client.shutdown(socket.SHUT_WR)
        equal(len(receive_all(server)), 1234, "bytes up")
        server.sendall(b"b" * 4321)
        server.close()
        equal(len(receive_all(client)), 4321, "bytes down")
        client.close()
        stats = ringway.settled(sessions=1)
        equal((stats.up.bytes, stats.down.bytes), (1234, 4321), "bytes each way")
        if stats.closed("finished") != 1:
            raise Failure("the session did not finish in order")
