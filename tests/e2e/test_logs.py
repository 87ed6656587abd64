"""What ringway writes down: a line per session, its own log, and what happens to full disks."""

import json
import os
import re
import signal
import socket
import stat
import time

from harness.base import Folder, between, contains, equal, eventually, expect
from harness.ringway import Ringway, serve_pair
from harness.sockets import (Origin, Server, ask, closed_port, expect_gone, expect_turned_away,
                             receive_all, receive_exactly, reset, url_of)


def lines_of(path, count):
    """The lines of a log once there are `count`."""

    def enough():
        with open(path) as log:
            lines = log.read().splitlines()
        return lines if len(lines) >= count else None

    return eventually(enough, f"{count} lines in the log")


def fields_of(line):
    """The pairs of a text line; values may stand in quotes."""
    return {key: value.strip('"') for key, value in
            re.findall(r'(\w+)=("(?:[^"\\]|\\.)*"|\S*)', line)}


def test_a_session_gets_one_line_with_all_its_fields():
    with Folder() as folder, Origin() as origin:
        path = folder.file("access.log")
        with Ringway("--listen", "front=tcp://127.0.0.1:0", "--upstream", f"back={origin.url}",
                     "--access-log", path) as ringway:
            client = ringway.connect()
            server = origin.accept()
            client.sendall(b"x" * 100)
            receive_exactly(server, 100)
            server.sendall(b"y" * 2000)
            server.close()
            equal(len(receive_all(client)), 2000, "bytes received")
            name = "%s:%d" % client.getsockname()
            client.close()
            lines = lines_of(path, 1)
            equal(len(lines), 1, "lines")
            expect(re.match(r"(time=)?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z? ", lines[0]), lines[0])
            fields = fields_of(lines[0])
            wanted = {"listener": "front", "client": name, "upstream": "back", "bytes_up": "100",
                      "bytes_down": "2000", "reason": "finished"}
            equal({key: fields.get(key) for key in wanted}, wanted, "fields")
            contains(fields["endpoint"], str(origin.port))
            between(int(fields["duration_us"]), 1, 60_000_000, "duration")
            between(int(fields["connect_us"]), 1, 10_000_000, "time to connect")
            expect(int(fields["shard"]) in (0, 1) and fields["id"], fields)


def test_json_lines_carry_the_same_fields():
    with Folder() as folder, Server() as echo:
        path = folder.file("access.log")
        with Ringway("--listen", "front=tcp://127.0.0.1:0", "--upstream", f"back={echo.url}",
                     "--access-log", path, "--log-format", "json") as ringway:
            for _ in range(3):
                with ringway.connect() as client:
                    ask(client, b"12345")
            for line in lines_of(path, 3):
                fields = json.loads(line)
                wanted = {"listener": "front", "upstream": "back", "bytes_up": 5, "bytes_down": 5,
                          "reason": "finished", "event": "session"}
                equal({key: fields.get(key) for key in wanted}, wanted, "fields")
                expect(set(fields) >= {"time", "shard", "id", "client", "endpoint", "duration_us",
                                       "connect_us"}, sorted(fields))


def test_each_reason_is_named_in_the_line():
    with Folder() as folder, Origin() as origin:
        path = folder.file("access.log")
        dead = url_of(closed_port())
        with Ringway("--listen", "good=tcp://127.0.0.1:0?deny=127.0.0.9", "--upstream",
                     f"good={origin.url}", "--listen", "bad=tcp://127.0.0.1:0", "--upstream",
                     f"bad={dead}", "--access-log", path, "--drain-timeout", "0s") as ringway:
            client = ringway.connect("good")
            origin.accept()
            reset(client)
            reasons = [fields_of(lines_of(path, 1)[0])["reason"]]
            client = ringway.connect("good")
            reset(origin.accept())
            expect_gone(client)
            reasons.append(fields_of(lines_of(path, 2)[1])["reason"])
            expect_turned_away(ringway.address("good"), source="127.0.0.9")
            reasons.append(fields_of(lines_of(path, 3)[2])["reason"])
            expect_turned_away(ringway.address("bad"))
            reasons.append(fields_of(lines_of(path, 4)[3])["reason"])
            equal(reasons, ["downstream-reset", "upstream-reset", "denied", "connect-failed"])
            client = ringway.connect("good")
            origin.accept()
            ringway.end(signal.SIGTERM)
            equal(fields_of(lines_of(path, 5)[4])["reason"], "drained")
            client.close()


