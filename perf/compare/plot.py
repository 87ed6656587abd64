"""A picture of a comparison, drawn without any library: ringway's cost against each peer's."""

from xml.sax.saxutils import escape

WIDTH, LEFT, RIGHT = 860, 330, 80
ROW, GAP, TOP = 16, 14, 64
COLOURS = ("#2b6cb0", "#dd6b20", "#718096")


def ratios_svg(result):
    """One bar per scenario and peer: below 1, ringway needs less."""
    groups = []
    for entry in result["scenarios"]:
        summary = entry.get("summary")
        if isinstance(summary, dict) and summary["ratios"]:
            groups.append((entry, summary["ratios"]))
    bars = sum(len(ratios) for _, ratios in groups)
    height = TOP + bars * ROW + len(groups) * GAP + 40
    top_value = max([1.1] + [ratio["cost_max"] for _, ratios in groups
                             for ratio in ratios.values()])
    scale = (WIDTH - LEFT - RIGHT) / top_value
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
             f'font-family="sans-serif" font-size="12">',
             f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
             f'<text x="12" y="24" font-size="16">CPU (or memory) of ringway relative to each '
             f'peer: shorter is better</text>',
             f'<text x="12" y="44" fill="#555">{escape(conditions(result))}</text>']
    y = TOP
    for entry, ratios in groups:
        for index, (peer, ratio) in enumerate(ratios.items()):
            parts += bar(entry["title"] if index == 0 else "", peer, ratio, y, scale,
                         COLOURS[index % len(COLOURS)])
            y += ROW
        y += GAP
    one = LEFT + scale
    parts += [f'<line x1="{one:.1f}" x2="{one:.1f}" y1="{TOP - 8}" y2="{y}" stroke="#333" '
              f'stroke-dasharray="4 3"/>',
              f'<text x="{one:.1f}" y="{y + 14}" text-anchor="middle">equal (1.0)</text>', "</svg>"]
    return "\n".join(parts)


def conditions(result):
    facts = result["machine"]
    return (f"{result['date']}, kernel {facts['kernel']}, {result['rounds']} rounds of "
            f"{result['measure_ms']} ms; thin lines: minimum and maximum over rounds")


def bar(title, peer, ratio, y, scale, colour):
    middle = y + ROW / 2
    width = ratio["cost"] * scale
    low, high = LEFT + ratio["cost_min"] * scale, LEFT + ratio["cost_max"] * scale
    right = max(high, LEFT + width) + 6
    text = f'y="{middle + 4}"'
    return [f'<text x="12" {text}>{escape(title[:36])}</text>',
            f'<text x="{LEFT - 6}" {text} text-anchor="end" fill="#555">{peer}</text>',
            f'<rect x="{LEFT}" y="{y + 2}" width="{width:.1f}" height="{ROW - 4}" '
            f'fill="{colour}"/>',
            f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{middle}" y2="{middle}" stroke="black"/>',
            f'<text x="{right:.1f}" {text}>{ratio["cost"]:.2f}</text>']
