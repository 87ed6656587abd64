"""Everything at once for a while: endpoints that flap or cut their responses, under reloads.

Eight seconds each; RW_TEST_SOAK_SECONDS=60 makes it a minute. What happened is printed at failures.
"""

import collections
import os
import random
import signal
import threading
import time

from harness.base import Failure, equal, eventually, expect, timeout_of
from harness.flapping import Flapping
from harness.gateway import Configured
from harness.http import Client, Cut, as_bytes, chunk
from harness.http_origin import HttpOrigin

SECONDS = float(os.environ.get("RW_TEST_SOAK_SECONDS", "8"))
LIMIT_SECONDS = SECONDS + 50
POOL = random.Random(5).randbytes(1 << 20)
SIZES = [0, 1, 40, 700, 700, 3000, 3000, 5000, 20_000, 66_000, 150_000]


def body_of(name, size):
    """A body that no other request has."""
    start = sum(as_bytes(name)) * 977 % (1 << 19)
    return (as_bytes(name) + b":" + POOL[start:start + size])[:size]


class Answers:
    """Answers `/AREA/NAME/SIZE` with the body of that name, framed in one of several ways, and cuts
    a share of the responses after their heads."""

    def __init__(self, seed, cut_share=0.0):
        self.rng = random.Random(seed)
        self.cut_share = cut_share
        self.cuts = collections.Counter()
        self.lock = threading.Lock()

    def __call__(self, call):
        name, size = call.target.split("/")[-2:]
        body = body_of(name, int(size))
        with self.lock:
            how = self.rng.choice(["length", "length", "length", "chunked", "last", "eof"])
            cut = bool(body) and self.rng.random() < self.cut_share
            end = "reset" if how == "eof" else self.rng.choice(["end", "reset"])
            part = body[:self.rng.randrange(len(body))] if cut else body
            self.cuts[f"{how}, {end}"] += cut
        call.read_body()
        if how == "chunked":
            call.begin_chunks()
            call.send(*[chunk(part[at:at + 30_000]) for at in range(0, len(part), 30_000)],
                      b"%x\r\n" % len(body) if cut else b"0\r\n\r\n")
        else:
            length = "" if how == "eof" else f"Content-Length: {len(body)}\r\n"
            close = "Connection: close\r\n" if how == "last" else ""
            call.send(f"HTTP/1.1 200 OK\r\n{length}{close}\r\n", part)
        if cut and end == "reset":
            call.reset()
        elif cut or how in ("last", "eof"):
            call.end()


class Reader:
    """A client that asks for one body after the other, on connections that it keeps for a while."""

    def __init__(self, address, seed):
        self.address, self.seed = address, seed
        self.rng = random.Random(seed)
        self.whole = self.cut = self.connections = 0
        self.failures = []
        self.thread = None

    def run(self, until):
        number = 0
        while time.monotonic() < until and len(self.failures) < 20:
            with Client(self.address) as client:
                self.connections += 1
                for _ in range(self.rng.randrange(1, 40)):
                    number += 1
                    if not self.ask(client, f"{self.seed}.{number}") or time.monotonic() > until:
                        break

    def ask(self, client, name):
        """False when the connection serves nothing more."""
        size = self.rng.choice(SIZES)
        began = time.monotonic()
        try:
            response = client.ask("GET", f"/{self.rng.choice('abc')}/{name}/{size}", whole=False)
        except (Cut, OSError, Failure) as failure:
            self.failures.append(f"{name} after {time.monotonic() - began:.3f} s: {failure!r}")
            return False
        wanted = body_of(name, size)
        if response.status != 200:
            self.failures.append(f"{name} after {time.monotonic() - began:.3f} s: "
                                 f"{response.status} {response.fields} {response.body[:200]}")
        elif response.cut and wanted.startswith(response.body):
            self.cut += 1
        elif response.cut or response.body != wanted:
            self.failures.append(f"{name}: {len(response.body)} bytes that are not the {size}")
        else:
            self.whole += 1
        return response.keeps_alive() and not response.cut


