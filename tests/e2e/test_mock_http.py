"""`ringway mock` as an HTTP origin: how it answers, as curl and Python's client see it."""

import http.client
import json
import signal
import socket
import time

from harness.allocations import AllocationCounts
from harness.base import (Failure, Folder, at_most, between, binary, contains, equal, eventually,
                          expect, not_instrumented, scaled)
from harness.mock import Mock
from harness.process import Process, need, run
from harness.sockets import connect


def pattern(count):
    return bytes((n + (n >> 8) * 7 + (n >> 16) * 31) & 255 for n in range(count))


def ask(connection, path, fields=None, method="GET", body=None):
    connection.request(method, path, body=body, headers=fields or {})
    response = connection.getresponse()
    return response, response.read()


def client_of(mock):
    return http.client.HTTPConnection(*mock.address, timeout=20)


def stats_of(mock):
    return json.loads(ask(client_of(mock), "/mock/stats")[1])


def test_path_query_and_field_override_the_listener_in_this_order():
    curl = need("curl")
    with Mock("http", options="&bytes=10&status=201") as mock:
        url = "http://{}:{}".format(*mock.address)
        told = ["-w", "%{http_code} %{size_download}\n", "-o", "/dev/null"]
        field = ["-H", "X-Mock: bytes=40&status=202"]
        for words, wanted in (([url + "/"], "201 10"), ([url + "/bytes/20"], "201 20"),
                              ([url + "/bytes/20?bytes=30&a=b"], "201 30"),
                              ([*field, url + "/bytes/20?bytes=30"], "202 40"),
                              ([url + "/status/404?type=a/b"], "404 57")):
            said = run([curl, "-sS", *told, *words]).stdout.strip()
            if wanted.endswith(" 57"):
                said, wanted = said.split()[0], "404"
            equal(said, wanted, " ".join(words))


def test_what_breaks_a_rule_is_told():
    with Mock("http") as mock:
        for path, fields, words in (("/?latency=soon", {}, "table:50=1ms"),
                                    ("/?errors=2", {}, "a share of the requests"),
                                    ("/", {"X-Mock": "colour=red"}, "known are bytes")):
            response, body = ask(client_of(mock), path, fields)
            equal(response.status, 400, path)
            contains(body.decode(), words)
        for option in ("latency=soon", "colour=red", "errors=200%"):
            done = run([binary(), "mock", "--listen", f"http://127.0.0.1:0?{option}"], code=2)
            contains(done.stderr, option.split("=")[0])
            equal(len(done.stderr.splitlines()), 1, "lines")
        run([binary(), "mock", "--threads", "0", "--listen", "http://127.0.0.1:0"], code=2)
        contains(run([binary(), "mock", "--help"]).stdout, "X-Mock", "--threads", "/v1/messages")


def test_bodies_are_the_pattern_in_every_framing():
    with Mock("http") as mock:
        client = client_of(mock)
        for path in ("/bytes/70000", "/?bytes=70000&chunked=999", "/bytes/70000?chunked=64KiB",
                     "/bytes/70000?rate=10MiB"):
            response, body = ask(client, path)
            equal(response.getheader("Transfer-Encoding"), "chunked" if "chunked" in path else None)
            expect(body == pattern(70000), path)
        response, body = ask(client, "/?bytes=5&type=image/x", method="HEAD")
        equal((response.getheader("Content-Length"), response.getheader("Content-Type"), body),
              ("5", "image/x", b""))
        response, _ = ask(client, "/?close=on")
        equal(response.getheader("Connection"), "close")


def test_an_echo_and_a_mirror_give_back_what_came():
    with Mock("http") as mock:
        client = client_of(mock)
        body = pattern(300_000)
        equal(ask(client, "/echo", method="POST", body=body)[1], body)
        equal(ask(client, "/echo", method="POST", body=iter([b"abc", b"def"]))[1], b"abcdef")
        said = ask(client, "/mirror?x=1", {"X-Some": "thing"}, "PUT", b"body")[1].decode()
        expect(said.startswith("PUT /mirror?x=1 HTTP/1.1\r\n"), said)
        contains(said, "X-Some: thing\r\n")
        expect(said.endswith("\r\n\r\nbody"), said)
        curl = need("curl")
        url = "http://{}:{}/echo".format(*mock.address)
        done = run([curl, "-sSv", "-H", "Expect: 100-continue", "-d", "hello", url])
        equal(done.stdout, "hello")
        contains(done.stderr, "100 Continue")


def test_bytes_that_come_one_by_one_are_understood():
    with Mock("http") as mock, connect(mock.address) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in b"POST /echo HTTP/1.1\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc":
            client.sendall(bytes([byte]))
        got = b""
        while piece := client.recv(4096):
            got += piece
        expect(got.endswith(b"\r\n\r\nabc"), got)


def test_latencies_follow_their_distribution():
    with Mock("http") as mock:
        client = client_of(mock)

        def times(latency, count):
            took = []
            for _ in range(count):
                begun = time.monotonic()
                ask(client, "/?latency=" + latency)
                took.append((time.monotonic() - begun) * 1000)
            return sorted(took)

        took = times("20ms", 5)
        expect(took[0] >= 20, f"fixed: {took}")
        took = times("2ms-12ms", 60)
        expect(took[0] >= 2 and took[0] < 7, f"uniform, low end: {took[0]}")
        expect(took[-1] > 7, f"uniform, high end: {took[-1]}")
        took = times("table:70=1ms,71=30ms,100=30ms", 60)
        slow = sum(1 for each in took if each >= 29)
        between(slow, 5, 35, "answers in the slow part of the table")
        took = times("exp:4ms", 100)
        between(sum(took) / len(took), 2, 40, "mean of the exponential ones")
        expect(took[0] < 2, f"an exponential one is often short: {took[0]}")


