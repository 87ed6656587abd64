"""`ringway mock` streaming: server-sent events, and the replies of language models."""

import http.client
import json
import socket
import threading
import time

from harness.base import at_most, binary, equal, eventually, expect, scaled, slow_binary
from harness.mock import Mock
from harness.process import Process
from harness.sockets import connect

MESSAGE = {"model": "m-1", "max_tokens": 100, "messages": [{"role": "user", "content": "Hello!"}]}


def events_of(text):
    """Server-sent events as lists of (field, value); comments have the field ''."""
    expect(text.endswith("\n\n"), "the last event is not complete")
    return [[tuple(line.split(": ", 1)) for line in event.split("\n")]
            for event in text[:-2].split("\n\n")]


def post(mock, path, body, fields=None):
    client = http.client.HTTPConnection(*mock.address, timeout=20)
    client.request("POST", path, body if isinstance(body, (str, bytes)) else json.dumps(body),
                   {"Content-Type": "application/json", **(fields or {})})
    response = client.getresponse()
    return response, response.read().decode()


def stamp_of(value):
    words = dict(word.split("=") for word in value.split()[:2])
    equal((len(words["n"]), len(words["t"])), (10, 20), "digits")
    return int(words["n"]), int(words["t"])


# ---- events ------------------------------------------------------------------------------------


def test_events_carry_true_stamps_and_keep_their_schedule():
    with Mock("http") as mock:
        client = http.client.HTTPConnection(*mock.address, timeout=20)
        before = time.monotonic_ns()
        client.request("GET", "/events/20?interval=10ms&bytes=120")
        response = client.getresponse()
        equal(response.getheader("Content-Type"), "text/event-stream")
        text = response.read().decode()
        after = time.monotonic_ns()
        events = events_of(text)
        equal(len(events), 20, "events")
        equal(len(text), 20 * 120, "bytes")
        stamps = []
        for index, (first, second) in enumerate(events):
            equal(first, ("id", str(index + 1)))
            number, stamp = stamp_of(second[1])
            equal(number, index + 1)
            stamps.append(stamp)
        expect(before <= stamps[0] and stamps[-1] <= after, "stamps of CLOCK_MONOTONIC")
        expect(stamps == sorted(stamps), "in order")
        expect(stamps[-1] - before >= 190e6, f"19 intervals took {stamps[-1] - before} ns")


def test_events_never_end_until_the_client_does():
    with Mock("http") as mock, connect(mock.address) as client:
        client.sendall(b"GET /events?interval=5ms HTTP/1.1\r\nHost: x\r\n\r\n")
        got = b""
        while got.count(b"\ndata: ") < 5:
            got += client.recv(65536)
        client.shutdown(socket.SHUT_WR)
        while piece := client.recv(65536):
            got += piece
        expect(got.endswith(b"\r\n0\r\n\r\n"), got[-100:])


def test_jitter_moves_events_and_not_their_order():
    with Mock("http") as mock:
        _, text = post(mock, "/events/40?interval=2ms&jitter=2ms", "")
        stamps = [stamp_of(event[1][1]) for event in events_of(text)]
        equal([number for number, _ in stamps], list(range(1, 41)))
        gaps = [(b - a) / 1e6 for (_, a), (_, b) in zip(stamps, stamps[1:])]
        expect(min(gaps) < 1.5 and max(gaps) > 2.5, f"gaps {min(gaps)} to {max(gaps)} ms")


def test_many_streams_keep_their_rate():
    streams, each = (20, 40) if slow_binary() else (100, 100)
    with Mock("http") as mock:
        lengths = []

        def read_one():
            client = http.client.HTTPConnection(*mock.address, timeout=30)
            client.request("GET", f"/events/{each}?interval=5ms")
            lengths.append(len(events_of(client.getresponse().read().decode())))

        readers = [threading.Thread(target=read_one) for _ in range(streams)]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
        equal(lengths, [each] * streams, "events of each")


# ---- language models ---------------------------------------------------------------------------


