"""What goes wrong between ringway and its upstreams: retries, cancelling, own answers."""

import json
import os
import threading
import time

from harness.base import (Folder, between, contains, equal, eventually, expect, never,
                          scaled, timeout_of)
from harness.gateway import (HTTP_LISTEN, Configured, Gateway, Load, gateway,
                             named_origins)
from harness.http import Client, request_bytes
from harness.http_origin import BODY, END, RESET, Gate, HttpOrigin, answer_ok, naming, scripted
from harness.sockets import closed_port, free_port, reset, stuck_address


def refused_url():
    host, port = closed_port()
    return f"http://{host}:{port}"


# ---- retries ---------------------------------------------------------------------------------


class DiesOnce:
    """Answers the first request of a connection and dies on the second, before any byte of an
    answer: the reused connection that was dead already when the request met it."""

    def __init__(self, ending=RESET, after=(BODY,)):
        self.ending, self.after = ending, after

    def __call__(self, call):
        if call.number == 1:
            call.reply(body="served\n")
        else:
            call.run([*self.after, self.ending])


def test_an_idempotent_request_on_a_dead_reused_connection_is_sent_again():
    for method in ("GET", "HEAD", "PUT", "DELETE", "OPTIONS"):
        for ending in (RESET, END):
            with HttpOrigin(DiesOnce(ending)) as origin, gateway(origin, shards=1) as ringway:
                with ringway.client() as client:
                    for _ in range(4):
                        equal(client.ask(method, "/x").status, 200, f"{method} after {ending}")
                expect(len(origin.requests) >= 5, "some were sent twice")


def test_a_post_is_never_sent_again_once_it_may_have_arrived():
    for method in ("POST", "PATCH", "ODD"):
        with HttpOrigin(DiesOnce()) as origin, gateway(origin, shards=1) as ringway:
            with ringway.client() as client:
                equal(client.ask(method, "/x", body=b"pay").status, 200)
                equal(client.ask(method, "/x", body=b"pay").status, 502, f"{method} on a dead one")
                equal(len(origin.requests), 2, f"times that {method} was sent")


def test_nothing_is_sent_again_once_a_response_had_begun():
    def begins(call):
        if call.number == 1:
            call.reply(body="served\n")
        else:
            call.run([BODY, b"HTTP/1.1 200 OK\r\nContent-Le", 0.05, RESET])

    with HttpOrigin(begins) as origin, gateway(origin, shards=1) as ringway:
        with ringway.client() as client:
            equal(client.ask().status, 200)
            equal(client.ask().status, 502)
        equal(len(origin.requests), 2, "requests at the origin")


def test_a_fresh_connection_that_dies_is_a_502_and_no_retry():
    with HttpOrigin(scripted(BODY, RESET)) as origin, gateway(origin) as ringway:
        equal(ringway.get().status, 502)
        equal(len(origin.requests), 1, "requests at the origin")


def test_a_body_that_is_still_coming_is_not_sent_again():
    # A retry would need the bytes that have gone on already.
    with HttpOrigin(DiesOnce(after=())) as origin, gateway(origin, shards=1) as ringway:
        with ringway.client() as client:
            equal(client.ask("PUT", "/", body=b"one").status, 200)
            client.send(request_bytes("PUT", "/", [("Content-Length", "100000")]), b"x" * 50_000)
            equal(client.response().status, 502)
        equal(len(origin.requests), 2, "requests at the origin")


def test_retries_stay_within_their_budget():
    # Every reused connection dies: without a budget each of the requests would be sent twice.
    with HttpOrigin(DiesOnce()) as origin:
        with gateway(origin, "--retry-budget", 10, "--retry-floor", 1, shards=1) as ringway:
            with ringway.client() as client:
                statuses = [client.ask("GET", f"/{turn}").status for turn in range(100)]
            sent = len(origin.requests)
            between(sent - 100, 1, 25, "requests sent again")
            expect(502 in statuses and set(statuses) == {200, 502}, f"statuses: {set(statuses)}")


def test_retries_can_be_turned_off():
    with HttpOrigin(DiesOnce()) as origin, gateway(origin, "--retries", 0, shards=1) as ringway:
        with ringway.client() as client:
            equal([client.ask().status for _ in range(4)], [200, 502, 200, 502], "statuses")
        equal(len(origin.requests), 4, "requests at the origin")


def test_a_refused_connect_goes_to_the_next_endpoint_whatever_the_method():
    with named_origins("alive") as origins:
        flags = ["--upstream", f"pool={refused_url()},{origins[0].url}", "--fail-threshold", 1000]
        with Gateway(*HTTP_LISTEN, *flags, shards=1) as ringway, ringway.client() as client:
            for turn in range(40):
                method = "POST" if turn % 2 else "GET"
                response = client.ask(method, "/", [("Connection", "keep-alive")], b"x" * turn)
                equal((response.status, response.text()), (200, "alive"))
        equal(len(origins[0].requests), 40, "requests, each once")


