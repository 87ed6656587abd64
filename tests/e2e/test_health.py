"""What health checks, operators and routes decide about endpoints."""

from harness.base import equal, eventually, expect, never
from harness.endpoints import LISTEN, endpoints, row_of, tally, upstream_of
from harness.ringway import Ringway, serve_pair
from harness.sockets import (Origin, Server, expect_gone, free_port, holding, named, receive_all,
                             receive_exactly, who_serves)


def test_active_checks_take_an_endpoint_down_and_bring_it_back():
    port = free_port()
    with endpoints("steady") as servers:
        upstream = f"pool=tcp://127.0.0.1:{port},{servers[0].url}"
        with Ringway(*LISTEN, "--upstream", upstream, "--health-check",
                     "interval=100ms,timeout=100ms,rise=2,fall=2") as ringway:

            def state():
                return [row["state"] for row in ringway.endpoints()
                        if row["address"].endswith(f":{port}")][0]

            eventually(lambda: state() == "unhealthy", "the checks took it down")
            before = ringway.settled().connect_failures
            equal(tally(ringway, 10), {"steady": 10}, "who served")
            equal(ringway.settled().connect_failures, before, "failed connects of clients")
            with Server(named("risen"), address=("127.0.0.1", port)):
                eventually(lambda: state() == "ready", "the checks brought it back")
                expect(tally(ringway, 10)["risen"] >= 3, "it serves again")
            eventually(lambda: state() == "unhealthy", "the checks took it down again")


def test_an_endpoint_set_to_drain_keeps_its_connections_and_gets_no_new_ones():
    with endpoints("a", "b", serve=holding) as servers:
        with Ringway(*LISTEN, *upstream_of(servers), shards=1) as ringway:
            clients = [ringway.connect() for _ in range(4)]
            names = [receive_exactly(client, 2) for client in clients]
            equal(sorted(names), [b"a\n", b"a\n", b"b\n", b"b\n"], "who serves")
            ringway.set_state("pool", servers[0], "drain")
            equal(row_of(ringway, servers[0])["state"], "drain", "the state shown")
            more = [ringway.connect() for _ in range(4)]
            for client in more:
                equal(receive_exactly(client, 2), b"b\n", "who serves now")
            never(lambda: servers[0].active != 2, "the old connections ended")
            ringway.set_state("pool", servers[0], "ready")
            last = [ringway.connect() for _ in range(4)]
            expect(b"a\n" in [receive_exactly(client, 2) for client in last], "a serves again")


def test_an_endpoint_set_to_down_gets_no_new_connections():
    with endpoints("a", "b") as servers:
        with Ringway(*LISTEN, *upstream_of(servers)) as ringway:
            ringway.set_state("pool", servers[1], "down")
            equal(tally(ringway, 10), {"a": 10}, "who served")
            equal(row_of(ringway, servers[1])["state"], "down", "the state shown")


def test_setting_an_unknown_endpoint_is_an_error():
    with endpoints("a") as servers:
        with Ringway(*LISTEN, *upstream_of(servers)) as ringway:
            reply = ringway.ask("set upstream pool/nobody state down")
            expect(reply.startswith("error") and "nobody" in reply, reply)
            reply = ringway.ask("set upstream nowhere/nobody state down")
            expect(reply.startswith("error") and "nowhere" in reply, reply)


def test_two_listeners_reach_the_upstreams_that_bear_their_names():
    with endpoints("first", "second") as servers:
        with Ringway("--listen", "one=tcp://127.0.0.1:0", "--listen", "two=tcp://127.0.0.1:0",
                     "--upstream", f"one={servers[0].url}", "--upstream",
                     f"two={servers[1].url}") as ringway:
            equal(who_serves(ringway.address("one")), "first")
            equal(who_serves(ringway.address("two")), "second")


def test_a_route_binds_a_listener_to_an_upstream():
    with endpoints("first", "second") as servers:
        with Ringway("--listen", "in=tcp://127.0.0.1:0", "--listen", "also=tcp://127.0.0.1:0",
                     "--upstream", f"x={servers[0].url}", "--upstream", f"y={servers[1].url}",
                     "--route", "listener=in => y", "--route", "listener=also => x") as ringway:
            equal(who_serves(ringway.address("in")), "second")
            equal(who_serves(ringway.address("also")), "first")


def test_a_server_that_closes_first_is_answered_with_the_same_end():
    with endpoints("brief") as servers:
        with Ringway(*LISTEN, *upstream_of(servers)) as ringway:
            with ringway.connect() as client:
                equal(receive_all(client), b"brief")
            equal(ringway.settled(sessions=1).closed("finished"), 1, "finished sessions")


def test_a_server_that_dies_resets_its_clients():
    with Origin() as origin, serve_pair(origin) as ringway:
        client = ringway.connect()
        origin.accept()
        origin.close()
        expect_gone(client)
        client.close()
        ringway.settled(sessions=1)


def test_connections_are_listed_with_their_ends():
    with endpoints("a", serve=holding) as servers:
        with Ringway(*LISTEN, *upstream_of(servers)) as ringway:
            with ringway.connect() as client:
                receive_exactly(client, 2)
                rows = ringway.connections()
                equal(len(rows), 1, "rows")
                equal(rows[0]["client"], "%s:%d" % client.getsockname(), "client")
                equal(rows[0]["upstream"], "pool", "upstream")
                equal(rows[0]["bytes_down"], 2, "bytes down")
                equal(rows[0]["state"], "relaying", "state")