def test_a_latency_is_exact_to_far_less_than_a_millisecond():
    with Mock("http") as mock:
        client = client_of(mock)
        took = []
        for _ in range(40):
            begun = time.monotonic()
            ask(client, "/?latency=300us")
            took.append((time.monotonic() - begun) * 1e6)
        expect(min(took) >= 300, f"not before its time: {min(took)} us")
        expect(min(took) < scaled(1300), f"not a whole millisecond later: {min(took)} us")


def test_shares_are_as_large_as_asked_for_and_counted():
    with Mock("http", options="&bytes=1000&seed=5") as mock:
        client = client_of(mock)
        errors = wrong = 0
        for _ in range(300):
            response, body = ask(client, "/?errors=20%&error-status=503&corrupt=30%")
            errors += response.status == 503
            wrong += response.status == 200 and body != pattern(1000)
        between(errors, 30, 95, "errors")
        between(wrong, 35, 125, "corrupted")
        stats = stats_of(mock)
        equal(stats["errors_made"], errors, "errors as counted")
        expect(stats["corrupted"] >= wrong, stats)
        equal(stats["requests"], 300, "requests")
        ask(client, "/mock/reset")
        equal(stats_of(mock)["requests"], 0, "after a reset")


def test_cut_answers_end_in_a_reset():
    with Mock("http", options="&bytes=10000&cut=100%") as mock:
        for path, wanted in (("/", 5000), ("/?cut-after=123", 123), ("/?cut-after=1MiB", 9999)):
            with connect(mock.address) as client:
                client.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                got = b""
                try:
                    while piece := client.recv(65536):
                        got += piece
                    raise Failure("the connection ended without a reset")
                except ConnectionResetError:
                    pass
                equal(got.split(b"\r\n\r\n", 1)[1], pattern(10000)[:wanted], path)
        eventually(lambda: stats_of(mock)["cut"] == 3, "three cuts are counted")


def test_a_slow_body_takes_its_time_from_the_first_byte_on():
    with Mock("http") as mock:
        client = client_of(mock)
        begun = time.monotonic()
        client.request("GET", "/bytes/30000?rate=100000")
        response = client.getresponse()
        response.read(100)
        first = time.monotonic() - begun
        rest = response.read()
        took = time.monotonic() - begun
        equal(len(rest), 29900)
        expect(took >= 0.299, f"30,000 bytes at 100,000 a second took {took}")
        expect(first < took / 2, f"the first bytes came after {first} of {took}")


def test_threads_serve_one_port_together():
    with Process([binary(), "mock", "--threads", "3", "--listen",
                  "http://127.0.0.1:0?bytes=5"]) as process:
        url = eventually(lambda: process.stdout().split()[1:2], "the mock is ready")[0]
        host, port = url.split("//")[1].split(":")
        for _ in range(30):
            equal(len(ask(http.client.HTTPConnection(host, int(port), timeout=20), "/")[1]), 5)
        process.signal(signal.SIGTERM)
        equal(process.wait(), 0, "exit code")
        process.check_sanitizers()
        line = process.stdout().splitlines()[-1]
        expect(line.startswith(f"totals {url} {{"), line)
        totals = json.loads(line.split(" ", 2)[2])
        equal((totals["accepted"], totals["answered"], totals["active"]), (30, 30, 0))


def test_answers_cost_no_allocation():
    not_instrumented("sanitizers allocate on their own")
    message = json.dumps({"model": "m", "max_tokens": 9, "stream": True,
                          "messages": [{"role": "user", "content": "Hello!"}]})
    with Folder() as folder:
        counts = AllocationCounts(folder)
        mock = Process([binary(), "mock", "--listen", "http://127.0.0.1:0?bytes=1024"],
                       env=counts.environment)
        url = eventually(lambda: mock.stdout().split()[1:2], "the mock is ready")[0]
        host, port = url.split("//")[1].split(":")
        with mock:
            client = http.client.HTTPConnection(host, int(port), timeout=20)

            def ask_everything():
                for path in ("/", "/bytes/70000", "/?bytes=3000&chunked=100", "/status/404",
                             "/?latency=20us-50us&errors=10%", "/events/3?interval=20us"):
                    ask(client, path, {"X-Mock": "type=a/b"})
                ask(client, "/")
                ask(client, "/echo", method="POST", body=b"x" * 20_000)
                ask(client, "/v1/messages", method="POST", body=message)
                ask(client, "/v1/chat/completions", method="POST", body=message)

            for _ in range(20):
                ask_everything()
            before = counts.by_thread()
            expect(before, "the counter counts")
            for _ in range(30):
                ask_everything()
            equal(counts.by_thread(), before, "allocations of the mock's threads")


def test_an_idle_mock_does_nothing():
    with Mock("http") as mock:
        with connect(mock.address) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            expect(client.recv(4096).startswith(b"HTTP/1.1 200"))
            before = mock.process.cpu_seconds()
            time.sleep(0.5)
            at_most(mock.process.cpu_seconds() - before, 0.02, "processor seconds while idle")
