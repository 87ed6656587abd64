"""What a request and a response look like behind ringway: what is kept, dropped and added."""

import re
import time

from harness.base import contains, equal, expect
from harness.gateway import Configured, Gateway, gateway
from harness.http import Client, chunked, request_bytes
from harness.http_origin import HttpOrigin, mirror


def seen_by_origin(fields=(), flags=(), method="GET", target="/", **options):
    """The request as the origin received it."""
    with HttpOrigin(mirror) as origin, gateway(origin, *flags) as ringway:
        response = ringway.request(method, target, fields, **options)
        equal(response.status, 200, "the status")
        return origin.last()


def seen_by_client(fields, flags=(), request=(), **options):
    """The response as the client received it, from an origin that answers with these fields."""
    with HttpOrigin(lambda call: call.reply(fields=fields)) as origin:
        with gateway(origin, *flags) as ringway:
            return ringway.get("/", request, **options)


# ---- what is kept ----------------------------------------------------------------------------


def test_order_spelling_and_bytes_of_request_fields_are_kept():
    fields = [("X-zEbRa", "1"), ("accept", "*/*"), ("X-Odd", '  a ,b;c="\\"" \t d'),
              ("X-ZEBRA", "2"), ("X-Latin", "caf\xe9 \xff"), ("X-Empty", ""),
              ("uSeR-aGeNt", "test/1")]
    request = seen_by_origin(fields)
    wanted = [(name.encode(), value.strip(" \t").encode("latin-1")) for name, value in fields]
    got = [pair for pair in request.fields if pair[0] in [name for name, _ in wanted]]
    equal(got, wanted, "the client's fields at the origin")


def test_order_spelling_and_bytes_of_response_fields_are_kept():
    fields = [("X-b", "2"), ("x-A", "1"), ("Set-Cookie", "a=1; Path=/"), ("ETag", 'W/"x"'),
              ("Set-Cookie", "b=2"), ("X-Latin", "caf\xe9"), ("sErVeR", "odd/1")]
    response = seen_by_client(fields)
    wanted = [(name.encode(), value.encode("latin-1")) for name, value in fields]
    names = [name for name, _ in wanted]
    equal([pair for pair in response.fields if pair[0] in names], wanted, "the origin's fields")


def test_the_reason_phrase_is_kept():
    with HttpOrigin(lambda call: call.reply(299, reason="Odd but fine")) as origin:
        with gateway(origin) as ringway:
            response = ringway.get()
            equal((response.status, response.reason), (299, "Odd but fine"))


def test_targets_are_passed_on_as_they_came():
    targets = ["/", "/a/./b/../c", "//x//y", "/%41%7e%2F", "/a?b=c?d&e=%20", "/?", "/a;p=1,2",
               "/!$&'()*+,;=:@-._~", "/a?q=[]{}|", "/%C3%A4"]
    with HttpOrigin(mirror) as origin, gateway(origin) as ringway, ringway.client() as client:
        for target in targets:
            response = client.ask("GET", target)
            if response.status == 400 and re.search(r"[\[\]{}|]", target):
                continue  # no characters of a URI
            equal(response.text(), target, "the target at the origin")


def test_every_method_is_passed_on():
    with HttpOrigin(mirror) as origin, gateway(origin) as ringway, ringway.client() as client:
        for method in ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND", "X-ODD!",
                       "get"):
            equal(client.ask(method, "/m").status, 200, method)
            equal(origin.last().method, method)


def test_the_host_is_kept():
    equal(seen_by_origin(host="api.example.com:8080").fields.get("Host"), "api.example.com:8080")


def test_an_absolute_target_becomes_a_path_with_its_own_host():
    request = seen_by_origin(target="http://real.test/a?b", host="other.test")
    equal((request.target, request.fields.get("Host")), ("/a?b", "real.test"))


def test_a_request_without_a_host_gets_one_in_http_1_1():
    with HttpOrigin(mirror) as origin, gateway(origin) as ringway:
        equal(ringway.request("GET", "/", host=None, minor=0).status, 200)
        expect(origin.last().fields.has("Host"), "HTTP/1.1 wants a Host")


def test_a_length_stays_a_length_and_chunks_stay_chunks():
    equal(seen_by_origin(method="POST", body=b"12345").fields.get("Content-Length"), "5")
    with HttpOrigin(mirror) as origin, gateway(origin) as ringway, ringway.client() as client:
        client.send(request_bytes("POST", "/", [("Transfer-Encoding", "chunked")]),
                    chunked(b"a" * 10, b"b" * 20))
        equal(client.response().body, b"a" * 10 + b"b" * 20)
        equal(origin.last().framing, "chunked")


