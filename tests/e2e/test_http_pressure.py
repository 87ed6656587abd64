"""Too little of everything, and clients that behave as badly as they can: others are served, and
nothing is left over."""

import random
import signal
import threading
import time

from harness.base import (at_most, between, equal, eventually, expect, not_instrumented, scaled,
                          timeout_of)
from harness.gateway import Configured, Load, gateway
from harness.http import Client, Cut, chunk, request_bytes
from harness.http_origin import HttpOrigin, Slowly, mirror
from harness.sockets import pattern, reset

MIB = 1 << 20
BIG = pattern(MIB, 3)


def big_or_small(call):
    call.reply(body=BIG if call.path == "/big" else b"small")


def served_while(ringway, seconds, clients=4):
    """Small requests meanwhile: none may fail; the answers."""
    with Load(ringway.address(), clients=clients, target="/small") as load:
        load.wait_for_more(20)
        time.sleep(seconds)
        load.stop()
    equal((set(load.statuses), load.failures), ({200}, []), "small requests meanwhile")
    return load.answers()


# ---- too little --------------------------------------------------------------------------------


def with_few_buffers(*flags):
    with HttpOrigin(big_or_small) as origin:
        with gateway(origin, "--buffers", 4, "--buffer-size", "4KiB", *flags,
                     shards=1) as ringway:
            slow = [ringway.client(receive_buffer=8192) for _ in range(50)]
            for client in slow:
                client.request("GET", "/big")
            served_while(ringway, 1)
            for client in slow[:5]:
                expect(client.response().body == BIG, "a slow reader gets it all")
            for client in slow:
                client.close()
            ringway.settled()


def test_slow_readers_with_four_buffers_do_not_keep_others_out():
    with_few_buffers()


def test_slow_readers_with_four_buffers_do_not_keep_others_out_when_all_is_copied():
    with_few_buffers("--relay", "copy")


def test_slow_senders_with_four_buffers_do_not_keep_others_out():
    with HttpOrigin(mirror) as origin:
        with gateway(origin, "--buffers", 4, "--buffer-size", "4KiB", shards=1) as ringway:
            slow = [ringway.client() for _ in range(50)]
            for client in slow:
                client.send("POST /slow HTTP/1.1\r\nHost: h\r\nContent-Length: 300000\r\n\r\n",
                            BIG[:100_000])
            served_while(ringway, 1)
            for client in slow[:5]:
                client.send(BIG[100_000:300_000])
                expect(client.response().body == BIG[:300_000], "the body comes back")
            for client in slow:
                reset(client.sock)
            ringway.settled()


