"""When the machine refuses: one clear line, and the right exit code."""

import ctypes
import os
import resource
import signal
import struct

from harness.base import Folder, NotApplicable, binary, contains, equal, eventually, expect
from harness.process import LIBC, need, run
from harness.ringway import Ringway, refused, serve_pair
from harness.sockets import Server, ask, closed_port, url_of

IO_URING_SETUP = 425
EPERM, ENOSYS = 1, 38


def forbid(system_call, errno):
    """What a child does before exec so that a system call fails: a seccomp filter."""

    def install():
        load, equal_jump, answer = 0x20, 0x15, 0x06
        allow, fail = 0x7FFF0000, 0x00050000 | errno
        steps = [(load, 0, 0, 0), (equal_jump, 0, 1, system_call), (answer, 0, 0, fail),
                 (answer, 0, 0, allow)]
        program = b"".join(struct.pack("HBBI", *step) for step in steps)
        buffer = ctypes.create_string_buffer(program)

        class Program(ctypes.Structure):
            _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]

        filter_of = Program(len(steps), ctypes.addressof(buffer))
        if LIBC.prctl(38, 1, 0, 0, 0) != 0 or LIBC.prctl(22, 2, ctypes.byref(filter_of)) != 0:
            os._exit(99)

    return install


def test_a_refused_io_uring_is_one_clear_line():
    with Folder() as folder:
        for errno, word in ((EPERM, "seccomp"), (ENOSYS, "kernel")):
            line = refused("--listen", "tcp://127.0.0.1:0", "--upstream", "tcp://127.0.0.1:1",
                           "--control", folder.file("control"), code=1,
                           prepare=forbid(IO_URING_SETUP, errno))
            contains(line, "io_uring", word)


def test_doctor_explains_a_refused_io_uring():
    done = run([binary(), "doctor"], code=None, prepare=forbid(IO_URING_SETUP, EPERM))
    expect(done.returncode == 1, f"exit code {done.returncode}")
    contains(done.stdout, "io_uring")
    expect("seccomp" in done.stdout or "io_uring_disabled" in done.stdout, done.stdout)


def test_more_shards_than_cores_is_a_warning():
    shards = len(os.sched_getaffinity(0)) + 1
    with Server() as echo, serve_pair(echo, "--shards", shards) as ringway:
        with ringway.connect() as client:
            ask(client)
        eventually(lambda: all(word in ringway.output() for word in
                               ("level=warn", str(shards), "core")), "the log warns of it")


def test_an_unreadable_configuration_file_is_exit_code_1():
    with Folder() as folder:
        line = refused("--config", folder.file("missing.toml"), code=1)
        contains(line, folder.file("missing.toml"))


def test_an_access_log_that_cannot_be_opened_is_exit_code_1():
    with Folder() as folder:
        path = folder.file("no/such/folder/log")
        line = refused("--listen", "tcp://127.0.0.1:0", "--upstream", "tcp://127.0.0.1:1",
                       "--control", folder.file("control"), "--access-log", path, code=1)
        contains(line, path)


def test_a_control_socket_that_cannot_be_made_is_exit_code_1():
    with Folder() as folder:
        path = os.path.join(folder.write("file", ""), "control")
        line = refused("--listen", "tcp://127.0.0.1:0", "--upstream", "tcp://127.0.0.1:1",
                       "--control", path, code=1)
        contains(line, path)


def test_a_control_socket_in_use_is_exit_code_1_and_a_stale_one_is_replaced():
    with Server() as echo, serve_pair(echo) as ringway:
        line = refused("--listen", "tcp://127.0.0.1:0", "--upstream", echo.url, "--control",
                       ringway.control_path, code=1)
        contains(line, ringway.control_path)
        ringway.info()
        ringway.kill()
        expect(os.path.exists(ringway.control_path), "the socket's file is left behind")
        with Ringway("--listen", "tcp://127.0.0.1:0", "--upstream", echo.url, "--control",
                     ringway.control_path, control=ringway.control_path, wait=False) as second:
            second.wait_until_ready()


def test_a_limit_beyond_the_descriptors_is_a_warning():
    with Server() as echo:
        with serve_pair(echo, "--max-connections", 100000, nofile=2000) as ringway:
            with ringway.connect() as client:
                ask(client)
            eventually(lambda: all(word in ringway.output() for word in
                                   ("level=warn", "max-connections", "100000")),
                       "the log warns of it")


def test_too_few_descriptors_for_one_connection_is_one_line():
    with Folder() as folder:
        line = refused("--listen", "tcp://127.0.0.1:0", "--upstream", "tcp://127.0.0.1:1",
                       "--control", folder.file("control"), code=1, prepare=few_descriptors)
        contains(line, "open files", "64")


def few_descriptors():
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))


def test_a_privileged_port_without_the_right_is_one_line():
    setpriv = need("setpriv")
    if os.geteuid() != 0 or privileged_from() <= 1:
        raise NotApplicable("everybody may bind such ports here, or we cannot be somebody else")
    with Folder() as folder:
        os.chmod(folder.path, 0o777)
        copy = runnable_copy(folder)
        done = run([setpriv, "--reuid=65534", "--regid=65534", "--clear-groups",
                    "--bounding-set=-all", copy, "--listen", "tcp://127.0.0.1:1", "--upstream",
                    url_of(closed_port()), "--control", folder.file("control")], code=1)
        lines = done.stderr.strip().splitlines()
        equal(len(lines), 1, f"lines on standard error: {lines}")
        contains(lines[0], "127.0.0.1:1")


def privileged_from():
    with open("/proc/sys/net/ipv4/ip_unprivileged_port_start") as start:
        return int(start.read())


def runnable_copy(folder):
    """The binary where users other than its owner may reach it."""
    import shutil

    path = folder.file("ringway")
    shutil.copy(binary(), path)
    os.chmod(path, 0o755)
    return path


def test_a_closed_standard_output_does_not_end_it():
    with Server() as echo, serve_pair(echo, prepare=close_output) as ringway:
        with ringway.connect() as client:
            ask(client)
        ringway.end(signal.SIGTERM)


def close_output():
    os.close(1)


def test_doctor_finds_this_machine_fit():
    done = run([binary(), "doctor"], code=0)
    contains(done.stdout, "io_uring", "kernel")
    expect(len(done.stdout.splitlines()) >= 5, done.stdout)