def test_trailers_of_a_request_are_passed_on():
    with HttpOrigin(mirror) as origin, gateway(origin) as ringway, ringway.client() as client:
        client.send(request_bytes("POST", "/", [("Transfer-Encoding", "chunked")]),
                    b"3\r\nabc\r\n0\r\nX-Sum: 42\r\nAuthorization: no\r\n\r\n")
        equal(client.response().body, b"abc")
        equal(origin.last().trailers.get("X-Sum"), "42", "the trailer")
        expect(not origin.last().trailers.has("Authorization"), "a field that no trailer may be")


# ---- what is dropped -------------------------------------------------------------------------


def test_fields_about_the_connection_end_here():
    request = seen_by_origin([
        ("Connection", "keep-alive, X-Private"), ("X-Private", "1"), ("Keep-Alive", "timeout=5"),
        ("Proxy-Connection", "keep-alive"), ("TE", "trailers"), ("HTTP2-Settings", "AAA"),
        ("Proxy-Authorization", "Basic eDp5"), ("Upgrade", "h2c"), ("X-Public", "2")])
    for name in ("X-Private", "Keep-Alive", "Proxy-Connection", "TE", "HTTP2-Settings",
                 "Proxy-Authorization", "Upgrade"):
        expect(not request.fields.has(name), f"{name} reached the origin: {request.fields}")
    expect("x-private" not in str(request.fields.all("Connection")).lower(), "its name, neither")
    equal(request.fields.get("X-Public"), "2", "other fields")


def test_several_connection_fields_count_together():
    request = seen_by_origin([("Connection", "x-one"), ("X-One", "1"), ("CONNECTION", " , X-two,"),
                              ("x-Two", "2"), ("X-Three", "3")])
    equal([name for name in ("X-One", "X-Two", "X-Three") if request.fields.has(name)],
          ["X-Three"], "fields at the origin")


def test_connection_fields_of_a_response_end_here():
    response = seen_by_client([("Connection", "X-Private, keep-alive"), ("X-Private", "1"),
                               ("Keep-Alive", "timeout=9"), ("Proxy-Connection", "x"),
                               ("Upgrade", "h2c"), ("X-Public", "2")])
    for name in ("X-Private", "Keep-Alive", "Proxy-Connection", "Upgrade"):
        expect(not response.fields.has(name), f"{name} reached the client")
    equal(response.fields.get("X-Public"), "2", "other fields")


def test_an_origin_that_closes_its_connection_does_not_close_the_clients():
    with HttpOrigin(lambda call: call.reply(fields=[("Connection", "close")], body="x")) as origin:
        with gateway(origin) as ringway, ringway.client() as client:
            for _ in range(5):
                response = client.ask()
                expect(response.keeps_alive(), "the client's connection is kept")
        equal(origin.accepted, 5, "connections to the origin")


# ---- what is added ---------------------------------------------------------------------------


def test_via_and_forwarded_fields_are_added():
    with HttpOrigin(mirror) as origin, gateway(origin) as ringway:
        ringway.request("GET", "/", host="api.test:81")
        fields = origin.last().fields
        equal(fields.get("Via"), "1.1 ringway")
        equal(fields.get("X-Forwarded-For"), "127.0.0.1")
        equal(fields.get("X-Forwarded-Proto"), "http")
        equal(fields.get("X-Forwarded-Host"), "api.test:81")
        if fields.has("X-Forwarded-Port"):
            equal(fields.get("X-Forwarded-Port"), str(ringway.address()[1]))


def test_via_of_others_is_kept_before_ours():
    vias = ", ".join(seen_by_origin([("Via", "1.0 first"), ("Via", "1.1 second")])
                     .fields.all("Via"))
    equal(vias, "1.0 first, 1.1 second, 1.1 ringway")
    equal(", ".join(seen_by_client([("Via", "1.1 inner")]).fields.all("Via")),
          "1.1 inner, 1.1 ringway")


def test_via_tells_the_version_of_what_was_received():
    equal(seen_by_origin(minor=0).fields.get("Via"), "1.0 ringway")


def test_via_can_be_turned_off():
    expect(not seen_by_origin(flags=["--no-via"]).fields.has("Via"), "a Via at the origin")


CLAIMS = [("X-Forwarded-For", "1.2.3.4"), ("X-Forwarded-Proto", "https"),
          ("X-Forwarded-Host", "claimed.test"), ("X-Forwarded-Port", "443"),
          ("Forwarded", "for=1.2.3.4;proto=https")]


