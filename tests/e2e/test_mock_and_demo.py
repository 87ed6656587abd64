"""The built-in origin, and the demonstration that a newcomer starts first."""

import re
import shlex
import signal

from harness.base import Failure, Folder, binary, contains, equal, eventually, expect
from harness.gateway import gateway
from harness.mock import Mock
from harness.process import Process, need, run
from harness.ringway import serve_pair
from harness.sockets import ask, connect, expect_end, receive_all, receive_exactly


def test_the_mock_echoes():
    with Mock("echo") as mock, serve_pair(mock) as ringway, ringway.connect() as client:
        for size in (1, 100, 100_000):
            ask(client, b"e" * size)


def test_the_mock_swallows():
    import socket

    with Mock("sink") as mock, serve_pair(mock) as ringway, ringway.connect() as client:
        client.sendall(bytes(10_000_000))
        client.shutdown(socket.SHUT_WR)
        equal(receive_all(client), b"", "what a sink answers")
    with Mock("sink") as mock, connect(mock.address) as client:
        client.sendall(b"x")


def test_the_mock_sends_a_known_pattern():
    def byte_at(offset):
        return (offset + (offset >> 8) * 7 + (offset >> 16) * 31 + (offset >> 24) * 131) & 255

    with Mock("source", options="&bytes=300000") as mock, serve_pair(mock) as ringway:
        with ringway.connect() as client:
            data = receive_all(client)
        equal(len(data), 300000, "bytes")
        expect(data == bytes(byte_at(offset) for offset in range(300000)), "the pattern")


def test_the_mock_closes_first():
    with Mock("close-first", options="&bytes=5") as mock, serve_pair(mock) as ringway:
        for _ in range(20):
            with ringway.connect() as client:
                client.sendall(b"12345")
                equal(receive_exactly(client, 5), b"12345")
                expect_end(client)


def test_the_mock_answers_http():
    curl = need("curl")
    with Mock("http", options="&bytes=100000") as mock:
        host, port = mock.address
        done = run([curl, "-sS", "--fail", "-w", "%{http_code} %{size_download} %{num_connects}\n",
                    "-o", "/dev/null", f"http://{host}:{port}/a", "-o", "/dev/null",
                    f"http://{host}:{port}/b"])
        equal(done.stdout.splitlines(), ["200 100000 1", "200 100000 0"], "what curl saw")


def test_the_mock_answers_paths_that_ask_for_something():
    curl = need("curl")
    with Mock("http") as mock, gateway(mock) as ringway:
        host, port = ringway.address()
        url = f"http://{host}:{port}"
        done = run([curl, "-sS", "-w", "%{http_code} ", "-o", "/dev/null", f"{url}/status/503",
                    "-o", "/dev/null", f"{url}/status/204"])
        equal(done.stdout, "503 204 ", "statuses")
        equal(run([curl, "-sS", "--data-binary", "x" * 100_000, f"{url}/echo"]).stdout,
              "x" * 100_000, "the echo")
        equal(run([curl, "-sS", "-o", "/dev/null", "-w", "%{size_download}",
                   f"{url}/bytes/3000000"]).stdout, "3000000", "bytes")
        events = run([curl, "-sSN", f"{url}/events/2"]).stdout.split("\n\n")
        equal([event.splitlines()[0] for event in events if event], ["id: 1", "id: 2"], "events")
        contains(run([curl, "-sS", "-m", "5", f"{url}/slow/100"]).stdout, "GET /slow/100")


def test_the_mock_listens_on_unix_sockets():
    with Folder() as folder:
        with Mock("echo", url=f"tcp+unix:{folder.file('origin')}?mode=echo") as mock:
            with connect(mock.address) as client:
                ask(client)


def test_the_mock_refuses_what_it_does_not_know():
    for url, word in (("tcp://127.0.0.1:0?mode=dance", "dance"), ("ftp://127.0.0.1:0", "ftp"),
                      ("tcp://127.0.0.1:0?colour=red", "colour"), ("tcp://127.0.0.1", "127.0.0.1")):
        done = run([binary(), "mock", "--listen", url], code=2)
        contains(done.stderr, word)
    run([binary(), "mock"], code=2)


def test_the_demonstration_serves_and_its_lines_can_be_pasted():
    curl = need("curl")
    with Folder() as folder:
        env = {"XDG_RUNTIME_DIR": folder.path}
        with Process([binary(), "demo"], env=env) as demo:

            def banner():
                if not demo.running():
                    raise Failure(f"demo ended with {demo.child.returncode}: {demo.output()}")
                return "curl" in demo.output() and "ctl" in demo.output()

            eventually(banner, "the banner")
            said = demo.output()
            for line in [line.strip().lstrip("$ ") for line in said.splitlines()]:
                if line.startswith("curl "):
                    words = shlex.split(line.split("  ")[0], comments=True)
                    done = run([curl, "-sS", "--fail", "--max-time", "5", *words[1:]])
                    expect(done.stdout, f"{line} printed nothing")
                match = re.match(r"\S*ringway (ctl .*)", line.split("  ")[0])
                if match and "drain" not in line and "top" not in line:
                    done = run([binary(), *shlex.split(match[1], comments=True)], env=env)
                    expect(done.stdout, f"{line} printed nothing")
            demo.signal(signal.SIGINT)
            equal(demo.wait(), 0, "exit code")
            demo.check_sanitizers()


def test_two_demonstrations_run_side_by_side():
    with Folder() as folder:
        runs = []
        for index in range(2):
            env = {"XDG_RUNTIME_DIR": folder.path}
            runs.append(Process([binary(), "demo"], env=env))
            eventually(lambda: "curl" in runs[-1].output() or not runs[-1].running(), "the banner")
            expect(runs[-1].running(), f"demo {index} ended: {runs[-1].output()}")
        for demo in runs:
            demo.signal(signal.SIGTERM)
            equal(demo.wait(), 0, "exit code")
