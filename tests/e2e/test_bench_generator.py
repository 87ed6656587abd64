"""The load generator against origins that know better: what it reports is compared with what they
counted, with distributions that are known beforehand, and with wrk."""

import re
import resource
import signal
import time

from harness.base import (Failure, Folder, alone, at_most, between, binary, contains, equal,
                          eventually, expect, not_instrumented, scaled, slow_binary)
from harness.bench import (ERRORS, REFUSED, WRONG, BenchUnderWay, CountingOrigin, attempts, measure)
from harness.http import read_request_head, response_bytes, Stream
from harness.http_origin import HttpOrigin
from harness.process import Job, need, run
from harness.sockets import Server, closed_port


# Counts


def test_every_request_that_it_counts_was_counted_by_the_origin():
    with CountingOrigin("bytes=100") as origin:
        got = measure(origin.at(), "--connections", 8, "--requests", 3000)
        equal(got.answered, 3000, "answers")
        equal(got.errors_total, 0, "errors")
        equal(got.status, {"200": 3000}, "by status")
        equal(got.begun_in_all, 3000, "begun")
        equal(got.latency_us["samples"], 3000, "latencies")
        equal(got.body_bytes_in, 300_000, "bytes of bodies")
        stats = origin.totals()
        equal(stats["requests"], 3000, "requests at the origin")
        equal(stats["bytes_in"], got.bytes_out, "bytes to the origin")
        equal(stats["bytes_out"], got.bytes_in, "bytes from the origin")


def test_a_run_of_some_time_counts_what_the_origin_counts():
    with CountingOrigin() as origin:
        got = measure(origin.at(), "--connections", 8, "--duration", "300ms", warm_up="100ms")
        expect(got.answered_in_all > got.answered > 0, "the warm-up counts for nothing")
        equal(got.errors_total, 0, "errors")
        equal(got.answered_in_all + got.unfinished, got.begun_in_all, "what became of all")
        origin.counted("requests", got.begun_in_all)


def test_two_threads_share_the_requests_and_lose_none():
    with CountingOrigin() as origin:
        got = measure(origin.at(), "--connections", 10, "--threads", 2, "--requests", 5000)
        equal(got.answered, 5000, "answers")
        origin.counted("requests", 5000)
        origin.counted("accepted", 10)


def test_error_statuses_are_counted_as_the_origin_made_them():
    with CountingOrigin("errors=10%&error-status=503&seed=3") as origin:
        got = measure(origin.at(), "--connections", 4, "--requests", 3000, code=ERRORS)
        made = origin.stats()["errors_made"]
        between(made, 200, 400, "errors that the origin made")
        equal(got.only_error("status_5xx"), made, "errors that were seen")
        equal(got.status, {"200": got.answered, "503": made}, "by status")
        equal(got.ended(), 3000, "requests that ended")
        again = measure(origin.at(), "--connections", 4, "--requests", 500, "--expect-status",
                        "200,503")
        equal(again.answered, 500, "answers when 503 is expected")


def test_answers_that_the_origin_cuts_are_short_or_reset():
    with CountingOrigin("cut=5%&bytes=20000&seed=5") as origin:
        got = measure(origin.at(), "--connections", 4, "--requests", 2000, code=ERRORS)
        stats = origin.stats()
        between(stats["cut"], 50, 160, "answers that the origin cut")
        equal(got.only_error("short_body", "reset"), stats["cut"], "cut answers that were seen")
        equal(got.ended(), 2000, "requests that ended")
        equal(got.body_bytes_in, got.answered * 20000, "goodput counts whole answers")
        # Those that end the run, or are cut as it ends, are not replaced within it.
        between(got.connections_opened, stats["cut"] - 4, stats["cut"] + 4, "connections")


