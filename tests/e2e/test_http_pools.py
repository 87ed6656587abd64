"""Connections to upstreams: kept, limited, waited for, warmed, and never handed out dead."""

import socket
import threading
import time

from harness.base import at_most, between, equal, eventually, expect, never, scaled
from harness.gateway import HTTP_LISTEN, Gateway, Load, gateway, upstream
from harness.http_origin import Gate, HttpOrigin, Slowly, mirror, naming
from harness.sockets import closed_port


def in_threads(count, work):
    """Runs work(number) in `count` threads at once and returns the results in their order."""
    results = [None] * count

    def run(number):
        try:
            results[number] = work(number)
        except BaseException as failure:
            results[number] = failure

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return results


# ---- how many --------------------------------------------------------------------------------


def test_the_pool_never_exceeds_its_maximum():
    with HttpOrigin(Slowly(0.02)) as origin:
        with gateway(origin, "--pool-max", 3, "--pool-wait-timeout", "20s") as ringway:
            statuses = in_threads(24, lambda _: [ringway.get().status for _ in range(3)])
            equal({status for several in statuses for status in several}, {200}, "statuses")
            at_most(origin.open_peak, 3, "connections at one time, as the origin's kernel has them")
            equal(origin.answer.peak, 3, "requests at one time")


def test_one_connection_for_two_shards_serves_everybody():
    with HttpOrigin(Slowly(0.005)) as origin:
        with gateway(origin, "--pool-max", 1, "--pool-wait-timeout", "20s", shards=2) as ringway:
            began = time.monotonic()
            with Load(ringway.address(), clients=8) as load:
                load.wait_for_more(100)
                load.stop()
            equal((set(load.statuses), load.failures), ({200}, []), "how it went")
            equal(origin.open_peak, 1, "connections at one time")
            at_most(time.monotonic() - began, scaled(15), "seconds")


def test_the_maximum_holds_over_all_endpoints_of_an_upstream():
    gate = Gate()
    with HttpOrigin(gate) as one, HttpOrigin(gate) as two:
        with Gateway(*HTTP_LISTEN, *upstream([one, two]), "--pool-max", 2, "--pool-wait-timeout",
                     "20s") as ringway:
            clients = [ringway.client() for _ in range(12)]
            for client in clients:
                client.request()
            eventually(lambda: gate.waiting == 2, "two requests are under way")
            never(lambda: len(one.connections) + len(two.connections) > 2, "a third connection")
            gate.open()
            for client in clients:
                equal(client.response().status, 200)


def test_an_endpoints_own_limit_holds():
    with HttpOrigin(Slowly(0.02)) as one, HttpOrigin(Slowly(0.02)) as two:
        with Gateway(*HTTP_LISTEN, *upstream([one, two], ["?max-connections=1", ""]),
                     shards=1) as ringway:
            in_threads(16, lambda _: [ringway.get().status for _ in range(4)])
            equal(one.open_peak, 1, "connections of the limited endpoint")
            expect(two.open_peak > 1, "the other one took the rest")


def test_connections_are_kept_and_reused():
    with HttpOrigin() as origin, gateway(origin, shards=1) as ringway:
        for _ in range(30):
            equal(ringway.get().status, 200)
        equal(origin.accepted, 1, "connections for 30 requests, one after another")


def test_the_minimum_is_kept_warm():
    with HttpOrigin() as origin:
        with gateway(origin, "--pool-min", 4, "--pool-idle-timeout", "300ms") as ringway:
            eventually(lambda: origin.active == 4, "four connections are there before any request")
            time.sleep(0.8)
            equal(len(origin.connections), 4, "connections, after the idle timeout")
            equal(ringway.get().status, 200)


def test_the_minimum_comes_back_when_the_origin_closes():
    with HttpOrigin() as origin, gateway(origin, "--pool-min", 3) as ringway:
        eventually(lambda: origin.active == 3, "three connections are there")
        for taken in list(origin.connections):
            taken.shutdown(socket.SHUT_RDWR)
        eventually(lambda: origin.accepted >= 6 and origin.active == 3, "and three again")
        equal(ringway.get().status, 200)


def test_a_warm_pool_is_there_before_the_first_request_is_accepted():
    with HttpOrigin() as one, HttpOrigin() as two:
        with Gateway(*HTTP_LISTEN, *upstream([one, two]), "--pool-warm", "--pool-min",
                     4) as ringway:
            eventually(lambda: one.accepted + two.accepted == 4, "four before the first request", 1)
            expect(one.accepted and two.accepted, "each endpoint has some")
            equal(ringway.get().status, 200)