def test_twice_as_many_clients_as_connections_are_all_served():
    """Idle connections are closed in favour of new ones; who was closed asks again."""
    with HttpOrigin() as origin, gateway(origin, "--max-connections", 20) as ringway:
        served = [0] * 40
        trouble = []

        def visit(number):
            client = None
            try:
                while served[number] < 10:
                    client = client or Client(ringway.address(), seconds=20)
                    try:
                        equal(client.ask().status, 200)
                        served[number] += 1
                    except (Cut, ConnectionError):  # closed while it was idle
                        client.close()
                        client = None
                    time.sleep(0.01)
            except BaseException as failure:
                trouble.append(repr(failure))
            finally:
                if client is not None:
                    client.close()

        threads = [threading.Thread(target=visit, args=(number,)) for number in range(40)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(scaled(30))
        equal((served, trouble), ([10] * 40, []), "requests served, by client")
        ringway.settled()


def test_few_descriptors_are_shared_by_many_clients():
    not_instrumented("sanitizers need descriptors of their own")
    with HttpOrigin() as origin, gateway(origin, nofile=130) as ringway:
        clients = []
        for _ in range(120):
            clients.append(ringway.client())
            clients[-1].request()
        answered = 0
        for client in clients:
            try:
                response = client.response()
                expect(response.status in (200, 502, 503), f"status {response.status}")
                answered += response.status == 200
            finally:
                client.close()
        between(answered, 20, 120, "clients that were served")
        ringway.settled()
        served_while(ringway, 0.5)


def test_waiters_that_leave_are_nobodys_trouble():
    with HttpOrigin(Slowly(0.01)) as origin:
        with gateway(origin, "--pool-max", 1, "--pool-wait-timeout", "20s") as ringway:
            stay = [ringway.client() for _ in range(20)]
            leave = [ringway.client() for _ in range(60)]
            for number in range(60):
                leave[number].request("GET", f"/leaves/{number}")
                if number < 20:
                    stay[number].request("GET", f"/stays/{number}")
            for number, client in enumerate(leave):
                reset(client.sock) if number % 2 else client.close()
            for client in stay:
                equal(client.response().status, 200, "who stays is served")
                client.close()
            equal(origin.open_peak, 1, "connections at one time")
            ringway.settled()


# ---- clients that are no good ------------------------------------------------------------------


def test_a_thousand_pipelined_requests_in_one_write():
    with HttpOrigin(lambda call: call.reply(body=call.target)) as origin:
        with gateway(origin) as ringway, ringway.client() as client:
            data = b"".join(request_bytes("GET", f"/{number}") for number in range(1000))
            sender = threading.Thread(target=client.send, args=(data,))
            sender.start()
            for number in range(1000):
                equal(client.response().text(), f"/{number}", "the answers, in order")
            sender.join()
            client.close()
            ringway.settled()
            equal(origin.targets(), [f"/{number}" for number in range(1000)], "requests")


def test_pipelined_requests_of_a_client_that_leaves_end_with_it():
    with HttpOrigin(Slowly(0.005)) as origin, gateway(origin) as ringway:
        for how in (reset, lambda sock: sock.close()):
            client = ringway.client()
            client.send(*[request_bytes("GET", f"/{number}") for number in range(1000)])
            client.response()
            how(client.sock)
        ringway.settled()
        at_most(len(origin.requests), 1000, "requests that reached the origin")


def test_heads_that_are_far_too_long_are_refused():
    with HttpOrigin() as origin, gateway(origin) as ringway:
        for data in (request_bytes("GET", "/", [("X-Long", "x" * 100_000)]),
                     request_bytes("GET", "/", [(f"X-{number}", "y") for number in range(20_000)]),
                     b"GET / HTTP/1.1\r\nHost: h\r\n" + b"x" * 100_000):
            with ringway.client() as client:
                sender = threading.Thread(target=send_quietly, args=(client, data))
                sender.start()
                response = client.response()
                equal(response.status, 431)
                expect(not response.keeps_alive(), "the connection ends")
                sender.join()
        ringway.settled()
        equal(origin.requests, [], "requests at the origin")


def send_quietly(client, data):
    try:
        client.send(data)
    except ConnectionError:
        pass


def test_chunk_extensions_without_end_are_refused():
    def swallow(call):
        call.read_body()
        call.reply()

    with HttpOrigin(swallow) as origin, gateway(origin) as ringway:
        head = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        for data in (head + b"1;" + b"x" * 200_000,
                     head + b"1;a=bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\r\nz\r\n" * 20_000):
            with ringway.client() as client:
                sender = threading.Thread(target=send_quietly, args=(client, data))
                sender.start()
                equal(client.response().status, 400)
                sender.join()
        ringway.settled()


def test_a_client_that_never_reads_is_given_up():
    with HttpOrigin(big_or_small) as origin:
        with gateway(origin, "--idle-timeout", "500ms") as ringway:
            clients = [ringway.client(receive_buffer=8192) for _ in range(10)]
            for client in clients:
                client.send(*[request_bytes("GET", "/big") for _ in range(20)])
            ringway.settled()
            for client in clients:
                client.close()


# ---- storms ------------------------------------------------------------------------------------


class Storm:
    """Clients that do one bad thing after the other."""

    def __init__(self, address, seed):
        self.address = address
        self.rng = random.Random(seed)
        self.done = 0
        self.trouble = None

    def run(self, until):
        deeds = [self.abort, self.pipeline, self.half_upload, self.drip, self.leave_tunnel,
                 self.leave_download, self.garbage]
        try:
            while time.monotonic() < until:
                try:
                    with Client(self.address) as client:
                        self.rng.choice(deeds)(client)
                        if self.rng.random() < 0.5:
                            reset(client.sock)
                except (Cut, ConnectionError):
                    pass
                self.done += 1
        except BaseException as trouble:
            self.trouble = trouble

    def abort(self, client):
        data = request_bytes("GET", "/big")
        client.send(data[:self.rng.randrange(1, len(data) + 1)])

    def pipeline(self, client):
        count = self.rng.randrange(1, 30)
        client.send(*[request_bytes("GET", self.rng.choice(["/big", "/small", "/cut"]))
                      for _ in range(count)])
        for _ in range(min(count, self.rng.randrange(3))):
            client.response(whole=False)

    def half_upload(self, client):
        client.send("POST /small HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
                    chunk(BIG[:self.rng.randrange(1, 200_000)]), b"5\r\nab")

    def drip(self, client):
        for byte in request_bytes("GET", "/small")[:self.rng.randrange(60)]:
            client.send(bytes([byte]))

    def leave_tunnel(self, client):
        client.request("GET", "/tunnel", [("Connection", "Upgrade"), ("Upgrade", "raw")])
        if self.rng.random() < 0.7:
            client.head()
            client.send(BIG[:self.rng.randrange(300_000)])

    def leave_download(self, client):
        client.request("GET", "/big")
        if client.head().status == 200 and self.rng.random() < 0.5:
            client.stream.exactly(self.rng.randrange(MIB))

    def garbage(self, client):
        client.send(self.rng.randbytes(self.rng.randrange(1, 3000)))


def stormy(call):
    if call.path == "/tunnel":
        call.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n")
        call.over = True
        while piece := call.stream.some():
            call.send(piece)
    elif call.path == "/cut":
        call.send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", BIG[:50_000])
        call.reset()
    else:
        big_or_small(call)


class Storms:
    """Many of them at once, for some seconds."""

    def __init__(self, ringway, count=10, seconds=3.0):
        self.until = time.monotonic() + seconds
        self.storms = [Storm(ringway.address(), seed) for seed in range(count)]
        self.threads = [threading.Thread(target=each.run, args=(self.until,))
                        for each in self.storms]
        for thread in self.threads:
            thread.start()

    def join(self):
        for thread in self.threads:
            thread.join(scaled(30))

    def check(self):
        self.join()
        for each in self.storms:
            if each.trouble:
                raise each.trouble
        expect(sum(each.done for each in self.storms) > 50, "there was a storm")


def storm(*flags, count=10, **options):
    with HttpOrigin(stormy, strict=False) as origin, gateway(origin, *flags, **options) as ringway:
        Storms(ringway, count).check()
        ringway.settled()
        equal(ringway.get("/small").text(), "small", "after the storm")


@timeout_of(60)
def test_nothing_is_left_after_a_storm():
    storm()


@timeout_of(60)
def test_nothing_is_left_after_a_storm_with_little_of_everything():
    storm("--buffers", 4, "--buffer-size", "4KiB", "--pipes", 1, "--pool-max", 3)


@timeout_of(60)
def test_nothing_is_left_after_a_storm_with_few_descriptors():
    not_instrumented("sanitizers need descriptors of their own")
    storm(count=40, nofile=140)


@timeout_of(60)
def test_nothing_is_left_after_a_storm_of_twice_as_many_clients_as_connections():
    storm("--max-connections", 20, "--pool-max", 1, count=40)


@timeout_of(60)
def test_nothing_is_left_after_a_storm_under_reloads():
    with HttpOrigin(stormy, strict=False) as one, HttpOrigin(stormy, strict=False) as two:
        files = [limits + '[[listener]]\nurl = "http://127.0.0.1:0"\n' +
                 f'[[upstream]]\nname = "{name}"\nendpoints = ["{origin.url}"]\n' +
                 f'[[route]]\nupstream = "{name}"\n'
                 for limits, name, origin in (("", "a", one), ("pool-max = 2\n", "b", two),
                                              ("max-requests = 5\n", "a", two),
                                              ("pool-max = 1\nmax-requests = 3\n", "a", one),
                                              ("pool-min = 3\n", "b", one))]
        with Configured(files[0]) as ringway:
            storms = Storms(ringway)
            turn = 0
            while time.monotonic() < storms.until:
                turn += 1
                ringway.file_folder.write("ringway.toml", files[turn % len(files)])
                ringway.signal(signal.SIGHUP)
                time.sleep(0.1)
            storms.check()
            ringway.settled()
            expect(ringway.info()["reloads"]["done"] > 10, "there were reloads")


@timeout_of(60)
def test_a_drain_in_a_storm_ends_within_its_time():
    with HttpOrigin(stormy, strict=False) as origin:
        with gateway(origin, "--drain-timeout", "1s") as ringway:
            storms = Storms(ringway)
            time.sleep(1)
            began = time.monotonic()
            ringway.end()
            at_most(time.monotonic() - began, scaled(3), "seconds until it had drained")
            storms.join()
