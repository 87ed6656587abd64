"""What the figures were taken on, and the private network namespace for runs under reno."""

import ctypes
import os
import platform
import subprocess

CLONE_NEWNET = 0x40000000
NOT_INSTALLED = "not installed"
_libc = ctypes.CDLL(None, use_errno=True)


def read(path, otherwise=""):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().strip()
    except OSError:
        return otherwise


def read_head(path, length=1 << 16):
    """The beginning of a file: listening sockets come first in the kernel's tables."""
    try:
        with open(path, "rb", buffering=0) as file:
            text = b""
            while len(text) < length:
                piece = file.read(length - len(text))
                if not piece:
                    break
                text += piece
            return text.decode()
    except OSError:
        return ""


def first_line_of(command):
    """What a program says about itself; some say it on standard error."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except OSError:
        return NOT_INSTALLED
    text = (done.stdout or done.stderr).strip()
    return text.splitlines()[0] if text else "?"


def processor():
    for line in read("/proc/cpuinfo").splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def facts():
    return {
        "kernel": platform.release(),
        "processor": processor(),
        "cores": os.cpu_count(),
        "congestion_control": read("/proc/sys/net/ipv4/tcp_congestion_control"),
        "file_limit": read_file_limit(),
        "commit": first_line_of(["git", "-C", os.path.dirname(__file__), "rev-parse", "HEAD"]),
    }


def read_file_limit():
    import resource
    return resource.getrlimit(resource.RLIMIT_NOFILE)[1]


def raise_file_limit():
    import resource
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class Namespace:
    """A private network in which one congestion control holds for everybody.

    Nobody lives in it: an open descriptor keeps it, programs enter it when they are started. The
    machine's own settings are not touched. Without a congestion control of its own it has the
    machine's default.
    """

    def __init__(self, congestion):
        ready, tell_ready = os.pipe()
        leave, tell_leave = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.close(tell_leave)
                self._prepare(congestion)
                os.write(tell_ready, b"1")
                os.read(leave, 1)
            except OSError as failure:
                os.write(tell_ready, str(failure).encode())
            os._exit(0)
        os.close(tell_ready)
        answer = os.read(ready, 200).decode()
        self.descriptor = None
        if answer == "1":
            self.descriptor = os.open(f"/proc/{child}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        for end in (ready, leave, tell_leave):
            os.close(end)
        os.waitpid(child, 0)
        if self.descriptor is None:
            raise OSError(f"no private network namespace (root is needed): {answer}")

    @staticmethod
    def _prepare(congestion):
        if _libc.unshare(CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "unshare")
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        if congestion is None:
            return
        with open("/proc/sys/net/ipv4/tcp_congestion_control", "w", encoding="ascii") as file:
            file.write(congestion)

    def enter(self):
        """For a child process between fork and exec."""
        if _libc.setns(self.descriptor, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")

    def close(self):
        os.close(self.descriptor)


def start(command, cores, namespace=None, **options):
    """Starts a program on the given cores, in the given network."""

    def prepare():
        os.sched_setaffinity(0, cores)
        if namespace is not None:
            namespace.enter()

    return subprocess.Popen(command, preexec_fn=prepare, **options)
