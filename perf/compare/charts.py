"""Pictures of a comparison with all peers, drawn without any library."""

import math
from xml.sax.saxutils import escape

from . import table
from .report import number

COLOURS = {"ringway": "#111827", "haproxy": "#2b6cb0", "haproxy-splice": "#90cdf4",
           "nginx": "#2f855a", "nginx-256k": "#9ae6b4", "nghttpx": "#b83280", "h2o": "#dd6b20",
           "bun": "#805ad5", "node": "#718096", "relay": "#a0aec0"}
# Which rows belong into one picture: file, heading, scenarios by the beginning of their names.
GROUPS = (
    ("requests", "HTTP/1.1, small messages",
     ("http-64", "http-512", "http-5000", "http-post", "sse", "http-churn")),
    ("bodies", "HTTP/1.1, large responses", ("http-64k", "http-1m")),
    ("tcp", "TCP", ("exchange", "churn", "bulk")),
    ("memory", "private memory per idle connection", ("http-idle", "idle")),
)
ROW, BAR = 15, 10


def members(result, heads):
    taken = [entry for entry in table.entries(result) if entry["name"].startswith(heads)]
    if "http-64" in heads:  # http-64k is another group's
        taken = [entry for entry in taken if entry["name"] != "http-64k"]
    return taken


def relative(entry, name):
    """A peer's cost in ringway's: median, least, most. Above 1 it needs more than ringway."""
    ratio = entry["summary"]["ratios"].get(name)
    if not ratio or ratio["cost_min"] <= 0:  # too little to be told from nothing
        return None
    return 1 / ratio["cost"], 1 / ratio["cost_max"], 1 / ratio["cost_min"]


def opening(width, height):
    return [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">',
            f'<rect width="{width}" height="{height}" fill="white"/>']


def words(x, y, said, **attributes):
    more = "".join(f' {key.replace("_", "-")}="{value}"' for key, value in attributes.items())
    return f'<text x="{x:.1f}" y="{y:.1f}"{more}>{escape(str(said))}</text>'


def line(x1, y1, x2, y2, colour, width=1, **attributes):
    more = "".join(f' {key.replace("_", "-")}="{value}"' for key, value in attributes.items())
    return (f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" '
            f'stroke-width="{width}"{more}/>')


def when(result):
    facts = result["machine"]
    return (f"{result['date'][:10]}, Linux {facts['kernel']}, one core each, {result['rounds']} "
            f"rounds of {result['measure_ms']} ms; thin lines: least and most over the rounds")


# ---- one group: bars, and the figures beside them ---------------------------------------------

def bars(result, heading, taken):
    """Each scenario's candidates: how much in ringway's cost, and the cost itself."""
    left, panel, right, top, clip = 130, 400, 360, 66, 6.0
    count = sum(len(entry["summary"]["candidates"]) for entry in taken)
    height = top + count * ROW + len(taken) * 34 + 24
    most = [(relative(entry, name) or (1, 1, 1))[2] for entry in taken
            for name in entry["summary"]["ratios"]]
    scale = panel / min(clip, max([1.2] + most))
    parts = opening(left + panel + right, height)
    parts += [words(12, 24, f"{heading}: cost relative to ringway, shorter is better",
                    font_size=16), words(12, 44, when(result), fill="#555")]
    y = top
    for entry in taken:
        parts.append(words(12, y + 12, f"{entry['title']} ({entry['unit']})", font_weight="bold"))
        y += 20
        first = y
        for name, own in entry["summary"]["candidates"].items():
            at = relative(entry, name) or (1.0, 1.0, 1.0)
            parts += one_bar(entry, name, own, at, y, (left, panel, scale))
            y += ROW
        parts.append(line(left + scale, first - 2, left + scale, y, "#333", 1,
                          stroke_dasharray="4 3"))
        y += 14
    return "\n".join(parts + ["</svg>"])


