"""The control socket: commands, garbage, slow readers, and who may use it."""

import json
import os
import signal
import socket
import stat
import time

from harness.base import at_most, binary, bytes_allowed, contains, equal, eventually, expect
from harness.process import run
from harness.ringway import Control, serve_pair
from harness.sockets import Server, ask


def test_the_control_socket_has_mode_0660_and_goes_away_at_the_end():
    with Server() as echo, serve_pair(echo) as ringway:
        equal(stat.S_IMODE(os.stat(ringway.control_path).st_mode), 0o660, "mode")
        ringway.end(signal.SIGTERM)
        expect(not os.path.exists(ringway.control_path), "the file is removed")


def test_info_says_what_runs():
    with Server() as echo, serve_pair(echo) as ringway:
        info = ringway.info()
        equal(info["pid"], ringway.pid, "pid")
        equal(info["shards"], 2, "shards")
        expect(info["version"], "a version")
        equal(len(info["listeners"]), 1, "listeners")
        contains(ringway.ctl("info"), str(ringway.pid), info["version"])


def test_help_lists_every_command():
    with Server() as echo, serve_pair(echo) as ringway:
        contains(ringway.ctl("help"), "info", "stats", "connections", "upstreams", "set upstream",
                 "set log-level", "reset peaks", "drain")


def test_several_commands_may_be_sent_at_once_and_answers_keep_their_order():
    with Server() as echo, serve_pair(echo) as ringway, ringway.control() as control:
        control.send(b"info --json\nnonsense\nupstreams --json\nhelp\n")
        expect("listeners" in json.loads(control.reply()), "info first")
        expect(control.reply().startswith("error"), "then an error")
        json.loads(control.reply())
        contains(control.reply(), "drain")


def test_garbage_is_an_error_line_and_the_connection_is_kept():
    garbage = [b"\n", b"   \n", b"no such command\n", b"stats --nonsense\n", b"\x00\x01\x02\xff\n",
               b"set\n", b"set upstream\n", b"set upstream a/b state sideways\n",
               b"set log-level loud\n", b"connections -1\n", b"\xf0\x9f\x98\x80\n", b"info extra\n",
               b"stats stats stats\n", b"x" * 3000 + b"\n", b"drain now\n", b"info\r\x00\n"]
    with Server() as echo, serve_pair(echo) as ringway, ringway.control() as control:
        for line in garbage:
            control.send(line)
            reply = control.reply()
            expect(reply.startswith("error"), f"{line[:60]!r} answered {reply[:200]!r}")
            equal(reply.count("\n"), 1, f"lines about {line[:60]!r}")
        expect("listeners" in json.loads(control.ask("info --json")), "the connection still works")
        with ringway.connect() as client:
            ask(client)


def test_a_line_that_never_ends_is_bounded():
    with Server() as echo, serve_pair(echo) as ringway:
        before = ringway.private_bytes()
        with ringway.control() as control:
            try:
                for _ in range(200):
                    control.sock.sendall(b"x" * 65536)
            except OSError:
                pass  # cut off: as good as an error line
        at_most(ringway.private_bytes() - before, bytes_allowed(2 << 20),
                "growth of private memory")
        expect(ringway.info(), "the control socket still answers")


def test_a_client_that_does_not_read_disturbs_nobody():
    with Server() as echo, serve_pair(echo) as ringway:
        before = ringway.private_bytes()
        slow = Control(ringway.control_path)
        slow.sock.setblocking(False)
        end = time.monotonic() + 1.0
        while time.monotonic() < end:
            try:
                slow.sock.send(b"stats --per-shard --json\nhelp\n" * 20)
            except BlockingIOError:
                time.sleep(0.01)
            except OSError:
                break
        expect(ringway.info(), "others are answered")
        at_most(ringway.private_bytes() - before, bytes_allowed(8 << 20),
                "growth of private memory")
        with ringway.connect() as client:
            ask(client)
        slow.close()
        expect(ringway.info(), "others are answered")


def test_many_control_connections_are_served():
    with Server() as echo, serve_pair(echo) as ringway:
        controls = [ringway.control() for _ in range(20)]
        for control in controls:
            expect(json.loads(control.ask("stats --json")), "an answer")
            control.close()


def test_a_half_sent_command_waits_for_its_end():
    with Server() as echo, serve_pair(echo) as ringway, ringway.control() as control:
        control.send(b"in")
        time.sleep(0.05)
        control.send(b"fo --js")
        time.sleep(0.05)
        control.send(b"on\n")
        expect("listeners" in json.loads(control.reply()), "an answer")


def test_a_client_that_ends_its_half_still_gets_its_answer():
    with Server() as echo, serve_pair(echo) as ringway, ringway.control() as control:
        control.send(b"info --json\n")
        control.sock.shutdown(socket.SHUT_WR)
        expect("listeners" in json.loads(control.reply()), "an answer")


def test_ctl_prints_the_answer_and_reports_errors_by_its_exit_code():
    with Server() as echo, serve_pair(echo) as ringway:
        expect(json.loads(ringway.ctl("stats", "--json")), "JSON")
        expect(json.loads(ringway.ctl("upstreams", "--json")), "JSON")
        done = run([binary(), "ctl", "--control", ringway.control_path, "nonsense"], code=None)
        expect(done.returncode != 0, "an error is no success")
        contains(done.stderr, "nonsense")


def test_ctl_without_a_server_is_one_line_and_exit_code_1():
    done = run([binary(), "ctl", "--control", "/nonexistent/control.sock", "info"], code=1)
    equal(len(done.stderr.strip().splitlines()), 1, "lines on standard error")
    contains(done.stderr, "/nonexistent/control.sock")


def test_connections_can_be_limited_to_some_rows():
    with Server() as echo, serve_pair(echo) as ringway:
        clients = [ringway.connect() for _ in range(10)]
        for client in clients:
            ask(client)
        equal(len(ringway.connections()), 10, "rows")
        answer = ringway.ask_json("connections 3")
        equal(len(answer["connections"]), 3, "rows asked for")
        equal(answer["total"], 10, "total")
        for client in clients:
            client.close()


def test_the_control_socket_answers_while_ringway_drains():
    with Server() as echo, serve_pair(echo, "--drain-timeout", "30s") as ringway:
        with ringway.connect() as client:
            ask(client)
            ringway.signal(signal.SIGTERM)
            eventually(lambda: ringway.info()["draining"], "it drains")
            equal(ringway.stats().active, 1, "active connections")
        ringway.end(0)
