"""Which endpoint serves: balancing, weights, backups, and what happens when one fails."""

import collections
import time

from harness.base import Folder, NotApplicable, between, equal, eventually, expect, never, scaled
from harness.endpoints import LISTEN, endpoints, tally, upstream_of
from harness.process import need, run
from harness.ringway import Ringway
from harness.sockets import (Server, ask, closed_port, expect_turned_away, free_port, holding,
                             named, receive_exactly, stuck_address, url_of, who_serves)

# ---- balancing -------------------------------------------------------------------------------


def test_round_robin_serves_each_in_turn():
    with endpoints("a", "b", "c") as servers:
        with Ringway(*LISTEN, *upstream_of(servers), shards=1) as ringway:
            equal(tally(ringway, 30), {"a": 10, "b": 10, "c": 10}, "connections by endpoint")


def test_round_robin_is_even_over_two_shards():
    with endpoints("a", "b") as servers:
        with Ringway(*LISTEN, *upstream_of(servers)) as ringway:
            for name, count in tally(ringway, 60).items():
                between(count, 28, 32, f"connections to {name}")


def test_weights_set_the_shares():
    with endpoints("heavy", "light", "none") as servers:
        options = ["?weight=3", "?weight=1", "?weight=0"]
        with Ringway(*LISTEN, *upstream_of(servers, options), shards=1) as ringway:
            equal(tally(ringway, 40), {"heavy": 30, "light": 10}, "connections by endpoint")


def test_least_connections_prefers_the_idle_one():
    with endpoints("a", "b", serve=holding) as servers:
        with Ringway(*LISTEN, *upstream_of(servers), "--balance", "least-connections",
                     shards=1) as ringway:
            held = [ringway.connect() for _ in range(10)]
            for client in held:
                receive_exactly(client, 2)
            equal([server.active for server in servers], [5, 5], "connections held")
            of_a = [client for client in held if client_of(servers[0], ringway, client)]
            for client in held[:]:
                if client in of_a:
                    client.close()
            eventually(lambda: servers[0].active == 5 - len(of_a), "some of them ended")
            more = [ringway.connect() for _ in range(len(of_a))]
            for client in more:
                equal(receive_exactly(client, 2), b"a\n", "who serves while a has fewer")


def client_of(server, ringway, client):
    # Each endpoint says its name first, which the caller has read; ask ringway who serves it.
    mine = "%s:%d" % client.getsockname()
    for row in ringway.connections():
        if row["client"] == mine:
            return row["endpoint"].endswith(f":{server.port}")
    return False


def test_p2c_spreads_connections():
    with endpoints("a", "b", "c", serve=holding) as servers:
        with Ringway(*LISTEN, *upstream_of(servers), "--balance", "p2c", shards=1) as ringway:
            clients = [ringway.connect() for _ in range(90)]
            for client in clients:
                receive_exactly(client, 2)
            for server in servers:
                between(server.active, 20, 40, "connections held by one of three")


def test_the_hash_of_the_client_address_always_names_the_same_endpoint():
    with endpoints("a", "b", "c") as servers:
        with Ringway(*LISTEN, *upstream_of(servers), "--balance", "hash:client") as ringway:
            address = ringway.address()
            seen = {}
            for turn in range(4):
                for last in range(1, 41):
                    source = f"127.0.1.{last}"
                    name = who_serves(address, source=source)
                    equal(seen.setdefault(source, name), name, f"who serves {source}")
            shares = collections.Counter(seen.values())
            equal(sorted(shares), ["a", "b", "c"], "endpoints in use")
            expect(min(shares.values()) >= 4, f"very uneven: {shares}")


def test_the_hash_moves_only_the_clients_of_an_endpoint_that_goes_down():
    with endpoints("a", "b", "c") as servers:
        with Ringway(*LISTEN, *upstream_of(servers), "--balance", "hash:client") as ringway:
            address = ringway.address()
            sources = [f"127.0.2.{last}" for last in range(1, 31)]
            before = {source: who_serves(address, source=source) for source in sources}
            ringway.set_state("pool", servers[1], "down")
            for source in sources:
                now = who_serves(address, source=source)
                if before[source] == "b":
                    expect(now in ("a", "c"), f"{source} is served by {now!r}")
                else:
                    equal(now, before[source], f"who serves {source}")


