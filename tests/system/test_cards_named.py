#!/usr/bin/env python3
"""What vicar says of the cards in the readers, and what it exports of them."""

import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402
from harness import World, wait_for  # noqa: E402


class TwoCards(unittest.TestCase):
    def setUp(self):
        self.world = World(harness.BUILD)
        self.addCleanup(self.world.close)
        self.world.start_pcscd()
        for name, card, role in (("finnish", "fineid-v2", "auth"), ("portuguese", "cc-v1", "sign")):
            self.world.create(name, "--card", card, "--role", role)
            self.world.insert(name)
        wait_for("two cards in the reader", lambda: self.world.cards() == 2)

    def test_the_card_in_each_reader_is_named_and_told_to_be_ours(self):
        blocks = self.world.vicar("atr").stdout.split("\n\n")
        self.assertEqual(len(blocks), 2)
        for slot, card, personality in (
            (0, "FINEID v2, RSA-2048", "fineid-v2"),
            (1, "Portuguese citizen card v1", "cc-v1"),
        ):
            self.assertIn(f"Vicar 00 0{slot}", blocks[slot])
            self.assertIn(f"card: {card}", blocks[slot])
            self.assertIn(f"personality: {personality}\n", blocks[slot])

    def test_the_atr_that_opensc_prints_is_taken_as_it_stands(self):
        atr = self.world.run("opensc-tool", "-a", "-r", "0").stdout.splitlines()[-1]
        self.assertIn("card: FINEID v2, RSA-2048", self.world.vicar("atr", atr).stdout)

    def test_the_exported_certificate_is_the_one_that_a_program_reads_from_the_card(self):
        exported = self.world.vicar("cert", "export", "finnish", "auth").stdout
        read = self.world.run("pkcs15-tool", "--reader", "0", "--read-certificate", "45").stdout
        self.assertIn(exported.strip(), read)


if __name__ == "__main__":
    harness.main()