def test_corrupted_bodies_are_found_by_their_hash():
    with CountingOrigin("corrupt=5%&bytes=5000&seed=7") as origin:
        equal(measure(origin.at(), "--requests", 500).errors_total, 0, "errors when not verified")
    with CountingOrigin("corrupt=5%&bytes=8&seed=7") as origin:
        wanted = f"{xxh3_of_4_to_8(bytes(pattern_at(at) for at in range(8))):016x}"
        got = measure(origin.at(), "--requests", 2000, "--expect-bytes", 8, "--expect-hash", wanted,
                      code=ERRORS)
        made = origin.stats()["corrupted"]
        between(made, 50, 160, "bodies that the origin corrupted")
        equal(got.only_error("wrong_body"), made, "corrupted bodies that were seen")
        equal(got.answered, 2000 - made, "right answers")


def test_bodies_must_be_as_the_first_of_their_kind():
    def answer(call):
        call.reply(body=b"x" * 50_000 if call.number % 10 else b"x" * 49_999 + b"y")

    with HttpOrigin(answer) as origin:
        got = measure(origin.url + "/", "--connections", 1, "--requests", 100, "--verify", "first",
                      code=ERRORS)
        equal(got.only_error("wrong_body"), 10, "bodies that differ from the first")


def test_bodies_of_another_length_are_wrong():
    with CountingOrigin("bytes=100") as origin:
        good = measure(origin.at(), "--requests", 50, "--expect-bytes", 100)
        equal(good.answered, 50, "right answers")
        got = measure(origin.at(), "--requests", 50, "--expect-bytes", 101, code=ERRORS)
        equal(got.only_error("wrong_body"), 50, "wrong bodies")


def test_chunked_answers_are_read_whole():
    with CountingOrigin("bytes=30000&chunked=777") as origin:
        got = measure(origin.at(), "--connections", 3, "--requests", 300, "--expect-bytes", 30000)
        equal(got.answered, 300, "answers")
        equal(got.body_bytes_in, 300 * 30000, "bytes of bodies, without the chunks' frames")


def test_bodies_reach_the_origin_as_they_were_given():
    bodies = []

    def answer(call):
        bodies.append(call.read_body())
        call.reply()

    with HttpOrigin(answer) as origin:
        measure(origin.url + "/", "--connections", 4, "--threads", 2, "--requests", 200, "--body",
                '{"n":{{seq}},"id":"{{id}}"}', "--header", "Content-Type: application/json")
        matches = [re.fullmatch(rb'\{"n":(\d+),"id":"([0-9a-f]{16})"\}', body) for body in bodies]
        expect(all(matches), "every body is as its template:", bodies[:3])
        equal(len({match[2] for match in matches}), 200, "ids")
        equal(len({match[1] for match in matches}), 200, "numbers")
        equal({request.method for request in origin.requests}, {"POST"}, "methods")
        equal({request.fields.get("Content-Type") for request in origin.requests},
              {"application/json"}, "the given field")


# Connections


def test_new_connections_are_one_for_each_request():
    with CountingOrigin() as origin:
        got = measure(origin.at(), "--connections", 4, "--requests", 600, "--new-connections")
        equal(got.answered, 600, "answers")
        # Four before the window began; at its end up to four that were not needed any more.
        between(got.connections_opened, 596, 600, "connections that were opened")
        equal(got.connect_us["samples"], got.connections_opened, "connects that were timed")
        origin.counted("requests", 600)
        between(origin.stats()["accepted"], 600, 604, "connections at the origin")


def test_an_origin_that_closes_after_each_answer_costs_connections_and_no_errors():
    with CountingOrigin("close=on") as origin:
        got = measure(origin.at(), "--connections", 4, "--requests", 400)
        equal(got.answered, 400, "answers")
        equal(got.errors_total, 0, "errors")
        between(got.connections_opened, 396, 400, "connections that were opened")
        between(origin.stats()["accepted"], 400, 404, "connections at the origin")


def test_pipelined_requests_are_under_way_together():
    depth, rounds = 5, 20

    def serve(server, taken):
        stream = Stream(taken)
        for _ in range(rounds):
            for _ in range(depth):  # no answer before all of them have come
                if read_request_head(stream) is None:
                    return
            taken.sendall(response_bytes(200, b"together") * depth)

    with Server(serve) as server:
        got = measure(f"http://127.0.0.1:{server.port}/", "--connections", 1, "--pipeline", depth,
                      "--requests", depth * rounds, "--timeout", "5s")
        equal(got.answered, depth * rounds, "answers")
        equal(got.errors_total, 0, "errors")


