"""From samples to figures: medians, spread, ratios taken within a round, Markdown."""

import statistics

MIB = 1 << 20


def median(values):
    values = [value for value in values if value is not None]
    return statistics.median(values) if values else None


def of(samples, name):
    return [sample for sample in samples if sample["candidate"] == name]


def ratios(samples, key, name, other):
    """name/other of one round each, as only figures of the same round compare."""
    mine = {sample["round"]: sample[key] for sample in of(samples, name)}
    theirs = {sample["round"]: sample[key] for sample in of(samples, other)}
    return [mine[number] / theirs[number] for number in sorted(mine)
            if theirs.get(number) and mine[number] is not None]


def summary(samples, candidates):
    """Per candidate the medians, per peer the ratios of the first candidate to it."""
    result = {"candidates": {}, "ratios": {}}
    for name in candidates:
        own = of(samples, name)
        if not own:
            continue
        costs = [sample["cost"] for sample in own]
        result["candidates"][name] = {
            "cost": median(costs), "cost_min": min(costs), "cost_max": max(costs),
            "core_cost": median([sample.get("core_cost") for sample in own]),
            "rate": median([sample["rate"] for sample in own]),
            "p50_us": median([sample["latency_us"]["p50"] for sample in own
                              if "latency_us" in sample]),
            "p99_us": median([sample["latency_us"]["p99"] for sample in own
                              if "latency_us" in sample]),
            "busy": median([sample.get("busy") for sample in own]),
            "completions_per_turn": median([sample.get("completions_per_turn") for sample in own]),
            "sends_per_turn": median([sample.get("sends_per_turn") for sample in own]),
            "private_warm": median([sample.get("private_warm") for sample in own]),
            "samples": len(own),
            "disturbed": sum(1 for sample in own if sample["disturbed"]),
        }
    for other in candidates[1:]:
        costs = ratios(samples, "cost", candidates[0], other)
        if not costs:
            continue
        rates = ratios(samples, "rate", candidates[0], other)
        result["ratios"][other] = {
            "cost": median(costs), "cost_min": min(costs), "cost_max": max(costs),
            "core_cost": median(ratios(samples, "core_cost", candidates[0], other))
            if "core_cost" in samples[0] else None,
            "rate": median(rates),
        }
    return result


def shard_summary(samples):
    """Medians per point, and what one shard costs at the batching that two shards had."""
    points = {}
    for sample in samples:
        for point in sample["points"]:
            points.setdefault(point["label"], []).append(point)
    rows = []
    for label, taken in points.items():
        rows.append({"label": label, "shards": taken[0]["shards"],
                     **{key: median([point.get(key) for point in taken])
                        for key in ("cost", "rate", "completions_per_turn", "sends_per_turn",
                                    "private_warm", "busy")}})
    curve = sorted((row["completions_per_turn"], row["cost"]) for row in rows
                   if row["shards"] == 1 and row["completions_per_turn"])
    for row in rows:
        if row["shards"] > 1 and row["completions_per_turn"] and len(curve) > 1:
            row["one_shard_at_equal_batching"] = on_curve(curve, row["completions_per_turn"])
            row["ratio"] = row["cost"] / row["one_shard_at_equal_batching"]
    return rows


def on_curve(curve, batch):
    """Between measured points the fixed cost of a turn is shared: linear in 1/batch."""
    if batch <= curve[0][0]:
        return curve[0][1]
    for (low, low_cost), (high, high_cost) in zip(curve, curve[1:]):
        if batch <= high:
            share = (1 / low - 1 / batch) / (1 / low - 1 / high) if high > low else 1
            return low_cost + share * (high_cost - low_cost)
    return curve[-1][1]


