"""Life as a service: readiness, watchdog, socket activation, and dropping root."""

import os
import pwd
import re
import select
import signal
import socket
import stat
import sys
import time

from harness.base import (Failure, Folder, NotApplicable, between, contains, equal, eventually,
                          expect, scaled)
from harness.process import read_text
from harness.ringway import Ringway, serve_pair
from harness.sockets import Origin, Server, ask, connect, named, who_serves


class Manager:
    """What a service manager listens on."""

    def __init__(self, folder, abstract=False):
        name = f"rw-notify-{os.getpid()}"
        self.name = "@" + name if abstract else folder.file("notify")
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.bind("\0" + name if abstract else self.name)
        if not abstract:
            os.chmod(self.name, 0o777)
        self.environment = {"NOTIFY_SOCKET": self.name}

    def wait_for(self, word, seconds=10):
        """Messages up to the one with this line."""
        heard, end = [], time.monotonic() + scaled(seconds)
        while time.monotonic() < end:
            if select.select([self.sock], [], [], 0.1)[0]:
                heard.append(self.sock.recv(4096).decode())
                if word in heard[-1].splitlines():
                    return heard
        raise Failure(f"{word} did not come, only {heard}")

    def heard_in(self, seconds):
        heard, end = [], time.monotonic() + seconds
        while time.monotonic() < end:
            if select.select([self.sock], [], [], 0.05)[0]:
                heard.append(self.sock.recv(4096).decode())
        return heard


def test_readiness_and_stopping_are_told_to_the_service_manager():
    for abstract in (False, True):
        with Folder() as folder, Server() as echo:
            manager = Manager(folder, abstract)
            with serve_pair(echo, env=manager.environment, wait=False) as ringway:
                manager.wait_for("READY=1")
                with ringway.connect() as client:
                    ask(client)
                ringway.end(signal.SIGTERM)
                manager.wait_for("STOPPING=1")


def test_the_watchdog_is_fed_in_time():
    with Folder() as folder, Server() as echo:
        manager = Manager(folder)
        with serve_pair(echo, env={**manager.environment, "WATCHDOG_USEC": "400000"},
                        wait=False):
            manager.wait_for("READY=1")
            fed = [message for message in manager.heard_in(2.0) if "WATCHDOG=1" in message]
            between(len(fed), 5, 40, "messages in two seconds of a 400 ms watchdog")


def test_the_watchdog_is_not_fed_while_a_shard_hangs():
    with Folder() as folder, Server() as echo:
        manager = Manager(folder)
        with serve_pair(echo, env={**manager.environment, "WATCHDOG_USEC": "300000"}) as ringway:
            manager.wait_for("WATCHDOG=1")
            shard = [tid for tid, name in ringway.threads().items() if "shard" in name][0]
            with Frozen(ringway.pid, shard):
                manager.heard_in(1.0)
                fed = [message for message in manager.heard_in(1.0) if "WATCHDOG=1" in message]
                equal(fed, [], "messages while a shard hangs")
            manager.wait_for("WATCHDOG=1")


class Frozen:
    """One thread of a process, stopped by ptrace."""

    def __init__(self, pid, tid):
        from harness.process import LIBC

        self.libc, self.tid = LIBC, tid
        del pid

    def __enter__(self):
        seize, interrupt = 0x4206, 0x4207
        if self.libc.ptrace(seize, self.tid, None, None) != 0:
            raise Failure("this machine does not let us stop a thread")
        self.libc.ptrace(interrupt, self.tid, None, None)
        os.waitpid(self.tid, 0x40000000)  # __WALL
        return self

    def __exit__(self, *_):
        detach = 17
        self.libc.ptrace(detach, self.tid, None, None)


ACTIVATE = """
import os, sys
fd, names = int(sys.argv[1]), sys.argv[2]
os.dup2(fd, 3)
os.environ["LISTEN_PID"] = str(os.getpid())
os.environ["LISTEN_FDS"] = "1"
if names:
    os.environ["LISTEN_FDNAMES"] = names
os.execv(sys.argv[3], sys.argv[3:])
"""


def test_a_socket_of_the_service_manager_is_used():
    with Server() as echo:
        for names, query in (("front", "front="), ("", "")):
            inherited = Origin()
            wrapper = [sys.executable, "-c", ACTIVATE, inherited.listener.fileno(), names]
            with Ringway("--listen", f"{query}{inherited.url}", "--upstream", echo.url,
                         wrapper=wrapper, pass_fds=(inherited.listener.fileno(),)) as ringway:
                address = inherited.address
                inherited.close()
                clients = [connect(address) for _ in range(10)]
                for client in clients:
                    ask(client)
                expect(all(shard.accepted or shard.active for shard in ringway.stats().shards),
                       "its connections are dealt out to all shards")
                for client in clients:
                    client.close()


def test_connections_queued_on_an_inherited_socket_before_the_start_are_served():
    with Server(named("served")) as server:
        inherited = Origin()
        early = connect(inherited.address)
        wrapper = [sys.executable, "-c", ACTIVATE, inherited.listener.fileno(), "front"]
        with Ringway("--listen", f"front={inherited.url}", "--upstream", server.url,
                     wrapper=wrapper, pass_fds=(inherited.listener.fileno(),)):
            equal(early.recv(6), b"served")
            early.close()
            inherited.close()


def test_root_is_dropped_for_the_user_that_was_named():
    if os.geteuid() != 0:
        raise NotApplicable("there is no root to drop")
    nobody = pwd.getpwnam("nobody")
    with Server(named("served")) as server, Folder() as folder:
        os.chmod(folder.path, 0o777)
        with serve_pair(server, "--user", "nobody", "--access-log",
                        folder.file("access.log")) as ringway:
            for tid in ringway.threads():
                status = read_text(f"/proc/{ringway.pid}/task/{tid}/status")
                equal(re.search(r"Uid:\s+(.*)", status)[1].split(), [str(nobody.pw_uid)] * 4,
                      f"user ids of thread {tid}")
                equal(re.search(r"Gid:\s+(.*)", status)[1].split(), [str(nobody.pw_gid)] * 4,
                      f"group ids of thread {tid}")
                equal(re.search(r"CapEff:\s+(\S+)", status)[1].strip("0"), "", "capabilities")
            equal(who_serves(ringway.address()), "served")
            expect(stat.S_ISSOCK(os.stat(ringway.control_path).st_mode), "the control socket")
            ringway.ctl("info")
            eventually(lambda: "finished" in read_text(folder.file("access.log")),
                       "the log is kept")
            os.rename(folder.file("access.log"), folder.file("old.log"))
            ringway.signal(signal.SIGUSR1)
            eventually(lambda: os.path.exists(folder.file("access.log")), "the log is reopened")


def test_an_unknown_user_is_one_line():
    from harness.ringway import refused

    with Folder() as folder:
        line = refused("--listen", "tcp://127.0.0.1:0", "--upstream", "tcp://127.0.0.1:1",
                       "--control", folder.file("control"), "--user", "nobody-of-this-name", code=1)
        contains(line, "nobody-of-this-name")