def test_pipelining_counts_what_the_origin_counts():
    with CountingOrigin() as origin:
        got = measure(origin.at(), "--connections", 3, "--pipeline", 16, "--requests", 5000)
        equal(got.answered, 5000, "answers")
        equal(got.errors_total, 0, "errors")
        origin.counted("requests", 5000)


def test_a_connection_thinks_between_two_requests():
    with CountingOrigin() as origin:
        got = measure(origin.at(), "--connections", 5, "--think-time", "20ms", "--duration",
                      "400ms", warm_up="50ms")
        # 5 connections, one request each 20 ms and a little: 250 a second, never more.
        between(got.rate, 60 if slow_binary() else 150, 255, "requests per second")
        expect(got.p["p50"] < 20, "thinking is not latency:", got.p)


def test_refused_connects_end_it_with_one_line():
    _, port = closed_port()
    done = run([binary(), "bench", f"http://127.0.0.1:{port}/", "--duration", "1s"], code=REFUSED)
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    equal(len(lines), 1, f"lines on standard error ({lines})")
    contains(lines[0], str(port))


def test_an_origin_that_goes_away_costs_connects_and_no_end():
    with CountingOrigin() as origin:
        with BenchUnderWay(origin.at(), "--connections", "4", "--duration", "500ms",
                           "--warm-up", "0s") as under_way:
            eventually(lambda: origin.stats()["requests"] > 100, "it is under way", pause=0.005)
            origin.process.kill()
            got = under_way.report(code=ERRORS).run
        expect(got.answered > 100, "answers before the end")
        expect(got.errors["connect"] > 0, "refused connects:", got.errors)
        # It tries again, and does not spin: an errors' storm would be no measurement.
        at_most(got.errors["connect"], 100_000, "refused connects")
        origin.process.child.returncode = 0


def test_an_answer_that_does_not_come_in_time_is_a_timeout():
    with CountingOrigin() as origin:
        got = measure(origin.at("/slow/3000"), "--connections", 2, "--timeout", "100ms",
                      "--duration", "350ms", code=ERRORS)
        timeouts = got.only_error("timeout")
        between(timeouts, 2 if slow_binary() else 4, 8, "timeouts of two connections")
        equal(got.answered, 0, "answers")
        between(got.connections_opened, timeouts - 2, timeouts + 4, "connections")


# What is sent


def test_a_log_is_replayed_in_its_order():
    wanted = [f"/item/{number}?q={number * 7}" for number in range(60)]
    lines = [f'127.0.0.1 - - [20/Nov/2026:10:00:00 +0000] "GET {target} HTTP/1.1" 200 12 "-" "-"\n'
             for target in wanted]
    with Folder() as folder, HttpOrigin() as origin:
        log = folder.write("access.log", "".join(lines))
        got = measure(origin.url + "/", "--connections", 1, "--replay", log, "--replay-once")
        equal(got.answered, 60, "answers")
        equal(origin.targets(), wanted, "targets in their order")
        again = measure(origin.url + "/", "--connections", 3, "--replay", log, "--requests", 150)
        equal(again.answered, 150, "answers of a log that is repeated")
        counts = [origin.targets()[60:].count(target) for target in wanted]
        between(min(counts), 2, 3, "the least that a line was sent")
        between(max(counts), 2, 3, "the most that a line was sent")


def test_a_log_is_replayed_at_its_times():
    arrived = []

    def answer(call):
        arrived.append(time.monotonic())
        call.reply()

    lines = [f'127.0.0.1 - - [20/Nov/2026:10:00:0{second} +0000] "GET /{second} HTTP/1.1" 200 1\n'
             for second in (0, 1, 3)]
    with Folder() as folder, HttpOrigin(answer) as origin:
        log = folder.write("access.log", "".join(lines))
        got = measure(origin.url + "/", "--replay", log, "--replay-times", "--replay-speed", "5x",
                      "--replay-once", "--connections", 3)
        equal(got.answered, 3, "answers")
        equal(origin.targets(), ["/0", "/1", "/3"], "targets")
        room = 0.1 * scaled(1)
        between(arrived[1] - arrived[0], 0.19, 0.2 + room, "seconds to the second request")
        between(arrived[2] - arrived[0], 0.59, 0.6 + room, "seconds to the third request")


