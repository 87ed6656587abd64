"""One table of a comparison with all peers: scenarios down, candidates across, losses in words."""

import re

from .report import number, table

NAMES = {"ringway": "ringway", "haproxy": "HAProxy", "nginx": "nginx", "nghttpx": "nghttpx",
         "h2o": "h2o", "bun": "bun", "node": "node"}
# Settings that nobody would choose for small messages stand in the cell of whom they belong to.
TUNED = {"haproxy": "haproxy-splice", "nginx": "nginx-256k"}
# ringway's cost against the best peer's of the same row, at most: what it sets out to reach.
AIMS = {"http-64": 0.75, "http-64-bare": 0.75, "http-512": 0.80, "http-5000": 1.0,
        "http-post": 0.95, "http-64k": 1.0, "http-1m": 0.95, "http-1m-reno": 0.5, "sse": 0.93,
        "http-churn": 1.0, "exchange-64": 0.92, "exchange-256": 0.92, "bulk-1-reno": 0.35,
        "bulk-16-reno": 0.35, "bulk-1-default": 1.0, "bulk-16-default": 1.0, "churn": 1.0}
AIMS_BYTES = {"http-idle": 1536, "idle": 1536}  # and of these the figure itself
EQUAL_LOAD = ("http-5000", "sse")  # the offered load is the same for all: latencies compare
NOT_THERE_YET = ("TLS 1.3 keep-alive", "TLS 1.3, large responses", "TLS full handshakes",
                 "HTTP/2 over TLS to HTTP/1.1", "h2c to HTTP/1.1", "h2c to h2c, gRPC-like",
                 "cached responses")


def entries(result):
    """Every measured scenario that compares candidates, of all groups."""
    return [entry for group in result["groups"] for entry in group["scenarios"]
            if isinstance(entry.get("summary"), dict) and entry["summary"]["candidates"]]


def display(name):
    for peer, tuned in TUNED.items():
        if name == tuned:
            return f"{NAMES[peer]}, tuned"
    return NAMES.get(name, name)


def is_memory(entry):
    return entry["name"].endswith("idle")


def cost_text(entry, cost):
    if is_memory(entry):
        return f"{number(cost, 0)} B"
    unit = entry["unit"].split()[0]
    return f"{number(cost, 3)} s/GiB" if unit == "s" else f"{number(cost, 1)} {unit}"


def rate_text(entry, own):
    if not own["rate"]:
        return ""
    small = own["rate"] < 100
    text = number(own["rate"], 1) if small else f"{own['rate']:,.0f}"
    text += " GiB/s" if entry["rate_unit"] == "GiB/s" else "/s"
    if own["p99_us"] is None or entry["rate_unit"] == "GiB/s":
        return text
    p99 = own["p99_us"]
    return text + (f", p99 {p99 / 1000:.1f} ms" if p99 >= 1000 else f", p99 {p99:.0f} us")


def peer_ratios(entry):
    """Peer or tuned peer: the ratio of ringway's cost to its. Not ringway's own relay."""
    left_out = {"relay", *entry.get("failures", {})}
    return {name: ratio for name, ratio in entry["summary"]["ratios"].items()
            if name not in left_out}


def best_peer(entry):
    """The one that needs least: the largest ratio."""
    ratios = peer_ratios(entry)
    return max(ratios.items(), key=lambda item: item[1]["cost"], default=(None, None))


def cell(entry, name):
    own = entry["summary"]["candidates"].get(name)
    if name in entry.get("failures", {}):
        return "failed"
    if own is None:
        return "-"
    lines = []
    ratio = entry["summary"]["ratios"].get(name)
    if ratio:
        lines.append(f"**{number(ratio['cost'])}** ({number(ratio['cost_min'])}-"
                     f"{number(ratio['cost_max'])})")
    lines.append(cost_text(entry, own["cost"]))
    lines.append(rate_text(entry, own))
    tuned = entry["summary"]["ratios"].get(TUNED.get(name))
    if tuned:
        cost = entry["summary"]["candidates"][TUNED[name]]["cost"]
        lines.append(f"tuned **{number(tuned['cost'])}**, {cost_text(entry, cost)}")
    return "<br>".join(line for line in lines if line)


def against_best(entry):
    name, ratio = best_peer(entry)
    if name is None:
        return "-"
    text = f"**{number(ratio['cost'])}** of {display(name)}"
    if entry["name"] in AIMS:
        text += f"<br>aim: {number(AIMS[entry['name']])}"
    if entry["name"] in AIMS_BYTES:
        text += f"<br>aim: {number(AIMS_BYTES[entry['name']], 0)} B"
    return text


def shown_names(result):
    taken = {name for entry in entries(result) for name in entry["summary"]["candidates"]}
    return [name for name in NAMES if name in taken]


def wide_table(result):
    names = shown_names(result)
    rows = [[f"{entry['title']}<br>(`{entry['name']}`)",
             *[cell(entry, name) for name in names], against_best(entry)]
            for entry in entries(result)]
    rows += [[title, "not there yet", *["" for _ in names]] for title in NOT_THERE_YET]
    return table(["", *[NAMES[name] for name in names], "against the best"], rows)