def variants(origins):
    """Settings that differ in routes, upstreams, endpoints and limits."""
    urls = [f'"{origin.url}"' for origin in origins]
    turned = ", ".join(urls[1:] + urls[:1])
    urls = ", ".join(urls)
    listener = '[[listener]]\nname = "web"\nurl = "http://127.0.0.1:0"\n'
    pool = f'[[upstream]]\nname = "pool"\nendpoints = [{urls}]\n'
    other = f'[[upstream]]\nname = "other"\nendpoints = [{turned}]\n'
    everything = '[[route]]\nupstream = "pool"\n'
    return [
        listener + pool + everything,
        'max-requests = 500\nbalance = "p2c"\n' + listener + pool + other +
        '[[route]]\npath = "/a/*"\nupstream = "other"\nresponse-header = ["set X-A: b"]\n'
        + everything,
        'pool-max = 12\npool-order = "fifo"\n' + listener + other + pool +
        '[[route]]\npath = "/b/*"\nupstream = "other"\nrewrite = "/a/deeper"\n'
        '[[route]]\nmethod = "GET"\nupstream = "pool"\nmax-requests = 400\n',
        'balance = "least-requests"\npool-max-requests = 7\npool-idle-timeout = "50ms"\n' + listener
        + other + '[[route]]\nupstream = "other"\n',
        'pool-min = 6\n' + listener + other.replace('"other"', '"pool"') + everything,
    ]


def hang_up(ringway, text, count):
    """Has the settings reloaded by HUP; the log may tell of it later."""
    ringway.file_folder.write("ringway.toml", text)
    ringway.signal(signal.SIGHUP)
    eventually(lambda: ringway.info()["reloads"]["done"] == count, "the settings are reloaded")


def soak(origins, clients=6, flags=()):
    """Load under reloads; returns the clients and the figures at the end."""
    files = variants(origins)
    with Configured(files[0], *flags) as ringway:
        until = time.monotonic() + SECONDS
        readers = [Reader(ringway.address(), seed) for seed in range(clients)]
        threads = [threading.Thread(target=reader.run, args=(until,)) for reader in readers]
        for thread in threads:
            thread.start()
        reloads = 0
        while time.monotonic() < until:
            reloads += 1
            hang_up(ringway, files[reloads % len(files)], reloads)
            time.sleep(0.25)
        for thread in threads:
            thread.join(30)
        stats = ringway.settled()
        equal(ringway.info()["reloads"]["refused"], 0, "reloads that were refused")
        expect(reloads > SECONDS, f"only {reloads} reloads")
    return readers, stats, reloads


def total(rows, *names):
    return [sum(getattr(row, name) for row in rows) for name in names]


@timeout_of(LIMIT_SECONDS)
def test_flapping_endpoints_under_reloads_fail_no_idempotent_request():
    with HttpOrigin(Answers(1)) as steady:
        with Flapping(Answers(2), 2) as one, Flapping(Answers(3), 3) as two:
            readers, stats, reloads = soak([one, two, steady])
    flapping = [one, two]
    whole, cut, connections = total(readers, "whole", "cut", "connections")
    closings, idle_closed = total(flapping, "closings", "idle_closed")
    retries = sum(row["traffic"]["retries"] for row in stats.routes)
    refused = stats.members["connections"]["connect_failures"]
    print(f"{whole} whole responses over {connections} connections, {reloads} reloads, "
          f"{closings} times closed to connects, {refused} connects failed, "
          f"{idle_closed} idle connections closed, {retries} retries")
    failures = [failure for reader in readers for failure in reader.failures]
    equal((cut, failures), (0, []), "responses cut, and failures")
    expect(whole > 10 * SECONDS, "there was load")
    expect(closings >= SECONDS and refused >= SECONDS and idle_closed > SECONDS, "they flapped")
    expect(all(len(origin.requests) > 20 for origin in (*flapping, steady)), "all of them served")


@timeout_of(LIMIT_SECONDS)
def test_exactly_the_responses_that_an_origin_cut_are_seen_as_cut():
    answers = [Answers(4), Answers(5, 0.05), Answers(6, 0.02)]
    with HttpOrigin(answers[0]) as a, HttpOrigin(answers[1]) as b, HttpOrigin(answers[2]) as c:
        readers, stats, reloads = soak([a, b, c])
    cuts = sum((answer.cuts for answer in answers), collections.Counter())
    whole, cut, connections = total(readers, "whole", "cut", "connections")
    print(f"{whole} whole and {cut} cut responses over {connections} connections, "
          f"{reloads} reloads; cut by origins: {dict(cuts)}; "
          f"counted as cut: {stats.ended('upstream-cut')}")
    failures = [failure for reader in readers for failure in reader.failures]
    equal(failures, [], "failures of other kinds")
    equal((cut, stats.ended("upstream-cut")), (cuts.total(), cuts.total()),
          "responses that clients saw cut, and that were counted")
    equal(stats.ended("finished"), whole, "exchanges that finished")
    expect(cuts.total() > SECONDS and min(cuts.values()) > 0, "of every kind")