def test_urls_have_their_weights():
    with HttpOrigin() as origin:
        got = measure(f"3@{origin.url}/often", f"{origin.url}/seldom", "--connections", 2,
                      "--requests", 1000)
        by_target = {target: origin.targets().count(target) for target in ("/often", "/seldom")}
        between(by_target["/often"], 700, 800, "requests of weight three")
        equal(sum(by_target.values()), 1000, "requests")
        equal({kind["label"].split("/")[-1]: kind["answered"] for kind in got.kinds},
              {"often": by_target["/often"], "seldom": by_target["/seldom"]}, "answers by kind")


# Times


@alone
def test_percentiles_are_those_of_the_origin():
    # Straight lines between the points: p75, p95 and p99.9 follow from them.
    table = "50=50ms,90=100ms,98=150ms,100=200ms"
    wanted = {"p50": 50, "p75": 81.25, "p90": 100, "p95": 131.25, "p99": 175, "p999": 197.5}
    with CountingOrigin(f"latency=table:{table}&seed=11") as origin:

        def check():
            got = measure(origin.at(), "--connections", 400, "--requests", 5000)
            for name, milliseconds in wanted.items():
                # A twentieth for the luck of 5000 draws, the rest for a machine that is busy.
                between(got.p[name], milliseconds * 0.95, milliseconds * 1.05 + 5 * scaled(1),
                        f"{name} in milliseconds")
            between(got.p["mean"], 68.5 * 0.95, 68.5 * 1.05 + 5 * scaled(1), "mean in milliseconds")
            at_most(got.p["p9999"], got.p["max"], "p99.99")
            equal(sum(got.latency_distribution["samples"]), 5000, "samples in the distribution")

        attempts(check)


def stalled(*flags):
    """A run within which the origin stands still for 300 ms."""
    with CountingOrigin() as origin:
        with BenchUnderWay(origin.at(), "--connections", "16", "--duration", "1s", "--warm-up",
                           "0s", *flags) as under_way:
            eventually(lambda: origin.stats()["requests"] > 50, "it is under way")
            origin.process.signal(signal.SIGSTOP)
            time.sleep(0.3)
            origin.process.signal(signal.SIGCONT)
            return under_way.report().run


def test_in_an_open_loop_a_stall_is_in_the_latency_of_all_that_were_due():
    def check():
        got = stalled("--rate", "1000")
        between(got.schedule["scheduled"], 990, 1010, "requests that were due")
        equal(got.schedule["overdue_at_end"], 0, "requests that were never begun")
        equal(got.answered + got.unfinished, got.schedule["scheduled"], "what became of all")
        # 300 of 1000 were due within the stall, the first waited 300 ms and the last nothing.
        between(got.p["max"], 285, 400 * scaled(1), "the longest latency")
        between(got.p["p99"], 260, 390 * scaled(1), "p99")
        between(got.p["p90"], 150, 350 * scaled(1), "p90")
        at_most(got.p["p50"], 50 * scaled(1), "p50")
        between(got.schedule["waiting_us"]["samples"], 200, 450, "requests that found all busy")
        expect(got.schedule["lateness_us"]["samples"] > 400, "requests that found one free")

    attempts(check)


def test_in_a_closed_loop_a_stall_is_in_one_request_of_each_connection():
    def check():
        got = stalled()
        between(got.p["max"], 285, 400 * scaled(1), "the longest latency")
        slow = sum(count for below, count in zip(got.latency_distribution["below_us"],
                                                 got.latency_distribution["samples"])
                   if below > 250_000)
        between(slow, 1, 16, "requests that show the stall")
        equal(got.schedule, None, "no schedule in a closed loop")

    attempts(check)


