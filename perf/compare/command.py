"""The command behind perf/compare_tcp and perf/compare_http: its flags, its loop, its report."""

import argparse
import datetime
import json
import os
import sys
import time

from . import gateways, generator, machine, plot, proxies, report, sampling, scenarios

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Comparison:
    """What one of the commands compares: who, in which scenarios, under which name."""

    def __init__(self, name, title, kinds, known, description, idle_connections):
        self.name = name
        # Those that have been compared from the start; perf/peers/compare takes all.
        self.usual = [kind for kind in kinds if kind not in gateways.PEERS_ONLY]
        self.title = title
        self.kinds = kinds
        self.scenarios = known
        self.description = description
        self.idle_connections = idle_connections


TCP = Comparison("tcp", "TCP", proxies.TCP, scenarios.TCP_SCENARIOS,
                 "ringway against HAProxy and nginx as TCP proxies, each alone on one core.", 5000)
HTTP = Comparison("http", "HTTP/1.1", gateways.HTTP, scenarios.HTTP_SCENARIOS,
                  "ringway against HAProxy and nginx as HTTP/1.1 gateways, each alone on one core.",
                  8000)


def arguments(what):
    parser = argparse.ArgumentParser(
        description=what.description + " docs/PERFORMANCE.md explains the figures.")
    known = [scenario.name for scenario in what.scenarios]
    parser.add_argument("--quick", action="store_true",
                        help="shorter windows and fewer points: about three minutes")
    parser.add_argument("--rounds", type=int, help="default 5, with --quick 3")
    parser.add_argument("--measure-ms", type=int, help="window of one sample")
    parser.add_argument("--only", help="scenarios by name or prefix, separated by commas: "
                        + ", ".join(known))
    parser.add_argument("--candidates", default=",".join(what.usual),
                        help="the first is compared with the others (default %(default)s)")
    parser.add_argument("--idle-connections", type=int, default=what.idle_connections)
    parser.add_argument("--attempts", type=int, default=4,
                        help="how often a disturbed sample is taken again (default %(default)s)")
    parser.add_argument("--ringway", default=os.path.join(ROOT, "build/ringway"))
    parser.add_argument("--ringway-flag", action="append", default=[],
                        help="given to ringway as it is, to try a setting (repeat)")
    parser.add_argument("--load", default=os.path.join(ROOT, "build/perf/tcp_load"))
    parser.add_argument("--json", help="where it goes (default perf/results/KIND-DATE.json)")
    parser.add_argument("--baseline", action="store_true",
                        help="append the figures to perf/baselines/KIND.jsonl")
    parser.add_argument("--render", metavar="JSON", help="print the report of an earlier run")
    return parser.parse_args()


def settings_from(given):
    settings = sampling.Settings()
    settings.attempts = given.attempts
    settings.idle_connections = given.idle_connections
    if given.quick:
        settings.measure_ms, settings.warm_up_ms = 700, 250
        settings.attempts = min(given.attempts, 2)
        scenarios.Shards.POINTS = tuple(point for point in scenarios.Shards.POINTS
                                        if point[2] not in (16, 256))
    if given.measure_ms:
        settings.measure_ms = given.measure_ms
    return settings


def slot_bytes(load):
    """What ringway keeps per connection, by its micro-benchmark; None where it is not built."""
    micro = os.path.join(os.path.dirname(load), "micro/micro")
    line = machine.first_line_of([micro, "size: slot of a session"])
    words = line.split()
    return int(words[-2]) if words[-1:] == ["bytes"] else None


def chosen(what, only):
    """The scenarios whose names begin with one of the words of --only; all without it."""
    wanted = only.split(",") if only else [""]
    return [scenario for scenario in what.scenarios
            if any(scenario.name.startswith(prefix) for prefix in wanted)]


