"""Memory of vicard, and of pcscd with and without our reader, from /proc/PID/smaps_rollup. pcscd's is what is its
alone, clean pages too: the library's code is among them."""

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
        series["pcscd alone"] = [memory(start_pcscd(bare), *OWN)]
        null.null_reader()
        series["pcscd, null handler"] = [memory(start_pcscd(null), *OWN)]
        ours.vicar_reader()
        pid = start_pcscd(ours)
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