def test_a_backup_serves_only_while_nobody_else_can():
    with endpoints("main", "spare") as servers:
        with Ringway(*LISTEN, *upstream_of(servers, ["", "?backup=on"])) as ringway:
            equal(tally(ringway, 10), {"main": 10}, "while the main one is there")
            ringway.set_state("pool", servers[0], "down")
            equal(tally(ringway, 10), {"spare": 10}, "while the main one is down")
            ringway.set_state("pool", servers[0], "ready")
            equal(tally(ringway, 10), {"main": 10}, "when it is back")


# ---- failures --------------------------------------------------------------------------------


def test_a_refused_connect_goes_to_the_next_endpoint_before_the_client_notices():
    dead = closed_port()
    with endpoints("alive") as servers:
        upstream = f"{url_of(dead)},{servers[0].url}"
        with Ringway(*LISTEN, "--upstream", upstream, "--fail-threshold", 1000,
                     shards=1) as ringway:
            equal(tally(ringway, 20), {"alive": 20}, "who served")
            stats = ringway.settled(sessions=20)
            expect(stats.connect_failures >= 9, f"{stats.connect_failures} failures")
            expect(stats.connect_retries >= 9, f"{stats.connect_retries} retries")
            equal(stats.closed("finished"), 20, "finished sessions")


def test_bytes_sent_before_the_failed_connect_reach_the_next_endpoint():
    dead = closed_port()
    with Server() as echo:
        with Ringway(*LISTEN, "--upstream", f"{url_of(dead)},{echo.url}", "--fail-threshold",
                     1000) as ringway:
            for turn in range(10):
                with ringway.connect() as client:
                    ask(client, b"early words %d" % turn)


def test_without_an_endpoint_the_client_is_closed_and_counted():
    with Ringway(*LISTEN, "--upstream", url_of(closed_port())) as ringway:
        for _ in range(3):
            expect_turned_away(ringway.address())
        stats = ringway.settled(sessions=3)
        equal(stats.closed("connect-failed") + stats.closed("no-endpoint"), 3, "closed for it")


def test_an_upstream_that_is_down_at_start_serves_once_it_is_there():
    port = free_port()
    with Ringway(*LISTEN, "--upstream", f"tcp://127.0.0.1:{port}", "--fail-backoff",
                 "100ms") as ringway:
        expect_turned_away(ringway.address())
        with Server(address=("127.0.0.1", port)):
            def served():
                with ringway.connect() as client:
                    ask(client)
                    return True

            eventually(lambda: quietly(served), "it is served")


def quietly(action):
    try:
        return action()
    except (OSError, AssertionError):
        return False


def test_an_upstream_that_comes_and_goes_is_used_whenever_it_is_there():
    port = free_port()
    with Server(named("steady")) as steady:
        upstream = f"tcp://127.0.0.1:{port},{steady.url}"
        with Ringway(*LISTEN, "--upstream", upstream, "--fail-backoff", "50ms",
                     "--fail-backoff-max", "100ms") as ringway:
            for _ in range(4):
                equal(tally(ringway, 10), {"steady": 10}, "while it is away")
                with Server(named("flapping"), address=("127.0.0.1", port)):
                    eventually(lambda: tally(ringway, 4)["flapping"] >= 1, "it is used again")
            stats = ringway.settled()
            equal(stats.closed("finished"), stats.accepted, "every session finished")


def test_an_endpoint_that_keeps_failing_is_left_alone_for_a_while():
    dead = closed_port()
    with endpoints("alive") as servers:
        with Ringway(*LISTEN, "--upstream", f"pool={url_of(dead)},{servers[0].url}",
                     "--fail-threshold", 3, "--fail-backoff", "30s", shards=1) as ringway:
            equal(tally(ringway, 40), {"alive": 40}, "who served")
            equal(ringway.settled().connect_failures, 3, "failed connects before it was marked")
            down = [row for row in ringway.endpoints() if row["address"].endswith(f":{dead[1]}")][0]
            expect(down["marked_down"] >= 1, f"the mark is shown: {down}")


