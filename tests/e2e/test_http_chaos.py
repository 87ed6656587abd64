"""Clients and origins that do everything at random: no response answers another request, no body
is other than what was sent, and nothing is left over."""

import os
import random
import threading
import time
import zlib

from harness.base import Failure, equal, expect, timeout_of
from harness.gateway import HTTP_LISTEN, Gateway, upstream
from harness.http import LAST_CHUNK, Client, Cut, as_bytes, chunk, request_bytes
from harness.http_origin import HttpOrigin
from harness.sockets import reset

POOL = random.Random(1).randbytes(1 << 20)


def body_of(name, size):
    """A body that no other request has."""
    start = zlib.crc32(as_bytes(name)) % (1 << 18)
    return (as_bytes(name) + b":" + POOL[start:start + size])[:size]


def sizes(rng):
    return rng.choice([0, 1, 17, 500, 4096, 20_000, 65_535, 65_536, 70_001, 200_000])


class Moody:
    """Answers a request `/NAME?answer=SIZE` with the body of that name, in one of many ways."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.lock = threading.Lock()
        self.damaged = 0

    def draw(self, choices):
        with self.lock:
            return self.rng.choice(choices)

    def __call__(self, call):
        name, size = call.target.lstrip("/").split("?answer=")
        wanted = body_of("up" + name, int(call.request.fields.get("X-Size", "0")))
        if self.draw(range(12)) == 0:
            time.sleep(0.02)
        if self.draw(range(60)) == 0:
            with self.lock:
                self.damaged += 1
            call.reset()
            return
        if call.read_body() != wanted:
            raise Failure(f"{name}: the body at the origin is not the client's")
        self.answer(call, body_of("down" + name, int(size)), [("X-Name", name)])

    def answer(self, call, body, fields):
        how = self.draw(["length", "length", "chunked", "pieces", "close", "last", "cut", "early"])
        if call.method == "HEAD" or how == "length":
            call.reply(200, body, fields)
        elif how == "chunked":
            call.begin_chunks(200, fields)
            step = self.draw([1000, 30_000, 1 << 20])
            for at in range(0, len(body), step):
                call.chunk(body[at:at + step])
            call.end_chunks()
        elif how == "pieces":
            call.send("HTTP/1.1 200 OK\r\n", f"X-Name: {fields[0][1]}\r\n")
            time.sleep(0.002)
            call.send(f"Content-Length: {len(body)}\r\n\r\n", body[:100])
            call.send(body[100:])
        elif how == "close":
            call.send(f"HTTP/1.1 200 OK\r\nX-Name: {fields[0][1]}\r\n\r\n", body)
            call.end()
        elif how == "last":
            call.reply(200, body, [*fields, ("Connection", "close")])
        elif how == "early":
            call.send("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")
            call.reply(200, body, fields)
        else:
            with self.lock:
                self.damaged += 1
            call.send(f"HTTP/1.1 200 OK\r\nX-Name: {fields[0][1]}\r\n"
                      f"Content-Length: {len(body) + 10}\r\n\r\n", body)
            call.reset() if self.draw([0, 1]) else call.end()


class Wild:
    """A client that sends its requests in many ways, and checks each answer against its request."""

    def __init__(self, address, seed):
        self.address, self.seed = address, seed
        self.rng = random.Random(seed)
        self.answers = self.failures = 0
        self.complaint = None

    def run(self, until):
        number = 0
        try:
            while time.monotonic() < until:
                with Client(self.address) as client:
                    for _ in range(self.rng.randrange(1, 12)):
                        number += 1
                        if not self.exchange(client, f"{self.seed}.{number}"):
                            break
        except BaseException as complaint:
            self.complaint = complaint

    def request(self, name):
        rng = self.rng
        size = rng.choice([0, 0, 0, 0, sizes(rng)])
        method = rng.choice(["GET", "HEAD"]) if size == 0 else rng.choice(["POST", "PUT"])
        body = body_of("up" + name, size)
        fields = [("X-Size", str(size))]
        target = f"/{name}?answer={sizes(rng)}"
        if size and rng.random() < 0.5:
            fields.append(("Transfer-Encoding", "chunked"))
            step = rng.choice([1000, 50_000, 1 << 20])
            pieces = [chunk(body[at:at + step]) for at in range(0, size, step)]
            return method, request_bytes(method, target, fields, b"".join(pieces) + LAST_CHUNK)
        return method, request_bytes(method, target, fields, body)

    def exchange(self, client, name):
        method, data = self.request(name)
        if self.rng.random() < 0.03:  # leaves in the middle
            client.send(data[:self.rng.randrange(1, len(data))])
            reset(client.sock) if self.rng.random() < 0.5 else client.close()
            return False
        try:
            if self.rng.random() < 0.2:
                middle = self.rng.randrange(len(data))
                client.send(data[:middle])
                time.sleep(0.001)
                client.send(data[middle:])
            else:
                client.send(data)
            response = client.response(method, whole=False)
        except (Cut, ConnectionError):
            self.failures += 1
            return False
        self.check(name, method, data, response)
        return response.keeps_alive() and not response.cut

    def check(self, name, method, data, response):
        if response.status != 200:
            expect(response.status in (502, 503), f"{name}: status {response.status}")
            self.failures += 1
            return
        equal(response.fields.get("X-Name"), name, "whose answer it is")
        size = int(data.split(b"?answer=")[1].split(b" ")[0])
        wanted = b"" if method == "HEAD" else body_of("down" + name, size)
        if response.cut:
            self.failures += 1
            expect(wanted.startswith(response.body), f"{name}: other bytes before the cut")
        else:
            expect(response.body == wanted, f"{name}: {len(response.body)} bytes of {size}")
            self.answers += 1


def chaos(*flags, seconds=4, **options):
    seed = int(os.environ.get("RW_TEST_SEED", time.time()))
    print(f"RW_TEST_SEED={seed}")
    moods = [Moody(seed), Moody(seed + 1)]
    with HttpOrigin(moods[0]) as one, HttpOrigin(moods[1]) as two:
        with Gateway(*HTTP_LISTEN, *upstream([one, two]), "--eject-errors", "off",
                     "--eject-error-percent", "off", *flags, **options) as ringway:
            until = time.monotonic() + seconds
            clients = [Wild(ringway.address(), seed + number) for number in range(8)]
            threads = [threading.Thread(target=client.run, args=(until,)) for client in clients]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(60)
            for client in clients:
                if client.complaint:
                    print(ringway.ask("connections"), ringway.ask("stats"))
                    raise client.complaint
            expect(sum(client.answers for client in clients) > 100, "there were answers")
            damaged = sum(mood.damaged for mood in moods)
            expect(damaged > 3, "some were damaged")
            ringway.settled()


@timeout_of(60)
def test_no_response_answers_another_request():
    chaos()


@timeout_of(60)
def test_no_response_answers_another_request_in_one_shard_with_few_connections():
    chaos("--pool-max", 4, "--pool-wait-timeout", "20s", shards=1)


@timeout_of(60)
def test_no_response_answers_another_request_with_small_buffers():
    chaos("--buffer-size", "4KiB", "--buffers", 64, "--relay", "copy")


@timeout_of(60)
def test_no_response_answers_another_request_when_everything_is_spliced():
    chaos("--relay", "splice", "--pipes", 2)
