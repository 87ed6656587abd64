"""Clients and origins that are slow, and connections that have served long enough."""

import threading
import time

from harness.base import at_most, between, contains, equal, expect, scaled
from harness.gateway import Configured, gateway
from harness.http import Cut, chunk, request_bytes
from harness.http_origin import BODY, HttpOrigin, mirror, scripted


def seconds_until(action):
    began = time.monotonic()
    result = action()
    return time.monotonic() - began, result


# ---- heads -----------------------------------------------------------------------------------


def test_a_head_that_does_not_come_to_its_end_is_a_408():
    with HttpOrigin() as origin, gateway(origin, "--header-timeout", "400ms") as ringway:
        with ringway.client() as client:
            client.send(b"GET / HTTP/1.1\r\nHost: h\r\n")
            took, response = seconds_until(client.response)
            equal(response.status, 408)
            between(took, 0.3, scaled(2), "seconds")
            client.expect_gone()
        equal(len(origin.requests), 0, "requests at the origin")


def test_a_head_that_drips_is_cut_at_the_same_time():
    # Slowloris: each byte in time, and no end.
    with HttpOrigin() as origin, gateway(origin, "--header-timeout", "500ms") as ringway:
        with ringway.client() as client:
            began = time.monotonic()
            client.send(b"GET / HTTP/1.1\r\nHost: h\r\n")
            stop = threading.Event()

            def drip():
                try:
                    while not stop.wait(0.05):
                        client.sock.send(b"X")
                except OSError:
                    pass

            dripping = threading.Thread(target=drip)
            dripping.start()
            try:
                equal(client.response().status, 408)
            except Cut:
                pass  # what still dripped in may have reset the connection
            finally:
                stop.set()
                dripping.join()
            between(time.monotonic() - began, 0.4, scaled(2), "seconds")


def test_a_hundred_slowloris_clients_do_not_keep_others_out():
    with HttpOrigin() as origin, gateway(origin, "--header-timeout", "2s") as ringway:
        slow = [ringway.client() for _ in range(100)]
        for client in slow:
            client.send(b"GET / HTTP/1.1\r\nX: ")
        for _ in range(20):
            took, response = seconds_until(ringway.get)
            equal(response.status, 200)
            at_most(took, scaled(1), "seconds beside them")
        for client in slow:
            client.close()


def test_a_connection_that_says_nothing_ends_quietly():
    with HttpOrigin() as origin:
        with gateway(origin, "--idle-timeout", "300ms", "--header-timeout", "300ms") as ringway:
            with ringway.client() as client:
                took, _ = seconds_until(client.expect_gone)
                between(took, 0.2, scaled(2), "seconds")


def test_the_second_head_of_a_connection_has_its_own_time():
    with HttpOrigin() as origin, gateway(origin, "--header-timeout", "400ms") as ringway:
        with ringway.client() as client:
            for _ in range(3):
                time.sleep(0.25)
                equal(client.ask().status, 200)
            client.send(b"GET /")
            equal(client.response().status, 408)


# ---- bodies ----------------------------------------------------------------------------------


def test_a_body_that_stops_coming_is_a_408():
    for framing, part in (([("Content-Length", "100")], b"some"),
                          ([("Transfer-Encoding", "chunked")], chunk(b"some"))):
        with HttpOrigin() as origin, gateway(origin, "--idle-timeout", "400ms") as ringway:
            with ringway.client() as client:
                client.send(request_bytes("POST", "/", framing), part)
                took, response = seconds_until(client.response)
                equal(response.status, 408)
                between(took, 0.3, scaled(2), "seconds")
                client.expect_gone()
            equal(len(origin.requests), 1, "requests at the origin")


def test_a_body_that_drips_is_no_idle_one():
    with HttpOrigin(mirror) as origin, gateway(origin, "--idle-timeout", "400ms") as ringway:
        with ringway.client() as client:
            client.send(request_bytes("POST", "/", [("Content-Length", "10")]))
            for _ in range(10):
                client.send(b"x")
                time.sleep(0.1)
            equal(client.response().body, b"x" * 10)