def test_what_strangers_claim_about_themselves_is_dropped():
    fields = seen_by_origin(CLAIMS).fields
    equal(fields.all("X-Forwarded-For"), ["127.0.0.1"])
    equal(fields.all("X-Forwarded-Proto"), ["http"])
    equal(fields.all("X-Forwarded-Host"), ["gateway.test"])
    expect("443" not in fields.all("X-Forwarded-Port"), "the claimed port")
    expect("1.2.3.4" not in str(fields.all("Forwarded")), "the claim in Forwarded")


def test_what_trusted_proxies_say_is_kept_and_added_to():
    fields = seen_by_origin(CLAIMS, flags=["--trusted-proxies", "127.0.0.0/8"]).fields
    equal(", ".join(fields.all("X-Forwarded-For")), "1.2.3.4, 127.0.0.1")
    equal(fields.all("X-Forwarded-Proto"), ["https"])
    equal(fields.all("X-Forwarded-Host"), ["claimed.test"])


def test_trust_goes_by_address():
    flags = ["--trusted-proxies", "127.0.0.2/32"]
    with HttpOrigin(mirror) as origin, gateway(origin, *flags) as ringway:
        for source, wanted in (("127.0.0.1", "127.0.0.1"), ("127.0.0.2", "1.2.3.4, 127.0.0.2")):
            with ringway.client(source=source) as client:
                client.ask("GET", "/", CLAIMS)
            equal(", ".join(origin.last().fields.all("X-Forwarded-For")), wanted, source)


def test_forwarded_is_written_when_asked_for():
    fields = seen_by_origin(flags=["--forwarded", "forwarded"], host="api.test").fields
    forwarded = fields.get("Forwarded")
    contains(forwarded.replace('"', ""), "for=127.0.0.1", "proto=http", "host=api.test")
    expect(not fields.has("X-Forwarded-For"), "the other fields are not written")
    both = seen_by_origin(flags=["--forwarded", "both"]).fields
    expect(both.has("Forwarded") and both.has("X-Forwarded-For"), f"both kinds: {both}")
    none = seen_by_origin(flags=["--forwarded", "off"]).fields
    expect(not none.has("Forwarded") and not none.has("X-Forwarded-For"), f"none: {none}")


def test_a_request_id_is_made_and_told_to_both_sides():
    with HttpOrigin(mirror) as origin, gateway(origin) as ringway, ringway.client() as client:
        seen = set()
        for _ in range(20):
            response = client.ask()
            made = response.fields.get("X-Request-Id")
            expect(re.fullmatch("[0-9a-f]{32}", made or ""), f"an id: {made}")
            equal(origin.last().fields.get("X-Request-Id"), made, "the id at the origin")
            seen.add(made)
        equal(len(seen), 20, "different ids")


def test_a_request_id_of_the_clients_own_is_kept():
    with HttpOrigin(mirror) as origin, gateway(origin) as ringway:
        response = ringway.get("/", [("x-REQUEST-id", "mine-17")])
        equal(response.fields.all("X-Request-Id"), ["mine-17"], "what the client gets back")
        equal(origin.last().fields.all("X-Request-Id"), ["mine-17"], "what the origin gets")


def test_a_request_id_that_could_forge_something_is_replaced():
    for bad in ("", "a b", "x" * 129, "caf\xe9"):
        request = seen_by_origin([("X-Request-Id", bad)])
        ids = request.fields.all("X-Request-Id")
        expect(len(ids) == 1 and ids[0] != bad, f"{bad!r} was kept: {ids}")


def test_an_answer_of_ringways_own_bears_the_request_id():
    with Configured(f"""
        [[listener]]
        url = "http://127.0.0.1:0"
        [[route]]
        path = "/reply"
        reply = "hello"
        """) as ringway:
        equal(ringway.get("/reply", [("X-Request-Id", "abc")]).fields.get("X-Request-Id"), "abc")
        equal(ringway.get("/none", [("X-Request-Id", "abd")]).fields.get("X-Request-Id"), "abd")


def test_http_1_0_clients_are_kept_when_they_ask_for_it():
    with HttpOrigin(mirror) as origin, gateway(origin) as ringway:
        with ringway.client() as client:
            for _ in range(3):
                response = client.ask("GET", "/", [("Connection", "Keep-Alive")], minor=0)
                expect(response.keeps_alive() or "keep-alive" in
                       response.fields.get("Connection", "").lower(), "the answer says so")
            response = client.ask("GET", "/", minor=0)
            client.expect_end()


