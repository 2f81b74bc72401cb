#!/usr/bin/env python3
"""The rooms of the tree: who may include whose headers, and which libraries are in which
binaries. This is the table; a new arrow is a decision, not a convenience."""

import os
import re
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402
from harness import ROOT  # noqa: E402

# What each room may include besides its own: rooms, or single headers of a room.
ARROWS = {
    "tools": {"applets", "pkcs11", "emulator", "cmdbridge", "iso7816", "ifdhandler"},
    "applets": {"emulator", "iso7816"},
    "pkcs11": {"iso7816"},
    "emulator": {"iso7816", "ifdhandler/link.h"},
    "cmdbridge": {"iso7816"},
    "iso7816": set(),
    "ifdhandler": set(),
}


def sources(room):
    return [
        os.path.join(where, name)
        for where, _, names in os.walk(os.path.join(ROOT, room))
        for name in names
        if name.endswith((".c", ".h"))
    ]


def includes(path):
    with open(path) as f:
        return re.findall(r'^\s*#\s*include\s+"([^"]+)"', f.read(), re.M)


def room_of(path, name):
    """The room of a header, and its name from the root."""
    beside = os.path.join(os.path.dirname(path), name)
    whole = beside if os.path.exists(beside) else os.path.join(ROOT, name)
    whole = os.path.relpath(whole, ROOT)
    return whole.split("/")[0], whole


class Arrows(unittest.TestCase):
    def test_every_arrow_between_rooms_is_allowed(self):
        for room, may in ARROWS.items():
            paths = sources(room)
            self.assertTrue(paths, room)
            for path in paths:
                for name in includes(path):
                    to, header = room_of(path, name)
                    with self.subTest(os.path.relpath(path, ROOT), to=header):
                        self.assertTrue(to == room or to in may or header in may)


class Picture(unittest.TestCase):
    """docs/architecture.md"""

    def setUp(self):
        with open(os.path.join(ROOT, "docs", "architecture.md"), encoding="utf-8") as f:
            self.text = f.read()

    def test_its_arrows_are_those_of_the_table(self):
        arrows = {}
        for room, to in re.findall(r"^(?:floor \d)? +([a-z0-9]+) ─+► (.*)$", self.text, re.M):
            arrows[room] = set(to.split(", ")) - {"OpenSSL", "libc"}
        self.assertEqual(arrows, ARROWS)

    def test_no_arrow_goes_up(self):
        floors, floor = {}, None
        for number, room in re.findall(r"^(floor \d)? +([a-z0-9]+) ─+► ", self.text, re.M):
            floor = int(number.split()[1]) if number else floor
            floors[room] = floor
        for room, may in ARROWS.items():
            for to in may:
                self.assertLess(floors[to.split("/")[0]], floors[room], (room, to))

    def test_what_it_shows_is_built(self):
        for name in ("vicar-pkcs11.so", "libifdvicar.so", "vicard", "vicar", "vicar-bridge", "cmd-simulator",
                     "csc-simulator", "ccid-simulator", "apdu-replay"):  # fmt: skip
            self.assertIn(name, self.text)
            self.assertTrue(os.path.exists(os.path.join(harness.BUILD, name)), name)


def lines(*argv):
    done = subprocess.run(
        argv, check=True, stdout=subprocess.PIPE, text=True, env={**os.environ, "LC_ALL": "C"}
    )
    return done.stdout.splitlines()


def libraries(path):
    return re.findall(r"\(NEEDED\).*\[(.*)\]", "\n".join(lines("readelf", "-d", path)))


class Binaries(unittest.TestCase):
    def reader(self):
        return os.environ.get("VICAR_DRIVER") or os.path.join(harness.BUILD, "libifdvicar.so")

    def test_exactly_the_ten_functions_are_exported(self):
        exported = lines("nm", "-D", "--defined-only", self.reader())
        symbols = {line.split()[-1].split("@")[0] for line in exported}
        self.assertEqual(
            symbols,
            {
                "IFDHCreateChannelByName", "IFDHCreateChannel", "IFDHCloseChannel",
                "IFDHGetCapabilities", "IFDHSetCapabilities", "IFDHSetProtocolParameters",
                "IFDHPowerICC", "IFDHTransmitToICC", "IFDHControl", "IFDHICCPresence",
            },
        )  # fmt: skip

    def test_no_two_functions_of_the_archives_have_one_name(self):
        """The linker would take the first, whichever program it was written for."""
        names = []
        for room in ("tools", "applets", "emulator", "cmdbridge", "iso7816"):
            archive = os.path.join(harness.BUILD, f"lib{room}.a")
            for line in lines("nm", "--defined-only", "--extern-only", archive):
                words = line.split()
                if len(words) == 3 and words[1] in "TDBR":
                    names.append(words[2])
        self.assertGreater(len(names), 100)
        self.assertEqual({name for name in names if names.count(name) > 1}, set())

    def test_the_reader_needs_libc_only(self):
        self.assertEqual(libraries(self.reader()), ["libc.so.6"])

    def test_the_module_needs_no_more_than_its_room_may_use(self):
        with harness.World(harness.BUILD) as world:
            needed = {name.split(".so")[0] for name in libraries(world.own_module())}
        self.assertEqual(needed, {"libcrypto", "libinih", "libpcsclite", "libc"})

    def test_the_process_of_a_card_holds_no_http_no_xml_and_no_prompts(self):
        needed = " ".join(libraries(os.path.join(harness.BUILD, "vicard")))
        self.assertIn("libcrypto", needed)
        self.assertNotRegex(needed, "curl|xml|assuan|gnutls")


if __name__ == "__main__":
    harness.main()
