"""Checks of the comparison itself: its arithmetic, its reports, and short runs end to end.

Usage: selftest.py RINGWAY TCP_LOAD. Prints a line per check and closes with `N passed, N failed`.
"""

import functools
import json
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from compare import (charts, check, gateways, peers, plot, proxies, report,  # noqa: E402
                     sampling, scenarios, table)


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


def of_all_peers():
    """A result in which ringway wins `http-64`, loses `http-idle`, and `http-5000` is level."""
    def entry(name, costs, unit="us CPU per request"):
        samples = [sample(candidate, number, cost + 0.02 * cost * number * (candidate == "ringway"))
                   for candidate, cost in costs.items() for number in range(3)]
        return {"name": name, "title": f"title of {name}", "unit": unit, "rate_unit": "requests/s",
                "samples": samples, "summary": report.summary(samples, list(costs))}
    scenarios_taken = [
        entry("http-64", {"ringway": 8.0, "haproxy": 14.0, "nginx": 12.0, "node": 90.0}),
        entry("http-64k", {"ringway": 20.0, "haproxy": 50.0, "haproxy-splice": 40.0}),
        entry("http-5000", {"ringway": 40.0, "nginx": 40.5}),
        entry("http-idle", {"ringway": 2000.0, "nginx": 500.0}, "bytes private per connection")]
    return {"kind": "peers", "date": "2026-01-01T00:00:00", "rounds": 3, "measure_ms": 100,
            "machine": {"kernel": "k", "cores": 2, "processor": "<&>", "commit": "c",
                        "congestion_control": "reno"},
            "versions": {"ringway": "ringway 0.1.0 (g++)",
                         "haproxy": "HAProxy version 2.6.12-1+deb12u4 2026/10/17 - somewhere"},
            "groups": [{"scenarios": scenarios_taken}]}


def the_wide_table_has_every_row_and_says_what_is_lost():
    text = table.section(of_all_peers())
    row = next(line for line in text.splitlines() if "`http-64`" in line)
    assert "**0.68**" in row and "**0.58**" in row and "of nginx<br>aim: 0.75" in row, row
    row = next(line for line in text.splitlines() if "`http-64k`" in line)
    assert "tuned **0.51**" in row and "of HAProxy, tuned" in row and "| - |" in row, row
    assert "| TLS full handshakes | not there yet |" in text, text
    assert "HAProxy 2.6.12-1+deb12u4." in text, text
    lost = table.losses(of_all_peers())
    assert len(lost) == 2, lost
    assert "do not tell its CPU from that of nginx" in lost[0], lost
    assert "its memory is 4.0" in lost[1] and "times that of nginx" in lost[1], lost
    assert "`http-idle` (2,0" in text[text.index("Aims that are missed"):], text


def pictures_of_all_peers_are_well_formed():
    made = charts.pictures(of_all_peers())
    assert list(made) == ["", "-requests", "-bodies", "-memory"], list(made)
    for drawn in made.values():
        xml.etree.ElementTree.fromstring(drawn)
    assert "title of http-64k" not in made["-requests"], "large bodies are a group of their own"
    assert "title of http-64k" in made["-bodies"]


def the_table_is_published_between_its_marks():
    with tempfile.TemporaryDirectory() as folder:
        os.makedirs(os.path.join(folder, "docs/images"))
        page = os.path.join(folder, "docs/PERFORMANCE.md")
        with open(page, "w", encoding="utf-8") as file:
            file.write(f"before\n{peers.BEGIN}\nold\n{peers.END}\nafter\n")
        for _ in range(2):  # again, it must come out the same
            peers.publish(of_all_peers(), "perf/results/peers-1.json", folder)
            with open(page, encoding="utf-8") as file:
                text = file.read()
        assert text.startswith(f"before\n{peers.BEGIN}\n"), text
        assert text.endswith(f"{peers.END}\nafter\n") and "\nold\n" not in text, text
        assert text.count("`http-64`") == 1 and "perf/results/peers-1.md" in text, text
        assert os.path.exists(os.path.join(folder, "docs/images/peers.svg"))


def a_check_judges_by_threshold_and_interval():
    assert check.verdict([1.10, 1.11, 1.09, 1.10], 5)[0] == "dearer"
    assert check.verdict([1.02, 1.03, 1.01, 1.02], 5)[0] == "same"
    assert check.verdict([0.90, 0.91, 0.92, 0.90], 5)[0] == "cheaper"
    assert check.verdict([0.80, 1.40, 1.10, 1.30], 5)[0] == "unclear", "the rounds disagree"
    mean, low, high = check.interval([2.0, 0.5, 2.0, 0.5])
    assert abs(mean - 1) < 1e-9 and abs(low * high - 1) < 1e-9 and high > 2, (mean, low, high)