def what_it_counts(entry):
    """"us CPU per request": "CPU per request"; bytes are memory."""
    return "memory" if is_memory(entry) else "CPU"


def losses(result):
    """A sentence for everything that ringway loses, or does not clearly win."""
    found = []
    for entry in entries(result):
        lost = [f"{number(ratio['cost'])} times that of {display(name)}"
                for name, ratio in peer_ratios(entry).items() if ratio["cost_min"] > 1]
        level = [display(name) for name, ratio in peer_ratios(entry).items()
                 if ratio["cost_max"] >= 1 >= ratio["cost_min"]]
        slower = [f"{number(ratio['rate'])} of {display(name)}'s"
                  for name, ratio in peer_ratios(entry).items()
                  if ratio.get("rate") and ratio["rate"] < 0.95
                  and entry["name"] not in EQUAL_LOAD]
        said = []
        if lost:
            said.append(f"its {what_it_counts(entry)} is " + ", ".join(lost))
        if level:
            said.append(f"the rounds do not tell its {what_it_counts(entry)} from that of "
                        + ", ".join(level))
        if slower:
            said.append("its rate is " + ", ".join(slower))
        said += late(entry)
        if said:
            found.append(f"{entry['title']} (`{entry['name']}`): " + "; ".join(said) + ".")
    return found


def late(entry):
    """Where all were offered the same load: a p99 that is clearly above the best peer's."""
    if entry["name"] not in EQUAL_LOAD:
        return []
    own = entry["summary"]["candidates"]
    peers = {name: figures["p99_us"] for name, figures in own.items()
             if name not in ("ringway", "relay") and figures["p99_us"]}
    if "ringway" not in own or not peers:
        return []
    best = min(peers, key=peers.get)
    ratio = own["ringway"]["p99_us"] / peers[best]
    return [f"its p99 is {number(ratio)} times that of {display(best)}"] if ratio > 1.05 else []


def missed_aims(result):
    found = []
    for entry in entries(result):
        ratio = best_peer(entry)[1]
        own = entry["summary"]["candidates"].get("ringway")
        aim = AIMS.get(entry["name"])
        if aim and ratio and ratio["cost"] > aim:
            found.append(f"`{entry['name']}` ({number(ratio['cost'])} instead of {number(aim)})")
        limit = AIMS_BYTES.get(entry["name"])
        if limit and own and own["cost"] > limit:
            found.append(f"`{entry['name']}` ({number(own['cost'], 0)} B instead of "
                         f"{number(limit, 0)} B)")
    return found


def unsettled(result):
    """Figures that were taken while something else ran, by scenario."""
    return [f"`{entry['name']}` ({count} of {total})" for entry, count, total in (
        (entry, sum(own["disturbed"] for own in entry["summary"]["candidates"].values()),
         sum(own["samples"] for own in entry["summary"]["candidates"].values()))
        for entry in entries(result)) if count]


def conditions(result):
    facts = result["machine"]
    return (f"Taken on {result['date'][:10]} at commit {facts['commit'][:12]}: Linux "
            f"{facts['kernel']}, {facts['cores']} cores of {facts['processor']}, congestion "
            f"control {facts['congestion_control']} (reno where a row says so), loopback; "
            f"{result['rounds']} rounds of {result['measure_ms']} ms, candidates alternating "
            f"within each, every byte of every answer compared.")


def version_number(said):
    """Of what a program says about itself the first word that is a version."""
    found = re.search(r"\d+\.\d+\.\d+[\w.+~-]*", said)
    return found.group() if found else said


def section(result, picture=""):
    """What docs/PERFORMANCE.md shows: conditions, the table, what is lost."""
    versions = ", ".join(f"{display(name)} {version_number(said)}"
                         for name, said in result["versions"].items() if name in NAMES)
    lines = [conditions(result), "", f"Versions: {versions}.", "",
             "Bold is ringway's cost divided by the peer's, as the median over rounds and, in "
             "brackets, the smallest and the largest: below 1 ringway needs less. Below it the "
             "candidate's own figures: cost, rate, p99. A dash: the peer cannot do it, or was not "
             "asked.", "", wide_table(result), ""]
    if picture:
        lines += [picture, ""]
    lost = losses(result)
    lines += ["What ringway loses, or does not clearly win:", ""]
    lines += [f"- {sentence}" for sentence in lost] or ["- nothing in the rows above."]
    failed = [f"{display(name)} in `{entry['name']}`" for entry in entries(result)
              for name in entry.get("failures", {})]
    if failed:
        lines += ["", "Failed, twice in a row: " + ", ".join(failed) + "."]
    missed = missed_aims(result)
    lines += ["", "Aims that are missed: " + (", ".join(missed) + "." if missed else "none.")]
    if unsettled(result):
        lines += ["", "Samples in which something else took part of a core, in spite of being "
                  "repeated: " + ", ".join(unsettled(result)) + "."]
    return "\n".join(lines)
