"""Ordinary requests by ordinary programs: curl, Python, nginx and HAProxy on either side."""

import hashlib
import http.client
import json
import os

from harness.base import Folder, between, contains, equal, expect
from harness.gateway import Gateway, curl, gateway
from harness.http import Client, chunked, request_bytes
from harness.http_origin import HttpOrigin, mirror
from harness.mock import Mock
from harness.peers import HaproxyFront, Nginx, NginxFront
from harness.sockets import pattern

KIB, MIB = 1 << 10, 1 << 20


def in_front_of_nginx(nginx, *flags):
    return Gateway("--listen", "http://127.0.0.1:0", "--upstream", nginx.http_url, *flags)


def sha(data):
    return hashlib.sha256(data).hexdigest()


# ---- curl ------------------------------------------------------------------------------------


def test_curl_gets_a_page():
    with HttpOrigin() as origin, gateway(origin) as ringway:
        done = curl("-v", "--fail", ringway.url("/page?x=1"))
        equal(done.stdout, "served\n")
        contains(done.stderr, "< HTTP/1.1 200 OK", "< Content-Length: 7")
        request = origin.last()
        equal((request.method, request.target), ("GET", "/page?x=1"), "what the origin was asked")
        host, port = ringway.address()
        equal(request.fields.get("Host"), f"{host}:{port}", "the Host that the origin saw")


def test_curl_heads_a_page():
    with HttpOrigin() as origin, gateway(origin) as ringway:
        done = curl("--head", "--fail", ringway.url())
        contains(done.stdout, "HTTP/1.1 200", "Content-Length: 7")
        equal(origin.last().method, "HEAD", "the method at the origin")


def test_curl_posts_a_form():
    with HttpOrigin(mirror) as origin, gateway(origin) as ringway:
        equal(curl("--fail", "-d", "a=1&b=2", ringway.url()).stdout, "a=1&b=2")
        request = origin.last()
        equal(request.fields.get("Content-Type"), "application/x-www-form-urlencoded")
        equal(request.framing, "length", "how the body came")


def test_curl_puts_a_file_in_chunks():
    data = pattern(300 * KIB)
    with Folder() as folder, HttpOrigin(mirror) as origin, gateway(origin) as ringway:
        path, target = folder.write("data", data), folder.file("back")
        curl("--fail", "-T", path, "-H", "Transfer-Encoding: chunked", "-H", "Content-Length:",
             "-o", target, ringway.url("/put"))
        equal((origin.last().method, origin.last().framing), ("PUT", "chunked"), "as it arrived")
        with open(target, "rb") as back:
            equal(sha(back.read()), sha(data), "what came back")


def test_curl_speaks_http_1_0():
    with HttpOrigin() as origin, gateway(origin) as ringway:
        done = curl("-v", "--fail", "--http1.0", ringway.url())
        equal(done.stdout, "served\n")
        equal(origin.last().minor, 1, "the version that the origin is spoken to in")


def test_curl_speaks_http_1_0_to_an_origin_that_answers_in_chunks():
    def in_chunks(call):
        call.read_body()
        call.begin_chunks()
        call.chunk("one, ")
        call.chunk("two")
        call.end_chunks()

    with HttpOrigin(in_chunks) as origin, gateway(origin) as ringway:
        done = curl("-i", "--fail", "--http1.0", ringway.url())
        expect("chunked" not in done.stdout.lower(), f"HTTP/1.0 knows no chunks: {done.stdout}")
        expect(done.stdout.endswith("one, two"), done.stdout)


def test_curl_waits_for_100_continue_from_the_origin():
    data = pattern(2 * MIB)

    def slowly_continue(call):
        equal(call.request.fields.get("Expect").lower(), "100-continue", "Expect at the origin")
        equal(len(call.stream.held), 0, "bytes of the body before the 100")
        call.send("HTTP/1.1 100 Continue\r\n\r\n")
        call.reply(body=str(len(call.read_body())))

    with Folder() as folder, HttpOrigin(slowly_continue) as origin, gateway(origin) as ringway:
        path = folder.write("data", data)
        done = curl("-v", "--fail", "--expect100-timeout", 20, "-H", "Expect: 100-continue", "-T",
                    path, ringway.url())
        contains(done.stderr, "HTTP/1.1 100 Continue")
        equal(done.stdout, str(len(data)))


