"""A signature with a local RSA-2048 key under PIN 1, through our module and pcscd, against OpenSSL's bare
operation; what of it is the disk, what the login costs, and how long vicard is on a processor."""

import os
import time

from frame import Skip
from harness import LOCAL_PIN
from place import Place

CARDS = ("fineid-v2", "cc-v1")  # of T=0 and T=1
LINE = b"x" * 96 + b"\n"  # as long as a line of the journal


def processor_s(pid):
    with open(f"/proc/{pid}/schedstat") as f:
        return int(f.read().split()[0]) / 1e9


def sync_times(directory, count):
    """Of one line at the end of a file, as the journal's."""
    path = os.path.join(directory, "sync")
    times = []
    with open(path, "ab", buffering=0) as f:
        for _ in range(count):
            f.write(LINE)
            start = time.monotonic()
            os.fsync(f.fileno())
            times.append(time.monotonic() - start)
    os.unlink(path)
    return times


def program(place, pid, count, logins):
    """Its series, and how long vicard was on a processor meanwhile."""
    before = processor_s(pid)
    done = place.run(
        place.bench.tool("p11-sign"), place.own_module(), LOCAL_PIN, str(count), str(logins)
    )
    spent = processor_s(pid) - before
    lines = map(str.split, done.stdout.splitlines())
    return {name: [int(sample) / 1e9 for sample in samples] for name, *samples in lines}, spent


def measure_card(bench, card):
    """One card in a world of its own; yields its part of each round."""
    count, logins = bench.several(200, 20), bench.several(3, 1)
    with Place(bench) as place:
        place.vicar_reader()
        place.start_pcscd()
        place.create(card, "--card", card, "--role", "auth", "--key", "rsa2048")
        pid = place.vicard(card)
        place.wait_cards(1)
        directory = place.path("data", "vicar", "cards", card)
        for _ in range(bench.rounds):
            # The same but for the signatures.
            one, spent_on_one = program(place, pid, 1, logins)
            many, spent = program(place, pid, 1 + count, logins)
            yield {
                f"{card}: module": many["sign"],
                f"{card}: bare": many["bare"],
                f"{card}: one fsync": sync_times(directory, count),
                f"{card}: vicard's processor": [(spent - spent_on_one) / count],
                f"{card}: login": one["login"] + many["login"],
            }


def measure(bench):
    if not os.path.exists("/proc/self/schedstat"):
        raise Skip("the kernel has no /proc/PID/schedstat")
    for rounds in zip(*(measure_card(bench, card) for card in CARDS)):
        yield {name: samples for series in rounds for name, samples in series.items()}
