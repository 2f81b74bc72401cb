#!/usr/bin/env python3
"""How many commands pkcs11-tool -O sends to a card through OpenSC's module and through ours, as pcscd
logs them.

On plastic cards a command takes some milliseconds whatever it is, so that the time of a list is that
of its commands.
"""

import os
import re
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402
from harness import ROOT, SLOTS, World, opensc_module  # noqa: E402

COLD, WARM = 0.6, 0.35  # of OpenSC's commands
WARM_COMMANDS = 12


class LoggingWorld(World):
    """pcscd writes down each command."""

    def start_pcscd(self):
        self.run(
            os.path.join(ROOT, "tests/system/private-pcscd.sh"),
            "start",
            self.path("pcscd"),
            f"vicar:{self.path('sockets')}:{SLOTS}",
            self.driver,
            "--",
            "--apdu",
        )

    def commands(self, module):
        """Of a list of all objects."""
        path = self.path("pcscd", "log")
        before = os.path.getsize(path)
        listed = self.run("pkcs11-tool", "--module", module, "-O").stdout
        with open(path, errors="replace") as f:
            f.seek(before)
            log = f.read()
        assert "Certificate Object" in listed, listed
        return re.findall(r"APDU: ([0-9A-F ]+?) *$", log, re.M)


def reads(commands):
    """Each READ BINARY with the file that was selected before it."""
    selected = ""
    for command in commands:
        if command.startswith("00 A4"):
            selected = command
        elif command.startswith("00 B0"):
            yield selected, command[6:11]


class Economy:
    @classmethod
    def setUpClass(cls):
        cls.world = LoggingWorld(harness.BUILD)
        try:
            cls.world.start_pcscd()
            cls.world.create("card", "--card", cls.CARD)
            cls.world.insert("card")
            cls.world.wait_card()
            ours = cls.world.own_module()
            cls.opensc = cls.world.commands(opensc_module())
            cls.cold = cls.world.commands(ours)
            cls.warm = cls.world.commands(ours)
        except BaseException:
            cls.world.close()
            raise

    @classmethod
    def tearDownClass(cls):
        cls.world.close()

    def test_a_card_that_was_never_seen_takes_six_tenths_of_openscs_commands_at_most(self):
        self.assertLessEqual(len(self.cold), COLD * len(self.opensc), self.cold)

    def test_no_part_of_a_file_is_read_twice(self):
        done = list(reads(self.cold))
        self.assertGreater(len(done), 0)
        self.assertEqual(len(done), len(set(done)), done)

    def test_a_card_that_was_seen_before_takes_a_third_of_them_and_twelve_at_most(self):
        most = min(WARM_COMMANDS, WARM * len(self.opensc))
        self.assertLessEqual(len(self.warm), most, self.warm)


class FinnishCard(Economy, unittest.TestCase):
    CARD = "fineid-v2"


class PortugueseCard(Economy, unittest.TestCase):
    CARD = "cc-v1"


class IasEccCard(Economy, unittest.TestCase):
    CARD = "iasecc"


if __name__ == "__main__":
    harness.main()