def test_a_message_is_answered_whole():
    with Mock("http") as mock:
        response, text = post(mock, "/v1/messages?tokens=5", MESSAGE)
        equal((response.status, response.getheader("Content-Type")), (200, "application/json"))
        expect(response.getheader("request-id").startswith("req_"))
        reply = json.loads(text)
        equal(sorted(reply), ["content", "id", "model", "role", "stop_reason", "stop_sequence",
                              "type", "usage"])
        equal((reply["type"], reply["role"], reply["model"]), ("message", "assistant", "m-1"))
        equal(reply["stop_reason"], "end_turn")
        equal(len(reply["content"][0]["text"].split()), 5, "words")
        equal((reply["usage"]["input_tokens"], reply["usage"]["output_tokens"]), (5, 5))
        short = json.loads(post(mock, "/v1/messages", {**MESSAGE, "max_tokens": 3})[1])
        equal((short["stop_reason"], short["usage"]["output_tokens"]), ("max_tokens", 3))


def test_a_message_is_streamed_with_its_events_in_order():
    with Mock("http") as mock:
        response, text = post(mock, "/v1/messages?tokens=4", {**MESSAGE, "stream": True})
        expect(response.getheader("Content-Type").startswith("text/event-stream"))
        events = [dict(event) for event in events_of(text)]
        equal([event["event"] for event in events],
              ["message_start", "content_block_start", "ping", *["content_block_delta"] * 4,
               "content_block_stop", "message_delta", "message_stop"])
        parsed = [json.loads(event["data"]) for event in events]
        equal([data["type"] for data in parsed], [event["event"] for event in events])
        start = parsed[0]["message"]
        equal((start["content"], start["stop_reason"], start["model"]), ([], None, "m-1"))
        whole = "".join(data["delta"]["text"] for data in parsed
                        if data["type"] == "content_block_delta")
        at_once = json.loads(post(mock, "/v1/messages?tokens=4", MESSAGE)[1])
        equal(whole, at_once["content"][0]["text"])
        equal(parsed[-2]["delta"], {"stop_reason": "end_turn", "stop_sequence": None})
        equal(parsed[-2]["usage"]["output_tokens"], 4)


def test_a_completion_is_answered_whole():
    with Mock("http") as mock:
        response, text = post(mock, "/v1/chat/completions",
                              {**MESSAGE, "max_tokens": 2}, {"X-Mock": "tokens=9"})
        equal(response.status, 200)
        reply = json.loads(text)
        equal(reply["object"], "chat.completion")
        expect(reply["id"].startswith("chatcmpl-"), reply["id"])
        choice = reply["choices"][0]
        equal((choice["message"]["role"], choice["finish_reason"]), ("assistant", "length"))
        equal(reply["usage"], {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7})


def test_a_completion_is_streamed_with_usage_only_when_asked_for():
    with Mock("http") as mock:
        body = {**MESSAGE, "stream": True}
        for options, chunks in (({}, 5), ({"stream_options": {"include_usage": True}}, 6)):
            _, text = post(mock, "/v1/chat/completions?tokens=3", {**body, **options})
            data = [dict(event)["data"] for event in events_of(text)]
            equal(data[-1], "[DONE]")
            parsed = [json.loads(each) for each in data[:-1]]
            equal(len(parsed), chunks, "chunks")
            equal({each["id"] for each in parsed}, {parsed[0]["id"]}, "ids")
            equal({each["object"] for each in parsed}, {"chat.completion.chunk"})
            equal(parsed[0]["choices"][0]["delta"]["role"], "assistant")
            equal([each["choices"][0]["finish_reason"] for each in parsed[:5]],
                  [None] * 4 + ["stop"])
            if options:
                equal([each["usage"] for each in parsed[:-1]], [None] * 5)
                equal((parsed[-1]["choices"], parsed[-1]["usage"]["total_tokens"]), ([], 8))
            else:
                expect(all("usage" not in each for each in parsed), parsed)