def test_failed_connects_do_not_eat_the_retry_budget():
    with named_origins("alive") as origins:
        flags = ["--upstream", f"pool={refused_url()},{origins[0].url}?pool-max-requests=1",
                 "--fail-threshold", 1000, "--retry-budget", 1, "--retry-floor", 1]
        with Gateway(*HTTP_LISTEN, *flags, shards=1) as ringway, ringway.client() as client:
            equal({client.ask().status for _ in range(100)}, {200}, "statuses")


def test_a_connect_that_hangs_goes_to_the_next_endpoint():
    with stuck_address() as stuck, named_origins("alive") as origins:
        flags = ["--upstream", f"pool=http://127.0.0.1:{stuck[1]},{origins[0].url}",
                 "--connect-timeout", "300ms"]
        with Gateway(*HTTP_LISTEN, *flags, shards=1) as ringway:
            for _ in range(3):
                equal(ringway.get().text(), "alive")


# ---- a client that goes away -----------------------------------------------------------------


def test_a_client_that_goes_away_cancels_its_request_at_once():
    for how in ("close", "reset"):
        gone = threading.Event()

        def waits(call):
            call.read_body()
            try:
                if not call.sock.recv(1):
                    gone.set()
            except ConnectionError:
                gone.set()
            call.over = True

        with HttpOrigin(waits) as origin, gateway(origin) as ringway:
            client = ringway.client()
            client.request("GET", "/slow")
            origin.wait_for(1)
            client.close() if how == "close" else reset(client.sock)
            expect(gone.wait(scaled(1)), f"the origin did not hear of the client's {how}")


def test_a_client_that_goes_away_within_a_download_cancels_it():
    gone = threading.Event()

    def endless(call):
        call.read_body()
        call.begin_chunks()
        try:
            while True:
                call.chunk(b"x" * 10_000)
                time.sleep(0.01)
        except OSError:
            gone.set()
            raise

    with HttpOrigin(endless) as origin, gateway(origin) as ringway:
        with ringway.client() as client:
            client.request()
            client.head()
            client.stream.exactly(20_000)
        expect(gone.wait(scaled(2)), "the origin did not hear that the client went away")
        eventually(lambda: ringway.stats().active == 0, "nothing is left of it")


def test_a_client_that_goes_away_within_its_upload_never_makes_it_look_complete():
    for framing in ([("Content-Length", "1000")], [("Transfer-Encoding", "chunked")]):
        with HttpOrigin() as origin, gateway(origin) as ringway:
            client = ringway.client()
            client.send(request_bytes("POST", "/", framing), b"5\r\nhello\r\n")
            origin.wait_for(1)
            client.close()
            eventually(lambda: origin.cut_requests == 1, "the origin's request was cut")
            never(lambda: origin.last().body.endswith(b"0\r\n\r\n"), "it looked complete", 0.1)


def test_pipelined_requests_of_a_client_that_goes_away_are_not_begun():
    gate = Gate()
    with HttpOrigin(gate) as origin, gateway(origin) as ringway:
        client = ringway.client()
        client.send(b"".join(request_bytes("GET", f"/{number}") for number in range(5)))
        origin.wait_for(1)
        reset(client.sock)
        time.sleep(0.1)
        gate.open()
        never(lambda: len(origin.requests) > 1, "another request was begun")


# ---- answers of ringway's own ----------------------------------------------------------------


def test_no_endpoint_that_can_be_connected_to_is_a_502_or_503():
    with Gateway(*HTTP_LISTEN, "--upstream", refused_url()) as ringway:
        with ringway.client() as client:
            response = client.ask()
            equal(response.status, 502, "the first")
            contains(response.fields.get("Proxy-Status"), "ringway", "error=connection_refused")
            for _ in range(6):
                response = client.ask()
            expect(response.status in (502, 503), f"later: {response.status}")
            expect(response.fields.has("Proxy-Status"), "the cause is named")


def test_a_connect_that_hangs_is_a_504():
    with stuck_address() as stuck:
        with Gateway(*HTTP_LISTEN, "--upstream", f"http://127.0.0.1:{stuck[1]}",
                     "--connect-timeout", "300ms") as ringway:
            began = time.monotonic()
            response = ringway.get()
            between(time.monotonic() - began, 0.25, scaled(2), "seconds")
            equal(response.status, 504)
            contains(response.fields.get("Proxy-Status"), "error=connection_timeout")


def test_the_answer_is_text_or_json_as_the_client_accepts():
    with Gateway(*HTTP_LISTEN, "--upstream", refused_url()) as ringway:
        plain = ringway.get()
        contains(plain.fields.get("Content-Type"), "text/plain")
        expect(0 < len(plain.body) < 500, f"a short body: {plain.body!r}")
        found = ringway.get("/", [("Accept", "application/json")])
        contains(found.fields.get("Content-Type"), "application/json")
        error = json.loads(found.body)["error"]
        equal((error["status"], error["request_id"]),
              (found.status, found.fields.get("X-Request-Id")), "what the body tells")
        browser = ringway.get("/", [("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")])
        expect("json" not in browser.fields.get("Content-Type"), "a browser gets no JSON")


