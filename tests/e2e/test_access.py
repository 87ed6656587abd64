"""Who may connect, and who is believed to speak for somebody else."""

import time

from harness.base import between, contains, equal, eventually, expect, scaled
from harness.peers import ProxyReporter, ProxySender
from harness.preamble import read_version1, read_version2, version1, version2
from harness.process import need, run
from harness.ringway import Ringway, serve_pair
from harness.sockets import (Origin, Server, ask, connect, expect_gone, named, receive_exactly,
                             reset, who_serves)

TRUST = ("--accept-proxy-protocol", "127.0.0.0/8")
SOURCE, TARGET = ("192.0.2.7", 4711), ("198.51.100.1", 443)
SOURCE6, TARGET6 = ("2001:db8::7", 4711), ("2001:db8::1", 443)


# ---- allow and deny --------------------------------------------------------------------------


def test_only_allowed_addresses_are_served():
    with Server(named("in")) as server:
        with serve_pair(server, "--allow", "127.0.0.2/32", "--allow", "127.0.3.0/24") as ringway:
            address = ringway.address()
            equal(who_serves(address, source="127.0.0.2"), "in")
            equal(who_serves(address, source="127.0.3.9"), "in")
            for _ in range(3):
                equal(who_serves(address), "")
            stats = ringway.settled(sessions=5)
            equal(stats.closed("denied"), 3, "closed as denied")
            equal(server.accepted, 2, "connections that reached the server")


def test_denied_addresses_are_not_served():
    with Server(named("in")) as server:
        with serve_pair(server, "--deny", "127.0.0.5") as ringway:
            address = ringway.address()
            equal(who_serves(address), "in")
            equal(who_serves(address, source="127.0.0.5"), "")
            equal(ringway.settled(sessions=2).closed("denied"), 1, "closed as denied")


def test_deny_wins_over_allow():
    with Server(named("in")) as server:
        with serve_pair(server, "--allow", "127.0.0.0/8", "--deny", "127.0.0.5/32") as ringway:
            address = ringway.address()
            equal(who_serves(address, source="127.0.0.4"), "in")
            equal(who_serves(address, source="127.0.0.5"), "")


def test_a_listener_may_have_a_list_of_its_own():
    with Server(named("in")) as server:
        with Ringway("--listen", "open=tcp://127.0.0.1:0", "--listen",
                     "narrow=tcp://127.0.0.1:0?allow=127.0.0.2", "--upstream", f"u={server.url}",
                     "--route", "listener=open => u", "--route",
                     "listener=narrow => u") as ringway:
            equal(who_serves(ringway.address("open")), "in")
            equal(who_serves(ringway.address("narrow")), "")
            equal(who_serves(ringway.address("narrow"), source="127.0.0.2"), "in")


# ---- PROXY protocol towards the upstream -----------------------------------------------------


def test_version_1_tells_the_upstream_who_the_client_is():
    with Origin() as origin, serve_pair(origin, "--proxy-protocol", "v1") as ringway:
        with ringway.connect(source="127.0.0.9") as client:
            server = origin.accept()
            equal(read_version1(server), (client.getsockname(), ringway.address()), "addresses")
            client.sendall(b"then data")
            equal(receive_exactly(server, 9), b"then data")
            server.close()
        stats = ringway.settled(sessions=1)
        equal(stats.up.bytes, 9, "bytes of the client, the preamble not among them")


def test_version_2_tells_the_upstream_who_the_client_is():
    with Origin() as origin, serve_pair(origin, "--proxy-protocol", "v2") as ringway:
        with ringway.connect(source="127.0.0.9") as client:
            server = origin.accept()
            equal(read_version2(server), (client.getsockname(), ringway.address()), "addresses")
            client.sendall(b"then data")
            equal(receive_exactly(server, 9), b"then data")


def test_both_versions_carry_ipv6():
    for version, read in (("v1", read_version1), ("v2", read_version2)):
        with Origin(("::1", 0)) as origin:
            with Ringway("--listen", "tcp://[::1]:0", "--upstream", origin.url,
                         "--proxy-protocol", version) as ringway:
                with ringway.connect() as client:
                    equal(read(origin.accept()), (client.getsockname()[:2], ringway.address()),
                          f"addresses under {version}")


