#!/usr/bin/env python3
"""The reader with a PIN pad: stock OpenSC, our module and plain PC/SC under the real pcscd, with the real
pinentry. How often a person is asked is counted, and where the PIN comes by. ifdhandler.md section 9.
"""

import os
import re
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import harness  # noqa: E402
from harness import CANCEL, ENTER, LOCAL_PIN, PHONE, PIN, World, wait_for  # noqa: E402
from opensc_round import DOCUMENT, digestinfo  # noqa: E402
from pcsc_holder import Program  # noqa: E402
from pinpad import (  # noqa: E402
    GET_FEATURE_REQUEST,
    MODIFY_DIRECT,
    PIN_PROPERTIES,
    TLV_PROPERTIES,
    VERIFY_DIRECT,
    features,
    modify,
    verify,
)

NEW_PIN = "8765"
# What is asked, by the words that tell.
PIN_ASKED = r"Open the card"
OLD, NEW, AGAIN, PUK = r"Type the old value", r"Type a new value", r"Type the new value .* again", r"Type the PUK"
NAMES = {PIN_ASKED: "PIN", OLD: "old", NEW: "new", AGAIN: "again", PUK: "PUK", "Code:": "code",
         "Sign with": "consent"}  # fmt: skip
VERIFY_PIN1 = bytes.fromhex("0020000108") + bytes(8)
CHANGE_PIN1 = bytes.fromhex("0024000110") + bytes(16)


class Pinpad(unittest.TestCase):
    """One world for all tests of a class: what each makes, and takes out again, is a card."""

    WORDS = ":pinpad"
    REMOTE = False

    @classmethod
    def setUpClass(cls):
        cls.world = World(harness.BUILD)
        try:
            if cls.REMOTE:
                cls.world.start_simulator(f"[account maria]\nphone = {PHONE}\npin = {PIN}\nkey = rsa2048\n")
            cls.world.start_pcscd(cls.WORDS)
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
        self.world.module = harness.opensc_module()

    def put_in(self, name):
        self.world.insert(name)
        self.world.wait_card()
        self.addCleanup(self.take_out, name)

    def take_out(self, name):
        if name in self.world.inserted:
            self.world.remove(name)
        self.world.wait_card(False)
        self.world.vicar("forget", "--yes", name)

    def local(self, card="fineid-v2", name="work"):
        self.world.create(name, "--card", card, "--role", "auth")
        self.put_in(name)

    def remote(self, *arguments):
        self.world.enrol("work", *arguments)
        self.put_in("work")

    def again(self, **prompt):
        """vicard reads vicar.conf anew."""
        self.world.configure(prompt=prompt)
        self.addCleanup(self.world.configure)
        self.world.remove("work")
        self.world.insert("work")
        self.world.wait_card()

    def program(self):
        """In the one reader with a card: whichever slot it has got."""
        program = Program(self.world, self.readers()[0])
        self.addCleanup(program.close)
        return program

    def readers(self):
        listed = self.world.run("opensc-tool", "-l").stdout
        return re.findall(r"^\d+ +Yes .*?(Vicar \d\d \d\d)", listed, re.M)

    def expect(self, *answers):
        self.person.expect(answers)

    def asked(self):
        self.assertEqual(self.person.unexpected, [])
        return [next(NAMES[words] for words in NAMES if re.search(words, seen)) for seen in self.person.asked]

    def sign(self, *arguments, **more):
        return self.world.pkcs11("--login", "--sign", "-m", "SHA256-RSA-PKCS", "-i", "input", "-o", "sig", *arguments,
                                 **more)  # fmt: skip

    def sign_digestinfo(self):
        """OpenSC's driver for the Finnish card hashes with SHA-1 alone."""
        with open(self.world.path("digestinfo"), "wb") as f:
            f.write(digestinfo("sha256"))
        self.world.pkcs11("--login", "--sign", "-m", "RSA-PKCS", "-i", "digestinfo", "-o", "sig")

    def assert_signature(self, key):
        self.world.pkcs11("-r", "-y", "cert", "-d", key, "-o", "cert.der")
        self.world.run("openssl", "x509", "-in", "cert.der", "-inform", "DER", "-noout", "-pubkey", "-out", "key.pem")
        self.world.run("openssl", "dgst", "-sha256", "-verify", "key.pem", "-signature", "sig", "input")


