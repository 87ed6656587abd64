"""The candidates: how each is configured, started, looked at and stopped."""

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from . import machine

PEERS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "peers")
CONFIGURATIONS = os.path.join(PEERS, "conf")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def filled(template, values):
    with open(os.path.join(CONFIGURATIONS, template), encoding="utf-8") as file:
        text = file.read()
    for key, value in values.items():
        text = text.replace(f"@{key}@", str(value))
    return text


class Proxy:
    """One running candidate in front of one origin. Use as a context manager."""

    name = "?"
    processes = 1
    own_threads_compete = False  # several busy threads on the one core
    warm_up_ms_min = 0  # what compiles while it runs needs longer until it runs as it will
    environment = {}   # beyond what everybody gets
    bulk_only = False  # a configuration that nobody would choose for small messages

    def __init__(self, origin_port, cores, namespace=None, shards=1, bare=False):
        self.origin_port = origin_port
        self.cores = cores
        self.namespace = namespace
        self.shards = shards
        self.bare = bare  # adds nothing to heads (HTTP)
        self.port = free_port()
        self.process = None
        self.folder = tempfile.mkdtemp(prefix="ringway-perf-")

    def __enter__(self):
        with open(os.path.join(self.folder, "output"), "wb") as output:
            self.process = machine.start(self.command(), self.cores, self.namespace,
                                         stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                         env={**os.environ, **self.environment},
                                         cwd=self.folder)
        self._wait_until_listening()
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _wait_until_listening(self):
        """Looks at the kernel's table, as a connection made to try would be part of the run."""
        deadline = time.monotonic() + 10
        wanted = f"0100007F:{self.port:04X} 00000000:0000 0A"
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.name} ended at once: {self.output()}")
            listening = wanted in machine.read_head(f"/proc/{self.process.pid}/net/tcp")
            if listening and len(self.pids()) >= self.processes:
                return
            time.sleep(0.01)
        raise RuntimeError(f"{self.name} does not listen: {self.output()}")

    def output(self):
        return machine.read(os.path.join(self.folder, "output"))[-2000:]

    def pids(self):
        """The process and its children (nginx works in one)."""
        found, waiting = [], [self.process.pid]
        while waiting:
            pid = waiting.pop()
            found.append(pid)
            for task in os.listdir(f"/proc/{pid}/task"):
                children = machine.read(f"/proc/{pid}/task/{task}/children")
                waiting.extend(int(child) for child in children.split())
        return found

    def private_bytes(self):
        total = 0
        for pid in self.pids():
            for line in machine.read(f"/proc/{pid}/smaps_rollup").splitlines():
                if line.startswith(("Private_Clean:", "Private_Dirty:", "Private_Hugetlb:")):
                    total += int(line.split()[1]) * 1024
        return total

    def write(self, template, values):
        """Its configuration, filled in and written into its folder: the path."""
        path = os.path.join(self.folder, template)
        with open(path, "w", encoding="utf-8") as file:
            file.write(filled(template, {"listen_port": self.port,
                                         "origin_port": self.origin_port, **values}))
        return path

    def counters(self):
        """ringway's own ring figures; nothing for the others."""
        return None

    def command(self):
        raise NotImplementedError

    @classmethod
    def version(cls):
        raise NotImplementedError


class Ringway(Proxy):
    name = "ringway"
    binary = "build/ringway"
    extra_flags = ()

    def command(self):
        return [self.binary, "--listen", f"tcp://127.0.0.1:{self.port}",
                "--upstream", f"tcp://127.0.0.1:{self.origin_port}",
                "--shards", str(self.shards), "--control", self.control,
                *self.extra_flags]

    @property
    def control(self):
        return os.path.join(self.folder, "control.sock")

    def ctl(self, *words):
        done = subprocess.run([self.binary, "ctl", "--control", self.control, *words],
                              capture_output=True, text=True, timeout=10, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"ringway ctl {' '.join(words)}: {done.stderr.strip()}")
        return json.loads(done.stdout)

    def counters(self):
        time.sleep(0.15)  # the figures are published once per turn: let the last one be over
        stats = self.ctl("stats", "--json")
        return {"ring": find(stats, "ring"), "resources": find(stats, "resources"),
                "traffic": find(stats, "traffic"), "connections": find(stats, "connections")}

    @classmethod
    def version(cls):
        return machine.first_line_of([cls.binary, "--version"])


class HAProxy(Proxy):
    name = "haproxy"
    splice_options = "    option splice-auto"
    pipe_size = ""

    def command(self):
        # With splicing HAProxy plans two and a half descriptors per connection.
        most = min(7500, int(machine.read_file_limit() / 2.5) - 100)
        path = self.write("haproxy_tcp.cfg", {
            "connections_max": most, "splice_options": self.splice_options,
            "pipe_size": self.pipe_size})
        return ["haproxy", "-db", "-f", path]

    @classmethod
    def version(cls):
        return machine.first_line_of(["haproxy", "-v"])


class HAProxySplice(HAProxy):
    """Splices always, whatever flows: its best for bulk."""

    name = "haproxy-splice"
    bulk_only = True
    splice_options = "    option splice-request\n    option splice-response"
    pipe_size = "    tune.pipesize 1048576"


class Nginx(Proxy):
    name = "nginx"
    processes = 2  # the master listens before its worker exists
    buffer_bytes = "16k"

    def command(self):
        path = self.write("nginx_stream.conf", {"buffer_bytes": self.buffer_bytes,
                                                "modules": self._modules()})
        os.chmod(self.folder, 0o755)
        return ["nginx", "-p", self.folder, "-c", path]

    @staticmethod
    def _modules():
        said = subprocess.run(["nginx", "-V"], capture_output=True, text=True, check=False).stderr
        for word in said.split():
            if word.startswith("--modules-path="):
                return word.split("=", 1)[1]
        return "modules"

    @classmethod
    def version(cls):
        return machine.first_line_of(["nginx", "-v"])


class NginxLarge(Nginx):
    """Large buffers for every connection: its best for bulk."""

    name = "nginx-256k"
    bulk_only = True
    buffer_bytes = "256k"


def by_name(*kinds):
    return {kind.name: kind for kind in kinds}


TCP = by_name(Ringway, HAProxy, HAProxySplice, Nginx, NginxLarge)


def find(tree, key):
    """The first value of `key`, nearest to the root."""
    level = [tree]
    while level:
        following = []
        for node in level:
            if isinstance(node, dict):
                if key in node:
                    return node[key]
                following.extend(node.values())
            elif isinstance(node, list):
                following.extend(node)
        level = following
    return None