def test_a_client_that_says_close_is_closed_after_its_answer():
    with HttpOrigin(mirror) as origin, gateway(origin) as ringway, ringway.client() as client:
        response = client.ask("GET", "/", [("Connection", "close")])
        expect(not response.keeps_alive(), "the answer says so, too")
        client.expect_end()


def test_a_client_that_ends_its_half_is_taken_for_gone():
    # An aborted call must not cost an answer that nobody reads: a deliberate choice.
    def late(call):
        call.read_body()
        time.sleep(0.5)
        call.reply(body="too late")

    with HttpOrigin(late) as origin, gateway(origin) as ringway, ringway.client() as client:
        client.request("POST", "/", body=b"last words")
        client.end_sending()
        client.expect_gone()


def test_a_large_head_within_the_limit_passes_and_one_beyond_is_431():
    with HttpOrigin(mirror) as origin, gateway(origin) as ringway:
        fields = [(f"X-{number}", "v" * 1000) for number in range(20)]
        equal(ringway.get("/", fields).status, 200, "20 KB of fields")
        equal(origin.last().fields.get("X-19"), "v" * 1000)
        for fields in ([("X", "v" * 40_000)], [(f"X-{n}", "v") for n in range(300)]):
            with ringway.client() as client:
                response = client.ask("GET", "/", fields)
                equal(response.status, 431, "beyond the limit")
                client.expect_gone()


def test_a_target_beyond_the_limit_is_414():
    with HttpOrigin(mirror) as origin, gateway(origin) as ringway:
        equal(ringway.get("/" + "a" * 8000).status, 200, "8,000 characters")
        equal(ringway.get("/" + "a" * 9000).status, 414, "9,000 characters")


def test_a_body_beyond_the_limit_is_413():
    with HttpOrigin(mirror) as origin, gateway(origin, "--max-body-bytes", 1000) as ringway:
        equal(ringway.request("POST", "/", body=b"x" * 1000).status, 200, "at the limit")
        requests = len(origin.requests)
        with ringway.client() as client:
            client.send(request_bytes("POST", "/", [("Content-Length", "1001")]))
            equal(client.response().status, 413, "an announced length beyond it")
            client.expect_gone()
        equal(len(origin.requests), requests, "requests that reached the origin")
        with ringway.client() as client:
            client.send(request_bytes("POST", "/", [("Transfer-Encoding", "chunked")]))
            client.send(chunked(b"x" * 600, b"x" * 600))
            equal(client.response().status, 413, "chunks beyond it")
            client.expect_gone()


def test_limits_of_heads_can_be_chosen():
    with HttpOrigin(mirror) as origin, gateway(origin, "--max-header-bytes", "4KiB") as ringway:
        equal(ringway.get("/", [("X", "v" * 3000)]).status, 200)
        equal(ringway.get("/", [("X", "v" * 5000)]).status, 431)


def test_listeners_of_both_kinds_live_in_one_process():
    with HttpOrigin(mirror) as origin:
        with Gateway("--listen", "raw=tcp://127.0.0.1:0", "--listen", "web=http://127.0.0.1:0",
                     "--upstream", f"raw={origin.tcp_url}", "--upstream",
                     f"web={origin.url}") as ringway:
            with Client(ringway.address("raw")) as raw, Client(ringway.address("web")) as web:
                equal((raw.ask("GET", "/a").text(), web.ask("GET", "/b").text()), ("/a", "/b"))
            expect(not origin.requests[0].fields.has("Via"), "raw bytes stay what they are")
            expect(origin.requests[1].fields.has("Via"), "HTTP passes the gateway")


def test_the_proxy_protocol_tells_the_client_of_a_request():
    from harness import preamble

    with HttpOrigin(mirror) as origin:
        with gateway(origin, "--accept-proxy-protocol", "127.0.0.0/8") as ringway:
            with ringway.client() as client:
                client.send(preamble.version1(("10.9.8.7", 4711), ("127.0.0.1", 80)))
                for _ in range(2):
                    client.ask()
                    equal(origin.last().fields.get("X-Forwarded-For"), "10.9.8.7")


def test_clients_that_may_not_connect_get_nothing():
    with HttpOrigin() as origin, gateway(origin, "--deny", "127.0.0.9/32") as ringway:
        equal(ringway.get().status, 200)
        try:  # the reset may come while the client still connects
            with ringway.client(source="127.0.0.9") as client:
                client.request()
                client.expect_gone()
        except ConnectionError:
            return
