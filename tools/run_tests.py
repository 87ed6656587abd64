#!/usr/bin/env python3
"""Runs the tests of one build directory and adds them up.

The suites are: `unit/<layer>` (doctest executables), `sim` (seeded simulation), `e2e` (the real
program between real peers), `tools` (the project's own checks) and `docs` (the documents against
the program). Everything a suite prints is passed on as it comes; each closes with doctest's summary
or a line `N passed, N failed`. The last line here is `N passed, N failed` for all of them, and the
exit code is 0 only when none failed.
"""

import argparse
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time

TOP = pathlib.Path(__file__).resolve().parent.parent
DOCTEST_SUMMARY = re.compile(
    r"\[doctest\] test cases:\s*\d+ \|\s*(\d+) passed \|\s*(\d+) failed")
PLAIN_SUMMARY = re.compile(r"^(\d+) passed, (\d+) failed(, \d+ skipped)?$")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
# A suite that hangs must not hang the whole run: no suite takes half as long on two cores.
SUITE_SECONDS_MAX = 1200


class Suite:
    """One command whose output closes with a summary."""

    def __init__(self, name, command, environment=None, folder=None):
        self.name = name
        self.command = command
        self.environment = environment or {}
        self.folder = folder or str(TOP)

    def narrowed(self, part):
        """This suite with only the tests named like `part`, or None when it has none of them."""
        return None

    def output_of(self, *arguments):
        return subprocess.run(
            self.command + list(arguments), cwd=self.folder,
            env={**os.environ, **self.environment}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, text=True, check=False).stdout


class UnitSuite(Suite):
    """A doctest executable."""

    def narrowed(self, part):
        chosen = f"--test-case=*{part}*"
        listing = COLOUR.sub("", self.output_of("--list-test-cases", chosen))
        found = re.search(r"passing the current filters: (\d+)", listing)
        if found is None or int(found.group(1)) == 0:
            return None
        return UnitSuite(self.name, self.command + [chosen], self.environment, self.folder)


class EndToEndSuite(Suite):
    """tests/e2e/run.py, which can list and choose its tests itself."""

    def narrowed(self, part):
        chosen = ["--filter", part]
        if not self.output_of("--list", *chosen).strip():
            return None
        return EndToEndSuite(self.name, self.command + chosen, self.environment, self.folder)


def introspect(build, what):
    return json.loads(subprocess.run(
        ["meson", "introspect", what, str(build)], check=True, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, text=True).stdout)


def slowness(build):
    """How many times longer than a release this build may take; time limits grow by it."""
    options = {option["name"]: option["value"] for option in introspect(build, "--buildoptions")}
    if "thread" in options["b_sanitize"]:
        return 8
    if options["b_sanitize"] != "none":
        return 4
    return 2 if options["optimization"] in ("0", "g") else 1


def registered_suites(build):
    """What the meson.build files registered with test()."""
    suites = []
    for test in introspect(build, "--tests"):
        folder = test["workdir"] or str(build)  # as meson runs them
        parts = pathlib.Path(test["cmd"][0]).resolve().parts
        in_tests = parts[len(parts) - parts[::-1].index("tests"):] if "tests" in parts else ()
        if in_tests[:1] == ("unit",):
            suites.append(UnitSuite("unit/" + in_tests[1], test["cmd"], test["env"], folder))
        else:
            kind = UnitSuite if parts[-1].endswith("_test") else Suite
            prefix = in_tests[0] + "/" if in_tests else ""
            suites.append(kind(prefix + test["name"], test["cmd"], test["env"], folder))
    return suites


