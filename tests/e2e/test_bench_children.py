"""Suites of `ringway bench` that start processes of their own: scaling, baseline; and those that
need another place beside the URL: throttle, versus-direct."""

import json
import os
import re
import signal

from harness.base import (Folder, between, binary, contains, equal, eventually, expect, slow_binary,
                          timeout_of)
from harness.gateway import gateway
from harness.mock import Mock
from harness.process import Process, descendants, read_text, run

BRIEF = ("--duration", "250ms", "--warm-up", "50ms")
DONE_OR_ERRORS = (0, 4)
CHILD = re.compile(r"^ringway (serve|mock) --listen http://127\.0\.0\.1:0")


class Report:
    """What --json wrote."""

    def __init__(self, text):
        self.json = json.loads(text)
        self.runs = self.json["runs"]
        self.figures = {figure["name"]: figure for figure in self.json["figures"]}

    def value(self, name):
        expect(name in self.figures, f"figure {name} is missing")
        expect(self.figures[name]["value"] is not None, f"{name}: {self.figures[name]}")
        return self.figures[name]["value"]


def bench(*arguments, codes=(0,), cwd=None):
    done = run([binary(), "bench", *arguments, "--json", "-"], seconds=30, code=None, cwd=cwd)
    expect(done.returncode in codes, f"exit code {done.returncode}: {done.stderr[-2000:]}")
    return Report(done.stdout)


def http(mock, path="/bytes/1000"):
    return mock.url.replace("tcp://", "http://") + path


def children_of(pid):
    """Process ids of the servers and origins that a bench has started, by what they run."""
    found = {}
    for child in descendants(pid):
        try:
            words = read_text(f"/proc/{child}/cmdline").replace("\0", " ")
        except (FileNotFoundError, ProcessLookupError):
            continue
        match = CHILD.match(words)
        if match:
            found[match.group(1)] = child
    return found


def gone(pid):
    try:
        return read_text(f"/proc/{pid}/stat").rsplit(")", 1)[1].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_scaling_starts_a_proxy_for_each_number_of_shards():
    with Mock("http") as mock:
        report = bench(http(mock), "--scaling", "2", *BRIEF, "--connections", "8")
    equal(report.json["kind"], "scaling", "kind")
    equal([run["label"] for run in report.runs], ["1 shard", "2 shards"], "runs")
    expect(report.value("cpu_per_request_shards_1") > 0, "CPU per request with one shard")
    expect(report.value("cpu_per_request_shards_2") > 0, "CPU per request with two")
    contains(report.json["conditions"]["proxy"], "ringway ", "serve ", "--shards 1")
    efficiency = report.figures["scaling_efficiency"]
    if os.cpu_count() < 3:
        equal(efficiency["note"], "not measurable: shards and generator exceed the cores", "note")


def test_scaling_without_a_url_brings_an_origin_and_takes_flags_for_ringway():
    done = run([binary(), "bench", "--scaling", "1", *BRIEF, "--connections", "4", "--json", "-",
                "--", "--relay", "copy"])
    report = Report(done.stdout)
    expect(report.runs[0]["answered"] > 0, "answers")
    contains(report.json["conditions"]["proxy"], "--relay copy")


def test_flags_that_ringway_refuses_are_told_with_its_own_words():
    done = run([binary(), "bench", "--scaling", "2", *BRIEF, "--", "--no-such-flag"], code=1)
    contains(done.stderr, "ringway serve ended with 2", "--no-such-flag")


def test_a_throttled_link_is_as_slow_as_it_is_told_to_be():
    with Mock("http") as mock:
        report = bench(http(mock, "/bytes/20000"), "--throttle", "rate=1MiB,delay=10ms",
                       "--connections", "2", "--duration", "1s", "--warm-up", "200ms")
    equal([run["label"] for run in report.runs], ["without", "1.00 MiB/s, 10 ms each way"], "runs")
    # A burst that the link let through before may count within the window.
    between(report.value("bandwidth_used"), 0.2, 1.3, "bandwidth used")
    expect(report.value("added_latency_p50") >= 19_000, "twice the delay",
           report.value("added_latency_p50"))
    expect(report.value("goodput_with") < report.value("goodput_without"), "goodput")


def test_versus_direct_alternates_and_reports_what_the_proxy_adds():
    with Mock("http", options="&latency=1ms") as mock, gateway(mock, shards=1) as ringway:
        report = bench(ringway.url("/bytes/1000"), "--versus-direct", http(mock, "/"), "--rounds",
                       "2", "--slice", "300ms", "--rate", "200", "--connections", "4", "--watch",
                       str(ringway.pid))
    equal([run["label"] for run in report.runs], ["proxied", "direct"] * 2, "slices")
    equal([run["round"] for run in report.runs], [0, 0, 1, 1], "rounds")
    report.value("added_latency_p50")
    expect(report.value("proxy_cpu_per_request") > 0, "CPU per request")
    equal(report.figures["added_latency_p99_99"]["value"], None, "of 100 answers")
    contains(report.json["conditions"]["proxy"], "ringway", "--upstream http://127.0.0.1:")


@timeout_of(120)
def test_a_quick_baseline_has_every_part_and_leaves_two_reports_and_no_process():
    with Folder() as folder:
        done = run([binary(), "bench", "baseline", "--quick"], seconds=60, code=None,
                   cwd=folder.path)
        expect(done.returncode in DONE_OR_ERRORS, f"exit code {done.returncode}: {done.stderr}")
        equal(sorted(os.listdir(folder.path)), ["report.html", "report.json"], "files")
        report = Report(read_text(folder.file("report.json")))
        contains(read_text(folder.file("report.html")), "<html", "scaling")
    equal({run["section"] for run in report.runs},
          {"memory", "concurrency", "fixed rate", "added latency", "large bodies", "event streams",
           "replies", "scaling"}, "sections")
    for name in ("rate_1", "rate_500", "cpu_per_request_64", "base_memory", "loaded_memory",
                 "memory_per_idle_connection", "fixed_rate_latency_p99", "added_latency_p50",
                 "single_added_latency_p50", "sse_first_event_p50", "sse_gap_p50",
                 "sse_delay_p50", "reply_messages_stream_added_p50",
                 "reply_completions_json_added_p50", "scaling_cpu_ratio"):
        report.value(name)
    if not slow_binary():
        between(report.value("base_memory"), 100_000, 100e6, "memory at rest")
    equal(report.figures["base_memory"]["target"], 100e6, "target")
    equal(descendants(os.getpid()), [], "processes that were left")


def start_baseline(folder):
    process = Process([binary(), "bench", "baseline", "--quick"], cwd=folder.path)
    pids = eventually(lambda: len(found := children_of(process.pid)) == 2 and found,
                      "proxy and origin run")
    return process, pids


def test_int_ends_a_baseline_with_a_report_of_what_was_measured():
    with Folder() as folder:
        process, pids = start_baseline(folder)
        eventually(lambda: process.cpu_seconds() > 0.05, "load is made", seconds=30)
        process.signal(signal.SIGINT)
        expect(process.wait() in DONE_OR_ERRORS, process.output())
        report = Report(read_text(folder.file("report.json")))
        equal(report.json["interrupted"], True, "interrupted")
        for word, pid in pids.items():
            expect(gone(pid), f"ringway {word} is left")


def test_no_child_survives_a_bench_that_is_killed():
    with Folder() as folder:
        process, pids = start_baseline(folder)
        process.kill()
        for word, pid in pids.items():
            eventually(lambda pid=pid: gone(pid), f"ringway {word} is gone")
        equal(os.listdir(folder.path), [], "files")
