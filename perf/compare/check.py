"""The command behind perf/check: this tree against an earlier revision, built side by side."""

import argparse
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

from . import command, gateways, machine, proxies, report, sampling

ROOT = command.ROOT
USUAL = "http-64,http-512,http-64k,http-churn,sse,exchange-64,bulk-16-reno,churn,http-idle"
# Two-sided 95 % of Student's t, by degrees of freedom; beyond the table it is nearly the last.
T95 = (12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.20, 2.18, 2.16, 2.14, 2.13)
DESCRIPTION = """Builds ringway as it was at BASE in a folder of its own and compares this tree's
build with it, alternating within each round. Fails when a scenario has become dearer by more than
the threshold and the rounds agree that it has become dearer. docs/PERFORMANCE.md says more."""


def arguments():
    parser = argparse.ArgumentParser(description=DESCRIPTION)
    parser.add_argument("base", nargs="?", default="HEAD",
                        help="a revision (default %(default)s: what is committed, against what "
                        "is in the tree)")
    parser.add_argument("--base-binary", help="compare with this ringway, build nothing")
    parser.add_argument("--threshold", type=float, default=5,
                        help="percent that CPU (or memory) may grow (default %(default)s)")
    parser.add_argument("--rounds", type=int, default=7, help="default %(default)s, at least 3")
    parser.add_argument("--measure-ms", type=int, default=700,
                        help="window of one sample (default %(default)s)")
    parser.add_argument("--only", default=USUAL, help="scenarios by name or prefix, separated by "
                        "commas (default %(default)s)")
    parser.add_argument("--attempts", type=int, default=3,
                        help="how often a disturbed sample is taken again (default %(default)s)")
    parser.add_argument("--idle-connections", type=int, default=5000)
    parser.add_argument("--build", default=os.path.join(ROOT, "build"),
                        help="the folder of this tree's build (default %(default)s)")
    parser.add_argument("--ringway-flag", action="append", default=[],
                        help="given to both as it is (repeat)")
    given = parser.parse_args()
    if given.rounds < 3:
        parser.error("--rounds must be at least 3: fewer have no interval")
    given.ringway = os.path.join(given.build, "ringway")
    given.load = os.path.join(given.build, "perf/tcp_load")
    given.quick = False
    return given


class Base:
    """A revision's own worktree and build; a context manager, after which both are gone."""

    def __init__(self, revision):
        self.revision = revision
        self.folder = tempfile.mkdtemp(prefix="ringway-base-")

    def __enter__(self):
        return self

    def built(self):
        """Its ringway."""
        commit = self.git("rev-parse", "--verify", f"{self.revision}^{{commit}}").strip()
        tree = os.path.join(self.folder, "tree")
        print(f"building {self.revision} ({commit[:12]}) in {self.folder}", flush=True)
        self.git("worktree", "add", "--detach", tree, commit)
        # Fetched once and ignored by git: the same library for both.
        ours = os.path.join(ROOT, "subprojects/liburing")
        if os.path.isdir(ours):
            shutil.copytree(ours, os.path.join(tree, "subprojects/liburing"), dirs_exist_ok=True)
        build = os.path.join(tree, "build")
        self.run("meson", "setup", build, tree, "-Dtests=false")
        self.run("ninja", "-C", build, "ringway")
        return os.path.join(build, "ringway")

    def __exit__(self, *_):
        tree = os.path.join(self.folder, "tree")
        subprocess.run(["git", "-C", ROOT, "worktree", "remove", "--force", tree], check=False,
                       capture_output=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    @staticmethod
    def git(*words):
        done = subprocess.run(["git", "-C", ROOT, *words], capture_output=True, text=True,
                              check=False)
        if done.returncode != 0:
            sys.exit(f"check: git {' '.join(words)}: {done.stderr.strip()}")
        return done.stdout

    @staticmethod
    def run(*words):
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              check=False)
        if done.returncode != 0:
            sys.exit(f"check: {' '.join(words)}:\n{done.stdout[-3000:]}{done.stderr[-1000:]}")


