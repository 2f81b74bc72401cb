"""Who wakes up when nobody asks anything: vicard with its card in our reader, pcscd with that reader, and pcscd
without any, all in the same minute. Counted are the context switches of all threads."""

import contextlib
import time

from harness import wait_for
from place import Place, switches

GRACE_S = 5  # pcscd takes the power off so long after the last client, or after the card came
SETTLE_S = 1


def wait_without_power(place, name):
    wait_for("card without power", lambda: "powered: no" in place.status(name), GRACE_S * 6)
    time.sleep(SETTLE_S)


def measure(bench):
    with contextlib.ExitStack() as stack:
        bare, ours = (stack.enter_context(Place(bench)) for _ in range(2))
        bare.bare_pcscd()
        ours.vicar_reader()
        pids = {"pcscd alone": bare.start_pcscd(), "pcscd, our reader": ours.start_pcscd()}
        ours.make_card("a")
        pids["vicard"] = ours.vicard("a")
        ours.wait_cards(1)
        wait_without_power(ours, "a")
        before = {name: switches(pid) for name, pid in pids.items()}
        time.sleep(bench.several(60, 10))
        yield {name: [switches(pid) - before[name]] for name, pid in pids.items()}