def disturbed_samples_are_repeated_only_within_the_budget():
    class Disturbed(scenarios.Scenario):
        taken = 0

        def take(self, settings, network, kind):
            self.taken += 1
            return {"foreign": 0.5}

    settings = sampling.Settings()
    always = Disturbed("", "")
    always.sample(settings, None, None)
    assert always.taken == settings.attempts, always.taken
    settings.budget = sampling.Budget(-1, 1)
    settings.budget.begin_scenario()
    once = Disturbed("", "")
    assert once.sample(settings, None, None)["disturbed"]
    assert once.taken == 1, once.taken


def a_peer_that_fails_twice_is_left_out_and_named():
    class Failing(scenarios.Scenario):
        def sample(self, settings, network, kind):
            if kind.name == "nginx":
                raise RuntimeError("did not answer")
            return sample(kind.name, 0, 1.0)

    kinds = {"ringway": proxies.Ringway, "nginx": proxies.Nginx}
    failures = {}
    taken = sampling.run(Failing("", ""), sampling.Settings(), kinds, list(kinds), 3,
                          lambda *_: None, failures)
    assert [one["candidate"] for one in taken] == ["ringway"] * 3, taken
    assert failures == {"nginx": "did not answer"}, failures
    result = of_all_peers()
    result["groups"][0]["scenarios"][0]["failures"] = failures
    assert "| failed |" in table.section(result)
    assert "Failed, twice in a row: nginx in `http-64`." in table.section(result)
    # Whoever stands first fails the scenario, and so does everybody without a dictionary.
    for names in (["nginx", "ringway"], ["ringway", "nginx"]):
        try:
            sampling.run(Failing("", ""), sampling.Settings(), kinds, names, 1, lambda *_: None,
                          {} if names[0] == "nginx" else None)
        except RuntimeError:
            continue
        raise AssertionError("a failure was swallowed")


def templates_are_filled_completely():
    text = proxies.filled("nginx_stream.conf", {"listen_port": 1, "origin_port": 2,
                                                "buffer_bytes": "16k", "modules": "m"})
    text += proxies.filled("haproxy_tcp.cfg", {"listen_port": 1, "origin_port": 2,
                                               "connections_max": 3, "splice_options": "",
                                               "pipe_size": ""})
    text += proxies.filled("h2o.yaml", {"listen_port": 1, "origin_port": 2,
                                        "fields": gateways.H2O_FIELDS})
    text += proxies.filled("nghttpx.conf", {"listen_port": 1, "origin_port": 2,
                                            "fields": gateways.NGHTTPX_FIELDS})
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


def all_peers_are_compared_by_one_command(ringway, load):
    """Whoever of them is installed; ringway always is."""
    build = os.path.dirname(ringway)
    assert load == os.path.join(build, "perf/tcp_load"), load
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "result.json")
        folder_of_perf = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        done = subprocess.run(
            [sys.executable, os.path.join(folder_of_perf, "peers/compare"), "--no-install",
             "--build", build, "--candidates", "ringway,haproxy,nginx,nghttpx,h2o,node",
             "--only", "http-64-bare", "--rounds", "1", "--measure-ms", "100",
             "--attempts", "1", "--json", path],
            capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        with open(path, encoding="utf-8") as file:
            result = json.load(file)
        entry = result["groups"][0]["scenarios"][0]
        assert sorted(entry["summary"]["candidates"]) == sorted(result["versions"]), entry
        assert not entry["failures"], entry["failures"]
        assert os.path.exists(os.path.join(folder, "result.md"))
        assert "not there yet" in done.stdout, done.stdout


def main():
    ringway, load = (os.path.abspath(path) for path in sys.argv[1:3])
    checks = [ratios_are_taken_within_a_round, a_candidate_without_samples_is_left_out,
              the_curve_of_one_shard_is_followed, reports_and_pictures_are_well_formed,
              templates_are_filled_completely, the_wide_table_has_every_row_and_says_what_is_lost,
              pictures_of_all_peers_are_well_formed, the_table_is_published_between_its_marks,
              a_check_judges_by_threshold_and_interval,
              disturbed_samples_are_repeated_only_within_the_budget,
              a_peer_that_fails_twice_is_left_out_and_named]
    if len(os.sched_getaffinity(0)) >= 2:
        for whole in (a_short_run_goes_through_ringway, all_peers_are_compared_by_one_command):
            run = functools.partial(whole, ringway, load)
            run.__name__ = whole.__name__
            checks.append(run)
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
