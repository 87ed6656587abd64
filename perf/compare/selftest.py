"""Checks of the comparison itself: its arithmetic, its report, and one short run end to end.

Usage: selftest.py RINGWAY TCP_LOAD. Prints a line per check and closes with `N passed, N failed`.
"""

import json
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from compare import plot, proxies, report  # noqa: E402


def sample(candidate, number, cost, rate=100.0):
    return {"candidate": candidate, "round": number, "cost": cost, "core_cost": cost * 1.1,
            "rate": rate, "latency_us": {"p50": 1.0, "p99": 2.0}, "busy": 1.0, "disturbed": False}


def ratios_are_taken_within_a_round():
    samples = [sample("ringway", 0, 1.0), sample("nginx", 0, 2.0),
               sample("ringway", 1, 30.0), sample("nginx", 1, 30.0),
               sample("ringway", 2, 5.0), sample("nginx", 2, 10.0)]
    ratio = report.summary(samples, ["ringway", "nginx"])["ratios"]["nginx"]
    assert ratio["cost"] == 0.5, ratio
    assert (ratio["cost_min"], ratio["cost_max"]) == (0.5, 1.0), ratio


def a_candidate_without_samples_is_left_out():
    summary = report.summary([sample("ringway", 0, 1.0)], ["ringway", "nginx-256k"])
    assert list(summary["candidates"]) == ["ringway"], summary
    assert not summary["ratios"], summary


def the_curve_of_one_shard_is_followed():
    curve = [(10.0, 8.0), (20.0, 7.0), (40.0, 6.5)]
    assert report.on_curve(curve, 5.0) == 8.0
    assert report.on_curve(curve, 20.0) == 7.0
    assert report.on_curve(curve, 100.0) == 6.5
    assert 7.0 < report.on_curve(curve, 15.0) < 7.5  # the fixed cost of a turn is shared


def reports_and_pictures_are_well_formed():
    samples = [sample("ringway", 0, 1.0), sample("nginx", 0, 2.0)]
    result = {"date": "2026-01-01T00:00:00", "rounds": 1, "measure_ms": 100,
              "machine": {"kernel": "k", "cores": 2, "processor": "<&>", "commit": "c",
                          "congestion_control": "reno"},
              "versions": {"ringway": "1"},
              "scenarios": [{"name": "exchange-64", "title": "a < b", "unit": "us",
                             "rate_unit": "/s", "samples": samples,
                             "summary": report.summary(samples, ["ringway", "nginx"])},
                            {"name": "churn", "title": "t", "failed": "why"}]}
    text = report.markdown(result)
    assert "**0.500** (0.500-0.500)" in text, text
    assert "Failed: why" in text, text
    xml.etree.ElementTree.fromstring(plot.ratios_svg(result))


def templates_are_filled_completely():
    text = proxies.filled("nginx_stream.conf", {"listen_port": 1, "origin_port": 2,
                                                "buffer_bytes": "16k", "modules": "m"})
    text += proxies.filled("haproxy_tcp.cfg", {"listen_port": 1, "origin_port": 2,
                                               "connections_max": 3, "splice_options": "",
                                               "pipe_size": ""})
    settings = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    assert not any("@" in line for line in settings), settings


def a_short_run_goes_through_ringway(ringway, load):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "result.json")
        command = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                               "compare_tcp")
        done = subprocess.run(
            [sys.executable, command, "--ringway", ringway, "--load", load,
             "--candidates", "ringway", "--only", "exchange-64,bulk-1-default,idle",
             "--rounds", "1", "--measure-ms", "100",
             "--attempts", "1", "--idle-connections", "200", "--json", path],
            capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        with open(path, encoding="utf-8") as file:
            result = json.load(file)
        assert len(result["scenarios"]) == 3, result
        for entry in result["scenarios"]:
            assert entry["summary"]["candidates"]["ringway"]["cost"] > 0, entry
        exchange = result["scenarios"][0]["summary"]["candidates"]["ringway"]
        assert exchange["completions_per_turn"] > 0, exchange


def main():
    ringway, load = (os.path.abspath(path) for path in sys.argv[1:3])
    checks = [ratios_are_taken_within_a_round, a_candidate_without_samples_is_left_out,
              the_curve_of_one_shard_is_followed, reports_and_pictures_are_well_formed,
              templates_are_filled_completely]
    if len(os.sched_getaffinity(0)) >= 2:
        checks.append(lambda: a_short_run_goes_through_ringway(ringway, load))
        checks[-1].__name__ = a_short_run_goes_through_ringway.__name__
    else:
        print("skipped: a short run needs two cores")
    failed = 0
    for check in checks:
        try:
            check()
            print(f"ok: {check.__name__.replace('_', ' ')}")
        except Exception as problem:  # every check is told, whatever the others did
            failed += 1
            print(f"FAILED: {check.__name__.replace('_', ' ')}: {problem!r}")
    print(f"{len(checks) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
