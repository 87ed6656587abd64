"""`ringway bench` as a process, its report as a value, and an origin whose own counts judge it."""

import json
import os
import time
import urllib.request

from harness.base import Failure, Folder, binary, eventually, scaled
from harness.mock import Mock
from harness.process import Process, run

DONE, REFUSED, WRONG, BREACH, ERRORS = 0, 1, 2, 3, 4  # exit codes


class Measured:
    """One run of a report; members of its JSON are attributes."""

    def __init__(self, members):
        self.members = members

    def __getattr__(self, name):
        try:
            return self.members[name]
        except KeyError:
            raise AttributeError(f"a run has no {name}: {sorted(self.members)}") from None

    @property
    def rate(self):
        return self.members["requests_per_second"]

    @property
    def p(self):
        """Percentiles in milliseconds: p["p99"]."""
        return {name: value / 1e3 for name, value in self.latency_us.items()
                if name != "samples" and value is not None}

    def ended(self):
        return self.answered + self.errors_total

    def only_error(self, *kinds):
        """How many of these kinds; fails when there were any of others."""
        others = {kind: count for kind, count in self.errors.items() if count and kind not in kinds}
        if others:
            raise Failure(f"errors other than {kinds}: {others}")
        return sum(self.errors[kind] for kind in kinds)

    def at(self, name):
        """The value of a coordinate."""
        return next(one["value"] for one in self.coordinates if one["name"] == name)


class Report:
    def __init__(self, path):
        with open(path) as source:
            self.json = json.load(source)
        self.runs = [Measured(members) for members in self.json["runs"]]

    @property
    def run(self):
        if len(self.runs) != 1:
            raise Failure(f"wanted one run, the report has {len(self.runs)}")
        return self.runs[0]

    def figure(self, name):
        for figure in self.json["figures"]:
            if figure["name"] == name:
                return figure["value"]
        raise Failure(f"no figure {name} among {[one['name'] for one in self.json['figures']]}")

    def finding(self, part):
        """The finding whose text contains this."""
        for finding in self.json["findings"]:
            if part in finding["text"]:
                return finding
        raise Failure(f"no finding with {part!r} in {self.json['findings']}")


def bench(*arguments, code=DONE, seconds=30, warm_up="0s"):
    """Runs it to its end and returns its report."""
    with Folder() as folder:
        path = folder.file("report.json")
        given = [str(argument) for argument in arguments]
        if warm_up is not None and "--warm-up" not in given:
            given += ["--warm-up", warm_up]
        run([binary(), "bench", *given, "--no-progress", "--json", path], seconds, code=code)
        if not os.path.exists(path):
            raise Failure(f"bench {' '.join(given)} wrote no report")
        return Report(path)


def measure(*arguments, **options):
    """The one run of a plain measurement."""
    return bench(*arguments, **options).run


class BenchUnderWay(Process):
    """It runs while the test does something to it or to its origin."""

    def __init__(self, *arguments):
        self.folder = Folder().__enter__()
        self.report_path = self.folder.file("report.json")
        super().__init__([binary(), "bench", *arguments, "--no-progress", "--json",
                          self.report_path])

    def report(self, code=DONE, seconds=20):
        ended = self.wait(seconds)
        self.check_sanitizers()
        if ended != code:
            raise Failure(f"bench ended with {ended}, wanted {code}: {self.output()[-3000:]}")
        return Report(self.report_path)

    def __exit__(self, *arguments):
        try:
            super().__exit__(*arguments)
        finally:
            self.folder.__exit__()


class CountingOrigin(Mock):
    """`ringway mock` over HTTP; `behaviour` is the query of its listener."""

    def __init__(self, behaviour=""):
        self.looks = 0
        super().__init__("http", options=f"&{behaviour}" if behaviour else "")

    def at(self, path="/"):
        host, port = self.address
        return f"http://{host}:{port}{path}"

    def stats(self):
        """Its own counts, less the connections that looking at them took."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(self.at("/mock/stats"), timeout=scaled(10)) as answer:
            counts = json.load(answer)
        self.looks += 1
        counts["accepted"] -= self.looks
        counts["active"] -= 1
        return counts

    def totals(self):
        """The same as it says at its end."""
        self.process.stop()
        for line in self.process.stdout().splitlines():
            if line.startswith("totals "):
                return json.loads(line.split(" ", 2)[2])
        raise Failure(f"the origin told no totals: {self.process.output()}")

    def counted(self, name, wanted, seconds=5):
        """Waits until a count is what it must be: its ends may arrive after bench has gone."""
        last = []

        def same():
            last[:] = [self.stats()[name]]
            return last[0] == wanted

        try:
            eventually(same, f"the origin's {name} is {wanted}", seconds, pause=0.05)
        except Failure:
            raise Failure(f"the origin counts {last[0]} {name}, wanted {wanted}") from None


def attempts(check, count=5, pause=0.2):
    """For figures that another process's turn on a core may spoil: one of the attempts must hold,
    and when none does, the last one's complaint stands."""
    for left in range(count - 1, -1, -1):
        try:
            return check()
        except Failure:
            if left == 0:
                raise
            time.sleep(pause)
