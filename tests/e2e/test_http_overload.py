"""Too many requests, draining, and reloading under load."""

import signal
import threading
import time

from harness.base import (alone, at_most, between, contains, equal, eventually, expect,
                          never, not_instrumented, scaled, timeout_of)
from harness.gateway import Configured, Load, gateway, named_origins
from harness.http import ask_once, request_bytes
from harness.http_origin import Gate, HttpOrigin, Slowly, mirror, naming
from harness.sockets import Server, ask, connect

# ---- in flight -------------------------------------------------------------------------------


def test_requests_beyond_an_upstreams_limit_are_turned_away_at_once():
    gate = Gate()
    with HttpOrigin(gate) as origin, gateway(origin, "--max-requests", 3, shards=1) as ringway:
        clients = [ringway.client() for _ in range(3)]
        for client in clients:
            client.request()
        eventually(lambda: gate.waiting == 3, "three are in flight")
        with ringway.client() as other:
            for _ in range(5):
                began = time.monotonic()
                response = other.ask("POST", "/", body=b"x" * 1000)
                at_most(time.monotonic() - began, scaled(0.5), "seconds until it knew")
                equal(response.status, 503)
                expect(int(response.fields.get("Retry-After")) >= 1, "Retry-After")
        gate.open()
        for client in clients:
            equal(client.response().status, 200)
        equal(ringway.get().status, 200, "afterwards")
        equal(len(origin.requests), 4, "requests at the origin")


def test_requests_beyond_a_routes_limit_are_turned_away():
    gate = Gate()
    with HttpOrigin(gate) as origin:
        with Configured(f"""
[[listener]]
url = "http://127.0.0.1:0"
[[upstream]]
name = "only"
endpoints = ["{origin.url}"]
[[route]]
path = "/limited/*"
upstream = "only"
max-requests = 2
[[route]]
upstream = "only"
""", shards=1) as ringway:
            clients = [ringway.client() for _ in range(2)]
            for client in clients:
                client.request("GET", "/limited/x")
            eventually(lambda: gate.waiting == 2, "two are in flight")
            equal(ringway.get("/limited/y").status, 503, "a third of the route")
            other = ringway.client()
            other.request("GET", "/other")
            eventually(lambda: gate.waiting == 3, "another route serves on")
            gate.open()
            for client in (*clients, other):
                equal(client.response().status, 200)


def test_two_shards_share_one_limit():
    gate = Gate()
    with HttpOrigin(gate) as origin, gateway(origin, "--max-requests", 3, shards=2) as ringway:
        served = []

        def ask_until_served():
            while (response := ringway.get()).status == 503:
                time.sleep(0.02)
            served.append(response.status)

        threads = [threading.Thread(target=ask_until_served) for _ in range(8)]
        for thread in threads:
            thread.start()
        eventually(lambda: gate.waiting == 3, "all of the limit is used, whoever asks")
        never(lambda: gate.waiting > 3, "more than the limit")
        gate.open()
        for thread in threads:
            thread.join(20)
        equal(served, [200] * 8, "everybody, in the end")


@alone
def test_turning_away_takes_less_than_a_millisecond():
    not_instrumented("time is judged")
    gate = Gate()
    with HttpOrigin(gate) as origin, gateway(origin, "--max-requests", 1, shards=1) as ringway:
        first = ringway.client()
        first.request()
        origin.wait_for(1)
        with ringway.client() as client:
            for _ in range(500):
                equal(client.ask().status, 503)
        shed = ringway.stats().http["shed"]
        equal(shed["count"], 500, "requests turned away")
        at_most(shed["p99_ns"], 1_000_000, "ns from a complete head to the submitted reply")
        gate.open()
        equal(first.response().status, 200)


def test_a_limit_is_exact_under_load():
    slow = Slowly(0.01)
    with HttpOrigin(slow) as origin, gateway(origin, "--max-requests", 4) as ringway:
        with Load(ringway.address(), clients=12) as load:
            time.sleep(1)
            load.stop()
        equal((set(load.statuses) <= {200, 503}, load.failures), (True, []), "how it went")
        expect(load.statuses.get(200, 0) > 50, f"statuses: {load.statuses}")
        at_most(slow.peak, 4, "requests at one time")


# ---- draining --------------------------------------------------------------------------------


def test_a_drain_finishes_what_is_in_flight_and_says_close():
    gate = Gate()
    with HttpOrigin(gate) as origin, gateway(origin, "--drain-timeout", "30s") as ringway:
        clients = [ringway.client() for _ in range(4)]
        for client in clients:
            client.request("POST", "/", body=b"x" * 1000)
        eventually(lambda: gate.waiting == 4, "four are in flight")
        ringway.signal(signal.SIGTERM)
        eventually(lambda: ringway.info()["draining"], "it drains")
        gate.open()
        for client in clients:
            response = client.response()
            equal((response.status, response.text()), (200, "served\n"))
            expect(not response.keeps_alive(), "Connection: close")
            client.expect_end()
        ringway.end(0)