def test_an_open_loop_keeps_its_rate():
    with CountingOrigin() as origin:

        def check():
            got = measure(origin.at(), "--rate", 2000, "--duration", "500ms", warm_up="50ms")
            between(got.schedule["scheduled"], 990, 1010, "requests that were due")
            between(got.rate, 1960, 2040, "answers per second")
            at_most(got.schedule["lateness_us"]["p50"], 1000 * scaled(1), "median lateness")

        attempts(check)


def test_a_rate_ramps_in_a_straight_line():
    with CountingOrigin() as origin:

        def check():
            got = measure(origin.at(), "--ramp-rate", "200..1800", "--duration", "2s")
            between(got.schedule["scheduled"], 1980, 2020, "requests that were due")
            seconds = [second["answered"] for second in got.timeline if second["seconds"] > 0.9]
            equal(len(seconds), 2, "whole seconds")
            between(seconds[0], 560, 640, "requests of the first second")
            between(seconds[1], 1350, 1440, "requests of the second second")

        attempts(check, count=3)


def test_a_target_slower_than_the_schedule_leaves_requests_overdue():
    with CountingOrigin("latency=20ms") as origin:
        got = measure(origin.at(), "--rate", 1000, "--connections", 4, "--duration", "500ms")
        # Four connections of 20 ms each: 200 a second, so that 400 of 500 cannot be begun in time.
        between(got.schedule["scheduled"], 495, 505, "requests that were due")
        between(got.answered, 40 if slow_binary() else 70, 110, "answers")
        expect(got.schedule["overdue_at_end"] > 300, "overdue:", got.schedule["overdue_at_end"])
        expect(got.schedule["waiting_us"]["samples"] > 30, "requests that found all busy")
        expect(got.p["max"] > 250, "waiting is latency:", got.p)


@alone
def test_rate_and_median_are_those_of_wrk():
    not_instrumented("an instrumented generator is no match for wrk")
    wrk = need("wrk")
    with CountingOrigin("latency=5ms") as origin:

        def check():
            # Side by side, so that whatever else the machine does meets both.
            beside = Job(wrk_of, wrk, origin.at(), 32, 1)
            ours = measure(origin.at(), "--connections", 32, "--duration", "1s")
            theirs = beside.result()
            between(ours.rate / theirs["rate"], 0.95, 1.05, f"rate, as a share of {theirs}")
            between(ours.p["p50"] / theirs["p50"], 0.90, 1.10, f"median, as a share of {theirs}")

        attempts(check)


@alone
def test_at_full_speed_its_rate_is_not_below_that_of_wrk():
    not_instrumented("an instrumented generator is no match for wrk")
    wrk = need("wrk")
    with CountingOrigin("bytes=128") as origin:

        def check():
            theirs = wrk_of(wrk, origin.at(), connections=32, seconds=1)
            ours = measure(origin.at(), "--connections", 32, "--duration", "1s", warm_up="100ms")
            expect(ours.rate >= 0.95 * theirs["rate"], f"rate {ours.rate}, wrk {theirs}")
            # By Little's law no moment of a connection is missing from its latencies. (Of wrk's
            # connections only about half are under way by its rate and latencies: what waits to
            # be written is not counted there. So medians compare where the origin is slow, above.)
            between(ours.p["mean"] / 1e3 * ours.rate, 32 * 0.9, 32 * 1.05,
                    "requests under way, as rate and mean say")

        attempts(check)


def wrk_of(wrk, url, connections, seconds):
    """What wrk says at the same setting."""
    said = run([wrk, "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", url]).stdout
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    median = re.search(r"50%\s+([\d.]+)(us|ms|s)", said)
    if not rate or not median:
        raise Failure(f"wrk said {said!r}")
    return {"rate": float(rate[1]),
            "p50": float(median[1]) * {"us": 1e-3, "ms": 1, "s": 1e3}[median[2]]}


# What else it says


