"""Processes that tests start: each is watched, logged to a file, and stopped by its own pid.

Every process dies with the test that started it (PR_SET_PDEATHSIG), and the runner afterwards ends
whatever a test left behind, found by descent and never by name.
"""

import atexit
import ctypes
import os
import resource
import shutil
import signal
import subprocess
import tempfile
import time

from harness.base import Failure, Skip, scaled

LIBC = ctypes.CDLL(None, use_errno=True)
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36

SANITIZER_MARKS = (
    "ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "WARNING: ThreadSanitizer",
    "runtime error:", "SUMMARY: UndefinedBehaviorSanitizer",
)

STARTED = []  # every Process of this test, so that a failure can show what they said


def need(*programs):
    """Paths of peer programs; a test is skipped aloud when one is missing."""
    folders = os.environ.get("PATH", "") + ":/usr/sbin:/sbin:/usr/local/sbin"
    found = [shutil.which(program, path=folders) for program in programs]
    for program, path in zip(programs, found):
        if path is None:
            raise Skip(f"{program} is not installed")
    return found if len(found) > 1 else found[0]


def die_with_parent():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


class Process:
    """One program with its output in files. Leaving the `with` stops it."""

    def __init__(self, arguments, env=None, nofile=None, prepare=None, pass_fds=(), cwd=None):
        self.arguments = [str(argument) for argument in arguments]
        self.log_folder = tempfile.mkdtemp(prefix="rw-log-")
        atexit.register(shutil.rmtree, self.log_folder, True)
        self.stdout_path = os.path.join(self.log_folder, "stdout")
        self.stderr_path = os.path.join(self.log_folder, "stderr")

        def before_exec():
            die_with_parent()
            if nofile is not None:
                soft, hard = nofile if isinstance(nofile, tuple) else (nofile, nofile)
                resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            if prepare is not None:
                prepare()

        with open(self.stdout_path, "wb") as out, open(self.stderr_path, "wb") as err:
            self.child = subprocess.Popen(
                self.arguments, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                start_new_session=True, preexec_fn=before_exec, pass_fds=pass_fds, cwd=cwd,
                env=None if env is None else {**os.environ, **env})
        STARTED.append(self)

    @property
    def pid(self):
        return self.child.pid

    def running(self):
        return self.child.poll() is None

    def stdout(self):
        return read_text(self.stdout_path)

    def stderr(self):
        return read_text(self.stderr_path)

    def output(self):
        return self.stdout() + self.stderr()

    def signal(self, number):
        self.child.send_signal(number)

    def wait(self, seconds=10):
        """The exit code; fails when the process does not end in time."""
        try:
            return self.child.wait(scaled(seconds))
        except subprocess.TimeoutExpired:
            raise Failure(f"{self.name()} did not end within {scaled(seconds):.0f} s") from None

    def stop(self, seconds=5):
        """Asks it to end, then makes it."""
        if self.running():
            self.signal(signal.SIGTERM)
            try:
                return self.child.wait(scaled(seconds))
            except subprocess.TimeoutExpired:
                return self.kill()
        return self.child.returncode

    def kill(self):
        if self.running():
            self.signal(signal.SIGKILL)
        return self.child.wait()

    def name(self):
        return os.path.basename(self.arguments[0])

    def check_sanitizers(self):
        said = self.stderr()
        for mark in SANITIZER_MARKS:
            if mark in said:
                raise Failure(f"{self.name()} reported: {said[said.index(mark):][:4000]}")

    def cpu_seconds(self):
        """User and system time so far, of all its threads."""
        with open(f"/proc/{self.pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def private_bytes(self):
        """Private memory: what this process alone keeps from others."""
        total = 0
        with open(f"/proc/{self.pid}/smaps_rollup") as rollup:
            for line in rollup:
                if line.startswith(("Private_Clean:", "Private_Dirty:", "Private_Hugetlb:")):
                    total += int(line.split()[1]) * 1024
        return total

    def open_files(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def threads(self):
        """Thread names by thread id."""
        names = {}
        for tid in os.listdir(f"/proc/{self.pid}/task"):
            try:
                names[int(tid)] = read_text(f"/proc/{self.pid}/task/{tid}/comm").strip()
            except (FileNotFoundError, ProcessLookupError):
                pass
        return names

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def read_text(path):
    with open(path, "r", errors="replace") as source:
        return source.read()


def run(arguments, seconds=30, env=None, code=0, stdin=None, cwd=None, prepare=None):
    """Runs a program to its end and returns what it printed; `code` None accepts any exit code."""

    def before_exec():
        die_with_parent()
        if prepare is not None:
            prepare()

    child = subprocess.Popen(
        [str(argument) for argument in arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE, start_new_session=True,
        preexec_fn=before_exec, cwd=cwd, env=None if env is None else {**os.environ, **env})
    try:
        out, err = child.communicate(stdin, scaled(seconds))
    except subprocess.TimeoutExpired:
        child.kill()
        out, err = child.communicate()
        raise Failure(f"{arguments[0]} took over {scaled(seconds):.0f} s; it said: "
                      f"{(out + err).decode(errors='replace')[-2000:]}") from None
    done = subprocess.CompletedProcess(arguments, child.returncode,
                                       out.decode(errors="replace"), err.decode(errors="replace"))
    for mark in SANITIZER_MARKS:
        if mark in done.stderr:
            raise Failure(f"{arguments[0]} reported: {done.stderr[:4000]}")
    if code is not None and done.returncode != code:
        raise Failure(f"{' '.join(map(str, arguments))} ended with {done.returncode}, wanted "
                      f"{code}; it said: {done.stdout[-1500:]}{done.stderr[-1500:]}")
    return done


def descendants(root):
    """Process ids below `root`, deepest last, zombies left out."""
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                fields = read_text(f"/proc/{entry}/stat").rsplit(")", 1)[1].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if fields[0] != "Z":
                parents.setdefault(int(fields[1]), []).append(int(entry))
    found, front = [], [root]
    while front:
        front = [pid for parent in front for pid in parents.get(parent, [])]
        found += front
    return found


def end_descendants(root):
    """Kills what a test left behind, by pid, until nothing below `root` is left.

    Waits only for own children, and only where `root` is this process: another one has its own.
    """
    for _ in range(50):
        left = descendants(root)
        if not left:
            return
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        time.sleep(0.02)
        if root == os.getpid():
            reap()


def reap():
    try:
        while os.waitpid(-1, os.WNOHANG)[0] > 0:
            pass
    except ChildProcessError:
        pass


def adopt_orphans():
    """Lets the children of a process that ended become ours, so that descent finds them."""
    LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


class Job:
    """A Python function in a process of its own: its result, or its failure, comes back by pipe."""

    def __init__(self, function, *arguments):
        import pickle
        import traceback

        self.reader, writer = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            code = 1
            try:
                die_with_parent()
                os.close(self.reader)
                try:
                    outcome = (True, function(*arguments))
                except BaseException:
                    outcome = (False, traceback.format_exc())
                with os.fdopen(writer, "wb") as pipe:
                    pickle.dump(outcome, pipe)
                code = 0
            finally:
                os._exit(code)
        os.close(writer)

    def result(self, seconds=60):
        import pickle
        import select

        end = time.monotonic() + scaled(seconds)
        data = b""
        with os.fdopen(self.reader, "rb", buffering=0) as pipe:
            while True:
                ready, _, _ = select.select([pipe], [], [], max(0, end - time.monotonic()))
                if not ready:
                    os.kill(self.pid, signal.SIGKILL)
                    os.waitpid(self.pid, 0)
                    raise Failure(f"a helper process took over {scaled(seconds):.0f} s")
                piece = pipe.read(1 << 16)
                if not piece:
                    break
                data += piece
        os.waitpid(self.pid, 0)
        good, value = pickle.loads(data)
        if not good:
            raise Failure(f"a helper process failed:\n{value}")
        return value