def test_a_drain_closes_idle_connections_at_once():
    with HttpOrigin() as origin, gateway(origin, "--drain-timeout", "30s") as ringway:
        clients = [ringway.client() for _ in range(5)]
        for client in clients:
            equal(client.ask().status, 200)
        began = time.monotonic()
        ringway.signal(signal.SIGTERM)
        for client in clients:
            client.expect_end()
        ringway.end(0)
        between(time.monotonic() - began, 0, scaled(2), "seconds to end")
        eventually(lambda: not origin.connections, "connections to the origin are closed, too")


def test_a_drain_lets_a_long_response_end():
    def slow(call):
        call.read_body()
        call.begin_chunks()
        for number in range(10):
            call.chunk(b"%d" % number)
            time.sleep(0.1)
        call.end_chunks()

    with HttpOrigin(slow) as origin, gateway(origin, "--drain-timeout", "30s") as ringway:
        client = ringway.client()
        client.request()
        origin.wait_for(1)
        ringway.signal(signal.SIGTERM)
        equal(client.response().body, b"0123456789")
        ringway.end(0)


def test_the_drain_deadline_cuts_requests_and_says_so():
    gate = Gate()
    with HttpOrigin(gate) as origin, gateway(origin, "--drain-timeout", "300ms") as ringway:
        client = ringway.client()
        client.request()
        origin.wait_for(1)
        began = time.monotonic()
        ringway.end(signal.SIGTERM)
        between(time.monotonic() - began, 0.2, scaled(3), "seconds to end")
        gate.open()
        contains(ringway.output(), "drain")


def test_pipelined_requests_behind_the_last_answer_of_a_drain_are_not_begun():
    gate = Gate()
    with HttpOrigin(gate) as origin, gateway(origin, "--drain-timeout", "30s") as ringway:
        client = ringway.client()
        client.send(request_bytes("GET", "/1"), request_bytes("GET", "/2"))
        origin.wait_for(1)
        ringway.signal(signal.SIGTERM)
        eventually(lambda: ringway.info()["draining"], "it drains")
        gate.open()
        expect(not client.response().keeps_alive(), "Connection: close")
        client.expect_gone()
        ringway.end(0)
        equal(origin.targets(), ["/1"], "requests at the origin")


def test_a_drain_under_load_fails_no_request():
    with HttpOrigin() as origin, gateway(origin, "--drain-timeout", "30s") as ringway:
        with Load(ringway.address(), clients=6) as load:
            load.wait_for_more(100)
            ringway.signal(signal.SIGTERM)
            ringway.wait(20)
            load.stop()
        equal(set(load.statuses), {200}, "statuses")
        # After the drain connects are refused; an answer that was begun is never lost.
        lost = [failure for failure in load.failures if "Refused" not in failure]
        at_most(len(lost), 6, "requests sent on connections that closed while idle")
        expect(not any("cut" in failure for failure in lost), f"cut answers: {lost}")
        equal(sum(load.statuses.values()), len(origin.requests), "answers, against requests served")


# ---- reloading -------------------------------------------------------------------------------


def settings(origins, routes="", extra=""):
    text = extra + '[[listener]]\nname = "web"\nurl = "http://127.0.0.1:0"\n'
    for name, origin in origins.items():
        urls = origin if isinstance(origin, str) else f'["{origin.url}"]'
        text += f'[[upstream]]\nname = "{name}"\nendpoints = {urls}\n'
    return text + (routes or f'[[route]]\nupstream = "{list(origins)[0]}"\n')


def test_a_reload_swaps_routes_in_place():
    with named_origins("a", "b") as (a, b):
        both = {"a": a, "b": b}
        with Configured(settings(both)) as ringway, ringway.client() as client:
            equal(client.ask().text(), "a")
            ringway.reload(settings(both, '[[route]]\nupstream = "b"\n'))
            eventually(lambda: client.ask().text() == "b", "the same connection, the new route")
            ringway.reload(settings(both, '[[route]]\npath = "/x"\nupstream = "a"\n'
                                    '[[route]]\nstatus = 418\nreply = "tea"\n'))
            eventually(lambda: client.ask("GET", "/y").status == 418, "a route of another kind")
            equal(client.ask("GET", "/x").text(), "a")


def test_a_reload_swaps_upstreams_and_endpoints():
    with named_origins("a", "b", "c") as (a, b, c):
        with Configured(settings({"one": a})) as ringway, ringway.client() as client:
            equal(client.ask().text(), "a")
            ringway.reload(settings({"one": b}))
            eventually(lambda: client.ask().text() == "b", "another endpoint")
            eventually(lambda: not a.connections, "connections to the old one are closed")
            ringway.reload(settings({"two": c}))
            eventually(lambda: client.ask().text() == "c", "another upstream")
            ringway.reload(settings({"one": a}))
            eventually(lambda: client.ask().text() == "a", "back again")


