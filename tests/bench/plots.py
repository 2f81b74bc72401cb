"""A plot of each figure: of every series the median of each round, their median as a dot, and the span from the
first to the ninety-ninth of a hundred samples."""

import os
import statistics

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot  # noqa: E402

from frame import quantile  # noqa: E402
from goals import UNITS  # noqa: E402

# The same numbers give the same file.
matplotlib.rcParams.update(
    {"svg.hashsalt": "vicar", "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 9}
)
WIDE = 20  # from this ratio of largest to smallest on, the axis is logarithmic


def draw(path, name, rounds, unit):
    series = list(rounds[0])
    figure, axes = pyplot.subplots(figsize=(7, 0.8 + 0.32 * len(series)))
    ends = []
    for place, which in enumerate(reversed(series)):
        samples = [s / UNITS[unit] for r in rounds for s in r[which]]
        low, high = quantile(samples, 0.01), quantile(samples, 0.99)
        axes.plot([low, high], [place, place], color="0.75", linewidth=5, solid_capstyle="butt")
        each = [statistics.median(r[which]) / UNITS[unit] for r in rounds]
        axes.plot(each, [place] * len(each), "|", color="0.35", markersize=9)
        axes.plot(statistics.median(each), place, "o", color="tab:red", markersize=4)
        ends += [low, high]
    if min(ends) > 0 and max(ends) / min(ends) > WIDE:
        axes.set_xscale("log")
    else:
        axes.set_xlim(left=0)
    axes.set_yticks(range(len(series)), reversed(series))
    axes.set_ylim(-0.6, len(series) - 0.4)
    axes.set_xlabel(unit or "number")
    axes.set_title(name, loc="left")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    figure.savefig(path, bbox_inches="tight", metadata={"Date": None, "Creator": None})
    pyplot.close(figure)


def draw_all(directory, measured, verdicts):
    """NAME.svg; series of another unit than the first goal's get a plot of their own. Nothing but zeros is no plot."""
    for name, rounds in measured.items():
        if not any(sample for r in rounds for samples in r.values() for sample in samples):
            continue
        goals = [verdict.goal for verdict in verdicts if verdict.goal.figure == name]
        units = {series: goal.unit for goal in reversed(goals) for series in (goal.peer, goal.ours)}
        for unit in dict.fromkeys(goal.unit for goal in goals):
            shown = [series for series in rounds[0] if units.get(series, goals[0].unit) == unit]
            part = "" if unit == goals[0].unit else "-" + {"/s": "rate", "": "number"}.get(unit, unit)
            draw(
                os.path.join(directory, f"{name}{part}.svg"),
                name,
                [{series: r[series] for series in shown} for r in rounds],
                unit,
            )
