"""Who wakes up when nobody asks anything: vicard with its card in our reader, pcscd with that reader, and pcscd
without any, all in the same minute. Counted are the context switches of all threads."""

import contextlib
import time

from place import Place, switches

QUIET_S = 6  # pcscd takes the power off 5 s after the last client, or the card's coming
SETTLE_S = 40  # at most


def wait_until_quiet(pids):
    """QUIET_S seconds in which nobody ran, or SETTLE_S seconds."""
    before, since = None, time.monotonic()
    end = since + SETTLE_S
    while time.monotonic() < min(since + QUIET_S, end):
        now = [switches(pid) for pid in pids]
        if now != before:
            since = time.monotonic()
        before = now
        time.sleep(0.5)


def measure(bench):
    with contextlib.ExitStack() as stack:
        bare, ours = (stack.enter_context(Place(bench)) for _ in range(2))
        bare.bare_pcscd()
        ours.vicar_reader()
        pids = {"pcscd alone": bare.start_pcscd(), "pcscd, our reader": ours.start_pcscd()}
        ours.make_card("a")
        pids["vicard"] = ours.vicard("a")
        ours.wait_cards(1)
        wait_until_quiet(pids.values())
        before = {name: switches(pid) for name, pid in pids.items()}
        time.sleep(bench.several(60, 10))
        yield {name: [switches(pid) - before[name]] for name, pid in pids.items()}
