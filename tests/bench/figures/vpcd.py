"""vsmartcard's way to the same end: GET CHALLENGE of vicard in our reader, of Debian's vicc and of a C card in
Debian's vpcd, and of that C card in our reader, which can speak vpcd's protocol too. All in one pcscd."""

import os
import shutil

from frame import Skip
from place import CHALLENGE, CHALLENGE_ANSWER, NULL_ANSWERS, Place, free_ports

DRIVER = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so"
VICC_MODULES = "/usr/lib/python3/site-packages/virtualsmartcard"

FAST = {"vicard": "Vicar 00 00", "C card, vpcd's protocol in our reader": "Port 00 00"}
SLOW = {"vicc, Debian's vpcd": "Virtual PCD 00 00", "C card, Debian's vpcd": "Virtual PCD 00 01"}


def start_vicc(place, port):
    # The package has its modules where Debian's Python does not look, and wants one that Python 3 has not.
    with open(place.path("sha.py"), "w") as f:
        f.write("from hashlib import sha1 as new\n")
    environment = {"PYTHONPATH": f"{VICC_MODULES}:{place.dir}"}
    with open(place.path("vicc.log"), "w") as log:
        place.start("/usr/bin/python3", "/usr/bin/vicc", "--type", "iso7816", "--hostname",
                    "127.0.0.1", "--port", str(port), env=environment, stdout=log)  # fmt: skip


def measure(bench):
    for needed in (DRIVER, "/usr/bin/vicc"):
        if not os.path.exists(needed):
            raise Skip(f"{needed} is missing; type: make deps-bench")
    with Place(bench) as place:
        theirs, ours = free_ports(), free_ports()
        place.vicar_reader()
        place.reader("Virtual PCD", f"/dev/null:{theirs:#x}", DRIVER)
        # A library that is loaded twice numbers its readers in the order in which pcscd finds them.
        other = shutil.copy(place.driver, place.path("libifdvicar-port.so"))
        place.reader("Port", f"vpcd:{ours}:1", other)
        place.start_pcscd()
        place.make_card("a")
        place.vicard("a")
        place.wait_cards(1)
        start_vicc(place, theirs)
        for port in (theirs + 1, ours):
            place.start(bench.tool("vpcd-card"), str(port), NULL_ANSWERS)
        place.wait_cards(4)
        for _ in range(bench.rounds):
            yield {
                **place.times(
                    bench.several(5, 2), bench.several(1000, 200), CHALLENGE, CHALLENGE_ANSWER, FAST
                ),
                **place.times(1, bench.several(25, 5), CHALLENGE, CHALLENGE_ANSWER, SLOW),
            }