class OpenSC(Pinpad):
    """Stock pkcs11-tool and pkcs15-tool; nothing on a command line tells a PIN."""

    REMOTE = True

    def assert_one_pin_and_one_code(self, sign):
        self.expect((PIN_ASKED, PIN + ENTER), self.world.types_code())
        before = len(self.world.calls("SCMDSign"))
        sign()
        self.assertEqual(self.asked(), ["PIN", "code"])
        self.assertEqual(len(self.world.calls("SCMDSign")), before + 1)
        self.assert_signature("46")

    def test_one_remote_signature_with_user_consent(self):
        self.remote("--card", "fineid-v2")
        self.assertIn("always authenticate", self.world.pkcs11("--login", "--pin", PIN, "-O").stdout)
        self.assert_one_pin_and_one_code(self.sign_digestinfo)

    def test_one_remote_signature_without_user_consent(self):
        self.remote("--card", "fineid-v2", "--no-user-consent")
        self.assertNotIn("always authenticate", self.world.pkcs11("--login", "--pin", PIN, "-O").stdout)
        self.assert_one_pin_and_one_code(self.sign_digestinfo)

    def test_one_remote_signature_of_a_portuguese_card(self):
        self.remote()
        self.assert_one_pin_and_one_code(self.sign)

    def test_a_pin_from_the_program_is_not_the_consent(self):
        self.remote()
        self.expect(self.world.agrees(), self.world.types_code())
        self.sign("--pin", PIN)
        self.assertEqual(self.asked(), ["consent", "code"])

    def test_a_local_signature_of_a_finnish_card_is_one_pin(self):
        self.local()
        self.expect((PIN_ASKED, LOCAL_PIN + ENTER))
        self.sign_digestinfo()
        self.assertEqual(self.asked(), ["PIN"])
        self.assert_signature("45")

    def test_a_local_signature_of_a_portuguese_card_is_one_pin(self):
        self.local("cc-v1")
        self.expect((PIN_ASKED, LOCAL_PIN + ENTER))
        self.sign()
        self.assertEqual(self.asked(), ["PIN"])
        self.assert_signature("45")

    def test_a_pin_is_changed_at_the_pad(self):
        self.local()
        self.expect((OLD, LOCAL_PIN + ENTER), (NEW, NEW_PIN + ENTER), (AGAIN, NEW_PIN + ENTER))
        self.world.run("pkcs15-tool", "--change-pin", "--auth-id", "01")
        self.assertEqual(self.asked(), ["old", "new", "again"])
        self.world.pkcs11("--login", "--pin", NEW_PIN, "-O")


class Ours(Pinpad):
    """vicar-pkcs11.so, driven by the same pkcs11-tool."""

    REMOTE = True

    def setUp(self):
        super().setUp()
        self.world.module = self.world.own_module()

    def test_one_remote_signature_is_one_pin_and_one_code(self):
        self.remote()
        self.expect((PIN_ASKED, PIN + ENTER), self.world.types_code())
        before = len(self.world.calls("SCMDSign"))
        self.sign()
        self.assertEqual(self.asked(), ["PIN", "code"])
        self.assertEqual(len(self.world.calls("SCMDSign")), before + 1)
        self.assert_signature("46")

    def change(self, card, *expected):
        self.local(card)
        self.expect((PIN_ASKED, LOCAL_PIN + ENTER), (OLD, LOCAL_PIN + ENTER), (NEW, NEW_PIN + ENTER),
                    (AGAIN, NEW_PIN + ENTER))  # fmt: skip
        self.world.pkcs11("--change-pin")
        self.assertEqual(self.asked(), list(expected))
        self.world.pkcs11("--login", "--pin", NEW_PIN, "-O")

    def test_a_pin_of_a_finnish_card_is_changed_at_the_pad(self):
        self.change("fineid-v2", "old", "new", "again")

    def test_a_pin_of_a_newer_finnish_card_is_changed_at_the_pad(self):
        self.change("fineid-v4", "old", "new", "again")

    def test_a_pin_of_a_portuguese_card_is_changed_at_the_pad(self):
        self.change("cc-v1", "old", "new", "again")

    def test_a_pin_of_an_ias_ecc_card_is_verified_and_changed_at_the_pad(self):
        self.change("iasecc", "PIN", "old", "new", "again")

    def test_a_cancel_is_told_as_one(self):
        self.local()
        self.expect((PIN_ASKED, CANCEL))
        self.assertIn("CKR_FUNCTION_CANCELED", self.sign(check=False).stdout)