# ---- waiting ---------------------------------------------------------------------------------


def test_waiters_are_served_in_the_order_in_which_they_came():
    gate = Gate(mirror)
    with HttpOrigin(gate) as origin:
        with gateway(origin, "--pool-max", 1, "--pool-wait-timeout", "20s", shards=1) as ringway:
            clients = [ringway.client() for _ in range(10)]
            for number, client in enumerate(clients):
                client.request("GET", f"/{number}")
                if number == 0:
                    origin.wait_for(1)
                time.sleep(0.02)
            gate.open()
            for number, client in enumerate(clients):
                equal(client.response().text(), f"/{number}")
            equal(origin.targets(), [f"/{number}" for number in range(10)], "the order")


def test_a_wait_that_takes_too_long_is_a_503():
    gate = Gate()
    with HttpOrigin(gate) as origin:
        with gateway(origin, "--pool-max", 1, "--pool-wait-timeout", "300ms") as ringway:
            first = ringway.client()
            first.request()
            origin.wait_for(1)
            began = time.monotonic()
            response = ringway.get()
            between(time.monotonic() - began, 0.25, scaled(2), "seconds that it waited")
            equal(response.status, 503)
            expect(response.fields.has("Proxy-Status"), "the cause is named")
            gate.open()
            equal(first.response().status, 200, "the one that was served")
            equal(ringway.get().status, 200, "afterwards")


def test_too_many_waiters_are_turned_away_at_once():
    gate = Gate()
    with HttpOrigin(gate) as origin:
        with gateway(origin, "--pool-max", 1, "--pool-max-waiting", 2, "--pool-wait-timeout", "20s",
                     shards=1) as ringway:
            clients = [ringway.client() for _ in range(3)]
            for client in clients:
                client.request()
                time.sleep(0.05)
            began = time.monotonic()
            equal(ringway.get().status, 503, "the fourth")
            at_most(time.monotonic() - began, scaled(1), "seconds until it knew")
            gate.open()
            for client in clients:
                equal(client.response().status, 200)


def test_a_waiter_that_goes_away_leaves_the_queue():
    gate = Gate(mirror)
    with HttpOrigin(gate) as origin:
        with gateway(origin, "--pool-max", 1, "--pool-wait-timeout", "20s", shards=1) as ringway:
            first, second, third = (ringway.client() for _ in range(3))
            for number, client in enumerate((first, second, third)):
                client.request("GET", f"/{number}")
                time.sleep(0.05)
            second.close()
            time.sleep(0.1)
            gate.open()
            equal(first.response().text(), "/0")
            equal(third.response().text(), "/2")
            equal(origin.targets(), ["/0", "/2"], "what reached the origin")


def test_a_drain_answers_waiters_at_once_and_lets_active_requests_end():
    gate = Gate()
    with HttpOrigin(gate) as origin:
        with gateway(origin, "--pool-max", 1, "--pool-wait-timeout", "60s", "--drain-timeout",
                     "30s", shards=1) as ringway:
            active = ringway.client()
            active.request()
            origin.wait_for(1)
            waiters = [ringway.client() for _ in range(4)]
            for waiter in waiters:
                waiter.request()
            time.sleep(0.2)
            ringway.signal(15)
            began = time.monotonic()
            for waiter in waiters:
                equal(waiter.response().status, 503, "a waiter's answer")
            at_most(time.monotonic() - began, scaled(1), "seconds until waiters knew")
            gate.open()
            equal(active.response().status, 200, "the active one")
            ringway.end(0)


# ---- dying -----------------------------------------------------------------------------------


def test_an_idle_connection_that_the_origin_closed_is_never_handed_out():
    def answer(call):
        call.reply(body="ok")
        if call.number == 1:
            threading.Timer(0.02, lambda: call.origin.close_idle()).start()

    with HttpOrigin(answer) as origin, gateway(origin, shards=1) as ringway:
        with ringway.client() as client:
            for turn in range(40):
                # A POST is never sent again, so that a dead connection would show.
                equal(client.ask("POST", f"/{turn}", body=b"x").status, 200, f"request {turn}")
                time.sleep(0.04)
        expect(origin.accepted >= 20, f"{origin.accepted} connections, as they were closed")