def test_curl_reuses_its_connection_and_ringway_reuses_one_too():
    with HttpOrigin() as origin, gateway(origin, shards=1) as ringway:
        done = curl("--fail", "-w", "%{num_connects}\n", *["-o", "/dev/null"] * 10,
                    *[ringway.url(f"/{number}") for number in range(10)])
        equal(done.stdout.split(), ["1"] + ["0"] * 9, "connections that curl made")
        equal(origin.targets(), [f"/{number}" for number in range(10)], "what was asked")
        equal(origin.accepted, 1, "connections that ringway made")


def test_curl_asks_many_things_at_once():
    with HttpOrigin(mirror) as origin, gateway(origin) as ringway:
        done = curl("--fail", "--parallel", "--parallel-max", 20, ringway.url("/[1-200]"),
                    seconds=60)
        seen = sorted(int(part) for part in done.stdout.strip("/").split("/"))
        equal(seen, list(range(1, 201)), "answers")


def test_curl_reads_the_answer_of_the_built_in_origin_over_http():
    with Mock("http") as mock:
        host, port = mock.address
        with Gateway("--listen", "http://127.0.0.1:0", "--upstream",
                     f"http://{host}:{port}") as ringway:
            contains(curl("--fail", "-i", ringway.url()).stdout, "HTTP/1.1 200")


def test_a_request_goes_over_unix_sockets_on_both_sides():
    with Folder() as folder:
        os.chmod(folder.path, 0o777)
        with HttpOrigin(address=folder.file("origin.sock")) as origin:
            path = folder.file("listen.sock")
            with Gateway("--listen", f"http+unix:{path}", "--upstream", origin.url) as ringway:
                done = curl("--fail", "--unix-socket", path, "http://local/over/unix")
                equal(done.stdout, "served\n")
                equal(origin.last().fields.get("Host"), "local")
                expect(ringway.running(), "it still runs")


# ---- Python ----------------------------------------------------------------------------------


def test_the_client_of_python_keeps_its_connection():
    with HttpOrigin(mirror) as origin, gateway(origin) as ringway:
        client = http.client.HTTPConnection(*ringway.address(), timeout=10)
        for turn in range(20):
            body = json.dumps({"turn": turn}).encode() if turn % 2 else None
            client.request("POST" if turn % 2 else "GET", f"/{turn}", body=body)
            port = client.sock.getsockname()[1]
            response = client.getresponse()
            equal(response.read(), body or f"/{turn}".encode(), "the answer")
            equal(client.sock.getsockname()[1], port, "the client's port")
        client.close()


def test_the_client_of_python_sends_a_body_in_chunks():
    with HttpOrigin(mirror) as origin, gateway(origin) as ringway:
        client = http.client.HTTPConnection(*ringway.address(), timeout=10)
        pieces = [pattern(size, seed=size) for size in (1, 100, 70000, 3)]
        client.request("PUT", "/", body=iter(pieces), encode_chunked=True,
                       headers={"Transfer-Encoding": "chunked"})
        equal(client.getresponse().read(), b"".join(pieces), "the body, back again")
        client.close()


def test_pipelined_requests_are_answered_in_order():
    with HttpOrigin(mirror) as origin, gateway(origin) as ringway, ringway.client() as client:
        count = 200
        client.send(b"".join(
            request_bytes("POST", f"/{number}", body=b"p%d" % number) if number % 3 == 0 else
            request_bytes("PUT", f"/{number}", [("Transfer-Encoding", "chunked")],
                          chunked(b"c", b"%d" % number)) if number % 3 == 1 else
            request_bytes("GET", f"/{number}") for number in range(count)))
        for number in range(count):
            wanted = (b"p%d", b"c%d", b"/%d")[number % 3] % number
            equal(client.response().body, wanted, f"answer {number}")