def test_files_replace_the_answers():
    with Folder() as folder:
        page = folder.write("sorry.html", "<h1>Sorry</h1>")
        with Gateway(*HTTP_LISTEN, "--upstream", refused_url(), "--error-page",
                     f"502={page}", "--error-page", f"503={page}") as ringway:
            response = ringway.get()
            equal((response.status, response.text()), (502, "<h1>Sorry</h1>"))
            contains(response.fields.get("Content-Type"), "text/html")


def test_head_gets_no_body_with_an_error():
    with Gateway(*HTTP_LISTEN, "--upstream", refused_url()) as ringway:
        with ringway.client() as client:
            for _ in range(3):
                expect(client.ask("HEAD").status in (502, 503), "an error")
            expect(client.ask("GET").body, "GET gets one, on the same connection")


def test_a_keep_alive_connection_survives_errors_behind_it():
    port = free_port()
    with Gateway(*HTTP_LISTEN, "--upstream", f"http://127.0.0.1:{port}", "--fail-backoff", "50ms",
                 "--fail-backoff-max", "100ms") as ringway, ringway.client() as client:
        expect(client.ask("POST", "/", body=b"x" * 1000).status in (502, 503), "while it is away")
        with HttpOrigin(address=("127.0.0.1", port)):
            eventually(lambda: client.ask().status == 200, "it serves when it is there")


def test_what_goes_wrong_mid_response_is_counted():
    with HttpOrigin(scripted(BODY, b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", RESET)) \
            as origin, gateway(origin) as ringway:
        for _ in range(4):
            expect(ringway.get(whole=False).cut, "the response was cut")

        eventually(lambda: ringway.stats().ended("upstream-cut") == 4, "four are counted as cut")


# ---- flapping --------------------------------------------------------------------------------


class Flapping:
    """An endpoint that comes and goes: refuses connects for a while, and closes what is idle."""

    def __init__(self, name, period):
        self.name, self.period = name, period
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.stopping = threading.Event()
        self.served = 0
        self.thread = threading.Thread(target=self.flap, daemon=True)
        self.thread.start()

    def flap(self):
        while not self.stopping.is_set():
            origin = HttpOrigin(naming(self.name), address=("127.0.0.1", self.port))
            self.stopping.wait(self.period)
            origin.retire()
            self.served += len(origin.requests)
            self.stopping.wait(self.period / 2)

    def stop(self):
        self.stopping.set()
        self.thread.join(10)


def soak_seconds():
    """How long endpoints flap: 6 s, or what RW_TEST_SOAK_SECONDS asks for."""
    return float(os.environ.get("RW_TEST_SOAK_SECONDS", 6))


@timeout_of(60 + 2 * soak_seconds())
def test_idempotent_requests_survive_endpoints_that_flap_and_reloads():
    steady = HttpOrigin(naming("steady"))
    flapping = [Flapping("one", 0.4), Flapping("two", 0.6)]
    urls = [one.url for one in (*flapping, steady)]

    def settings(turn):
        order = urls[turn % 3:] + urls[:turn % 3]
        return ('fail-backoff = "50ms"\nfail-backoff-max = "100ms"\n'
                f'max-body-bytes = "{turn + 1}MiB"\n'
                '[[listener]]\nname = "web"\nurl = "http://127.0.0.1:0"\n'
                f'[[upstream]]\nname = "pool"\nendpoints = {json.dumps(order)}\n')

    try:
        with Configured(settings(0)) as ringway:
            with Load(ringway.address(), clients=6) as load:
                end, turn = time.monotonic() + soak_seconds(), 0
                while time.monotonic() < end:
                    time.sleep(0.5)
                    turn += 1
                    ringway.reload(settings(turn))
                load.stop()
            equal(load.failures, [], "failures of clients")
            equal(set(load.statuses), {200}, f"statuses: {load.statuses}")
            expect(load.answers() > 200, f"only {load.answers()} answers")
    finally:
        for one in flapping:
            one.stop()
        steady.close()
    expect(min(one.served for one in flapping) > 20, "each of them served")


@timeout_of(60)
def test_kills_mid_response_fail_exactly_as_often_as_the_origin_cut():
    cut = []

    def sometimes(call):
        call.read_body()
        if len(call.origin.requests) % 7 == 0:
            cut.append(call.target)
            call.run([b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of it", 0.01, RESET])
        else:
            answer_ok(call)

    with HttpOrigin(sometimes) as origin, gateway(origin, "--eject-errors", "off",
                                                  "--eject-error-percent", "off") as ringway:
        failures = 0
        for number in range(300):
            with Client(ringway.address()) as client:
                failures += client.ask("GET", f"/{number}", whole=False).cut is not None
        equal(failures, len(cut), "failures of clients, against responses that the origin cut")
        expect(failures > 30, f"only {failures} cuts")