def test_the_access_log_may_go_to_standard_output():
    with Server() as echo, serve_pair(echo, "--access-log", "-") as ringway:
        with ringway.connect() as client:
            ask(client)
        eventually(lambda: "reason=finished" in ringway.stdout(), "the line is printed")


def test_every_session_is_in_the_log_when_it_ends():
    with Folder() as folder, Server() as echo:
        path = folder.file("access.log")
        with serve_pair(echo, "--access-log", path) as ringway:
            for _ in range(500):
                with ringway.connect() as client:
                    ask(client)
            ringway.settled(sessions=500)
            ringway.end(signal.SIGTERM)
            with open(path) as log:
                equal(len(log.read().splitlines()), 500, "lines")


def test_usr1_reopens_the_access_log():
    with Folder() as folder, Server() as echo:
        path = folder.file("access.log")
        with serve_pair(echo, "--access-log", path) as ringway:
            with ringway.connect() as client:
                ask(client)
            lines_of(path, 1)
            os.rename(path, path + ".1")
            ringway.signal(signal.SIGUSR1)
            eventually(lambda: os.path.exists(path), "the log is opened anew")
            with ringway.connect() as client:
                ask(client)
            equal(len(lines_of(path, 1)), 1, "lines in the new log")
            equal(len(lines_of(path + ".1", 1)), 1, "lines in the old log")


def test_a_full_disk_loses_lines_that_are_counted_and_no_connection():
    with Server() as echo, serve_pair(echo, "--access-log", "/dev/full") as ringway:
        for _ in range(20):
            with ringway.connect() as client:
                ask(client)
        ringway.settled(sessions=20)
        eventually(lambda: ringway.stats().log_lines_lost() >= 20, "lost lines are counted")
        with ringway.connect() as client:
            ask(client)


def test_a_reader_that_stalls_does_not_block_connections():
    with Folder() as folder, Server() as echo:
        path = folder.file("fifo")
        os.mkfifo(path)
        reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        expect(stat.S_ISFIFO(os.fstat(reader).st_mode), "a pipe that nobody reads")
        with serve_pair(echo, "--access-log", path) as ringway:
            began = time.monotonic()
            for _ in range(1500):  # far beyond the pipe's 64 KiB
                with ringway.connect() as client:
                    ask(client)
            ringway.settled(sessions=1500)
            expect(ringway.info(), "the control socket answers")
            expect(time.monotonic() - began < 30, "it took long")
        os.close(reader)


def test_the_log_level_decides_what_is_said():
    with Server() as echo:
        with serve_pair(echo, "--log-level", "error") as ringway:
            ringway.signal(signal.SIGHUP)
            with ringway.connect() as client:
                ask(client)
            equal(ringway.stderr(), "", "what is said at level error")
            ringway.ctl("set", "log-level", "debug")
            ringway.signal(signal.SIGHUP)
            eventually(lambda: "HUP" in ringway.output(), "it is said now")
        with serve_pair(echo, "--log-format", "json") as ringway:
            ringway.signal(signal.SIGHUP)
            eventually(lambda: "HUP" in ringway.stderr(), "it is said")
            for line in ringway.stderr().splitlines():
                expect(isinstance(json.loads(line), dict), line)


def test_a_client_over_a_unix_socket_has_a_line_as_well():
    with Folder() as folder, Server() as echo:
        path = folder.file("access.log")
        with Ringway("--listen", f"tcp+unix:{folder.file('front')}", "--upstream", echo.url,
                     "--access-log", path) as ringway:
            client = ringway.connect()
            expect(client.family == socket.AF_UNIX, "a Unix socket")
            ask(client)
            client.close()
            contains(fields_of(lines_of(path, 1)[0])["client"], "unix")