def number(value, digits=2):
    if value is None:
        return "-"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.{digits}f}"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def load_section(entry):
    figures = entry["summary"]
    rows = []
    for name, own in figures["candidates"].items():
        ratio = figures["ratios"].get(name, {})
        rows.append([
            name, number(own["cost"], 3), f"{number(own['cost_min'], 3)}-"
            f"{number(own['cost_max'], 3)}", number(own["core_cost"], 3), number(own["rate"]),
            number(own["p50_us"], 0), number(own["p99_us"], 0), number(own["busy"]),
            f"**{number(ratio.get('cost'), 3)}** ({number(ratio.get('cost_min'), 3)}-"
            f"{number(ratio.get('cost_max'), 3)})" if ratio else "",
            number(ratio.get("core_cost"), 3) if ratio else "",
            number(ratio.get("rate"), 2) if ratio else "",
            f"{own['samples']}" + (f" ({own['disturbed']} disturbed)" if own["disturbed"] else "")])
    text = table(["", entry["unit"], "spread", "whole core", entry["rate_unit"], "p50 us", "p99 us",
                  "core busy", "ringway/it", "whole core", "rate", "samples"], rows)
    own = figures["candidates"].get("ringway", {})
    if own.get("completions_per_turn"):
        text += (f"\n\nringway: {number(own['completions_per_turn'])} completions and "
                 f"{number(own['sends_per_turn'])} sends per turn.")
    return text


def idle_section(entry):
    rows = []
    for name, own in entry["summary"]["candidates"].items():
        ratio = entry["summary"]["ratios"].get(name, {})
        rows.append([name, number(own["cost"], 0),
                     f"{number(own['cost_min'], 0)}-{number(own['cost_max'], 0)}",
                     number(own["private_warm"] / MIB, 1),
                     f"**{number(ratio.get('cost'), 3)}**" if ratio else "", own["samples"]])
    text = table(["", entry["unit"], "spread", "MiB private, warm, no connection", "ringway/it",
                  "samples"], rows)
    text += f"\n\n{entry['samples'][0]['connections']} connections held."
    if entry.get("slot_bytes"):
        text += (f" A connection's slot in ringway is {entry['slot_bytes']} bytes, reserved as "
                 "address space at start and resident only once used.")
    return text


def shard_section(entry):
    rows = [[row["label"], number(row["cost"], 3), number(row["rate"]),
             number(row["completions_per_turn"]), number(row["sends_per_turn"]),
             number(row.get("one_shard_at_equal_batching"), 3), number(row.get("ratio"), 3),
             number(row["private_warm"] / MIB, 1)] for row in entry["summary"]]
    return table(["", entry["unit"], entry["rate_unit"], "completions per turn", "sends per turn",
                  "one shard at equal completions per turn", "ratio", "MiB private"], rows)


def markdown(result):
    facts = result["machine"]
    lines = [f"# {result.get('kind', 'TCP')} comparison, {result['date']}", "",
             f"Kernel {facts['kernel']}, {facts['cores']} cores of {facts['processor']}; "
             f"congestion control {facts['congestion_control']} (reno where a scenario says so, "
             f"in a private network namespace); commit {facts['commit']}.", "",
             *[f"- {name}: {version}" for name, version in result["versions"].items()], "",
             f"{result['rounds']} rounds, {result['measure_ms']} ms each; candidates alternate "
             "within a round, ratios are taken within a round. Medians; spread is minimum to "
             "maximum. CPU is the scheduler's run time of all the proxy's threads; `whole core` is "
             "everything that ran on the proxy's core.", ""]
    for entry in result["scenarios"]:
        lines += [f"## {entry['name']}: {entry['title']}", ""]
        if "failed" in entry:
            lines += [f"Failed: {entry['failed']}", ""]
            continue
        kind = {"shards": shard_section, "idle": idle_section,
                "http-idle": idle_section}.get(entry["name"], load_section)
        lines += [kind(entry), ""]
        failures = entry.get("failures", {})
        lines += [f"{name} was left out: {why}\n" for name, why in failures.items()]
    return "\n".join(lines)


def baseline_line(result):
    """One line for the log of figures over time."""
    line = {"date": result["date"], "machine": result["machine"], "versions": result["versions"],
            "rounds": result["rounds"], "figures": {}}
    for entry in result["scenarios"]:
        if "summary" in entry:
            line["figures"][entry["name"]] = entry["summary"]
    return line
