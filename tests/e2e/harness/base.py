"""Limits, scaled times, temporary folders and the small checks that tests are written with.

Everything a test may wait for has a limit here or at its own call, and every limit is multiplied by
RW_TEST_SLOWNESS, so that a sanitizer build or a busy machine needs no other tests.
"""

import os
import shutil
import tempfile
import time

SLOWNESS = max(1.0, float(os.environ.get("RW_TEST_SLOWNESS", "1")))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))


class Skip(Exception):
    """Raised by a test that cannot run here; in CI it counts as a failure."""


class NotApplicable(Exception):
    """Raised by a test that would judge nothing here: this build or this user has nothing to judge.
    It is counted as skipped, in CI too, and never as passed."""


class Failure(AssertionError):
    """A check that did not hold."""


def scaled(seconds):
    """A limit on waiting, longer where the binary is slower."""
    return seconds * SLOWNESS


def slow_binary():
    """True when RW_TEST_SLOWNESS says that the binary is instrumented."""
    return SLOWNESS > 1.0


def not_instrumented(why):
    """The test goes on only where the binary is the one that users run."""
    if slow_binary():
        raise NotApplicable(why)


def bytes_allowed(count):
    """A limit on memory, out of the way where a sanitizer keeps books of its own."""
    return count if not slow_binary() else 64 * count


def binary():
    path = os.environ.get("RINGWAY") or os.path.join(ROOT, "build", "ringway")
    return os.path.abspath(path)


def expect(condition, *what):
    if not condition:
        raise Failure(" ".join(str(part) for part in what) or "the check did not hold")


def equal(actual, wanted, what="value"):
    if actual != wanted:
        raise Failure(f"{what}: got {shorten(actual)}, wanted {shorten(wanted)}")


def between(actual, low, high, what="value"):
    if not low <= actual <= high:
        raise Failure(f"{what}: got {actual}, wanted {low} to {high}")


def at_most(actual, limit, what="value"):
    if actual > limit:
        raise Failure(f"{what}: got {actual}, wanted at most {limit}")


def contains(text, *parts):
    for part in parts:
        if part not in text:
            raise Failure(f"{part!r} is missing from {shorten(text)}")


def shorten(value, room=1500):
    text = repr(value)
    return text if len(text) <= room else f"{text[:room]}... ({len(text)} characters)"


def eventually(condition, what, seconds=10, pause=0.02):
    """Waits until condition() is true and returns its value; a refused connection counts as no."""
    end = time.monotonic() + scaled(seconds)
    last = None
    while True:
        try:
            value = condition()
            if value:
                return value
            last = value
        except (ConnectionError, FileNotFoundError) as error:
            last = error
        if time.monotonic() > end:
            raise Failure(f"waited {scaled(seconds):.1f} s in vain: {what} (last: {shorten(last)})")
        time.sleep(pause)


def never(condition, what, seconds=0.3, pause=0.02):
    """Watches for a while that condition() stays false."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            raise Failure(f"must not happen: {what} ({shorten(value)})")
        time.sleep(pause)


class Folder:
    """A temporary folder that others may enter (some peers drop root), removed at the end."""

    def __enter__(self):
        self.path = tempfile.mkdtemp(prefix="rw-e2e-")
        os.chmod(self.path, 0o755)
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)

    def file(self, name):
        return os.path.join(self.path, name)

    def write(self, name, text):
        path = self.file(name)
        with open(path, "wb") as out:
            out.write(text if isinstance(text, bytes) else text.encode())
        return path


def timeout_of(seconds):
    """Marks a test that may take longer than the usual limit."""

    def mark(function):
        function.limit_seconds = seconds
        return function

    return mark


def alone(function):
    """Marks a test that needs the machine for itself: it judges memory, time or rates."""
    function.alone = True
    return function
