"""Memory of vicard, and of pcscd with and without our reader, from /proc/PID/smaps_rollup. pcscd's is what is its
alone, clean pages too: the library's code is among them. What each pcscd maps is shared with the others only
while they run, so none is measured before all do."""

import contextlib
import os

from frame import Skip
from place import CHALLENGE, CHALLENGE_ANSWER, Place, memory

OWN = ("Private_Clean", "Private_Dirty")


def start_pcscd(place):
    """With a client that has come and gone."""
    pid = place.start_pcscd()
    place.cards()
    return pid


def measure_round(bench):
    series = {}
    with contextlib.ExitStack() as stack:
        bare, null, ours = (stack.enter_context(Place(bench)) for _ in range(3))
        bare.bare_pcscd()
        null.null_reader()
        ours.vicar_reader()
        alone, handler, pid = (start_pcscd(place) for place in (bare, null, ours))
        series["pcscd alone"] = [memory(alone, *OWN)]
        series["pcscd, null handler"] = [memory(handler, *OWN)]
        series["pcscd, our reader, no card"] = [memory(pid, *OWN)]
        ours.make_card("a")
        vicard = ours.vicard("a")
        ours.wait_cards(1)
        series["pcscd, our reader"] = [memory(pid, *OWN)]
        ours.times(1, 200, CHALLENGE, CHALLENGE_ANSWER, {"": "Vicar 00 00"})
        ours.sign()
        series["vicard: private dirty"] = [memory(vicard, "Private_Dirty")]
        series["vicard: PSS"] = [memory(vicard, "Pss")]
    return series


def measure(bench):
    if os.geteuid() != 0:
        raise Skip("vicard is not dumpable, only root may read its smaps_rollup")
    # Pages of a file that was just written count as dirty.
    os.sync()
    for _ in range(bench.rounds):
        yield measure_round(bench)
