"""The command behind perf/peers/compare: all peers, all scenarios, one table, pictures."""

import argparse
import datetime
import json
import os
import subprocess
import sys
import time

from . import charts, command, gateways, machine, report, sampling, table

ROOT = command.ROOT
BEGIN = "<!-- peers: what follows is written by perf/peers/compare --publish -->"
END = "<!-- peers: until here -->"
QUICK_MINUTES = 14  # of the fifteen that --quick may take
DESCRIPTION = """Compares ringway with HAProxy, nginx, nghttpx, h2o, and with gateways on bun and
node: each alone on one core, alternating within each round, every answer compared byte by byte.
Installs what is missing first. docs/PERFORMANCE.md explains the figures."""


def comparisons():
    """HTTP/1.1 with everybody, then TCP with those that relay it, without the shards' curve."""
    tcp = command.Comparison("tcp", "TCP", command.TCP.kinds,
                             [known for known in command.TCP.scenarios if known.name != "shards"],
                             "", command.TCP.idle_connections)
    return [command.HTTP, tcp]


def arguments():
    known = [scenario.name for what in comparisons() for scenario in what.scenarios]
    parser = argparse.ArgumentParser(description=DESCRIPTION)
    parser.add_argument("--quick", action="store_true",
                        help="shorter windows, three rounds: within 15 minutes")
    parser.add_argument("--rounds", type=int, help="default 5, with --quick 3")
    parser.add_argument("--measure-ms", type=int, help="window of one sample")
    parser.add_argument("--only", help="scenarios by name or prefix, separated by commas: "
                        + ", ".join(known))
    parser.add_argument("--candidates", help="default: all; ringway must be the first")
    parser.add_argument("--idle-connections", type=int, help="default 8000 for HTTP, 5000 for TCP")
    parser.add_argument("--attempts", type=int, default=4,
                        help="how often a disturbed sample is taken again (default %(default)s)")
    parser.add_argument("--minutes", type=float, help="disturbed samples are taken again only "
                        "while the whole run stays within it (with --quick 14)")
    parser.add_argument("--no-install", action="store_true",
                        help="compare with those that are installed")
    parser.add_argument("--build", default=os.path.join(ROOT, "build"),
                        help="the folder of the build (default %(default)s)")
    parser.add_argument("--ringway-flag", action="append", default=[],
                        help="given to ringway as it is, to try a setting (repeat)")
    parser.add_argument("--json", help="where it goes (default perf/results/peers-DATE.json)")
    parser.add_argument("--baseline", action="store_true",
                        help="append the figures to perf/baselines/peers.jsonl")
    parser.add_argument("--render", metavar="JSON",
                        help="measure nothing: report and pictures of an earlier run")
    parser.add_argument("--publish", action="store_true",
                        help="write the table into docs/PERFORMANCE.md and the pictures into "
                        "docs/images")
    given = parser.parse_args()
    given.ringway = os.path.join(given.build, "ringway")
    given.load = os.path.join(given.build, "perf/tcp_load")
    return given


def wanted_candidates(given):
    everybody = dict.fromkeys(name for what in comparisons() for name in what.kinds)
    if not given.candidates:
        return list(everybody)
    wanted = given.candidates.split(",")
    for name in wanted:
        if name not in everybody:
            sys.exit(f"compare: --candidates {name}: known are {', '.join(everybody)}")
    if wanted[0] != "ringway":
        sys.exit("compare: --candidates: ringway must be the first")
    return wanted


def installed(names):
    """Those that say which version they are; the others are named and left out."""
    versions = {}
    for what in comparisons():
        for name, kind in what.kinds.items():
            if name in names:
                versions.setdefault(name, kind.version())
    for name, said in versions.items():
        if said == machine.NOT_INSTALLED:
            print(f"{name} is not installed: left out", flush=True)
    return {name: said for name, said in versions.items() if said != machine.NOT_INSTALLED}


def least_seconds(given, candidates, rounds):
    settings = command.settings_from(given)
    total = 0.0
    for what in comparisons():
        for scenario in command.chosen(what, given.only):
            for name in candidates:
                if name not in what.kinds or not scenario.takes(what.kinds[name]):
                    continue
                warm_up = max(settings.warm_up_ms, what.kinds[name].warm_up_ms_min)
                each = 5.0 if scenario.name.endswith("idle") else (
                    (warm_up + settings.measure_ms) / 1000 + 0.6)
                total += rounds * each
    return total


def budget(given, candidates, rounds):
    """Time for taking disturbed samples again; None without a limit."""
    minutes = given.minutes or (QUICK_MINUTES if given.quick else None)
    least = least_seconds(given, candidates, rounds)
    print(f"about {least / 60:.0f} minutes when nothing disturbs it"
          + (f", at most {minutes:g} when something does" if minutes else ""), flush=True)
    if minutes is None:
        return None
    count = sum(len(command.chosen(what, given.only)) for what in comparisons())
    return sampling.Budget(minutes * 60 - least, count)