def test_a_response_that_stops_coming_is_cut():
    steps = (BODY, b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart", 3)
    with HttpOrigin(scripted(*steps)) as origin, gateway(origin, "--idle-timeout",
                                                         "400ms") as ringway:
        took, response = seconds_until(lambda: ringway.get(whole=False))
        expect(response.cut, "the response looked complete")
        between(took, 0.3, scaled(2), "seconds")


def test_a_client_that_stops_reading_is_cut():
    def large(call):
        call.read_body()
        call.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        try:
            while True:
                call.sock.sendall(bytes(1 << 20))
        except OSError:
            ended.set()
            raise

    ended = threading.Event()
    with HttpOrigin(large) as origin, gateway(origin, "--idle-timeout", "500ms") as ringway:
        with ringway.client(receive_buffer=16384) as client:
            client.request()
            expect(ended.wait(scaled(5)), "the origin is let go")


# ---- origins ---------------------------------------------------------------------------------


def test_a_response_that_does_not_begin_is_a_504():
    with HttpOrigin(scripted(BODY, 3)) as origin:
        with gateway(origin, "--first-byte-timeout", "400ms") as ringway:
            with ringway.client() as client:
                took, response = seconds_until(client.ask)
                equal(response.status, 504)
                contains(response.fields.get("Proxy-Status"), "ringway", "error=")
                between(took, 0.3, scaled(2), "seconds")
                equal(len(origin.requests), 1, "requests: a timeout is not retried")


def test_a_head_that_drips_from_the_origin_is_a_504():
    drip = [b"HTTP/1.1 200 OK\r\n"] + [b"X", 0.1] * 40
    with HttpOrigin(scripted(BODY, *drip)) as origin:
        with gateway(origin, "--first-byte-timeout", "500ms") as ringway:
            took, response = seconds_until(ringway.get)
            equal(response.status, 504)
            between(took, 0.4, scaled(2), "seconds")


def test_a_late_answer_after_a_504_is_nobodys_answer():
    def late(call):
        call.read_body()
        if call.target == "/late":
            time.sleep(0.6)
        call.reply(body=call.target)

    with HttpOrigin(late) as origin, gateway(origin, "--first-byte-timeout", "300ms",
                                             shards=1) as ringway:
        with ringway.client() as client:
            equal(client.ask("GET", "/late").status, 504)
            for turn in range(10):
                equal(client.ask("GET", f"/{turn}").text(), f"/{turn}")
                time.sleep(0.06)


def test_the_request_timeout_holds_for_the_whole_exchange():
    def slow(call):
        call.read_body()
        call.begin_chunks()
        for _ in range(40):
            call.chunk(b"x")
            time.sleep(0.1)
        call.end_chunks()

    with HttpOrigin(slow) as origin, gateway(origin, "--request-timeout", "500ms") as ringway:
        took, response = seconds_until(lambda: ringway.get(whole=False))
        expect(response.cut, "the response was cut")
        between(took, 0.4, scaled(2), "seconds")
    with HttpOrigin(scripted(BODY, 3)) as origin:
        with gateway(origin, "--request-timeout", "400ms") as ringway:
            equal(ringway.get().status, 504, "before any response")


def test_a_route_has_timeouts_of_its_own():
    with HttpOrigin(scripted(BODY, 0.8, b"HTTP/1.1 204 No Content\r\n\r\n")) as origin:
        with Configured(f"""
            [[listener]]
            url = "http://127.0.0.1:0"
            [[upstream]]
            name = "only"
            endpoints = ["{origin.url}"]
            [[route]]
            path = "/short/*"
            upstream = "only"
            first-byte-timeout = "300ms"
            [[route]]
            upstream = "only"
            """) as ringway:
            equal(ringway.get("/short/x").status, 504)
            equal(ringway.get("/long").status, 204)


# ---- keep-alive ------------------------------------------------------------------------------


def test_an_idle_connection_of_a_client_ends_at_the_idle_timeout():
    with HttpOrigin() as origin, gateway(origin, "--idle-timeout", "400ms") as ringway:
        with ringway.client() as client:
            equal(client.ask().status, 200)
            took, _ = seconds_until(client.expect_gone)
            between(took, 0.3, scaled(2), "seconds")


def test_a_connection_of_a_client_serves_no_more_requests_than_it_may():
    with HttpOrigin(mirror) as origin:
        with gateway(origin, "--max-requests-per-connection", 3) as ringway:
            with ringway.client() as client:
                for turn in range(3):
                    response = client.ask("GET", f"/{turn}")
                    equal((response.status, response.keeps_alive()), (200, turn < 2), "the answer")
                client.expect_end()
            with ringway.client() as client:
                client.send(b"".join(request_bytes("GET", f"/p{turn}") for turn in range(5)))
                for turn in range(3):
                    equal(client.response().text(), f"/p{turn}")
                client.expect_gone()
        expect("/p3" not in origin.targets(), "what followed was not interpreted")


def test_a_connection_of_a_client_gets_no_older_than_it_may():
    with HttpOrigin() as origin, gateway(origin, "--max-connection-age", "400ms") as ringway:
        with ringway.client() as client:
            began = time.monotonic()
            while client.ask().keeps_alive():
                expect(time.monotonic() - began < scaled(5), "it never said close")
                time.sleep(0.02)
            between(time.monotonic() - began, 0.35, scaled(2), "seconds")
            client.expect_end()


def test_idle_connections_make_room_for_new_ones():
    with HttpOrigin() as origin, gateway(origin, "--max-connections", 10, shards=1) as ringway:
        idle = [ringway.client() for _ in range(10)]
        for client in idle:
            equal(client.ask().status, 200)
        for _ in range(5):
            equal(ringway.get().status, 200, "a new client, while ten are idle")
        for client in idle:
            client.close()
