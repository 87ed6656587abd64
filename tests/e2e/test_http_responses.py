"""What a hostile origin sends, and what the client gets for it: 502, or a cut that shows."""

import time

from harness.base import Failure, between, contains, equal, expect, scaled
from harness.gateway import gateway
from harness.http import LAST_CHUNK, Cut, chunk, request_bytes
from harness.http_origin import BODY, END, RESET, HttpOrigin, scripted
from harness.sockets import pattern

OK = b"HTTP/1.1 200 OK\r\n"

MALFORMED = [
    ("junk", b"junk\r\n\r\n"),
    ("another protocol", b"ICY 200 OK\r\nContent-Length: 0\r\n\r\n"),
    ("HTTP/2", b"HTTP/2 200\r\nContent-Length: 0\r\n\r\n"),
    ("a status of two digits", b"HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n"),
    ("a status of four digits", b"HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n"),
    ("a status below 100", b"HTTP/1.1 099 OK\r\nContent-Length: 0\r\n\r\n"),
    ("a status of letters", b"HTTP/1.1 abc OK\r\nContent-Length: 0\r\n\r\n"),
    ("two blanks before the status", b"HTTP/1.1  200 OK\r\nContent-Length: 0\r\n\r\n"),
    ("a NUL in the reason", b"HTTP/1.1 200 O\0K\r\nContent-Length: 0\r\n\r\n"),
    ("a bare CR in the reason", b"HTTP/1.1 200 O\rK\r\nContent-Length: 0\r\n\r\n"),
    ("bare LF everywhere", b"HTTP/1.1 200 OK\nContent-Length: 0\n\n"),
    ("a bare LF behind a field", OK + b"Content-Length: 0\nX: y\r\n\r\n"),
    ("a folded field", OK + b"X: a\r\n b\r\nContent-Length: 0\r\n\r\n"),
    ("a blank before the colon", OK + b"X : a\r\nContent-Length: 0\r\n\r\n"),
    ("a field without a colon", OK + b"nonsense\r\nContent-Length: 0\r\n\r\n"),
    ("a NUL in a value", OK + b"X: a\0b\r\nContent-Length: 0\r\n\r\n"),
    ("a NUL in a name", OK + b"X\0: a\r\nContent-Length: 0\r\n\r\n"),
    ("a bare CR in a value", OK + b"X: a\rb\r\nContent-Length: 0\r\n\r\n"),
    ("an empty name", OK + b": a\r\nContent-Length: 0\r\n\r\n"),
    ("two lengths", OK + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"),
    ("a list of lengths", OK + b"Content-Length: 3, 4\r\n\r\nabcd"),
    ("a length with a sign", OK + b"Content-Length: +3\r\n\r\nabc"),
    ("a negative length", OK + b"Content-Length: -3\r\n\r\nabc"),
    ("a length in hexadecimal", OK + b"Content-Length: 0x3\r\n\r\nabc"),
    ("a length beyond 2^64", OK + b"Content-Length: 18446744073709551619\r\n\r\nabc"),
    ("an empty length", OK + b"Content-Length:\r\n\r\nabc"),
    ("a length and a coding",
     OK + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"),
    ("chunked twice", OK + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"),
    ("chunked and something behind", OK + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n"),
    ("an unknown coding", OK + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
    ("a vertical tab in the coding", OK + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n"),
    ("a coding in HTTP/1.0",
     b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("a 101 that nobody asked for",
     b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"),
    ("a head of 64 KiB", OK + b"X: " + b"x" * 65536 + b"\r\nContent-Length: 0\r\n\r\n"),
    ("a thousand fields", OK + b"X: y\r\n" * 1000 + b"Content-Length: 0\r\n\r\n"),
]


def test_malformed_heads_are_answered_502_with_a_cause():
    current = []
    with HttpOrigin(lambda call: call.run([BODY, current[0], 0.05, END])) as origin:
        with gateway(origin) as ringway:
            problems = []
            for name, raw in MALFORMED:
                current[:] = [raw]
                try:
                    check_bad_gateway(ringway.get())
                except (Failure, OSError) as problem:
                    problems.append(f"{name}: {problem}")
            if problems:
                raise Failure("\n".join(problems))


def check_bad_gateway(response):
    equal(response.status, 502, "the status")
    status = response.fields.get("Proxy-Status", "")
    contains(status, "ringway", "error=")
    expect(response.body, "there is a short body")


def test_a_malformed_head_in_pieces_is_answered_502():
    for name, raw in MALFORMED[::4]:
        steps = [BODY] + [bytes([byte]) for byte in raw[:200]] + [END]
        with HttpOrigin(scripted(*steps)) as origin, gateway(origin) as ringway:
            equal(ringway.get().status, 502, f"the status for {name}")


def test_a_client_keeps_its_connection_after_a_502():
    def sometimes(call):
        call.run([BODY, b"junk\r\n\r\n", END]) if call.target == "/bad" else call.reply(body="ok")

    with HttpOrigin(sometimes) as origin, gateway(origin) as ringway, ringway.client() as client:
        for _ in range(3):
            equal(client.ask("GET", "/bad").status, 502)
            equal(client.ask("GET", "/good").text(), "ok")


def one_response(*steps, method="GET", body=b"", **options):
    """What the client gets from an origin that follows these steps, and whether the connection
    still serves afterwards."""
    with HttpOrigin(scripted(*steps)) as origin, gateway(origin) as ringway:
        with ringway.client() as client:
            return client.ask(method, "/", body=body, whole=False, **options)


# ---- bodies that are cut ---------------------------------------------------------------------


def test_a_body_shorter_than_its_length_is_not_made_to_look_complete():
    for ending in (END, RESET):
        response = one_response(BODY, OK + b"Content-Length: 100\r\n\r\nonly this", 0.2, ending)
        equal(response.status, 200)
        expect(response.cut, f"the response looked complete after the origin's {ending}")
        expect(b"only this".startswith(response.body), f"other bytes: {response.body!r}")


def test_a_large_body_that_is_cut_is_not_made_to_look_complete():
    data = pattern(3 << 20)
    for ending in (END, RESET):
        response = one_response(BODY, OK + b"Content-Length: 4000000\r\n\r\n" + data, 0.1, ending)
        expect(response.cut, f"the response looked complete after the origin's {ending}")
        expect(data.startswith(response.body), "other bytes than the origin's")


def test_a_chunked_body_without_its_last_chunk_is_not_made_to_look_complete():
    head = OK + b"Transfer-Encoding: chunked\r\n\r\n"
    for name, rest in [("between chunks", chunk(b"abc")), ("within data", b"5\r\nab"),
                       ("within a size", chunk(b"abc") + b"5"), ("before any", b""),
                       ("before the end of trailers", chunk(b"abc") + b"0\r\n"),
                       ("within a trailer", chunk(b"abc") + b"0\r\nX: y")]:
        for ending in (END, RESET):
            response = one_response(BODY, head + rest, 0.15, ending)
            expect(response.status == 502 or response.cut,
                   f"cut {name} by {ending}: the response looked complete: {response.body!r}")


def test_bad_chunks_cut_the_response():
    head = OK + b"Transfer-Encoding: chunked\r\n\r\n"
    for bad in (b"zz\r\n", b"-1\r\n", b"5\r\nabcdefg\r\n", b"0x3\r\nabc\r\n", b"3\nabc\r\n",
                b"11111111111111111\r\n", b"3 \r\nabc\r\n0\r\nbad trailer\r\n\r\n"):
        response = one_response(BODY, head + chunk(b"good"), 0.1, bad + LAST_CHUNK, 0.1, END)
        expect(response.cut, f"{bad!r}: the response looked complete: {response.body!r}")
        expect(response.body.startswith(b"good"), f"{bad!r}: what came before: {response.body!r}")


def test_a_cut_response_to_an_http_1_0_client_is_a_reset_not_an_end():
    # Its end would be the end of the body; only a reset tells that there should have been more.
    head = OK + b"Transfer-Encoding: chunked\r\n\r\n"
    response = one_response(BODY, head + chunk(b"abc"), 0.15, END, minor=0)
    equal(response.cut, "reset", "how the response was cut")


def test_bytes_behind_a_response_are_never_another_response():
    def generous(call):
        call.read_body()
        call.send(OK + b"Content-Length: 4\r\n\r\ngood" + OK + b"Content-Length: 4\r\n\r\nevil")

    with HttpOrigin(generous) as origin, gateway(origin, shards=1) as ringway:
        with ringway.client() as client:
            for turn in range(10):
                equal(client.ask("GET", f"/{turn}").body, b"good", f"answer {turn}")
        equal(origin.accepted, 10, "connections: none was used again")


def test_bytes_that_come_behind_a_response_later_spoil_the_connection():
    def late(call):
        call.read_body()
        call.send(OK + b"Content-Length: 4\r\n\r\ngood")
        time.sleep(0.05)
        call.send(OK + b"Content-Length: 4\r\n\r\nevil")

    with HttpOrigin(late) as origin, gateway(origin, shards=1) as ringway:
        with ringway.client() as client:
            for turn in range(5):
                equal(client.ask("GET", f"/{turn}").body, b"good", f"answer {turn}")
                time.sleep(0.15)
        equal(origin.accepted, 5, "connections: none was used again")


# ---- how bodies end --------------------------------------------------------------------------


def test_a_body_that_ends_with_its_connection_arrives_whole():
    data = pattern(200_000)
    response = one_response(BODY, OK + b"\r\n" + data, END)
    equal((response.status, response.cut), (200, None), "the response")
    equal(response.framing, "chunked", "how an HTTP/1.1 client gets it")
    equal(response.body == data, True, "its bytes")


def test_a_body_that_ends_with_its_connection_arrives_whole_at_an_http_1_0_client():
    response = one_response(BODY, OK + b"\r\nall of it", END, minor=0)
    equal((response.status, response.framing, response.body), (200, "close", b"all of it"))


def test_a_reset_where_the_end_would_be_the_bodys_end_cuts_it():
    response = one_response(BODY, OK + b"\r\npart", 0.2, RESET)
    expect(response.cut, "the response looked complete")


def test_an_http_1_0_origin_is_understood():
    response = one_response(BODY, b"HTTP/1.0 200 OK\r\n\r\nold", END)
    equal((response.status, response.body, response.minor), (200, b"old", 1), "the response")
    response = one_response(BODY, b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nold", END)
    equal((response.body, response.framing), (b"old", "length"), "with a length")


def test_an_http_1_0_origin_that_keeps_its_connection_is_used_again():
    def old(call):
        call.read_body()
        call.send("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nold")

    with HttpOrigin(old) as origin, gateway(origin, shards=1) as ringway:
        with ringway.client() as client:
            for _ in range(5):
                equal(client.ask().text(), "old")
        equal(origin.accepted, 1, "connections")


def test_responses_without_a_body_have_none_whatever_their_fields_say():
    for status in (204, 304):
        def answer(call, status=status):
            call.read_body()
            call.send(f"HTTP/1.1 {status} Nothing\r\nETag: \"x\"\r\n\r\n")

        with HttpOrigin(answer) as origin, gateway(origin, shards=1) as ringway:
            with ringway.client() as client:
                for _ in range(3):
                    response = client.ask()
                    equal((response.status, response.body), (status, b""), "the response")
                    expect(not response.fields.has("Transfer-Encoding"), "no coding is named")
            equal(origin.accepted, 1, "connections")


def test_a_304_keeps_the_length_that_a_200_would_have_had():
    with HttpOrigin(scripted(BODY, b"HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n")) \
            as origin, gateway(origin) as ringway, ringway.client() as client:
        for _ in range(3):
            response = client.ask()
            equal((response.status, response.fields.get("Content-Length")), (304, "500"))


def test_a_body_behind_a_204_or_304_is_not_taken_for_a_response():
    for status in (204, 304):
        steps = [BODY, f"HTTP/1.1 {status} Nothing\r\n\r\nHTTP/1.1 200 OK\r\nX: evil\r\n\r\n"]
        with HttpOrigin(scripted(*steps)) as origin, gateway(origin, shards=1) as ringway:
            with ringway.client() as client:
                for _ in range(3):
                    response = client.ask(whole=False)
                    expect(response.status in (status, 502), f"status {response.status}")
                    expect(not response.fields.has("X"), "the bytes behind it were interpreted")


def test_a_body_behind_the_answer_to_head_is_not_taken_for_a_response():
    def to_head(call):
        call.send(OK + b"Content-Length: 30\r\n\r\nHTTP/1.1 200 OK\r\nX: evil\r\n\r\n")

    with HttpOrigin(to_head) as origin, gateway(origin, shards=1) as ringway:
        with ringway.client() as client:
            for _ in range(3):
                response = client.ask("HEAD")
                equal((response.status, response.fields.get("Content-Length")), (200, "30"))
                expect(not response.fields.has("X"), "the body was interpreted")


def test_head_and_get_take_turns_on_a_connection():
    with HttpOrigin() as origin, gateway(origin, shards=1) as ringway:
        with ringway.client() as client:
            for _ in range(10):
                response = client.ask("HEAD")
                equal((response.fields.get("Content-Length"), response.body), ("7", b""))
                equal(client.ask("GET").text(), "served\n")
        equal(origin.accepted, 1, "connections")


def test_trailers_of_a_response_are_passed_on():
    response = one_response(BODY, OK + b"Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n",
                            chunk(b"abc") + b"0\r\nX-Sum: 17\r\nContent-Length: 9\r\n\r\n")
    equal(response.body, b"abc")
    equal(response.trailers.get("X-Sum"), "17", "the trailer")
    expect(not response.trailers.has("Content-Length"), "a field that no trailer may be")


def test_chunk_extensions_of_a_response_end_here():
    response = one_response(BODY, OK + b"Transfer-Encoding: chunked\r\n\r\n"
                            b"3;a=b\r\nabc\r\n0;c=d\r\n\r\n")
    equal((response.body, response.cut), (b"abc", None))  # the strict reader of chunks saw none


def test_heads_in_single_bytes_are_understood():
    raw = OK + b"X-Long: " + b"v" * 300 + b"\r\nTransfer-Encoding: chunked\r\n\r\n" + \
        chunk(b"abc") + chunk(b"de") + b"0\r\nX: y\r\n\r\n"
    response = one_response(BODY, *[bytes([byte]) for byte in raw])
    equal((response.status, response.body), (200, b"abcde"))


# ---- interim and early responses -------------------------------------------------------------


def test_interim_responses_are_passed_on():
    response = one_response(
        BODY, b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n", 0.05,
        b"HTTP/1.1 103 Early Hints\r\nLink: </b.css>; rel=preload\r\n\r\n"
        b"HTTP/1.1 102 Processing\r\n\r\n" + OK + b"Content-Length: 4\r\n\r\ndone")
    equal([early.status for early in response.interim], [103, 103, 102], "what came before")
    equal(response.interim[1].fields.get("Link"), "</b.css>; rel=preload", "a field of it")
    equal((response.status, response.text()), (200, "done"))


def test_an_early_hint_comes_at_once():
    with HttpOrigin(scripted(BODY, b"HTTP/1.1 103 Early Hints\r\nX: 1\r\n\r\n", 0.5,
                             OK + b"Content-Length: 0\r\n\r\n")) as origin:
        with gateway(origin) as ringway, ringway.client() as client:
            began = time.monotonic()
            client.request()
            equal(client.head().status, 103)
            between(time.monotonic() - began, 0, scaled(0.3), "seconds until the hint")
            equal(client.response().status, 200)


def test_interim_responses_do_not_reach_an_http_1_0_client():
    response = one_response(BODY, b"HTTP/1.1 103 Early Hints\r\n\r\n" + OK +
                            b"Content-Length: 4\r\n\r\ndone", minor=0)
    equal((response.status, response.interim), (200, []), "what an HTTP/1.0 client gets")


def test_an_early_response_arrives_while_the_body_is_still_coming():
    early = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"
    with HttpOrigin(lambda call: (call.send(early), setattr(call, "body_taken", True),
                                  call.end())) as origin:
        with gateway(origin) as ringway, ringway.client() as client:
            client.send(request_bytes("POST", "/", [("Content-Length", "1000000")]), b"x" * 1000)
            response = client.response()
            equal((response.status, response.text()), (403, "no"))
            equal(len(origin.requests), 1, "requests: none was sent twice")


def test_an_early_response_does_not_mix_with_the_next_request():
    def eager(call):
        if call.method == "POST":
            call.send("HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig")
            call.read_body()
        else:
            call.reply(body="next")

    with HttpOrigin(eager) as origin, gateway(origin) as ringway, ringway.client() as client:
        client.send(request_bytes("POST", "/", [("Content-Length", "100000")]), b"x" * 10)
        response = client.response()
        equal((response.status, response.text()), (413, "big"))
        body = b"GET / HTTP/1.1\r\nHost: evil\r\n\r\n" * 4000
        try:
            client.send(body[:100_000 - 10])  # as announced
            if response.keeps_alive():
                equal(client.ask("GET", "/next").text(), "next")
            if not response.keeps_alive() and client.stream.some():
                raise Failure("something follows a response that closes")
        except (ConnectionError, Cut, TimeoutError):
            pass
        expect("evil" not in [request.fields.get("Host") for request in origin.requests],
               "a request was read out of a body")


def test_an_origin_that_closes_before_it_answers_is_a_502():
    for ending in (END, RESET):
        with HttpOrigin(scripted(BODY, ending)) as origin, gateway(origin) as ringway:
            response = ringway.request("POST", "/", body=b"data")
            check_bad_gateway(response)
            equal(len(origin.requests), 1, "requests: a POST is not sent again")


def test_a_head_cut_in_the_middle_is_a_502():
    for ending in (END, RESET):
        with HttpOrigin(scripted(BODY, b"HTTP/1.1 200 OK\r\nContent-", 0.1, ending)) as origin:
            with gateway(origin) as ringway:
                check_bad_gateway(ringway.request("POST", "/", body=b"data"))


def test_what_was_wrong_is_counted():
    with HttpOrigin(scripted(BODY, b"junk\r\n\r\n", END)) as origin, gateway(origin) as ringway:
        for _ in range(3):
            equal(ringway.get().status, 502)
        faults = ringway.stats().http["response_faults"]
        equal(faults["bad-status-line"], 3, f"the fault is counted: {faults}")