# ---- nginx and HAProxy -----------------------------------------------------------------------


def test_nginx_serves_files_of_every_size_through_the_gateway():
    sizes = (0, 1, 1000, 4096, 65535, 65536, 65537, 200_000, 1_500_000, 8 << 20)
    with Nginx() as nginx, in_front_of_nginx(nginx) as ringway:
        for size in sizes:
            nginx.file(f"f{size}", pattern(size, seed=size))
        with ringway.client() as client:
            for size in sizes:
                response = client.ask("GET", f"/f{size}")
                equal(response.status, 200)
                equal(response.fields.get("Content-Length"), str(size), "the length")
                equal(sha(response.body), sha(pattern(size, seed=size)), f"{size} bytes")
            equal(client.ask("HEAD", "/f1000").fields.get("Content-Length"), "1000")
            equal(client.ask("GET", "/none").status, 404)


def test_nginx_serves_ranges_and_conditions_through_the_gateway():
    data = pattern(100_000)
    with Nginx() as nginx, in_front_of_nginx(nginx) as ringway:
        nginx.file("file", data)
        with ringway.client() as client:
            part = client.ask("GET", "/file", [("Range", "bytes=1000-70999")])
            equal((part.status, part.fields.get("Content-Range")),
                  (206, "bytes 1000-70999/100000"), "the part")
            equal(part.body == data[1000:71000], True, "its bytes")
            parts = client.ask("GET", "/file", [("Range", "bytes=0-9,20-29")])
            contains(parts.fields.get("Content-Type"), "multipart/byteranges")
            tag = part.fields.get("ETag")
            same = client.ask("GET", "/file", [("If-None-Match", tag)])
            equal((same.status, same.body), (304, b""), "the condition that holds")
            equal(client.ask("GET", "/file", [("Range", "bytes=900000-")]).status, 416)
            equal(client.ask("GET", "/file").body == data, True, "the whole, afterwards")


def test_curl_resumes_a_download():
    data = pattern(500_000)
    with Folder() as folder, Nginx() as nginx, in_front_of_nginx(nginx) as ringway:
        nginx.file("file", data)
        path = folder.write("part", data[:123_456])
        curl("--fail", "-C", "-", "-o", path, ringway.url("/file"))
        with open(path, "rb") as whole:
            equal(sha(whole.read()), sha(data), "the two parts together")


def test_the_connections_to_nginx_are_reused():
    with Nginx() as nginx, in_front_of_nginx(nginx) as ringway:
        nginx.file("small", b"s" * 1000)
        with ringway.client() as client:
            for _ in range(50):
                equal(len(client.ask("GET", "/small").body), 1000, "bytes")
        with open(f"/proc/net/tcp") as table:
            mine = [line for line in table if line.split()[2].endswith(f":{nginx.port:04X}")]
        between(len(mine), 1, 4, "connections between ringway and nginx, of any state")


def through_front(make_front):
    with HttpOrigin(mirror) as origin, gateway(origin) as ringway:
        with make_front(ringway.address()) as front:
            for turn in range(3):
                with Client(front.address) as client:
                    for size in (0, 10, 50_000, 900_000):
                        body = pattern(size, seed=turn)
                        equal(client.ask("POST", "/", body=body).body, body or b"/", "echo")
                        equal(client.ask("GET", f"/{size}").text(), f"/{size}")
            data = chunked(*[pattern(5000, seed=part) for part in range(20)])
            with Client(front.address) as client:
                client.send(request_bytes("PUT", "/", [("Transfer-Encoding", "chunked")], data))
                equal(len(client.response().body), 100_000, "bytes of a chunked body")
            return origin.last()


def test_nginx_stands_in_front_of_ringway():
    through_front(NginxFront)


def test_haproxy_stands_in_front_of_ringway():
    through_front(HaproxyFront)
