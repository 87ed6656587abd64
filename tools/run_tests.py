#!/usr/bin/env python3
"""Runs the tests of one build directory and adds them up.

The suites are: `unit/<layer>` (doctest executables), `sim` (seeded simulation), `e2e` (the real
program between real peers) and `check` (sources and documents). Everything a suite prints is passed
on as it comes; each closes with doctest's summary or a line `N passed, N failed`. The last line
here is `N passed, N failed` for all of them, and the exit code is 0 only when none failed.
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
PLAIN_SUMMARY = re.compile(r"^(\d+) passed, (\d+) failed$")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
# A suite that hangs must not hang the whole run: no suite takes half as long on two cores.
SUITE_SECONDS_MAX = 1200


class Suite:
    """One command whose output closes with a summary."""

    def __init__(self, name, command, environment=None, folder=None, filter_argument=None):
        self.name = name
        self.command = command
        self.environment = environment or {}
        self.folder = folder or str(TOP)
        # Turns a part of a test's name into arguments; None when tests cannot be chosen by name.
        self.filter_argument = filter_argument

    def has_test(self, part):
        """Whether a test's name contains `part`: asked of doctest executables, which can list."""
        if not self.name.startswith("unit/"):
            return self.filter_argument is not None
        listing = subprocess.run(
            self.command + ["--list-test-cases", f"--test-case=*{part}*"], cwd=self.folder,
            env={**os.environ, **self.environment}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        found = re.search(r"passing the current filters: (\d+)", COLOUR.sub("", listing.stdout))
        return found is None or int(found.group(1)) > 0


def doctest_filter(part):
    return [f"--test-case=*{part}*"]


def registered_suites(build):
    """What the meson.build files registered with test()."""
    listing = subprocess.run(
        ["meson", "introspect", "--tests", str(build)], check=True, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, text=True)
    suites = []
    for test in json.loads(listing.stdout):
        parts = pathlib.Path(test["cmd"][0]).resolve().parts
        in_tests = parts[len(parts) - parts[::-1].index("tests"):] if "tests" in parts else ()
        if in_tests[:1] == ("unit",):
            suites.append(Suite("unit/" + in_tests[1], test["cmd"], test["env"], test["workdir"],
                                doctest_filter))
        else:
            prefix = in_tests[0] + "/" if in_tests else ""
            suites.append(Suite(prefix + test["name"], test["cmd"], test["env"], test["workdir"]))
    return suites


def all_suites(build):
    suites = registered_suites(build)
    binary = str(build / "ringway")
    end_to_end = TOP / "tests/e2e/run.py"
    if end_to_end.exists():
        suites.append(Suite("e2e", [sys.executable, "-u", str(end_to_end), "--binary", binary],
                            filter_argument=lambda part: [part]))
    suites.append(Suite("check", [sys.executable, "-u", str(TOP / "tools/check"),
                                  "--build", str(build)]))
    return suites


def choose(suites, part):
    """The suites that bear `part` in their name; otherwise the tests that do, wherever they are."""
    if not part:
        return suites
    named = [suite for suite in suites if part in suite.name]
    if named:
        return named
    chosen = []
    for suite in suites:
        if suite.filter_argument and suite.has_test(part):
            suite.command = suite.command + suite.filter_argument(part)
            chosen.append(suite)
    return chosen


def stop_group(process):
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


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
    passed = failed = 0
    summary_seen = False
    last = ""
    for raw in process.stdout:
        sys.stdout.buffer.write(raw)
        sys.stdout.flush()
        line = COLOUR.sub("", raw.decode("utf-8", "replace")).strip()
        last = line or last
        found = DOCTEST_SUMMARY.search(line)
        if found:
            summary_seen = True
            passed, failed = int(found.group(1)), int(found.group(2))
    code = process.wait()
    hung = overdue.finished.is_set()
    overdue.cancel()
    found = PLAIN_SUMMARY.match(last)
    if found:
        summary_seen = True
        passed, failed = int(found.group(1)), int(found.group(2))
    if hung:
        print(f"{suite.name}: stopped after {SUITE_SECONDS_MAX} seconds")
        failed += 1
    elif not summary_seen:
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
    suites = choose(all_suites(arguments.build.resolve()), arguments.filter)
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
