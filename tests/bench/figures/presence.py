"""How long it takes until a client that waits in SCardGetStatusChange knows that a card has gone, and from the
start of vicard to the first answer. The clock runs from before the signal, or before the start."""

import os
import signal
import subprocess
import time

from place import CHALLENGE, Place

# Between two moves, so that the client waits again.
PAUSE_S = 0.05


class Watch:
    """tests/bench/pcsc-watch.c"""

    def __init__(self, place, reader):
        self.process = place.start(
            place.bench.tool("pcsc-watch"), reader, CHALLENGE, stderr=subprocess.STDOUT
        )

    def until(self, what):
        """The time in seconds when it happened."""
        line = self.process.stdout.readline()
        word, _, when = line.partition(" ")
        assert word == what, f"{line.strip()} in place of {what}"
        return int(when) / 1e9


def put_in_and_take_out(place, watch, card, how):
    """Seconds from the start to "present" and to the first answer, and from the signal to "empty"."""
    with open(place.path("card.log"), "a") as log:
        start = time.monotonic()
        process = place.popen(*card, stdout=log)
    present = watch.until("present") - start
    answered = watch.until("answered") - start
    time.sleep(PAUSE_S)
    end = time.monotonic()
    os.kill(process.pid, how)
    gone = watch.until("empty") - end
    process.wait()
    time.sleep(PAUSE_S)
    return present, answered, gone


def measure(bench):
    with Place(bench) as place:
        vicard = (place.tool("vicard"), "--foreground", "a")
        null = (bench.tool("null-card"), place.path("sockets"), "a", "84=8")
        place.make_card("a")
        place.vicar_reader()
        place.start_pcscd()
        watch = Watch(place, "Vicar 00 00")
        watch.until("empty")
        ways = {
            "vicard, SIGTERM": (vicard, signal.SIGTERM),
            "vicard, SIGKILL": (vicard, signal.SIGKILL),
            "null card, SIGKILL": (null, signal.SIGKILL),
        }
        for _ in range(bench.rounds):
            series = {"start to first answer": [], **{f"removal: {way}": [] for way in ways}}
            for _ in range(bench.several(7, 3)):
                for way, (card, how) in ways.items():
                    _, answered, gone = put_in_and_take_out(place, watch, card, how)
                    series[f"removal: {way}"].append(gone)
                    if card is vicard:
                        series["start to first answer"].append(answered)
            yield series
