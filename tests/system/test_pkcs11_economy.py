#!/usr/bin/env python3
"""What a list of all objects of a card costs with our module and with stock OpenSC's: commands to the
card, counted on their way to it (card_relay.py), and time, with 5 ms more for each of them.

Cold is a program in a home where nobody has seen the card, warm the same program once more there. OpenSC
is as Debian installs it: its own cache of files is off (use_file_caching, opensc.conf(5)), so that it
is never warm.
"""

import itertools
import os
import statistics
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402
from card_relay import Relay  # noqa: E402
from harness import World, opensc_module  # noqa: E402

COLD_COMMANDS, COLD_TIME, WARM_TIME = 0.6, 0.6, 0.35  # of OpenSC's
WARM_COMMANDS = 12
DELAY_S = 0.005
PAIRS = 5

# The first shows one token, the second all that there are.
PROGRAMS = {
    "pkcs11-tool": lambda module: ("pkcs11-tool", "--module", module, "--list-objects"),
    "p11tool": lambda module: ("p11tool", "--provider", module, "--list-all", "pkcs11:"),
}


def reads(exchanges):
    """(file, offset) of each byte that READ BINARY brought, in order; SELECT says which file."""
    selected = b""
    for command, response in exchanges:
        if command[:2] == b"\x00\xa4" and response[-2:] == b"\x90\x00":
            # By name an application is selected, else a file in it.
            selected = (selected if command[2] != 4 else b"") + command[5 : 5 + command[4]]
        elif command[:2] == b"\x00\xb0":
            start = int.from_bytes(command[2:4], "big")
            for offset in range(start, start + len(response) - 2):
                yield selected[-2:], offset


def shown(exchanges):
    return "\n".join(map(str, exchanges))


class Economy:
    """Both keys of the card, and two authorities."""

    @classmethod
    def setUpClass(cls):
        cls.world = World(harness.BUILD)
        cls.relay = None
        cls.homes = itertools.count()
        try:
            cls.put_card_behind_relay()
        except BaseException:
            cls.tearDownClass()
            raise

    @classmethod
    def put_card_behind_relay(cls):
        world = cls.world
        os.mkdir(world.path("cards"), 0o700)
        world.configure(card={"socket-directory": world.path("cards")})
        world.start_pcscd()
        world.create("card", "--card", cls.CARD, "--key", "rsa2048")
        for name, issuer in (("root", ()), ("sub", ("-CA", "root.pem", "-CAkey", "root.key"))):
            world.run(
                "openssl", "req", "-x509", "-newkey", "rsa:3072", "-nodes", "-days", "3650",
                "-subj", f"/C=FI/O=Authority/CN=The {name}", *issuer,
                "-keyout", f"{name}.key", "-out", f"{name}.pem",
            )  # fmt: skip
            world.vicar("cert", "add", "card", world.path(f"{name}.pem"), "--authority")
        cls.relay = Relay("card", world.path("cards"), world.path("sockets"))
        world.insert("card")
        world.wait_card()

    @classmethod
    def tearDownClass(cls):
        cls.world.close()
        if cls.relay:
            cls.relay.close()

    def setUp(self):
        self.relay.delay_s = 0
        self.ours = self.world.own_module()
        self.opensc = opensc_module()

    def new_home(self):
        home = self.world.path(f"home{next(self.homes)}")
        os.mkdir(home, 0o700)
        return home

    def list_objects(self, program, module, home):
        """(what was exchanged with the card, seconds)"""
        env = {
            "HOME": home,
            "XDG_CONFIG_HOME": f"{home}/config",
            "XDG_DATA_HOME": f"{home}/data",
            "XDG_CACHE_HOME": f"{home}/cache",
        }
        self.relay.take()
        start = time.monotonic()
        listed = self.world.run(*PROGRAMS[program](module), env=env).stdout
        seconds = time.monotonic() - start
        self.assertGreaterEqual(listed.count("X.509"), 3, listed)  # the key's and the authorities'
        return self.relay.take(), seconds

    def test_a_card_that_was_never_seen_takes_six_tenths_of_openscs_commands_at_most(self):
        for program in PROGRAMS:
            with self.subTest(program):
                ours, _ = self.list_objects(program, self.ours, self.new_home())
                opensc, _ = self.list_objects(program, self.opensc, self.new_home())
                print(f"{self.CARD}, {program}, cold: {len(ours)} of {len(opensc)} commands")
                self.assertLessEqual(len(ours), COLD_COMMANDS * len(opensc), shown(ours))

    def test_no_byte_of_a_file_is_read_twice(self):
        for program in PROGRAMS:
            with self.subTest(program):
                ours, _ = self.list_objects(program, self.ours, self.new_home())
                seen = list(reads(ours))
                self.assertGreater(len(seen), 0)
                self.assertEqual(len(seen), len(set(seen)), shown(ours))

    def test_a_card_that_was_seen_before_takes_twelve_commands_at_most(self):
        for program in PROGRAMS:
            with self.subTest(program):
                home = self.new_home()
                self.list_objects(program, self.ours, home)
                ours, _ = self.list_objects(program, self.ours, home)
                print(f"{self.CARD}, {program}, warm: {len(ours)} commands")
                self.assertLessEqual(len(ours), WARM_COMMANDS, shown(ours))

    def test_with_5_ms_more_for_each_command_the_time_is_as_short(self):
        """Medians; the runs to be compared follow each other, so that both see the same machine."""
        self.relay.delay_s = DELAY_S
        for program in PROGRAMS:
            with self.subTest(program):
                cold, warm, opensc = [], [], []
                for _ in range(PAIRS):
                    ours, theirs = self.new_home(), self.new_home()
                    cold.append(self.list_objects(program, self.ours, ours)[1])
                    opensc.append(self.list_objects(program, self.opensc, theirs)[1])
                    warm.append(self.list_objects(program, self.ours, ours)[1])
                    opensc.append(self.list_objects(program, self.opensc, theirs)[1])
                cold, warm, opensc = map(statistics.median, (cold, warm, opensc))
                print(
                    f"{self.CARD}, {program}, 5 ms more: cold {cold:.3f} s, warm {warm:.3f} s, "
                    f"OpenSC {opensc:.3f} s"
                )
                self.assertLessEqual(cold, COLD_TIME * opensc)
                self.assertLessEqual(warm, WARM_TIME * opensc)


class FinnishCard(Economy, unittest.TestCase):
    CARD = "fineid-v2"


class PortugueseCard(Economy, unittest.TestCase):
    CARD = "cc-v1"


class IasEccCard(Economy, unittest.TestCase):
    CARD = "iasecc"


if __name__ == "__main__":
    harness.main()