def test_a_unix_client_is_announced_as_unknown():
    from harness.base import Folder

    with Folder() as folder:
        for version, read in (("v1", read_version1), ("v2", read_version2)):
            with Origin() as origin:
                with Ringway("--listen", f"tcp+unix:{folder.file(version)}", "--upstream",
                             origin.url, "--proxy-protocol", version) as ringway:
                    with ringway.connect() as client:
                        server = origin.accept()
                        equal(read(server), None, f"addresses under {version}")
                        client.sendall(b"data")
                        equal(receive_exactly(server, 4), b"data")


def reported(ringway, curl):
    host, port = ringway.address()
    return run([curl, "-sS", "--fail", f"http://{host}:{port}/"]).stdout


def test_haproxy_understands_both_versions():
    curl = need("curl")
    with ProxyReporter() as reporter:
        for version in ("v1", "v2"):
            with serve_pair(reporter, "--proxy-protocol", version) as ringway:
                said = reported(ringway, curl)
                expect(said.startswith("127.0.0.1:"), said)
                contains(said, " 127.0.0.1:%d" % ringway.address()[1])


# ---- PROXY protocol from the client side -----------------------------------------------------


def test_preambles_of_haproxy_are_believed_and_passed_on():
    curl = need("curl")
    with ProxyReporter() as reporter:
        with serve_pair(reporter, *TRUST, "--proxy-protocol", "v2") as ringway:
            for kind in ("send-proxy", "send-proxy-v2"):
                with ProxySender(ringway.address(), kind) as sender:
                    said = run([curl, "-sS", "--fail", "--interface", "127.0.0.44",
                                f"http://127.0.0.1:{sender.port}/"]).stdout
                    expect(said.startswith("127.0.0.44:"), f"{kind}: {said}")
                    contains(said, f" 127.0.0.1:{sender.port}")
            # Asking HAProxy whether it is ready may have made sessions as well.
            expect(ringway.settled(sessions=2).with_preamble >= 2, "sessions with a preamble")


def announced(ringway, origin, preamble):
    """What the upstream is told when a trusted client sends this preamble."""
    client = ringway.connect()
    client.sendall(preamble + b"data")
    server = origin.accept()
    said = read_version2(server)
    equal(receive_exactly(server, 4), b"data", "what follows the preamble")
    client.close()
    server.close()
    return said


def test_the_announced_client_takes_the_place_of_the_real_one():
    with Origin() as origin, serve_pair(origin, *TRUST, "--proxy-protocol", "v2") as ringway:
        for write in (version1, version2):
            equal(announced(ringway, origin, write(SOURCE, TARGET)), (SOURCE, TARGET))
            equal(announced(ringway, origin, write(SOURCE6, TARGET6)), (SOURCE6, TARGET6))
        extra = b"\x04\x00\x05hello\x05\x00\x02id"
        equal(announced(ringway, origin, version2(SOURCE, TARGET, extra)), (SOURCE, TARGET))


def test_unknown_and_local_preambles_leave_the_real_client():
    with Origin() as origin, serve_pair(origin, *TRUST) as ringway:
        for preamble in (b"PROXY UNKNOWN\r\n", b"PROXY UNKNOWN some thing else 1 2\r\n",
                         version2(None, None, command=0)):
            with ringway.connect() as client:
                client.sendall(preamble + b"data")
                server = origin.accept()
                equal(receive_exactly(server, 4), b"data")
                rows = ringway.connections()
                equal([row["client"] for row in rows], ["%s:%d" % client.getsockname()], "client")
                server.close()
            eventually(lambda: ringway.stats().active == 0, "it ended")


def test_a_preamble_may_arrive_byte_by_byte():
    with Origin() as origin, serve_pair(origin, *TRUST, "--proxy-protocol", "v2") as ringway:
        for preamble in (version1(SOURCE, TARGET), version2(SOURCE, TARGET, b"\x04\x00\x01x")):
            with ringway.connect() as client:
                for byte in preamble + b"!":
                    client.sendall(bytes([byte]))
                    time.sleep(0.001)
                server = origin.accept()
                equal(read_version2(server), (SOURCE, TARGET))
                equal(receive_exactly(server, 1), b"!")