def test_an_idle_connection_on_which_bytes_arrive_is_never_handed_out():
    def answer(call):
        call.reply(body="ok")
        threading.Timer(0.02, lambda: call.sock.sendall(b"HTTP/1.1 408 Too Late\r\n\r\n")).start()

    with HttpOrigin(answer) as origin, gateway(origin, shards=1) as ringway:
        with ringway.client() as client:
            for turn in range(10):
                response = client.ask("POST", f"/{turn}", body=b"x")
                equal((response.status, response.text()), (200, "ok"), f"request {turn}")
                time.sleep(0.06)


def test_idle_connections_end_at_the_idle_timeout():
    with HttpOrigin() as origin, gateway(origin, "--pool-idle-timeout", "200ms") as ringway:
        equal(ringway.get().status, 200)
        equal(len(origin.connections), 1, "kept at first")
        eventually(lambda: not origin.connections, "closed after the timeout", 5)
        equal(ringway.get().status, 200, "and opened again")


def test_a_connection_serves_no_more_requests_than_it_may():
    with HttpOrigin() as origin, gateway(origin, "--pool-max-requests", 5, shards=1) as ringway:
        for _ in range(20):
            equal(ringway.get().status, 200)
        equal(origin.accepted, 4, "connections for 20 requests")


def test_a_connection_gets_no_older_than_it_may():
    with HttpOrigin() as origin, gateway(origin, "--pool-max-age", "300ms", shards=1) as ringway:
        end = time.monotonic() + 1.5
        with ringway.client() as client:
            while time.monotonic() < end:
                equal(client.ask().status, 200)
                time.sleep(0.01)
        between(origin.accepted, 3, 8, "connections in 1.5 s")


def test_the_order_of_reuse_can_be_chosen():
    for order, wanted in (("lifo", 1), ("fifo", 4)):
        barrier = threading.Barrier(4, timeout=10)
        used = []

        def answer(call):
            if call.target == "/together":
                barrier.wait()
            else:
                used.append(call.connection)
            call.reply(body="ok")

        with HttpOrigin(answer) as origin:
            with gateway(origin, "--pool-order", order, shards=1) as ringway:
                in_threads(4, lambda _: ringway.get("/together").status)
                equal(origin.accepted, 4, "connections")
                for _ in range(12):
                    ringway.get("/one")
                equal(len(set(used)), wanted, f"connections in use, {order}")


def test_an_idle_connection_makes_room_where_the_request_says_who_must_serve():
    with HttpOrigin(naming("one")) as one, HttpOrigin(naming("two")) as two:
        with Gateway(*HTTP_LISTEN, *upstream([one, two]), "--pool-max", 1, "--balance",
                     "hash:header=x-user", shards=1) as ringway, ringway.client() as client:
            owners = {}
            for turn in range(3):
                for user in range(12):
                    name = client.ask("GET", "/", [("X-User", f"u{user}")]).text()
                    equal(owners.setdefault(user, name), name, f"who serves u{user}")
            equal(set(owners.values()), {"one", "two"}, "who served")
            at_most(max(one.open_peak, two.open_peak), 1, "connections to each")


def test_a_load_over_connections_that_the_origin_keeps_closing_has_no_error():
    with HttpOrigin() as origin, gateway(origin) as ringway:
        with Load(ringway.address(), clients=4) as load:
            end = time.monotonic() + 2
            while time.monotonic() < end:
                origin.close_idle()
                time.sleep(0.02)
            load.stop()
        equal((set(load.statuses), load.failures), ({200}, []), "how it went")
        expect(origin.accepted > 20, f"only {origin.accepted} connections")


# ---- what is told ----------------------------------------------------------------------------


def test_the_pool_is_shown():
    gate = Gate()
    with HttpOrigin(gate) as origin:
        with gateway(origin, "--pool-max", 1, "--pool-wait-timeout", "20s", shards=1) as ringway:
            clients = [ringway.client() for _ in range(3)]
            for client in clients:
                client.request()

            def pool():
                return ringway.stats().upstream()["pool"]

            eventually(lambda: pool()["waiting"] == 2, "two wait")
            equal(pool()["leased"], 1, "leased")
            gate.open()
            for client in clients:
                equal(client.response().status, 200)
            eventually(lambda: pool()["idle"] == 1, "one is idle")
            figures = pool()
            equal((figures["leases"], figures["reuses"], figures["opened"]), (3, 2, 1), "counts")


def test_warm_pools_that_cannot_be_warmed_keep_nobody_out():
    with Gateway(*HTTP_LISTEN, "--upstream", f"http://127.0.0.1:{closed_port()[1]}",
                 "--pool-warm") as ringway:
        for _ in range(4):
            expect(ringway.get().status in (502, 503), "an answer, on every shard")
