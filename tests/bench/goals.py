"""What is asked of each figure. Data alone: how it is measured stands in figures/, how it is judged in
frame.py."""

from dataclasses import dataclass

# How `ours` and `peer` become one number.
ALONE = "alone"  # ours
RATIO = "ratio"  # ours / peer
FASTER = "times faster"  # peer / ours
MORE = "more"  # ours - peer

AT_MOST, AT_LEAST = "at most", "at least"

# What a sample, in seconds, bytes or pieces, is divided by to be shown.
UNITS = {"s": 1, "ms": 1e-3, "µs": 1e-6, "MiB": 2**20, "KiB": 2**10, "/s": 1, "": 1}


@dataclass(frozen=True)
class Goal:
    figure: str  # figures/NAME.py, with - for _
    text: str
    ours: str  # names of series that the figure gives
    peer: str | None
    compare: str
    sense: str
    limit: float | None  # in `unit` for ALONE and MORE; None when the number is only shown
    unit: str  # of ours and peer
    statistic: str = "p50"  # of a round's samples: p50, p99, least, most
    # In the short form, the number beyond which something is broken rather than disturbed; five times
    # over the limit when not given.
    broken: float | None = None

    @property
    def beyond(self):
        if self.broken is not None or self.limit is None:
            return self.broken
        return self.limit * 5 if self.sense == AT_MOST else self.limit / 5


GOALS = (
    Goal("round-trip", "SELECT, p50, against a null card", "SELECT: vicard", "SELECT: null card",
         RATIO, AT_MOST, 1.15, "µs"),
    Goal("round-trip", "SELECT, p50, against a do-nothing handler", "SELECT: vicard",
         "SELECT: null handler", RATIO, AT_MOST, 2.3, "µs"),
    Goal("round-trip", "SELECT, p99, against a do-nothing handler", "SELECT: vicard",
         "SELECT: null handler", RATIO, AT_MOST, 3, "µs", "p99"),
    Goal("round-trip", "GET CHALLENGE, p50, against a null card", "GET CHALLENGE: vicard",
         "GET CHALLENGE: null card", RATIO, AT_MOST, 1.15, "µs"),
    Goal("round-trip", "GET CHALLENGE, p50, against a do-nothing handler", "GET CHALLENGE: vicard",
         "GET CHALLENGE: null handler", RATIO, AT_MOST, 2.3, "µs"),
    Goal("round-trip", "GET CHALLENGE, p99, against a do-nothing handler", "GET CHALLENGE: vicard",
         "GET CHALLENGE: null handler", RATIO, AT_MOST, 3, "µs", "p99"),
)  # fmt: skip
