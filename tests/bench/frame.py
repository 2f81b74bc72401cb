"""How a figure is measured and judged.

A figure is a file of figures/ with a function `measure(bench)`: a generator that prepares what it
needs and then yields once a round a dictionary of series, {name: [samples]}, in seconds, bytes or
pieces. Within a round it measures ours and its peers one after the other, so that what disturbs the
machine disturbs all of them. A wrong answer is an AssertionError.
"""

import contextlib
import importlib
import math
import os
import statistics
import sys

from goals import ALONE, AT_MOST, FASTER, GOALS, MORE, RATIO, UNITS

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
# What the system tests share: private worlds, cards, PC/SC.
sys.path.insert(0, os.path.join(ROOT, "tests/system"))

ROUNDS = 7


class Bench:
    """What a figure is told."""

    def __init__(self, build, short):
        self.build = os.path.abspath(build)
        self.short = short
        self.rounds = 1 if short else ROUNDS
        self.cpus = os.sched_getaffinity(0)

    def several(self, full, short):
        """A count for the full form, or for the short one."""
        return short if self.short else full

    def tool(self, name):
        """A program of tests/bench."""
        return os.path.join(self.build, "tests/bench", name)

    @contextlib.contextmanager
    def on_cpus(self, count):
        """This process and what it starts stay on so many CPUs. The first one has most interrupts to
        serve, so it is taken last."""
        os.sched_setaffinity(0, sorted(self.cpus)[-count:])
        try:
            yield
        finally:
            os.sched_setaffinity(0, self.cpus)


class Skip(Exception):
    """The figure cannot be measured here; says why."""


def quantile(samples, part):
    """The smallest sample that `part` of all do not exceed."""
    ordered = sorted(samples)
    return ordered[max(0, math.ceil(part * len(ordered)) - 1)]


STATISTICS = {
    "p50": statistics.median,
    "p99": lambda samples: quantile(samples, 0.99),
    "least": min,
    "most": max,
}

COMPARE = {
    ALONE: lambda ours, _: ours,
    RATIO: lambda ours, peer: ours / peer,
    FASTER: lambda ours, peer: peer / ours,
    MORE: lambda ours, peer: ours - peer,
}


class Verdict:
    """One goal with what was measured: medians over the rounds."""

    def __init__(self, goal, rounds):
        def of(series):
            return [STATISTICS[goal.statistic](r[series]) / UNITS[goal.unit] for r in rounds]

        ours = of(goal.ours)
        peers = of(goal.peer) if goal.peer else [None] * len(rounds)
        values = [COMPARE[goal.compare](o, p) for o, p in zip(ours, peers)]
        self.goal = goal
        self.ours = statistics.median(ours)
        self.peer = statistics.median(peers) if goal.peer else None
        self.value = statistics.median(values)
        self.spread = (min(values), max(values))

    def within(self, limit):
        if limit is None:
            return True
        return self.value <= limit if self.goal.sense == AT_MOST else self.value >= limit

    @property
    def met(self):
        return self.within(self.goal.limit)

    @property
    def broken(self):
        return not self.within(self.goal.beyond)


def names():
    """All figures, in the order of their goals."""
    return list(dict.fromkeys(goal.figure for goal in GOALS))


def measure(bench, name):
    """The rounds of a figure."""
    module = importlib.import_module("figures." + name.replace("-", "_"))
    with contextlib.closing(module.measure(bench)) as rounds:
        return list(rounds)


def judge(name, rounds):
    return [Verdict(goal, rounds) for goal in GOALS if goal.figure == name]