def test_a_marked_endpoint_is_tried_again_after_its_back_off():
    port = free_port()
    with endpoints("steady") as servers:
        with Ringway(*LISTEN, "--upstream", f"tcp://127.0.0.1:{port},{servers[0].url}",
                     "--fail-threshold", 1, "--fail-backoff", "200ms", "--fail-backoff-max",
                     "200ms", shards=1) as ringway:
            tally(ringway, 4)
            with Server(named("back"), address=("127.0.0.1", port)):
                eventually(lambda: tally(ringway, 2)["back"], "the endpoint that is back serves")


def test_a_connect_that_hangs_ends_at_the_connect_timeout():
    with stuck_address() as stuck:
        with Ringway(*LISTEN, "--upstream", url_of(stuck), "--connect-timeout",
                     "300ms") as ringway:
            began = time.monotonic()
            expect_turned_away(ringway.address())
            between(time.monotonic() - began, 0.25, scaled(2.0), "seconds until the client knew")
            equal(ringway.settled(sessions=1).closed("connect-timeout"), 1, "closed for it")


def test_a_connect_that_hangs_goes_to_the_next_endpoint():
    with stuck_address() as stuck, endpoints("alive") as servers:
        with Ringway(*LISTEN, "--upstream", f"{url_of(stuck)},{servers[0].url}",
                     "--connect-timeout", "300ms", shards=1) as ringway:
            equal(tally(ringway, 4), {"alive": 4}, "who served")


def test_a_name_is_resolved():
    with endpoints("local") as servers:
        with Ringway(*LISTEN, "--upstream", f"tcp://localhost:{servers[0].port}") as ringway:
            equal(tally(ringway, 5), {"local": 5}, "who served")


def test_a_name_that_does_not_resolve_is_reported_and_does_not_keep_it_from_starting():
    with Ringway(*LISTEN, "--upstream", "tcp://no-such-host.invalid:80") as ringway:
        expect_turned_away(ringway.address())
        equal(ringway.settled(sessions=1).closed("no-endpoint"), 1, "closed for it")
        eventually(lambda: "no-such-host.invalid" in ringway.output(), "the log names it")


def test_a_name_that_moves_takes_new_connections_along_and_keeps_the_old_ones():
    unshare = need("unshare")
    if run([unshare, "--mount", "true"], code=None).returncode != 0:
        raise NotApplicable("only a mount namespace gives a test an /etc/hosts of its own")
    bind = 'mount --bind "$0" /etc/hosts && exec "$@"'
    with Folder() as folder, Server(holding("old")) as old:
        with Server(holding("new"), address=("127.0.0.2", old.port)) as new:
            hosts = folder.write("hosts", "127.0.0.1 moving.test\n")
            with Ringway(*LISTEN, "--upstream", f"tcp://moving.test:{old.port}",
                         "--resolve-interval", "100ms",
                         wrapper=[unshare, "--mount", "sh", "-c", bind, hosts]) as ringway:
                first = ringway.connect()
                equal(receive_exactly(first, 4), b"old\n", "who serves before")
                folder.write("hosts", "127.0.0.2 moving.test\n")

                def moved():
                    with ringway.connect() as client:
                        return receive_exactly(client, 4) == b"new\n"

                eventually(moved, "the new address serves")
                expect(new.accepted >= 1, "the server at the new address was asked")
                never(lambda: old.active != 1, "the old connection ended")
                first.close()


def test_a_source_address_is_used_towards_the_upstream():
    with Server() as echo:
        with Ringway(*LISTEN, "--upstream", f"{echo.url}?source=127.0.0.77") as ringway:
            with ringway.connect() as client:
                ask(client)
            eventually(lambda: echo.peers, "the server was asked")
            equal(echo.peers[0][0], "127.0.0.77", "the source that the server saw")
