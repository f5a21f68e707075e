"""Runs to tables: medians of the quiet ones, ratios between servers, as Markdown, JSON and a plot (SVG)."""
import datetime
import json
import math
import os
import platform
import statistics

RELAY = ["delivered_per_s", "cpu_us_per_msg", "p50_us", "p99_us", "gen_cpu"]
FIGURES = {
    "open": RELAY + ["gen_lag_p99_us"],
    "idle": ["bytes_per_session", "connect_cpu_us", "idle_cpu"],
    "reconnect": ["back_s", "cpu_us_per_session"],
}
# What the plot and the summary show of a case, and whether more of it is better.
HEADLINE = {"open": ("p50_us", False), "idle": ("bytes_per_session", False), "reconnect": ("back_s", False)}


def kind(case):
    return next((known for known in FIGURES if case.startswith(known)), "relay")


def figures_of(case):
    return FIGURES.get(kind(case), RELAY)


def headline(case):
    return HEADLINE.get(kind(case), ("delivered_per_s", True))


def quiet(runs):
    return [run for run in runs if not run["noisy"]]


def medians(runs, keys):
    """Of the quiet runs; of all, when none was."""
    kept = quiet(runs) or runs
    return {key: statistics.median(run[key] for run in kept) for key in keys} if kept else None


def ratio(runs, case, name, peer, key):
    """None unless both have quiet runs."""
    mine, theirs = quiet(runs[case, name]), quiet(runs[case, peer])
    if not mine or not theirs:
        return None
    below = medians(theirs, [key])[key]
    return medians(mine, [key])[key] / below if below else None


def number(value):
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def machine():
    with open("/proc/cpuinfo", encoding="ascii") as info:
        model = next((line.split(":", 1)[1].strip() for line in info if line.startswith("model name")), platform.machine())
    return f"{os.cpu_count()} × {model}, Linux {platform.release().split('-')[0]}, {datetime.date.today().isoformat()}"


def case_table(case, load, names, runs):
    keys = figures_of(case)
    names = [name for name in names if runs[case, name]]
    if not names:
        return [f"### {case}: not measured"]
    lines = [f"### {case}: `{load}`", "", "| | " + " | ".join(keys) + " | quiet runs | faults |"]
    lines.append("| --- |" + " ---: |" * (len(keys) + 2))
    for name in names:
        found = medians(runs[case, name], keys)
        faults = sum(not run["good"] for run in runs[case, name])
        cells = [number(found[key]) for key in keys]
        lines.append(f"| {name} | {' | '.join(cells)} | {len(quiet(runs[case, name]))} of {len(runs[case, name])} | {faults} |")
    for peer in names[1:]:
        ratios = [ratio(runs, case, names[0], peer, key) for key in keys]
        if all(each is None for each in ratios):
            lines.append(f"| {names[0]} ÷ {peer} | no ratio: a side has no quiet run |")
        else:
            lines.append(f"| {names[0]} ÷ {peer} | " + " | ".join("" if r is None else f"{r:.2f}" for r in ratios) + " | | |")
    return lines


def summary(cases, names, runs):
    """One line a case: what each server did, and kefu's ratio to it."""
    lines = ["| | " + " | ".join(names) + " |", "| --- |" + " ---: |" * len(names)]
    for case in cases:
        key, _ = headline(case)
        cells = []
        for name in names:
            found = medians(runs[case, name], [key])
            cell = number(found[key]) if found else "—"
            share = ratio(runs, case, names[0], name, key) if name != names[0] else None
            cells.append(cell if share is None else f"{cell} ({share:.2f}×)")
        lines.append(f"| {case}, {key} | " + " | ".join(cells) + " |")
    return lines


def markdown(cases, loads, names, runs):
    lines = [machine() + ".", ""]
    lines += summary(cases, names, runs)
    lines += ["", f"In brackets: {names[0]} ÷ the peer, medians of quiet runs, all in one course.", ""]
    for case in cases:
        lines += case_table(case, loads[case], names, runs) + [""]
    return "\n".join(lines)


def plot(cases, names, runs):
    """Bars: how much better than each peer kefu did, 1 is even; a scale of powers of two."""
    bars = []
    for case in cases:
        key, more_is_better = headline(case)
        for peer in names[1:]:
            share = ratio(runs, case, names[0], peer, key)
            if share:
                bars.append((case, key, peer, share if more_is_better else 1 / share))
    row, left, unit = 18, 210, 90
    height = row * len(bars) + 40
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + 2 * unit * 2 + 120}" height="{height}" font-family="sans-serif" font-size="12">']
    middle = left + unit * 2
    for power in range(-2, 3):
        x = middle + power * unit
        out.append(f'<line x1="{x}" y1="22" x2="{x}" y2="{height - 8}" stroke="{"#444" if power == 0 else "#ddd"}"/>')
        out.append(f'<text x="{x}" y="14" text-anchor="middle" fill="#666">{2.0 ** power:g}×</text>')
    colours = dict(zip(names[1:], ["#8a6d3b", "#2f6f8f", "#5b8f2f", "#8f2f5b"]))
    for index, (case, key, peer, better) in enumerate(bars):
        y = 26 + index * row
        power = max(-2.0, min(2.0, math.log2(better)))
        x, width = (middle, power * unit) if power >= 0 else (middle + power * unit, -power * unit)
        out.append(f'<text x="{left - 8}" y="{y + 12}" text-anchor="end">{case} {key} · {peer}</text>')
        out.append(f'<rect x="{x:.1f}" y="{y + 2}" width="{width:.1f}" height="{row - 5}" fill="{colours.get(peer, "#888")}"/>')
        out.append(f'<text x="{middle + 2 * unit + 8}" y="{y + 12}" fill="#444">{better:.2f}×</text>')
    out.append("</svg>")
    return "\n".join(out)


def write(folder, cases, loads, names, runs):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "results.md"), "w", encoding="utf-8") as out:
        out.write(markdown(cases, loads, names, runs))
    with open(os.path.join(folder, "results.json"), "w", encoding="utf-8") as out:
        listed = [{"case": case, "server": name, "runs": runs[case, name]} for case, name in runs]
        json.dump({"machine": machine(), "runs": listed}, out, indent=1)
    with open(os.path.join(folder, "results.svg"), "w", encoding="utf-8") as out:
        out.write(plot(cases, names, runs))
