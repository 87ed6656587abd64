"""The load generator over event streams and TCP: events, gaps, delays and bytes as the origin sent
them."""

import time

from harness.base import at_most, between, equal, expect, scaled
from harness.bench import ERRORS, CountingOrigin, attempts, measure
from harness.http_origin import HttpOrigin
from harness.mock import Mock
from harness.sockets import Server


def test_events_are_counted_and_their_gaps_are_the_origins():
    with CountingOrigin() as origin:

        def check():
            got = measure(origin.at("/events?interval=20ms"), "--events", "--stamped",
                          "--connections", 5, "--duration", "600ms")
            events = got.events
            equal(events["lost"], 0, "lost events")
            equal(got.errors_total, 0, "errors")
            between(events["streams"], 5, 5, "streams")
            between(events["events"], 5 * 27, 5 * 32, "events of five streams in 600 ms")
            between(events["gap_us"]["p50"], 18e3, 22e3 * scaled(1), "median gap")
            between(events["delay_us"]["p50"], 1, 3e3 * scaled(1), "median delay")
            at_most(events["first_event_us"]["p50"], 45e3 * scaled(1), "first event")

        attempts(check, count=3)


def test_lost_events_and_delays_are_seen():
    """An origin whose stamps lie 50 ms in the past, and that leaves out every tenth event."""
    sent = []

    def answer(call):
        call.read_body()
        call.begin_chunks(fields=[("Content-Type", "text/event-stream")])
        for number in range(1, 41):
            if number % 10 != 0:
                stamp = time.monotonic_ns() - 50_000_000
                call.chunk(f"id: {number}\ndata: n={number:010} t={stamp:020}\n\n")
                sent.append(number)
            time.sleep(0.002)
        call.end_chunks()

    with HttpOrigin(answer) as origin:
        got = measure(origin.url + "/", "--events", "--stamped", "--connections", 1, "--requests",
                      36, code=ERRORS)
        equal(got.events["events"], 36, "events")
        # The fortieth is the last: nobody can know that it is missing.
        equal(got.events["lost"], 3, "lost events")
        equal(got.only_error("lost_event"), 3, "lost events among the errors")
        between(got.events["delay_us"]["p50"], 49_000, 56_000 * scaled(1), "median delay")


def test_messages_of_tcp_come_back():
    with Mock("echo") as mock:
        got = measure(mock.url, "--connections", 4, "--message-size", 1000, "--requests", 2000)
        equal(got.answered, 2000, "exchanges")
        equal(got.bytes_out, 2_000_000, "bytes sent")
        equal(got.bytes_in, 2_000_000, "bytes received")
        equal(got.errors_total, 0, "errors")


def test_tcp_connections_that_end_are_errors():
    with Server(lambda server, taken: taken.recv(10)) as server:
        got = measure(f"tcp://127.0.0.1:{server.port}", "--connections", 2, "--duration", "200ms",
                      code=ERRORS)
        equal(got.answered, 0, "exchanges")
        expect(got.only_error("reset", "short_body") > 0, "broken connections")


def test_bulk_goes_one_way():
    with Mock("source") as mock:
        got = measure(mock.url, "--work", "download", "--connections", 2, "--duration", "300ms")
        expect(got.bytes_in > 10_000_000 / scaled(1), "bytes received:", got.bytes_in)
        equal(got.errors_total, 0, "errors")
    with Mock("sink") as mock:
        got = measure(mock.url, "--work", "upload", "--connections", 2, "--duration", "300ms")
        expect(got.bytes_out > 10_000_000 / scaled(1), "bytes sent:", got.bytes_out)
        equal(got.errors_total, 0, "errors")
