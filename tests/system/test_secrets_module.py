#!/usr/bin/env python3
"""What stands in the memory of a program that uses the module: of a PIN one place, locked, while somebody is
logged in; after that none, whatever was done with it. The program keeps none itself, and libpcsclite,
which is measured with the module, has none either. pcscd and the reader in it pass the PIN on to the card.
"""

import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402
from harness import World, plain, wait_for  # noqa: E402
from memory import search  # noqa: E402

PIN, NEW_PIN, PUK, WRONG = "90817263", "24682468", "38271605", "71536482"
# What glibc gives a thread; the blocks of its heaps are smaller.
THREAD_STACK = 1 << 20
OK, PIN_INCORRECT = "0", "a0"


class Program:
    """p11-secrets.c at work."""

    def __init__(self, world):
        self.process = world.popen(
            world.tool("tests/system/p11-secrets"), world.own_module(), stdin=subprocess.PIPE
        )
        self.begun = self.hear()

    def hear(self):
        return self.process.stdout.readline().strip()

    def ask(self, *lines):
        self.process.stdin.write("".join(line + "\n" for line in lines))
        self.process.stdin.flush()
        return self.hear()

    def found(self):
        return search(self.process.pid, PIN, NEW_PIN, PUK, WRONG)

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


@unittest.skipIf(os.geteuid() != 0, "SKIP: reading all memory of pcscd takes root")
class Secrets(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = World(plain(harness.BUILD))
        cls.addClassCleanup(cls.world.close)
        cls.world.start_pcscd()

    def begin(self, card):
        self.world.create(card, "--card", card, "--role", "auth", pins=f"pin = {PIN}\npuk = {PUK}\n")
        self.world.insert(card)
        self.world.wait_card()
        self.addCleanup(self.take_out, card)
        program = Program(self.world)
        self.addCleanup(program.close)
        self.assertEqual(program.begun, OK)
        return program

    def take_out(self, card):
        self.world.remove(card)
        self.world.wait_card(False)

    def pcscd(self):
        with open(self.world.path("pcscd", "pid")) as f:
            return int(f.read())

    def assert_one_locked_place(self, program, pin):
        found = program.found()
        self.assertEqual([place.form for place in found].count(pin.encode()), 1, found)
        self.assertEqual([place for place in found if not place.locked], [])

    def assert_nothing_left(self, card):
        program = self.begin(card)
        self.assertEqual(program.ask("login", PIN), OK)
        # The control: it is found where it is kept.
        self.assert_one_locked_place(program, PIN)
        self.assertEqual(program.ask("sign"), OK)
        self.assertEqual(program.ask("finish"), OK)
        self.assert_one_locked_place(program, PIN)
        self.assertEqual(program.ask("change", PIN, NEW_PIN), OK)
        self.assert_one_locked_place(program, NEW_PIN)
        self.assertEqual(program.ask("logout"), OK)
        self.assertEqual(program.found(), [])
        # One that was refused might be the right one but for a digit.
        self.assertEqual(program.ask("login", WRONG), PIN_INCORRECT)
        self.assertEqual(program.found(), [])
        self.assertEqual(program.ask("change", WRONG, PIN), PIN_INCORRECT)
        self.assertEqual(program.found(), [])
        self.assertEqual(program.ask("login", NEW_PIN), OK)
        self.assertEqual(program.ask("close"), OK)
        self.assertEqual(program.found(), [])
        self.assertEqual(program.ask("finalize"), OK)
        self.assertEqual(program.found(), [])

    def test_of_a_finnish_card(self):
        self.assert_nothing_left("fineid-v2")

    def test_of_a_portuguese_card(self):
        self.assert_nothing_left("cc-v1")

    def test_of_an_iasecc_card(self):
        self.assert_nothing_left("iasecc")

    def test_a_card_that_goes_takes_the_pin_with_it(self):
        program = self.begin("fineid-v4")
        self.assertEqual(program.ask("login", PIN), OK)
        self.assert_one_locked_place(program, PIN)
        self.world.remove("fineid-v4")
        self.world.wait_card(False)
        self.assertNotEqual(program.ask("sign"), OK)
        self.assertEqual(program.found(), [])
        self.world.insert("fineid-v4")
        self.world.wait_card()

    def test_the_reader_in_pcscd_keeps_nothing(self):
        """pcscd itself has the end of the longest command that a client has sent lately, on the stack of
        the thread that serves this client, until a longer one comes. Nobody but root sees that."""
        program = self.begin("cc-v2")
        for line in (("login", PIN), ("change", PIN, NEW_PIN), ("logout",)):
            self.assertEqual(program.ask(*line), OK)
        found = search(self.pcscd(), PIN, NEW_PIN)
        self.assertEqual([place for place in found if place.mapping.size < THREAD_STACK], [])


if __name__ == "__main__":
    harness.main()