def pair(kind, head, base):
    """The two candidates of one kind of proxy: this tree's program, and the base's."""
    return {name: type(kind.__name__, (kind,), {"name": name, "binary": path})
            for name, path in (("head", head), ("base", base))}


def interval(ratios):
    """Geometric mean and the 95 % interval of ratios, of which each is from a round of its own."""
    logs = [math.log(ratio) for ratio in ratios]
    middle = statistics.fmean(logs)
    if len(logs) < 2:
        return math.exp(middle), 0.0, math.inf
    t = T95[min(len(logs) - 1, len(T95)) - 1]
    half = t * statistics.stdev(logs) / math.sqrt(len(logs))
    return math.exp(middle), math.exp(middle - half), math.exp(middle + half)


def verdict(ratios, threshold):
    """(word, mean, low, high): dearer fails; unclear means that more rounds would be needed."""
    limit = 1 + threshold / 100
    mean, low, high = interval(ratios)
    if mean > limit and low > 1:
        return "dearer", mean, low, high
    if high < 1:
        return "cheaper", mean, low, high
    return ("same" if high <= limit else "unclear"), mean, low, high


def judged(scenario, samples, threshold):
    ratios = report.ratios(samples, "cost", "head", "base")
    word, mean, low, high = verdict(ratios, threshold)
    costs = {name: report.median([sample["cost"] for sample in report.of(samples, name)])
             for name in ("base", "head")}
    disturbed = sum(sample["disturbed"] for sample in samples)
    row = [scenario.name, scenario.unit, report.number(costs["base"], 3),
           report.number(costs["head"], 3), f"{mean:.3f}", f"{low:.3f}-{high:.3f}",
           f"{min(ratios):.3f}-{max(ratios):.3f}", word,
           f"{disturbed} of {len(samples)}" if disturbed else ""]
    return word, row


def chosen(given):
    """(scenario, kind of proxy) of everything asked for that compares one shard with another."""
    found = []
    for what, kind in ((command.HTTP, gateways.HttpRingway), (command.TCP, proxies.Ringway)):
        found += [(scenario, kind) for scenario in command.chosen(what, given.only)
                  if scenario.name != "shards"]
    if not found:
        sys.exit(f"check: --only {given.only}: no such scenario")
    return found


def compare(given, base_binary):
    settings = command.settings_from(given)
    settings.warm_up_ms = 250
    rows, words, failures = [], [], []
    for scenario, kind in chosen(given):
        print(f"{scenario.name}: {scenario.title}", flush=True)
        kinds = pair(kind, os.path.abspath(given.ringway), os.path.abspath(base_binary))
        try:
            samples = sampling.run(scenario, settings, kinds, list(kinds), given.rounds,
                                    command.say)
        except (RuntimeError, OSError) as failure:
            print(f"  failed: {failure}", flush=True)
            failures.append(scenario.name)
            continue
        word, row = judged(scenario, samples, given.threshold)
        rows.append(row)
        words.append((scenario.name, word))
    print("\n" + report.table(["", "", "base", "head", "head/base", "95 % interval",
                               "least-most", "", "disturbed"], rows))
    return words, failures


def tell(words, failures, threshold):
    """The last lines, and the exit code."""
    def these(wanted):
        return ", ".join(name for name, word in words if word == wanted)

    print()
    if these("unclear"):
        print(f"not settled by so few rounds: {these('unclear')}")
    if failures:
        print(f"could not be measured: {', '.join(failures)}")
    if these("dearer"):
        print(f"dearer by more than {threshold:g} %: {these('dearer')}")
    good = sum(word != "dearer" for _, word in words)
    print(f"{good} passed, {len(words) - good + len(failures)} failed")
    return 0 if good == len(words) and not failures else 1


def main():
    given = arguments()
    chosen(given)
    command.prepare(given)
    version = machine.first_line_of([given.ringway, "--version"])
    if version == machine.NOT_INSTALLED:
        sys.exit(f"check: {given.ringway} is not built")
    if given.base_binary:
        return tell(*compare(given, given.base_binary), given.threshold)
    with Base(given.base) as base:
        return tell(*compare(given, base.built()), given.threshold)
