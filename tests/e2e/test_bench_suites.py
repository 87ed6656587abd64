"""The suites of `ringway bench` against targets whose limits are known: a pool of four connections
has its knee at four."""

import re

from harness.base import alone, between, contains, equal, slow_binary
from harness.bench import DONE, ERRORS, CountingOrigin, attempts, bench
from harness.gateway import gateway

BRIEF = ("--duration", "150ms", "--warm-up", "30ms")


def test_rounds_are_all_in_the_report_with_their_median():
    with CountingOrigin() as origin:
        report = bench(origin.at(), "--rounds", 3, *BRIEF)
        equal([run.round for run in report.runs], [0, 1, 2], "rounds")
        rates = sorted(run.rate for run in report.runs)
        between(report.figure("rate"), rates[1] * 0.999, rates[1] * 1.001, "the median rate")
        between(report.figure("rate_spread"), 0, (rates[2] - rates[0]) / rates[1] * 1.01 + 0.001,
                "the spread")


def test_a_sweep_measures_every_level_in_every_round():
    with CountingOrigin("latency=5ms") as origin:
        report = bench(origin.at(), "--sweep", "connections=1,4,16", "--rounds", 2, *BRIEF)
        equal([run.at("connections") for run in report.runs], [1, 4, 16] * 2, "levels")
        equal(report.json["kind"], "sweep", "kind")
        by_level = {run.at("connections"): run.rate for run in report.runs}
        if not slow_binary():
            between(by_level[16] / by_level[1], 8, 24, "rate of 16 connections to that of one")


def test_a_sweep_of_rates_offers_each_of_them():
    with CountingOrigin() as origin:
        report = bench(origin.at(), "--sweep", "rate=200,800", "--duration", "300ms")
        for run, rate in zip(report.runs, (200, 800)):
            equal(run.at("rate"), rate, "level")
            between(run.schedule["scheduled"], rate * 0.3 - 5, rate * 0.3 + 5, "scheduled requests")


@alone
def test_the_knee_of_a_pool_is_its_size():
    with CountingOrigin("latency=10ms") as origin:
        with gateway(origin, "--pool-max", "4", shards=1) as ringway:

            def check():
                report = bench(ringway.url(), "--find-knee", "connections=1,2,4,8,16", *BRIEF)
                between(report.figure("knee_connections"), 3, 5, "the knee")
                equal(report.figure("score_at_16") < 0.6, True, "the curve beyond the knee")

            attempts(check)


@alone
def test_a_ramp_names_the_flag_that_limits():
    with CountingOrigin("latency=20ms") as origin:
        with gateway(origin, "--pool-max", "4", shards=1) as ringway:

            def check():
                report = bench(ringway.url(), "--ramp", "connections=1,4,8,16,32", "--watch",
                               ringway.pid, "--duration", "200ms", warm_up="100ms")
                advice = report.finding("requests at once are served")
                equal(advice["flag"], "--pool-max", "the flag")
                contains(advice["text"], "although the watched process uses")
                served = int(re.search(r"about (\d+) requests", advice["text"])[1])
                between(served, 3, 5, "requests that are served at once")

            attempts(check)


def test_a_ramp_ends_where_errors_begin_and_says_why():
    with CountingOrigin("latency=20ms") as origin:
        with gateway(origin, "--pool-max", "2", "--pool-max-waiting", "0", shards=1) as ringway:
            report = bench(ringway.url(), "--ramp", "connections=1,2,20,40", "--pause", "20ms",
                           *BRIEF, code=ERRORS)
            equal([run.at("connections") for run in report.runs], [1, 2, 20], "levels")
            report.finding("stopped after 20 connections, 1 level to go")
            equal(report.finding("answers with status 503")["flag"], "--pool-max", "the flag")


def test_a_matrix_fills_in_the_sizes():
    with CountingOrigin() as origin:
        report = bench(origin.at("/bytes/{size}"), "--matrix", "sizes=100,64KiB;connections=1,4",
                       *BRIEF)
        equal([(run.at("size"), run.at("connections")) for run in report.runs],
              [(100, 1), (100, 4), (65536, 1), (65536, 4)], "cells")
        for run in report.runs:
            equal(run.body_bytes_in, run.answered * run.at("size"), "bytes of bodies")


def test_a_matrix_sends_the_sizes_where_requests_have_bodies():
    with CountingOrigin() as origin:
        report = bench(origin.at("/echo"), "--method", "POST", "--matrix",
                       "sizes=100,3000;connections=2", *BRIEF)
        for run in report.runs:
            equal(run.body_bytes_in, run.answered * run.at("size"), "bytes that came back")


def test_a_level_that_cannot_run_leaves_the_others():
    with CountingOrigin() as origin:
        report = bench(origin.at(), "--sweep", "connections=1,900000", *BRIEF, code=DONE)
        equal([run.at("connections") for run in report.runs], [1], "levels that were measured")
        report.finding("900000 connections could not be measured")
