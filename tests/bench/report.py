"""The table, as text and as JSON."""

import json
import os
import platform
import subprocess

from frame import STATISTICS
from goals import ALONE, FASTER, MORE, RATIO

PACKAGES = ("pcscd", "libpcsclite1", "libssl3", "opensc", "vsmartcard-vpcd", "vsmartcard-vpicc")
COLUMNS = ("figure", "ours", "peer", "result", "over the rounds", "goal", "")


def machine(bench):
    """The kind of machine; nothing that names one."""
    with open("/proc/cpuinfo") as f:
        models = {line.split(":", 1)[1].strip() for line in f if line.startswith("model name")}
    with open("/etc/os-release") as f:
        system = dict(line.rstrip().split("=", 1) for line in f if "=" in line)
    versions = {}
    for package in PACKAGES:
        query = ["dpkg-query", "-W", "-f", "${Version}", package]
        asked = subprocess.run(query, capture_output=True, text=True, check=False)
        versions[package] = asked.stdout or "not installed"
    return {
        "processor": ", ".join(sorted(models)) or platform.machine(),
        "cores": len(bench.cpus),
        "kernel": platform.release().split("-")[0],
        "system": system.get("PRETTY_NAME", "").strip('"'),
        "packages": versions,
        "load before": round(os.getloadavg()[0], 2),
        "rounds": bench.rounds,
    }


def number(value):
    """Three digits, and no more zeros than that takes."""
    if value is None:
        return ""
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.3g}"


def with_unit(value, unit):
    return f"{number(value)} {unit}".rstrip() if value is not None else ""


# How the one number of a goal is written.
WRITE = {
    ALONE: with_unit,
    MORE: with_unit,
    RATIO: lambda value, _: "x " + number(value),
    FASTER: lambda value, _: number(value) + " times",
}


def judgement(verdict):
    goal = verdict.goal
    if goal.limit is None:
        return "shown"
    if verdict.met:
        return "met"
    over = verdict.value - goal.limit
    part = f", {abs(over) / goal.limit:.0%}" if goal.limit else ""
    return f"MISSED by {number(abs(over))}{part}"


def row(verdict):
    goal = verdict.goal
    write = WRITE[goal.compare]
    low, high = (write(value, goal.unit) for value in verdict.spread)
    return (
        goal.text,
        with_unit(verdict.ours, goal.unit),
        with_unit(verdict.peer, goal.unit),
        write(verdict.value, goal.unit),
        f"{low} to {high}",
        f"{goal.sense} {write(goal.limit, goal.unit)}" if goal.limit is not None else "",
        judgement(verdict),
    )


def table(rows):
    widths = [max(len(line[i]) for line in rows) for i in range(len(COLUMNS))]
    for line in rows:
        cells = [cell.ljust(width) for cell, width in zip(line, widths)]
        yield "  ".join(cells).rstrip()


def text(about, verdicts, skipped):
    lines = list(table([COLUMNS, *map(row, verdicts)]))
    lines.insert(1, "-" * max(map(len, lines)))
    lines += [f"SKIP {name}: {reason}" for name, reason in skipped.items()]
    packages = ", ".join(f"{name} {version}" for name, version in about["packages"].items())
    lines += [
        "",
        f"{about['cores']} cores, {about['processor']}; Linux {about['kernel']}, {about['system']}",
        f"{packages}",
        f"{about['rounds']} rounds; load before the first: {about['load before']}",
    ]
    return "\n".join(lines) + "\n"


def as_json(about, verdicts, measured):
    def goal(verdict):
        g = verdict.goal
        return {
            "figure": g.figure,
            "text": g.text,
            "ours": {"series": g.ours, "value": verdict.ours},
            "peer": {"series": g.peer, "value": verdict.peer} if g.peer else None,
            "statistic": g.statistic,
            "unit": g.unit,
            "compare": g.compare,
            "value": verdict.value,
            "spread": verdict.spread,
            "goal": {"sense": g.sense, "limit": g.limit} if g.limit is not None else None,
            "met": verdict.met,
        }

    def series(rounds):
        return {
            name: [
                {"samples": len(r[name]), **{s: f(r[name]) for s, f in STATISTICS.items()}}
                for r in rounds
            ]
            for name in rounds[0]
        }

    whole = {
        "machine": about,
        "goals": [goal(verdict) for verdict in verdicts],
        "series": {name: series(rounds) for name, rounds in measured.items()},
    }
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"