def test_a_missing_or_malformed_preamble_closes_and_is_counted():
    wrong = [
        b"GET / HTTP/1.1\r\nHost: example\r\n\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 4711\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 4711 443 \r\n",
        b"PROXY TCP4 192.0.2.300 198.51.100.1 4711 443\r\n",
        b"PROXY TCP4 2001:db8::7 2001:db8::1 4711 443\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 99999 443\r\n",
        b"PROXY TCP5 192.0.2.7 198.51.100.1 4711 443\r\n",
        b"proxy TCP4 192.0.2.7 198.51.100.1 4711 443\r\n",
        b"PROXY " + b"x" * 200 + b"\r\n",
        version2(SOURCE, TARGET)[:12] + b"\x31\x11\x00\x0c" + bytes(12),
        version2(SOURCE, TARGET)[:12] + b"\x2f\x11\x00\x0c" + bytes(12),
        version2(SOURCE, TARGET)[:12] + b"\x21\x11\x00\x04" + bytes(4),
        b"\r\n\r\n\0\r\nQUIX" + bytes(20),
    ]
    with Origin() as origin, serve_pair(origin, *TRUST) as ringway:
        for preamble in wrong:
            client = ringway.connect()
            client.sendall(preamble)
            expect_gone(client)
            client.close()
        equal(ringway.settled(sessions=len(wrong)).closed("bad-preamble"), len(wrong),
              "closed for a bad preamble")
        expect(not origin.waiting(), "none of them may reach the upstream")


def test_a_client_that_ends_within_its_preamble_is_counted():
    with Origin() as origin, serve_pair(origin, *TRUST) as ringway:
        with ringway.connect() as client:
            client.sendall(b"PROXY TCP4 192.")
        client = ringway.connect()
        client.sendall(b"PROXY")
        time.sleep(0.05)
        reset(client)
        stats = ringway.settled(sessions=2)
        equal(stats.closed("bad-preamble") + stats.closed("downstream-reset"), 2, "closed")
        expect(not origin.waiting(), "none of them may reach the upstream")


def test_a_preamble_must_arrive_within_the_header_timeout():
    with Origin() as origin:
        with serve_pair(origin, *TRUST, "--header-timeout", "300ms") as ringway:
            began = time.monotonic()
            silent, slow = ringway.connect(), ringway.connect()
            slow.sendall(b"PROXY TCP4 ")
            expect_gone(silent)
            expect_gone(slow)
            between(time.monotonic() - began, 0.25, scaled(2.0), "seconds until they were closed")
            equal(ringway.settled(sessions=2).closed("preamble-timeout"), 2, "closed for it")


def test_from_elsewhere_a_preamble_is_data():
    with Origin() as origin:
        with serve_pair(origin, "--accept-proxy-protocol", "127.0.0.9/32") as ringway:
            preamble = version1(SOURCE, TARGET)
            with ringway.connect() as client:
                client.sendall(preamble)
                equal(receive_exactly(origin.accept(), len(preamble)), preamble)
                equal(ringway.connections()[0]["client"], "%s:%d" % client.getsockname())
            with ringway.connect(source="127.0.0.9") as client:
                client.sendall(preamble + b"x")
                equal(receive_exactly(origin.accept(), 1), b"x")


def test_the_announced_client_is_the_one_that_lists_judge():
    with Server() as echo:
        with serve_pair(echo, *TRUST, "--deny", "192.0.2.0/24") as ringway:
            with ringway.connect() as client:
                client.sendall(version1(SOURCE, TARGET) + b"x")
                expect_gone(client)
            with ringway.connect() as client:
                client.sendall(version1(("192.0.3.7", 1), TARGET))
                ask(client)
            equal(ringway.settled(sessions=2).closed("denied"), 1, "closed as denied")


def test_the_hash_goes_by_the_announced_client():
    with Server(named("a")) as one, Server(named("b")) as two:
        with Ringway("--listen", "tcp://127.0.0.1:0", "--upstream", f"{one.url},{two.url}",
                     "--balance", "hash:client", *TRUST) as ringway:
            seen = {}
            for turn in range(2):
                for last in range(1, 21):
                    with connect(ringway.address()) as client:
                        client.sendall(version1((f"192.0.2.{last}", 1000 + turn), TARGET))
                        name = receive_exactly(client, 1)
                    equal(seen.setdefault(last, name), name, f"who serves 192.0.2.{last}")
            equal(set(seen.values()), {b"a", b"b"}, "endpoints in use")
