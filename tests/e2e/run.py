#!/usr/bin/env python3
"""Runs the end-to-end tests: the real binary between real peers, on loopback.

    tests/e2e/run.py [--binary PATH] [--filter TEXT] [--jobs 1|2] [--list] [--write-tables]

Each test runs in a process of its own with a time limit; whatever it leaves behind is ended, found
by descent. The last line is `N passed, N failed`, with `, N skipped` when a peer program is missing
(with CI set in the environment that is a failure) or a test would judge nothing here. Exit code 0
only when nothing failed.
"""

import argparse
import faulthandler
import importlib
import os
import select
import signal
import sys
import tempfile
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

from harness import base, process  # noqa: E402  (the path above comes first)

LIMIT_SECONDS = 40
PASSED, FAILED, SKIPPED = 0, 1, 77


def find_tests():
    """All tests in the order of their files and lines."""
    here = os.path.dirname(os.path.abspath(__file__))
    found = []
    for name in sorted(os.listdir(here)):
        if name.startswith("test_") and name.endswith(".py"):
            module = importlib.import_module(name[:-3])
            tests = [value for key, value in vars(module).items()
                     if key.startswith("test_") and callable(value)]
            tests.sort(key=lambda test: test.__code__.co_firstlineno)
            found += [Test(name[5:-3], test) for test in tests]
    return found


class Test:
    def __init__(self, group, function):
        self.function = function
        self.name = f"{group}: {function.__name__[5:].replace('_', ' ')}"
        self.key = f"{group}.{function.__name__}"
        self.limit = base.scaled(getattr(function, "limit_seconds", LIMIT_SECONDS))
        self.alone = getattr(function, "alone", False)

    def matches(self, text):
        return text in self.name or text in self.key


def run_in_child(test, report):
    """The child's whole life: one test, its outcome as the exit code, its story in `report`."""
    os.setsid()
    process.adopt_orphans()
    process.die_with_parent()
    os.dup2(report.fileno(), 1)
    os.dup2(report.fileno(), 2)
    faulthandler.register(signal.SIGUSR1, file=report, all_threads=True)
    code = FAILED
    try:
        test.function()
        code = PASSED
    except base.Skip as reason:
        print(reason)
        code = FAILED if os.environ.get("CI") else SKIPPED
    except base.NotApplicable as reason:
        print(reason)
        code = SKIPPED
    except BaseException:
        traceback.print_exc()
        show_processes()
    finally:
        process.end_descendants(os.getpid())
        sys.stdout.flush()
        sys.stderr.flush()
    return code


def show_processes():
    """What the processes of a failed test said."""
    for started in process.STARTED:
        state = started.child.poll()
        print(f"--- {' '.join(started.arguments)} (exit code {state})")
        for said in (started.stdout(), started.stderr()):
            if said.strip():
                print(said[-3000:].rstrip())
    sys.stdout.flush()


class Running:
    """A test under way in its child process."""

    def __init__(self, test):
        self.test = test
        self.report = tempfile.TemporaryFile("w+b")
        self.began = time.monotonic()
        self.killed = False
        sys.stdout.flush()
        self.pid = os.fork()
        if self.pid == 0:
            code = FAILED
            try:
                code = run_in_child(test, self.report)
            finally:
                os._exit(code)
        self.watch = os.pidfd_open(self.pid)

    def seconds(self):
        return time.monotonic() - self.began

    def enforce_limit(self):
        if not self.killed and self.seconds() > self.test.limit:
            self.killed = True
            os.kill(self.pid, signal.SIGUSR1)  # where it hangs, into the report
            time.sleep(0.2)
            process.end_descendants(self.pid)
            os.kill(self.pid, signal.SIGKILL)

    def finish(self):
        _, status = os.waitpid(self.pid, 0)
        os.close(self.watch)
        code = os.waitstatus_to_exitcode(status)
        self.report.seek(0)
        story = self.report.read().decode(errors="replace")
        self.report.close()
        if self.killed:
            story = f"took over {self.test.limit:.0f} s\n{story}"
        return code, story


class Tally:
    def __init__(self):
        self.passed, self.failed, self.skipped = 0, [], 0

    def add(self, running):
        code, story = running.finish()
        words = {PASSED: "ok  ", SKIPPED: "skip"}.get(code, "FAIL")
        print(f"{words} {running.seconds():6.2f} s  {running.test.name}", flush=True)
        if code == PASSED:
            self.passed += 1
        elif code == SKIPPED:
            self.skipped += 1
            print(f"     {story.strip()}", flush=True)
        else:
            self.failed.append(running.test.name)
            print("".join(f"     | {line}\n" for line in story.splitlines()), end="", flush=True)


def run_all(tests, jobs):
    tally = Tally()
    waiting, running = list(tests), []
    while waiting or running:
        while waiting and len(running) < jobs:
            blocked = waiting[0].alone or any(one.test.alone for one in running)
            if blocked and running:
                break
            running.append(Running(waiting.pop(0)))
        select.select([one.watch for one in running], [], [], 0.2)
        for one in list(running):
            one.enforce_limit()
            if select.select([one.watch], [], [], 0)[0]:
                running.remove(one)
                tally.add(one)
                if not running:
                    process.end_descendants(os.getpid())
    return tally


def main():
    parser = argparse.ArgumentParser(description="End-to-end tests of ringway.")
    parser.add_argument("--binary", help="the ringway to test (default: $RINGWAY or build/ringway)")
    parser.add_argument("--filter", default="", help="only tests whose name contains this")
    parser.add_argument("--jobs", type=int, default=1, choices=(1, 2), help="tests at a time")
    parser.add_argument("--list", action="store_true", help="print the tests and stop")
    parser.add_argument("--write-tables", action="store_true",
                        help="tests that check a generated document write it first")
    options = parser.parse_args()
    if options.write_tables:
        os.environ["RW_WRITE_TABLES"] = "1"
    if options.binary:
        os.environ["RINGWAY"] = os.path.abspath(options.binary)
    for name in [name for name in os.environ if name.startswith("RINGWAY_")]:
        del os.environ[name]  # settings of whoever runs the tests must not reach the binary

    tests = [test for test in find_tests() if test.matches(options.filter)]
    if options.list:
        print("\n".join(test.name for test in tests))
        return 0
    if not tests:
        print(f"no test matches {options.filter!r}", file=sys.stderr)
        return 2
    if not os.access(base.binary(), os.X_OK):
        print(f"{base.binary()} is missing: build it first, or say --binary", file=sys.stderr)
        return 2
    process.adopt_orphans()
    began = time.monotonic()
    tally = run_all(tests, options.jobs)
    for name in tally.failed:
        print(f"failed: {name}")
    print(f"{len(tests)} end-to-end tests in {time.monotonic() - began:.0f} s")
    skipped = f", {tally.skipped} skipped" if tally.skipped else ""
    print(f"{tally.passed} passed, {len(tally.failed)} failed{skipped}")
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