def test_requests_in_flight_survive_a_reload_that_takes_their_upstream_away():
    gate = Gate(naming("old"))
    with HttpOrigin(gate) as old, HttpOrigin(naming("new")) as new:
        with Configured(settings({"old": old})) as ringway:
            client = ringway.client()
            client.request("POST", "/", body=b"x" * 50_000)
            old.wait_for(1)
            ringway.reload(settings({"new": new}))
            eventually(lambda: ringway.get().text() == "new", "new requests go to the new one")
            gate.open()
            equal(client.response().text(), "old", "the one in flight")
            equal(client.ask().text(), "new", "and the next on its connection")


def test_a_reload_changes_limits():
    with HttpOrigin(mirror) as origin:
        with Configured(settings({"a": origin})) as ringway, ringway.client() as client:
            equal(client.ask("POST", "/", body=b"x" * 5000).status, 200)
            ringway.reload(settings({"a": origin}, extra='max-body-bytes = "1000B"\n'))
            eventually(lambda: ringway.request("POST", "/", body=b"x" * 5000).status == 413,
                       "the new limit holds")


def test_a_bad_reload_is_refused_and_the_running_settings_are_kept():
    with named_origins("a") as (a,):
        with Configured(settings({"a": a})) as ringway, ringway.client() as client:
            for wrong in ("nonsense = 1\n" + settings({"a": a}), "[[listener]\n",
                          settings({"a": a}, '[[route]]\nupstream = "none"\n'),
                          'idle-timeout = "soon"\n' + settings({"a": a})):
                said = " ".join(ringway.reload(wrong))
                expect(any(word in said for word in ("refused", "not allowed", "failed", "kept")),
                       f"the log tells of it: {said}")
                equal(client.ask().text(), "a", "it serves as before")
            ringway.reload(settings({"a": a}, '[[route]]\nstatus = 204\nreply = ""\n'))
            eventually(lambda: client.ask().status == 204, "a good one is taken afterwards")


def test_what_cannot_change_while_it_runs_is_refused_by_name():
    with named_origins("a") as (a,):
        with Configured(settings({"a": a})) as ringway:
            said = " ".join(ringway.reload(settings({"a": a}, extra='max-connections = 77\n')))
            contains(said, "max-connections")
            equal(ringway.get().text(), "a", "it serves as before")


def test_ctl_reload_does_the_same():
    with named_origins("a", "b") as (a, b):
        with Configured(settings({"a": a, "b": b})) as ringway:
            ringway.file_folder.write("ringway.toml",
                                      settings({"a": a, "b": b}, '[[route]]\nupstream = "b"\n'))
            ringway.ctl("reload")
            eventually(lambda: ringway.get().text() == "b", "the new route")


@timeout_of(60)
def test_reloads_under_load_fail_no_request():
    with HttpOrigin(naming("a")) as a, HttpOrigin(naming("b")) as b, HttpOrigin(naming("c")) as c:
        variants = [settings({"a": a}), settings({"b": b, "a": a}),
                    settings({"a": f'["{b.url}", "{c.url}"]'}),
                    settings({"c": c, "b": b}, '[[route]]\npath = "/*"\nupstream = "b"\n'),
                    settings({"a": a}, extra='max-body-bytes = "1MiB"\n')]
        with Configured(variants[0]) as ringway:
            with Load(ringway.address(), clients=6) as load:
                end = time.monotonic() + 5
                turn = 0
                while time.monotonic() < end:
                    turn += 1
                    ringway.reload(variants[turn % len(variants)])
                    load.wait_for_more(20)
                load.stop()
            equal((set(load.statuses), load.failures), ({200}, []), "how it went")
            expect(turn >= 8, f"only {turn} reloads")
            expect(all(len(origin.requests) > 20 for origin in (a, b, c)), "each of them served")


def test_a_reload_of_a_process_without_a_file_says_so():
    with HttpOrigin() as origin, gateway(origin) as ringway:
        ringway.signal(signal.SIGHUP)
        eventually(lambda: "HUP" in ringway.output(), "the log tells of it")
        equal(ringway.get().status, 200)


def test_tcp_connections_survive_a_reload():
    with Server() as echo, named_origins("a") as (a,):
        def text(route):
            return (f'[[listener]]\nname = "raw"\nurl = "tcp://127.0.0.1:0"\n[[listener]]\n'
                    f'name = "web"\nurl = "http://127.0.0.1:0"\n[[upstream]]\nname = "raw"\n'
                    f'endpoints = ["{echo.url}"]\n[[upstream]]\nname = "a"\n'
                    f'endpoints = ["{a.url}"]\n'
                    f'[[route]]\nlistener = "raw"\nupstream = "raw"\n{route}')

        with Configured(text('[[route]]\nlistener = "web"\nupstream = "a"\n')) as ringway:
            with connect(ringway.address("raw")) as raw:
                ask(raw, b"before")
                ringway.reload(text('[[route]]\nlistener = "web"\nstatus = 204\nreply = ""\n'))
                eventually(lambda: ask_once(ringway.address("web")).status == 204, "reloaded")
                ask(raw, b"after")