def one_bar(entry, name, own, at, y, geometry):
    left, panel, scale = geometry
    middle, colour = y + ROW / 2, COLOURS.get(name, "#718096")
    width = min(at[0] * scale, panel)
    cut = " >" if at[0] * scale > panel else ""
    figures = table.cost_text(entry, own["cost"])
    spread = f"{number(own['cost_min'])}-{number(own['cost_max'])}"
    parts = [words(left - 6, middle + 4, table.display(name), text_anchor="end", fill="#333"),
             f'<rect x="{left}" y="{y + (ROW - BAR) / 2}" width="{width:.1f}" height="{BAR}" '
             f'fill="{colour}"/>',
             words(left + panel + 10, middle + 4, f"{at[0]:.2f}x{cut}"),
             words(left + panel + 70, middle + 4, figures),
             words(left + panel + 150, middle + 4, "" if table.is_memory(entry) else
                   f"({spread})  {table.rate_text(entry, own)}",
                   fill="#555", font_size=10)]
    if at[1] != at[2]:
        parts.append(line(left + min(at[1] * scale, panel), middle,
                          left + min(at[2] * scale, panel), middle, "#e53e3e"))
    return parts


# ---- everything on one page: dots on a logarithmic axis ----------------------------------------

def overview(result):
    """Each scenario a row, each peer a dot: right of the line it needs more than ringway."""
    taken = [entry for entry in table.entries(result) if entry["summary"]["ratios"]]
    names = [name for name in COLOURS if name not in ("ringway", "relay")
             and any(name in entry["summary"]["ratios"] for entry in taken)]
    values = [value for entry in taken for name in names
              for value in relative(entry, name) or ()]
    low = math.floor(math.log2(min(values + [0.5])))
    high = math.ceil(math.log2(max(values + [4.0])))
    left, panel, top, lane = 410, 480, 96, 6
    heights = [max(22, 8 + lane * sum(name in entry["summary"]["ratios"] for name in names))
               for entry in taken]
    bottom = top + sum(heights)

    def across(value):
        return left + panel * (math.log2(value) - low) / (high - low)

    parts = opening(left + panel + 30, bottom + 36)
    parts += [words(12, 24, "What peers need, in ringway's cost: right of 1 they need more",
                    font_size=16), words(12, 44, when(result), fill="#555")]
    parts += legend(names, 12, 66)
    for power in range(low, high + 1):
        at = across(2.0 ** power)
        parts.append(line(at, top - 6, at, bottom, "#111827" if power == 0 else "#e2e8f0",
                          1.5 if power == 0 else 1))
        parts.append(words(at, bottom + 16, f"{2.0 ** power:g}x", text_anchor="middle",
                           fill="#555"))
    y = top
    for entry, height in zip(taken, heights):
        parts += one_row(entry, names, y, height, lane, across)
        y += height
    return "\n".join(parts + ["</svg>"])


def one_row(entry, names, y, height, lane, across):
    parts = [words(12, y + height / 2 + 3, entry["title"], font_size=11),
             line(12, y + height, across(1) - 1, y + height, "#edf2f7")]
    at = y + 7
    for name in names:
        value = relative(entry, name)
        if value is None:
            continue
        colour = COLOURS[name]
        parts += [line(across(1), at, across(value[0]), at, colour, 1, stroke_opacity=0.35),
                  line(across(value[1]), at, across(value[2]), at, colour),
                  f'<circle cx="{across(value[0]):.1f}" cy="{at:.1f}" r="3" fill="{colour}">'
                  f'<title>{escape(table.display(name))}: {value[0]:.2f}</title></circle>']
        at += lane
    return parts


def legend(names, x, y):
    parts = []
    for name in names:
        said = table.display(name)
        parts += [f'<circle cx="{x + 4}" cy="{y - 4}" r="4" fill="{COLOURS[name]}"/>',
                  words(x + 13, y, said)]
        x += 34 + 7 * len(said)
    return parts


def pictures(result):
    """File name without its ending: SVG."""
    made = {"": overview(result)} if any(entry["summary"]["ratios"]
                                         for entry in table.entries(result)) else {}
    for name, heading, heads in GROUPS:
        taken = members(result, heads)
        if taken:
            made[f"-{name}"] = bars(result, heading, taken)
    return made