def say(scenario, sample):
    if sample["cost"] is None:
        print(f"  {scenario.name} round {sample['round']}: {sample['candidate']} done", flush=True)
        return
    turn = sample.get("completions_per_turn")
    print(f"  {scenario.name} round {sample['round']} {sample['candidate']:>8}: "
          f"{report.number(sample['cost'], 3)} {scenario.unit}"
          + (f", {report.number(sample['rate'])} {scenario.rate_unit}" if sample["rate"] else "")
          + (f", core busy {sample['busy']:.2f}" if "busy" in sample else "")
          + (f", {turn:.1f} completions per turn" if turn else "")
          + (f" [disturbed: {sample['foreign']:.1%} foreign]" if sample["disturbed"] else ""),
          flush=True)


def measure(what, given, candidates, settings):
    rounds = given.rounds or (3 if given.quick else 5)
    result = {"kind": what.title, "date": datetime.datetime.now().isoformat(timespec="seconds"),
              "machine": machine.facts(), "rounds": rounds, "measure_ms": settings.measure_ms,
              "ringway_flags": given.ringway_flag,
              "versions": {name: what.kinds[name].version() for name in candidates},
              "scenarios": []}
    for scenario in chosen(what, given.only):
        print(f"{scenario.name}: {scenario.title}", flush=True)
        # Memory hardly differs from round to round, and the shards' curve has many points.
        steady = scenario.name in ("idle", "http-idle", "shards")
        few = min(rounds, 2) if given.quick and steady else rounds
        entry = {"name": scenario.name, "title": scenario.title, "unit": scenario.unit,
                 "rate_unit": scenario.rate_unit, "failures": {}}
        try:
            samples = sampling.run(scenario, settings, what.kinds, candidates, few, say,
                                    entry["failures"])
            entry["samples"] = samples
            entry["summary"] = (report.shard_summary(samples) if scenario.name == "shards"
                                else report.summary(samples, candidates))
        except (RuntimeError, OSError) as failure:
            entry["failed"] = str(failure)
            print(f"  failed: {failure}", flush=True)
        if scenario.name.endswith("idle"):
            entry["slot_bytes"] = slot_bytes(os.path.abspath(given.load))
        if entry.get("samples") != []:
            result["scenarios"].append(entry)
    return result


def write(result, path):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(result, file, indent=1)
    stem = os.path.splitext(path)[0]
    with open(stem + ".md", "w", encoding="utf-8") as file:
        file.write(report.markdown(result))
    with open(stem + ".svg", "w", encoding="utf-8") as file:
        file.write(plot.ratios_svg(result))
    print(f"\nwritten: {path}, {stem}.md, {stem}.svg")


def prepare(given):
    """What every run needs: where the programs are, descriptors, two cores."""
    proxies.Ringway.binary = os.path.abspath(given.ringway)
    proxies.Ringway.extra_flags = given.ringway_flag
    generator.Generator.binary = os.path.abspath(given.load)
    machine.raise_file_limit()
    if len(os.sched_getaffinity(0)) < 2:
        sys.exit("two cores are needed: one for the proxy, one for the load")


def main(what):
    given = arguments(what)
    if given.render:
        with open(given.render, encoding="utf-8") as file:
            print(report.markdown(json.load(file)))
        return 0
    candidates = given.candidates.split(",")
    for name in candidates:
        if name not in what.kinds:
            sys.exit(f"compare_{what.name}: --candidates {name}: known are {', '.join(what.kinds)}")
    if not chosen(what, given.only):
        sys.exit(f"compare_{what.name}: --only {given.only}: no such scenario")
    prepare(given)

    began = time.monotonic()
    result = measure(what, given, candidates, settings_from(given))
    result["took_s"] = round(time.monotonic() - began)
    print("\n" + report.markdown(result))
    stamp = result["date"].replace(":", "").replace("-", "")
    write(result, given.json or os.path.join(ROOT, "perf/results", f"{what.name}-{stamp}.json"))
    if given.baseline:
        os.makedirs(os.path.join(ROOT, "perf/baselines"), exist_ok=True)
        log = os.path.join(ROOT, f"perf/baselines/{what.name}.jsonl")
        with open(log, "a", encoding="utf-8") as file:
            file.write(json.dumps(report.baseline_line(result)) + "\n")
    return 1 if any("failed" in entry for entry in result["scenarios"]) else 0