def test_errors_have_the_shape_of_the_format():
    with Mock("http") as mock:
        response, text = post(mock, "/v1/messages", "{bad")
        error = json.loads(text)
        equal((response.status, error["type"], error["error"]["type"]),
              (400, "error", "invalid_request_error"))
        response, text = post(mock, "/v1/messages", {"model": "m", "messages": []})
        expect("max_tokens" in json.loads(text)["error"]["message"], text)
        response, text = post(mock, "/v1/messages?errors=100%&error-status=529", MESSAGE)
        equal((response.status, json.loads(text)["error"]["type"]), (529, "overloaded_error"))
        response, text = post(mock, "/v1/chat/completions", {"model": "m"})
        error = json.loads(text)["error"]
        equal((response.status, error["param"], error["code"]),
              (400, "messages", "missing_required_parameter"))
        response, text = post(mock, "/v1/chat/completions?errors=100%&error-status=429", MESSAGE)
        equal(json.loads(text)["error"]["code"], "rate_limit_exceeded")
        expect(response.getheader("retry-after"), "retry-after")
        client = http.client.HTTPConnection(*mock.address, timeout=20)
        client.request("GET", "/v1/messages")
        equal(client.getresponse().status, 405)


def test_tokens_come_at_their_time():
    with Mock("http", options="&ttft=60ms&token-rate=100&tokens=6") as mock:
        begun = time.monotonic()
        post(mock, "/v1/messages", MESSAGE)
        expect(time.monotonic() - begun >= 0.11, "a whole reply takes as long as its tokens")
        for path in ("/v1/messages", "/v1/chat/completions"):
            before = time.monotonic_ns()
            _, text = post(mock, path, {**MESSAGE, "stream": True}, {"X-Mock-Stamps": "on"})
            stamps = [stamp_of(event[0][1])[1] for event in events_of(text)]
            deltas = [stamp for stamp, event in zip(stamps, events_of(text))
                      if '"delta":{"type":"text_delta"' in event[-1][1]
                      or '"delta":{"content"' in event[-1][1]]
            equal(len(deltas), 6, "tokens")
            expect(deltas[0] - before >= 60e6, f"first token after {deltas[0] - before} ns")
            expect(deltas[-1] - before >= 110e6, f"the last one after {deltas[-1] - before} ns")
            at_most((deltas[-1] - before) / 1e6, scaled(1000), "ms for six tokens")


# ---- hops --------------------------------------------------------------------------------------


def hop_to(address, options):
    host, port = address
    process = Process([binary(), "mock", "--listen",
                       f"tcp://127.0.0.1:0?mode=throttle&to={host}:{port}{options}"])
    line = eventually(lambda: process.stdout().split(), "the hop is ready")
    host, port = line[1].split("//")[1].split(":")
    return process, (host, int(port))


def test_a_hop_delays_each_way_and_loses_nothing():
    with Mock("http") as mock:
        process, address = hop_to(mock.address, "&delay=15ms&jitter=5ms")
        with process:
            client = http.client.HTTPConnection(*address, timeout=20)
            for _ in range(3):
                begun = time.monotonic()
                client.request("POST", "/echo", b"x" * 50_000)
                equal(client.getresponse().read(), b"x" * 50_000)
                expect(time.monotonic() - begun >= 0.020, "twice 15 ms less 5 ms of jitter")
            client.close()
            process.stop()
            process.check_sanitizers()
            totals = json.loads(process.stdout().splitlines()[-1].split(" ", 2)[2])
            equal((totals["accepted"], totals["resets"], totals["stalls"]), (1, 0, 0))
            expect(totals["bytes_down"] > 150_000, totals)


def test_a_hop_has_its_bandwidth_and_its_stalls():
    with Mock("http") as mock:
        process, address = hop_to(mock.address, "&rate=1MiB")
        with process:
            begun = time.monotonic()
            client = http.client.HTTPConnection(*address, timeout=20)
            client.request("GET", "/bytes/400000")
            equal(len(client.getresponse().read()), 400_000)
            expect(time.monotonic() - begun > 0.35, "400,000 bytes through 1 MiB/s")
            client.close()
        process, address = hop_to(mock.address, "&loss=100%&rto=40ms")
        with process:
            client = http.client.HTTPConnection(*address, timeout=20)
            begun = time.monotonic()
            client.request("GET", "/bytes/10")
            equal(len(client.getresponse().read()), 10)
            expect(time.monotonic() - begun >= 0.08, "one timeout each way")
            client.close()
