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


# What is disturbed most is no sign of something broken.
NEVER = float("inf")


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
         "SELECT: null handler", RATIO, AT_MOST, 3, "µs", "p99", broken=NEVER),
    Goal("round-trip", "GET CHALLENGE, p50, against a null card", "GET CHALLENGE: vicard",
         "GET CHALLENGE: null card", RATIO, AT_MOST, 1.15, "µs"),
    Goal("round-trip", "GET CHALLENGE, p50, against a do-nothing handler", "GET CHALLENGE: vicard",
         "GET CHALLENGE: null handler", RATIO, AT_MOST, 2.3, "µs"),
    Goal("round-trip", "GET CHALLENGE, p99, against a do-nothing handler", "GET CHALLENGE: vicard",
         "GET CHALLENGE: null handler", RATIO, AT_MOST, 3, "µs", "p99", broken=NEVER),
    Goal("vpcd", "GET CHALLENGE, p50, against Debian's vpcd and vicc", "vicard", "vicc, Debian's vpcd",
         FASTER, AT_LEAST, 1000, "µs"),
    Goal("vpcd", "GET CHALLENGE, p50, against a C card behind vpcd's protocol", "vicard",
         "C card, vpcd's protocol in our reader", RATIO, AT_MOST, 1, "µs"),
    Goal("vpcd", "GET CHALLENGE, p50, against a C card in Debian's vpcd", "vicard",
         "C card, Debian's vpcd", RATIO, AT_MOST, 1, "µs"),
    Goal("large-answer", "64 KiB answer, p50, against a do-nothing handler", "engine", "null handler",
         RATIO, AT_MOST, 2.2, "µs"),
    Goal("large-answer", "64 KiB answer, p50, against a null card", "engine", "null card",
         RATIO, AT_MOST, None, "µs"),
    Goal("presence", "removal seen, vicard ended by SIGTERM", "removal: vicard, SIGTERM", None,
         ALONE, AT_MOST, 2, "ms"),
    Goal("presence", "removal seen, vicard ended by SIGKILL", "removal: vicard, SIGKILL", None,
         ALONE, AT_MOST, 2, "ms"),
    Goal("presence", "removal seen, null card ended by SIGKILL", "removal: null card, SIGKILL", None,
         ALONE, AT_MOST, None, "ms"),
    Goal("presence", "start of vicard to its first answer", "start to first answer", None,
         ALONE, AT_MOST, 50, "ms"),
    Goal("memory", "vicard, private dirty", "vicard: private dirty", None, ALONE, AT_MOST, 3, "MiB"),
    Goal("memory", "vicard, PSS", "vicard: PSS", None, ALONE, AT_MOST, 6, "MiB"),
    Goal("memory", "pcscd with our reader, against pcscd alone", "pcscd, our reader", "pcscd alone",
         MORE, AT_MOST, 200, "KiB"),
    Goal("memory", "pcscd with our reader without a card, against pcscd alone",
         "pcscd, our reader, no card", "pcscd alone", MORE, AT_MOST, None, "KiB"),
    Goal("memory", "pcscd with a do-nothing handler, against pcscd alone", "pcscd, null handler",
         "pcscd alone", MORE, AT_MOST, None, "KiB"),
    Goal("idle", "vicard, wake-ups when idle", "vicard", None, ALONE, AT_MOST, 0, "", broken=20),
    Goal("idle", "pcscd with our reader, wake-ups when idle", "pcscd, our reader", "pcscd alone",
         MORE, AT_MOST, 0, "", broken=20),
    Goal("many-cards", "16 cards busy at once, against one card", "16 cards together", "one card",
         RATIO, AT_LEAST, 1, "/s"),
    Goal("many-cards", "16 cards busy at once, the slowest against an equal share",
         "16 cards: the slowest", "16 cards: an equal share", RATIO, AT_LEAST, 0.5, "/s", broken=0.01),
    Goal("card-transmit", "card_transmit alone, SELECT and READ BINARY, the slowest card", "slowest",
         None, ALONE, AT_LEAST, 2_000_000, "/s"),
    Goal("card-transmit", "card_transmit alone, SELECT and READ BINARY, the fastest card", "fastest",
         None, ALONE, AT_LEAST, 2_000_000, "/s"),
    *(goal for card in ("fineid-v2", "cc-v1") for goal in (
        Goal("local-signature", f"C_Sign, local RSA-2048 key of {card}, against bare OpenSSL",
             f"{card}: module", f"{card}: bare", MORE, AT_MOST, 1, "ms", broken=40),
        Goal("local-signature", f"{card}: one fsync, of which the answer waits for one",
             f"{card}: one fsync", None, ALONE, AT_MOST, None, "ms"),
        Goal("local-signature", f"{card}: vicard's processor for a signature",
             f"{card}: vicard's processor", None, ALONE, AT_MOST, None, "ms"),
        Goal("local-signature", f"{card}: C_Login with the PIN of a local key, scrypt in it",
             f"{card}: login", None, ALONE, AT_MOST, None, "ms"),
    )),
    *(goal for card in ("fineid-v2", "cc-v1", "iasecc")
      for state, limit in (("cold", 0.6), ("warm", 0.35)) for goal in (
        Goal("object-list", f"{card}, list of all objects, {state}, 5 ms a command, against OpenSC",
             f"{card}: ours, {state}", f"{card}: OpenSC, {state}", RATIO, AT_MOST, limit, "s"),
        Goal("object-list", f"{card}, commands for it, {state}",
             f"{card}: commands of ours, {state}", f"{card}: commands of OpenSC, {state}", RATIO,
             AT_MOST, None, ""),
    )),
    Goal("service-signature", "C_Sign, key of the CMD service, against a client making the same calls",
         "ours", "direct calls", MORE, AT_MOST, 15, "ms", broken=300),
    Goal("service-signature", "the same, against a client that keeps one connection for all signatures",
         "ours", "direct calls, connection kept", MORE, AT_MOST, None, "ms"),
    Goal("service-signature", "of which the start of the bridge", "start of the bridge", None, ALONE,
         AT_MOST, None, "ms"),
    Goal("service-signature", "two prompts answered by a program, not counted", "two prompts", None,
         ALONE, AT_MOST, None, "ms"),
)  # fmt: skip
