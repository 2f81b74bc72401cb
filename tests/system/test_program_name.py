#!/usr/bin/env python3
"""What the person is told of the program that wants a signature: what it says, as what it says, on a card
that has the option `program-name`, and elsewhere that it does not say. The real pcscd, a real pinentry,
stock pkcs11-tool over our module and over OpenSC's, and a program that lies.
"""

import os
import re
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402
from harness import LOCAL_PIN, PIN, World  # noqa: E402
from opensc_round import DOCUMENT  # noqa: E402
from pcsc_holder import Program  # noqa: E402

SAYS, SILENT = "The program says it is:", "The program does not say what it is."
SELECT = bytes.fromhex("00A4040C07604632FF000002")
VERIFY = bytes.fromhex("0020008208") + PIN.encode().ljust(8, b"\xff")
SET = bytes.fromhex("002241B606800142840101")
LOAD = bytes.fromhex("002A90A0229020") + bytes(range(32))
SIGN = bytes.fromhex("002A9E9A00")
LIE = b'Firefox", and nothing is sent. "'
OK, NO_SUCH_COMMAND, CANCELLED = "9000", "6d00", "6401"


def put(text):
    return bytes.fromhex("00DADF7F") + bytes([len(text)]) + text


class ProgramName(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = World(harness.BUILD)
        try:
            cls.world.start_simulator()
            cls.world.configure(prompt={"refusal-pause-ms": 0, "repeat-window-ms": 0})
            cls.world.start_pcscd()
        except BaseException:
            cls.world.close()
            raise
        with open(cls.world.path("input"), "wb") as f:
            f.write(DOCUMENT)

    @classmethod
    def tearDownClass(cls):
        cls.world.close()

    def setUp(self):
        self.person = self.world.person
        self.world.module = self.world.own_module()

    def put_in(self, *arguments):
        self.world.enrol("work", *arguments)
        self.world.insert("work")
        self.world.wait_card()
        self.addCleanup(self.take_out, "work")

    def take_out(self, name):
        self.world.remove(name)
        self.world.wait_card(False)
        self.world.vicar("forget", "--yes", name)

    def sign(self):
        """By pkcs11-tool; what the person was asked before the code."""
        self.person.expect([self.world.agrees(), self.world.types_code()])
        self.world.pkcs11("--login", "--pin", PIN, "--sign", "-m", "SHA256-RSA-PKCS", "-i", "input", "-o", "sig")
        self.world.pkcs11("-r", "-y", "cert", "-d", "46", "-o", "cert.der")
        self.world.run("openssl", "x509", "-in", "cert.der", "-inform", "DER", "-noout", "-pubkey", "-out", "key.pem")
        self.world.run("openssl", "dgst", "-sha256", "-verify", "key.pem", "-signature", "sig", "input")
        return " ".join(self.person.asked[0].split())

    def program(self):
        listed = self.world.run("opensc-tool", "-l").stdout
        program = Program(self.world, re.search(r"^\d+ +Yes .*?(Vicar \d\d \d\d)", listed, re.M)[1])
        self.addCleanup(program.close)
        return program

    def says(self, card):
        self.put_in("--card", card, "--option", "program-name")
        self.assertIn(f'{SAYS} "pkcs11-tool"', self.sign())
        self.assertIn("pkcs11-tool", self.world.journal("work"))

    def test_our_module_says_which_program_it_serves_to_a_portuguese_card(self):
        self.says("cc-v1")

    def test_our_module_says_it_to_an_iasecc_card(self):
        self.says("iasecc")

    def test_our_module_says_it_to_a_finnish_card(self):
        self.says("fineid-v4")

    def test_our_module_says_it_to_a_card_with_a_key_of_its_own_and_the_journal_has_it(self):
        self.world.create("own", "--card", "cc-v1", "--role", "auth", "--option", "program-name")
        self.world.insert("own")
        self.world.wait_card()
        self.addCleanup(self.take_out, "own")
        self.world.pkcs11("--login", "--pin", LOCAL_PIN, "--sign", "-m", "SHA256-RSA-PKCS", "-i", "input", "-o", "sig")
        self.assertIn("pkcs11-tool", self.world.journal("own"))

    def test_a_card_that_does_not_ask_is_not_told(self):
        self.put_in()
        self.assertIn(SILENT, self.sign())
        program = self.program()
        self.assertEqual(program.transmit(SELECT)[-4:], OK)
        self.assertEqual(program.transmit(put(b"Firefox")), NO_SUCH_COMMAND)

    def test_a_lie_is_shown_as_what_the_program_says(self):
        self.put_in("--option", "program-name")
        calls = len(self.world.calls())
        self.person.expect([("Sign with the card", "c")])
        program = self.program()
        for command in (SELECT, VERIFY, SET, LOAD, put(LIE)):
            self.assertEqual(program.transmit(command)[-4:], OK)
        self.assertEqual(program.transmit(SIGN), CANCELLED)
        seen = " ".join(self.person.asked[0].split())
        self.assertIn(f"{SAYS} \"Firefox', and nothing is sent. '\"", seen)
        # It was for that use.
        for command in (VERIFY, SET, LOAD):
            self.assertEqual(program.transmit(command)[-4:], OK)
        self.assertEqual(program.transmit(SIGN), CANCELLED)
        self.assertIn(SILENT, " ".join(self.person.asked[1].split()))
        self.assertEqual(len(self.world.calls()), calls)

    def test_opensc_uses_such_a_portuguese_card_as_any_other(self):
        self.world.module = harness.opensc_module()
        self.put_in("--option", "program-name")
        self.assertIn(SILENT, self.sign())

    def test_opensc_lists_all_else_of_an_iasecc_card(self):
        """An object that is in no file it passes over."""
        self.put_in("--card", "iasecc", "--option", "program-name")
        listed = self.world.run("pkcs15-tool", "-D").stdout
        for found in ("ModLength      : 3072", "X.509 Certificate [Sign certificate]", "PIN [Sign PIN]"):
            self.assertIn(found, listed)


if __name__ == "__main__":
    harness.main()