class Pcsc(Pinpad):
    def test_what_the_reader_offers(self):
        self.local()
        program = self.program()
        offered = features(bytes.fromhex(program.control(GET_FEATURE_REQUEST)))
        self.assertEqual(set(offered), {VERIFY_DIRECT, MODIFY_DIRECT, PIN_PROPERTIES, TLV_PROPERTIES})
        self.assertEqual(program.control(offered[PIN_PROPERTIES]), "00000200")
        self.assertTrue(program.control(offered[TLV_PROPERTIES]).endswith("0a0400000100"))
        self.assertEqual(program.transmit(bytes.fromhex("FFC2010000")), "06070a129000")
        self.assertTrue(program.transmit(bytes.fromhex("FFC2011200")).endswith("0a04000001009000"))
        self.assertEqual(program.transmit(bytes.fromhex("FFC2010500")), "6a81")

    def test_the_same_by_a_pseudo_apdu(self):
        self.local()
        program = self.program()
        structure = verify(VERIFY_PIN1)
        self.expect((PIN_ASKED, "9999" + ENTER))
        self.assertEqual(program.transmit(b"\xff\xc2\x01\x06" + bytes([len(structure)]) + structure), "63c4")
        self.expect((PIN_ASKED, LOCAL_PIN + ENTER))
        self.assertEqual(program.transmit(b"\xff\xc2\x01\x06" + bytes([len(structure)]) + structure), "9000")
        self.assertEqual(program.transmit(b"\xff\xc2\x01\x06" + bytes([len(structure) + 1]) + structure), "6700")

    def test_the_readers_own_status_words(self):
        self.local()
        self.again(**{"timeout-s": 1, "refusal-pause-ms": 0})
        program = self.program()
        codes = features(bytes.fromhex(program.control(GET_FEATURE_REQUEST)))
        self.assertEqual(program.control(codes[VERIFY_DIRECT], bytes(10)), "6b80")
        self.assertEqual(program.control(codes[VERIFY_DIRECT], verify(VERIFY_PIN1, form=0x81)), "6b80")
        self.expect((PIN_ASKED, CANCEL))
        self.assertEqual(program.control(codes[VERIFY_DIRECT], verify(VERIFY_PIN1)), "6401")
        self.expect((PIN_ASKED, None))
        self.assertEqual(program.control(codes[VERIFY_DIRECT], verify(VERIFY_PIN1)), "6400")
        self.expect((PIN_ASKED, "12" + ENTER))
        self.assertEqual(program.control(codes[VERIFY_DIRECT], verify(VERIFY_PIN1)), "6403")
        self.assertEqual(self.asked(), ["PIN"] * 3)
        self.expect((OLD, LOCAL_PIN + ENTER), (NEW, NEW_PIN + ENTER), (AGAIN, LOCAL_PIN + ENTER))
        self.assertEqual(program.control(codes[MODIFY_DIRECT], modify(CHANGE_PIN1)), "6402")
        self.expect((PIN_ASKED, LOCAL_PIN + ENTER))
        self.assertEqual(program.control(codes[VERIFY_DIRECT], verify(VERIFY_PIN1)), "9000")

    def test_without_a_prompt_it_is_6400_at_once_and_in_the_journal(self):
        self.local()
        self.again(pinentry="/nonexistent/pinentry")
        program = self.program()
        self.assertEqual(program.control(0x42330000 + VERIFY_DIRECT, verify(VERIFY_PIN1)), "6400")
        self.assertRegex(self.world.journal("work"), r" none 6400 key=auth operation=pin-verify .*pinentry")
        # Whoever has a PIN can still send it.
        self.assertEqual(program.transmit(bytes.fromhex("0020000108") + LOCAL_PIN.encode() + bytes(4)), "9000")

    def test_another_slot_is_served_meanwhile(self):
        self.local()
        slow = self.program()
        ours = self.readers()
        self.local(name="other")
        wait_for("second card", lambda: self.world.cards() == 2)
        theirs = next(name for name in self.readers() if name not in ours)
        self.expect((PIN_ASKED, None))
        slow.tell("control", f"{0x42330000 + VERIFY_DIRECT:x}", verify(VERIFY_PIN1).hex())
        self.person.wait_asked(PIN_ASKED)
        other = Program(self.world, theirs)
        self.addCleanup(other.close)
        self.assertEqual(other.transmit(bytes.fromhex("00A4000C023F00")), "9000")
        self.world.remove("work")
        self.assertRegex(slow.hear(), "^error")
        self.assertRegex(self.world.journal("work"), r" none 6401 .*because the card was taken out")

    def test_the_pin_never_comes_by_pcscd(self):
        """All that its threads read and write."""
        self.local()
        with open(self.world.path("pcscd", "pid")) as f:
            pid = f.read().strip()
        trace = self.world.path("trace")
        tracer = self.world.popen("strace", "-f", "-p", pid, "-s", "100000", "-xx", "-o", trace,
                                  "-e", "trace=read,write,recv,send,recvfrom,sendto,recvmsg,sendmsg")  # fmt: skip
        self.addCleanup(tracer.stdout.close)
        self.addCleanup(tracer.wait)
        self.addCleanup(tracer.terminate)
        wait_for("strace", lambda: "attached" in tracer.stdout.readline())
        program = self.program()
        code = 0x42330000 + VERIFY_DIRECT
        self.expect((PIN_ASKED, LOCAL_PIN + ENTER))
        self.assertEqual(program.control(code, verify(VERIFY_PIN1)), "9000")
        self.expect((OLD, LOCAL_PIN + ENTER), (NEW, NEW_PIN + ENTER), (AGAIN, NEW_PIN + ENTER))
        self.assertEqual(program.control(code + 1, modify(CHANGE_PIN1)), "9000")
        # A PIN that a program sends is seen: the net has no hole.
        self.assertEqual(program.transmit(bytes.fromhex("0020000108") + b"43214321"), "63c4")
        tracer.terminate()
        tracer.wait()
        with open(trace) as f:
            seen = f.read()
        written = {pin: "".join(f"\\x{c:02x}" for c in pin.encode()) for pin in (LOCAL_PIN, NEW_PIN, "43214321")}
        self.assertEqual([pin for pin, text in written.items() if text in seen], ["43214321"])
        with open(self.world.path("pcscd", "log")) as f:
            self.assertNotIn(LOCAL_PIN, f.read())


class NoPad(Pinpad):
    WORDS = ""

    def test_without_the_word_there_is_none(self):
        self.local()
        program = self.program()
        offered = features(bytes.fromhex(program.control(GET_FEATURE_REQUEST)))
        self.assertEqual(set(offered), {TLV_PROPERTIES})
        self.assertEqual(program.control(0x42330000 + VERIFY_DIRECT, verify(VERIFY_PIN1)), "error 8010001F")
        self.assertEqual(program.transmit(bytes.fromhex("FFC2010000")), "6e00")  # the card's
        self.assertNotIn("PIN pad present", self.world.pkcs11("-L").stdout)


if __name__ == "__main__":
    harness.main()