@alone
def test_the_watched_process_is_charged_what_the_kernel_says():
    with CountingOrigin() as origin:
        before = origin.process.cpu_seconds()
        with BenchUnderWay(origin.at(), "--connections", "8", "--duration", "1s", "--watch",
                           str(origin.process.pid), "--warm-up", "0s") as under_way:
            time.sleep(0.5)
            private = origin.process.private_bytes()
            got = under_way.report().run
        spent = origin.process.cpu_seconds() - before
        # The kernel counts in hundredths, and what lies around the window is spent too.
        between(got.watched["cpu_s"], spent * 0.85 - 0.05, spent * 1.05 + 0.05,
                "processor seconds of the watched process")
        between(got.watched["private_bytes_max"], private * 0.8, private * 1.25, "private memory")
        expect(got.own["cpu_s"] > 0.01, "the own processor time:", got.own)
        between(len(got.cores), 1, 4096, "cores")


def test_an_interrupt_leaves_a_report_of_what_was_measured():
    for number in (signal.SIGINT, signal.SIGTERM):
        with CountingOrigin() as origin:
            with BenchUnderWay(origin.at(), "--connections", "4", "--duration", "30s", "--warm-up",
                               "0s") as under_way:
                eventually(lambda: origin.stats()["requests"] > 100, "it is under way")
                time.sleep(0.2)
                began = time.monotonic()
                under_way.signal(number)
                report = under_way.report()
                at_most(time.monotonic() - began, scaled(3), "seconds until it ended")
            equal(report.json["interrupted"], True, "it says that it was interrupted")
            got = report.run
            between(got.window_s, 0.1, 25, "seconds that were measured")
            expect(got.answered >= 100, "answers until then:", got.answered)
            # What was on its way when it ended may have been left unread.
            between(got.begun_in_all - origin.stats()["requests"], 0, 4, "requests on their way")


def test_mistakes_end_it_before_anything_is_sent():
    with CountingOrigin() as origin:
        for flags, word in ((["--connections", "0"], "--connections"), (["--rate", "x"], "--rate"),
                            (["--requests", "-1"], "--requests"), (["--knee"], "--knee"),
                            (["--header", "bad"], "--header"),
                            (["--pipeline", "4", "--rate", "100"], "--pipeline")):
            done = run([binary(), "bench", origin.at(), *flags], code=WRONG)
            lines = [line for line in done.stderr.splitlines() if line.strip()]
            equal(len(lines), 1, f"lines on standard error ({lines})")
            contains(lines[0], word)
        equal(origin.stats()["requests"], 0, "requests that were sent")


def test_more_connections_than_descriptors_are_refused_in_words():
    with CountingOrigin() as origin:
        done = run([binary(), "bench", origin.at(), "--connections", "2000", "--duration", "1s"],
                   code=REFUSED,
                   prepare=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256)))
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        equal(len(lines), 1, f"lines on standard error ({lines})")
        contains(lines[0], "2000")


def test_thousands_of_connections_are_held_at_once():
    count = 200 if slow_binary() else 3000
    with CountingOrigin() as origin:
        with BenchUnderWay(origin.at("/slow/500"), "--connections", str(count), "--requests",
                           str(count), "--warm-up", "0s") as under_way:
            eventually(lambda: origin.stats()["active"] >= count, "all are connected")
            got = under_way.report().run
        equal(got.answered, count, "answers")
        equal(got.errors_total, 0, "errors")


# Verification by an independent implementation


def pattern_at(offset):
    """A byte of the origin's pattern."""
    return (offset + (offset >> 8) * 7 + (offset >> 16) * 31 + (offset >> 24) * 131) & 255


def xxh3_of_4_to_8(data):
    """XXH3 (64 bits, no seed) of 4 to 8 bytes, from its specification."""
    whole = (1 << 64) - 1
    secret = bytes.fromhex("b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db")
    first = int.from_bytes(data[:4], "little")
    last = int.from_bytes(data[-4:], "little")
    flip = int.from_bytes(secret[8:16], "little") ^ int.from_bytes(secret[16:24], "little")
    value = (last + (first << 32)) ^ flip

    def rotated(number, bits):
        return (number << bits | number >> (64 - bits)) & whole

    value ^= rotated(value, 49) ^ rotated(value, 24)
    value = value * 0x9FB21C651E98DF25 & whole
    value ^= (value >> 35) + len(data)
    value = value * 0x9FB21C651E98DF25 & whole
    return value ^ value >> 28
