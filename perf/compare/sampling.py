"""How samples are taken: where proxy and generator live, what a core did, what is tried again."""

import contextlib
import time

from . import machine
from .generator import Generator


class Settings:
    """What the command line decided."""

    proxy_core = 0
    load_core = 1
    measure_ms = 1500
    warm_up_ms = 400
    foreign_max = 0.02  # the share of either core that others may have taken
    attempts = 4        # per sample, until one was undisturbed
    idle_connections = 5000
    budget = None       # of seconds for taking disturbed samples again; None is no limit


class Budget:
    """Seconds in which disturbed samples may be taken again, shared out over the scenarios."""

    def __init__(self, seconds, scenarios):
        self.share = max(seconds, 0) / max(scenarios, 1)
        self.left = 0.0

    def begin_scenario(self):
        self.left += self.share

    def spend(self, seconds):
        self.left -= seconds


class Network:
    """Where proxy and generator live while a scenario runs: shared by its samples, or fresh."""

    def __init__(self, kind, settings):
        self.kind = kind
        self.settings = settings
        self.namespace = None
        self.generator = None

    @contextlib.contextmanager
    def ready(self):
        """The generator and the namespace for one sample."""
        if self.kind == "fresh":
            self.close()
        if self.generator is None:
            if self.kind != "default":
                self.namespace = machine.Namespace("reno" if self.kind == "reno" else None)
            self.generator = Generator(self.settings.load_core, self.namespace,
                                       seed=time.monotonic_ns() % 1_000_000)
        try:
            yield self.generator, self.namespace
        except Exception:
            self.close()  # what is left of a failed run must not meet the next one
            raise

    def close(self):
        if self.generator is not None:
            self.generator.close()
        if self.namespace is not None:
            self.namespace.close()
        self.generator = self.namespace = None


def per_turn(before, after):
    """ringway's completions and sends per turn between two readings of its counters."""
    if not before or not before.get("ring") or not after.get("ring"):
        return {}
    turns = after["ring"]["turns"] - before["ring"]["turns"]
    if turns <= 0:
        return {}
    return {f"{key}_per_turn": (after["ring"][key] - before["ring"][key]) / turns
            for key in ("completions", "sends", "enters")}


def cpu_share(answer, core, own_threads_compete=False):
    """How the two cores spent the window, as shares of it.

    What kept the proxy's busiest thread waiting is foreign, unless threads of its own compete for
    the core (bun's, node's): then what others ran there says more, in ticks of 10 ms.
    """
    window, cpu = answer["window_ns"], answer["cpu"]
    busy = cpu["cores"][core]["busy_ns"]
    waited = cpu["proxy_delay_ns"]
    if own_threads_compete:
        waited = min(waited, max(0, busy - cpu["proxy_ns"]))
    return {
        "busy": cpu["proxy_ns"] / window,
        "core_busy": busy / window,
        "foreign_on_load_core": max(0.0, 1 - cpu["generator_ns"] / window),
        "foreign_on_proxy_core": waited / window,
    }


def run(scenario, settings, kinds, candidates, rounds, say, failures=None):
    """All samples of one scenario: each round takes every candidate, in rotated order.

    With a dictionary for `failures`, a candidate but the first that fails twice in a row is out
    from there on, and the dictionary says why; without one, and for the first, a failure is raised.
    """
    names = [name for name in candidates if scenario.takes(kinds[name])]
    network = Network(scenario.network_kind, settings)
    samples = []
    if settings.budget:
        settings.budget.begin_scenario()
    try:
        for number in range(rounds):
            turn = number % len(names) if names else 0
            for name in names[turn:] + names[:turn]:
                if failures and name in failures:
                    continue
                sample = try_sample(scenario, settings, network, kinds[name],
                                    None if name == names[0] else failures)
                if sample is None:
                    continue
                sample["round"] = number
                samples.append(sample)
                say(scenario, sample)
    finally:
        network.close()
    return samples


def try_sample(scenario, settings, network, kind, failures):
    for last in (False, True):
        try:
            return scenario.sample(settings, network, kind)
        except (RuntimeError, OSError) as failure:
            print(f"  {scenario.name} {kind.name}: {failure}", flush=True)
            if last and failures is None:
                raise
            if last:
                failures[kind.name] = str(failure)
    return None
