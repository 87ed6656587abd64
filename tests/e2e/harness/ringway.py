"""The ringway process, its control socket and its figures, as tests see them."""

import json
import os
import shutil
import signal
import socket
import tempfile

from harness.base import Failure, binary, eventually, scaled
from harness.process import Process, run
from harness.sockets import connect
from harness.stats import Stats


class Control:
    """One connection to a control socket: a line out, a reply up to its empty line in."""

    def __init__(self, path, seconds=10):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(scaled(seconds))
        self.sock.connect(path)
        self.held = b""

    def ask(self, line):
        self.send(line)
        return self.reply()

    def send(self, line):
        self.sock.sendall(line if isinstance(line, bytes) else line.encode() + b"\n")

    def reply(self):
        while True:
            if self.held.startswith(b"\n"):
                self.held = self.held[1:]
                return ""
            end = self.held.find(b"\n\n")
            if end >= 0:
                text, self.held = self.held[:end + 1], self.held[end + 2:]
                return text.decode(errors="replace")
            piece = self.sock.recv(1 << 16)
            if not piece:
                raise Failure(f"the control socket ended within a reply: {self.held!r}")
            self.held += piece

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Ringway(Process):
    """A serving ringway with a control socket of its own; leaving the `with` stops it cleanly.

    Flags that a test does not give get values that suit tests: two shards, a short drain.
    """

    def __init__(self, *flags, shards=2, control=True, wrapper=(), wait=True, **options):
        self.folder = tempfile.mkdtemp(prefix="rw-run-")
        os.chmod(self.folder, 0o755)
        self.control_path = os.path.join(self.folder, "control.sock")
        given = [str(flag) for flag in flags]
        arguments = [*wrapper, binary(), *given]
        if control is True:
            arguments += ["--control", self.control_path]
        elif control:
            self.control_path = control
        if shards is not None and "--shards" not in given:
            arguments += ["--shards", shards]
        if "--drain-timeout" not in given:
            arguments += ["--drain-timeout", "100ms"]
        super().__init__(arguments, **options)
        if wait:
            self.wait_until_ready()

    def wait_until_ready(self, seconds=15):
        def ready():
            if not self.running():
                raise Failure(f"ringway ended with {self.child.returncode}: {self.output()}")
            return os.path.exists(self.control_path) and self.info()["listeners"]

        eventually(ready, "ringway is ready", seconds, pause=0.01)

    def control(self, seconds=10):
        return Control(self.control_path, seconds)

    def ask(self, line):
        """The reply to one command, over a connection of its own."""
        with self.control() as control:
            return control.ask(line)

    def ask_json(self, line):
        reply = self.ask(f"{line} --json")
        try:
            return json.loads(reply)
        except ValueError:
            raise Failure(f"{line} --json answered {reply[:2000]!r}") from None

    def ctl(self, *words, code=0):
        """What `ringway ctl WORDS` prints."""
        return run([binary(), "ctl", "--control", self.control_path, *words], code=code).stdout

    def info(self):
        return self.ask_json("info")

    def address(self, name=None):
        """Where a listener listens: the first one, or the one with this name."""
        listeners = self.info()["listeners"]
        for listener in listeners:
            if name is None or listener["name"] == name:
                return address_of(listener["url"])
        raise Failure(f"no listener {name} in {listeners}")

    def connect(self, name=None, **options):
        return connect(self.address(name), **options)

    def stats(self):
        return Stats(self.ask_json("stats --per-shard"))

    def connections(self):
        """The rows of `ctl connections`."""
        return self.ask_json("connections")["connections"]

    def endpoints(self):
        """The rows of `ctl upstreams`, each with the name of its upstream."""
        return [{**endpoint, "upstream": upstream["name"], "address": endpoint["address"] or ""}
                for upstream in self.ask_json("upstreams")["upstreams"]
                for endpoint in upstream["endpoints"]]

    def set_state(self, upstream, server, state):
        """Sets the state of the endpoint at this server's port, and waits until it is shown."""

        def row():
            return [endpoint for endpoint in self.endpoints()
                    if endpoint["upstream"] == upstream
                    and endpoint["address"].endswith(f":{server.port}")][0]

        self.ctl("set", "upstream", f"{upstream}/{row()['name']}", "state", state)
        eventually(lambda: row()["state"] == state, f"the endpoint is shown as {state}")

    def settled(self, sessions=None, seconds=10):
        """The figures once no connection is left, checked for what must then hold."""

        def quiet():
            stats = self.stats()
            done = sessions is None or stats.accepted >= sessions
            return stats if done and stats.active == 0 else None

        stats = eventually(quiet, f"all connections ended ({sessions} in all)", seconds)
        stats.check_balance()
        return stats

    def end(self, number=signal.SIGTERM, code=0, seconds=10):
        """Signals it and checks how it ends."""
        if self.running():
            self.signal(number)
        ended = self.wait(seconds)
        self.check_sanitizers()
        if ended != code:
            raise Failure(f"ringway ended with {ended}, wanted {code}: {self.output()[-3000:]}")

    def __exit__(self, kind, *_):
        try:
            if kind is None:
                if self.running():
                    self.end()
                self.check_sanitizers()
            else:
                self.kill()
        finally:
            self.kill()
            shutil.rmtree(self.folder, ignore_errors=True)


def address_of(text):
    """"127.0.0.1:80", "[::1]:80" or "unix:/path" as a socket address; a URL's, too."""
    for mark in ("tcp+unix:", "http+unix:", "unix:"):
        if text.startswith(mark):
            path = text[len(mark):]
            return "\0" + path[1:] if path.startswith("@") else path
    host, port = text.split("://")[-1].rsplit(":", 1)
    return (host.strip("[]"), int(port))


def serve_pair(origin, *flags, **options):
    """ringway on a port of the kernel's choice, in front of `origin`."""
    return Ringway("--listen", "tcp://127.0.0.1:0", "--upstream", origin.url, *flags, **options)


def through(ringway, origin, **options):
    """A connection through ringway to an Origin, as its two ends."""
    client = ringway.connect(**options)
    return client, origin.accept()


def refused(*arguments, code=2, env=None, seconds=15, prepare=None):
    """Runs ringway with something wrong and returns the one line that it says about it."""
    done = run([binary(), *arguments], code=code, env=env, seconds=seconds, prepare=prepare)
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    if len(lines) != 1:
        raise Failure(f"wanted one line on standard error, got {lines}")
    return lines[0]