def all_suites(build):
    slow = slowness(build)
    suites = registered_suites(build)
    binary = str(build / "ringway")
    simulation = build / "tests/sim/sim"
    if simulation.exists():
        seeds = os.environ.get("RW_SIM_SEEDS", str(2000 // slow))
        suites.append(Suite("sim", [str(simulation), "--seeds", seeds,
                                    "--jobs", str(min(os.cpu_count(), 16))]))
    end_to_end = TOP / "tests/e2e/run.py"
    if end_to_end.exists():
        suites.append(EndToEndSuite(
            # Two at a time where time is not judged anyway.
            "e2e", [sys.executable, "-u", str(end_to_end), "--binary", binary,
                    "--jobs", "2" if slow > 1 else "1"], {"RW_TEST_SLOWNESS": str(slow)}))
    suites.append(Suite("tools", [sys.executable, "-u", str(TOP / "tests/tools/run.py")]))
    suites.append(Suite("docs", [sys.executable, "-u", str(TOP / "tools/check"), "docs",
                                 "--build", str(build)]))
    return suites


def choose(suites, part):
    """The suites that bear `part` in their name; otherwise the tests that do, wherever they are."""
    if not part:
        return suites
    named = [suite for suite in suites if part in suite.name]
    if named:
        return named
    return [suite for suite in (suite.narrowed(part) for suite in suites) if suite]


def stop_group(process):
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def pass_on(output):
    """Prints what a suite prints. Answers (passed, failed) of its summary, None without one."""
    tally = None
    last = ""
    for raw in output:
        sys.stdout.buffer.write(raw)
        sys.stdout.flush()
        line = COLOUR.sub("", raw.decode("utf-8", "replace")).strip()
        last = line or last
        tally = DOCTEST_SUMMARY.search(line) or tally
    tally = PLAIN_SUMMARY.match(last) or tally
    return (int(tally.group(1)), int(tally.group(2))) if tally else None


def run(suite):
    """Runs one suite, passing its output on. Answers (passed, failed)."""
    print(f"\n== {suite.name}: {' '.join(suite.command)}", flush=True)
    started = time.monotonic()
    process = subprocess.Popen(
        suite.command, cwd=suite.folder, env={**os.environ, **suite.environment},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        start_new_session=True)
    overdue = threading.Timer(SUITE_SECONDS_MAX, stop_group, [process])
    overdue.start()
    try:
        tally = pass_on(process.stdout)
        code = process.wait()
        hung = overdue.finished.is_set()
    finally:
        overdue.cancel()
        stop_group(process)
    passed, failed = tally or (0, 0)
    if hung:
        print(f"{suite.name}: stopped after {SUITE_SECONDS_MAX} seconds")
        failed += 1
    elif tally is None:
        # A suite that says nothing about its tests is one test: its exit code.
        print(f"{suite.name}: exit code {code}, no summary")
        passed, failed = (1, 0) if code == 0 else (0, 1)
    elif code != 0 and failed == 0:
        print(f"{suite.name}: all its tests passed but it ended with exit code {code}")
        failed = 1
    seconds = time.monotonic() - started
    print(f"-- {suite.name}: {passed} passed, {failed} failed, {seconds:.1f} s", flush=True)
    return passed, failed


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--build", type=pathlib.Path, default=TOP / "build", metavar="FOLDER")
    parser.add_argument("--list", action="store_true", help="print the suites and stop")
    parser.add_argument("filter", nargs="?", default="", metavar="FILTER",
                        help="a part of a suite's or a test's name")
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    suites = choose(all_suites(build), arguments.filter)
    if arguments.list:
        print("\n".join(suite.name for suite in suites))
        return 0
    if not suites:
        print(f"no suite and no test is named like '{arguments.filter}'")
        print("0 passed, 1 failed")
        return 1
    results = [(suite.name, *run(suite)) for suite in suites]
    print("\n== summary")
    for name, passed, failed in results:
        verdict = "FAIL" if failed else "ok  "
        print(f"{verdict}  {name:<20} {passed:>6} passed {failed:>4} failed")
    passed = sum(result[1] for result in results)
    failed = sum(result[2] for result in results)
    print(f"{passed} passed, {failed} failed", flush=True)
    return 0 if failed == 0 and passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