def measure(given):
    versions = installed(wanted_candidates(given))
    candidates = list(versions)
    given.rounds = given.rounds or (3 if given.quick else 5)
    pool = budget(given, candidates, given.rounds)
    result = {"kind": "peers", "date": datetime.datetime.now().isoformat(timespec="seconds"),
              "machine": machine.facts(), "rounds": given.rounds, "versions": versions,
              "ringway_flags": given.ringway_flag, "groups": []}
    idle_connections = given.idle_connections
    for what in comparisons():
        given.idle_connections = idle_connections or what.idle_connections
        settings = command.settings_from(given)
        settings.budget = pool
        result["measure_ms"] = settings.measure_ms
        taking = [name for name in candidates if name in what.kinds]
        if command.chosen(what, given.only):
            result["groups"].append(command.measure(what, given, taking, settings))
    return result


def whole_report(result):
    """The wide table first, then every group in full."""
    return "\n".join(["# ringway and its peers, " + result["date"], "", table.section(result), "",
                      *[report.markdown(group) for group in result["groups"]]])


def write(result, path):
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    stem = os.path.splitext(path)[0]
    with open(path, "w", encoding="utf-8") as file:
        json.dump(result, file, indent=1)
    with open(stem + ".md", "w", encoding="utf-8") as file:
        file.write(whole_report(result))
    for name, drawn in charts.pictures(result).items():
        with open(f"{stem}{name}.svg", "w", encoding="utf-8") as file:
            file.write(drawn)
    print(f"\nwritten: {path}, {stem}.md, {stem}*.svg")


def publish(result, path, root=ROOT):
    """The table between the marks of docs/PERFORMANCE.md, the pictures beside it."""
    page = os.path.join(root, "docs/PERFORMANCE.md")
    with open(page, encoding="utf-8") as file:
        text = file.read()
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        sys.exit(f"compare: {page} must have one line\n{BEGIN}\nand after it one line\n{END}")
    drawn = charts.pictures(result)
    for name, picture in drawn.items():
        with open(os.path.join(root, f"docs/images/peers{name}.svg"), "w",
                  encoding="utf-8") as file:
            file.write(picture)
    shown = "![what peers need, in ringway's cost](images/peers.svg)" if "" in drawn else ""
    more = ", ".join(f"[{name[1:]}](images/peers{name}.svg)" for name in drawn if name)
    origin = (f"From `perf/results/{os.path.basename(os.path.splitext(path)[0])}.md`, which has "
              "every spread, latency and sample; raw figures in the JSON beside it.")
    body = table.section(result, f"{shown}\n\nWith every figure: {more}.")
    head, tail = text[:text.index(BEGIN) + len(BEGIN)], text[text.index(END):]
    with open(page, "w", encoding="utf-8") as file:
        file.write(f"{head}\n\n{origin}\n{body}\n\n{tail}")
    print(f"published: {page}, docs/images/peers*.svg")


def append_baseline(result):
    """One line: where ringway and everybody else stood."""
    line = {"date": result["date"], "machine": result["machine"], "versions": result["versions"],
            "rounds": result["rounds"],
            "figures": {entry["name"]: entry["summary"] for entry in table.entries(result)}}
    os.makedirs(os.path.join(ROOT, "perf/baselines"), exist_ok=True)
    with open(os.path.join(ROOT, "perf/baselines/peers.jsonl"), "a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def main():
    given = arguments()
    if given.render:
        with open(given.render, encoding="utf-8") as file:
            result = json.load(file)
        write(result, given.json or given.render)
        print(whole_report(result))
        if given.publish:
            publish(result, given.render)
        return 0
    if not any(command.chosen(what, given.only) for what in comparisons()):
        sys.exit(f"compare: --only {given.only}: no such scenario")
    if not given.no_install:
        subprocess.run([os.path.join(ROOT, "perf/peers/install"), given.build], check=True)
    gateways.Bun.program = os.path.join(os.path.abspath(given.build),
                                        "perf/bun/node_modules/.bin/bun")
    command.prepare(given)
    began = time.monotonic()
    result = measure(given)
    result["took_s"] = round(time.monotonic() - began)
    stamp = result["date"].replace(":", "").replace("-", "")
    path = given.json or os.path.join(ROOT, "perf/results", f"peers-{stamp}.json")
    print("\n" + whole_report(result))
    write(result, path)
    if given.publish:
        publish(result, path)
    if given.baseline:
        append_baseline(result)
    failed = [entry["name"] for group in result["groups"] for entry in group["scenarios"]
              if "failed" in entry]
    if failed:
        print(f"failed: {', '.join(failed)}")
    print(f"took {result['took_s'] / 60:.1f} minutes")
    return 1 if failed else 0
