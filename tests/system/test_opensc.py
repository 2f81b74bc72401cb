#!/usr/bin/env python3
"""Unmodified programs of Debian 12 against both cards, in our reader under the real pcscd."""

import hashlib
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402
from harness import LOCAL_PIN, PIN, World  # noqa: E402

DOCUMENT = b"a document that deserves a signature\n"
SHA256_PREFIX = bytes.fromhex("3031300d060960864801650304020105000420")


class Card:
    """What every card must do with stock programs; the classes below say which card."""

    @classmethod
    def setUpClass(cls):
        cls.world = World(harness.BUILD)
        try:
            cls.world.start_simulator()
            cls.world.start_pcscd()
            cls.make_card(cls.world)
            cls.world.insert("card")
            cls.world.wait_card()
        except BaseException:
            cls.world.close()
            raise

    @classmethod
    def tearDownClass(cls):
        cls.world.close()

    def setUp(self):
        with open(self.world.path("document"), "wb") as f:
            f.write(DOCUMENT)
        with open(self.world.path("digestinfo"), "wb") as f:
            f.write(SHA256_PREFIX + hashlib.sha256(DOCUMENT).digest())
        self.world.person.expect([self.world.agrees(), self.world.types_code()])

    def certificate(self):
        self.world.run("pkcs15-tool", "--read-certificate", self.ID, "-o", "certificate.pem")
        self.world.run(
            "openssl", "x509", "-in", "certificate.pem", "-noout", "-pubkey", "-out", "key.pem"
        )

    def verify(self, signature):
        """OpenSSL's word on a signature over DOCUMENT, by the key of the certificate on the card."""
        self.certificate()
        done = self.world.run(
            "openssl", "dgst", "-sha256", "-verify", "key.pem", "-signature", signature, "document"
        )
        self.assertIn("Verified OK", done.stdout)

    def test_pcsc_scan_lists_the_reader(self):
        self.assertIn("Vicar 00 00", self.world.run("pcsc_scan", "-rn").stdout)

    def test_opensc_tool_shows_the_atr(self):
        atr = self.world.run("opensc-tool", "-a").stdout.splitlines()[-1]
        self.assertEqual(atr.replace(":", "").upper(), self.ATR)

    def test_opensc_tool_names_the_card(self):
        self.assertIn(self.CARD_NAME, self.world.run("opensc-tool", "-n").stdout)

    def test_opensc_tool_shows_the_root_and_stops_where_its_driver_cannot_list(self):
        """Plastic cards of both kinds stop here too: there is no command in their sheets."""
        done = self.world.run("opensc-tool", "-f", check=False)
        self.assertRegex(done.stdout, r"3f00 .*type: DF")
        self.assertRegex(
            done.stdout, r"sc_list_files\(\) failed: (Not supported|Unsupported INS byte in APDU)"
        )

    def test_pkcs15_tool_dumps_every_object(self):
        dump = self.world.run("pkcs15-tool", "-D").stdout
        for text in self.DUMP:
            self.assertIn(text, dump)

    def test_pkcs15_tool_reads_the_certificate(self):
        self.certificate()
        subject = self.world.run(
            "openssl", "x509", "-in", "certificate.pem", "-noout", "-subject"
        ).stdout
        self.assertRegex(subject, r"CN\s*=")

    def test_pkcs11_tool_lists_slots_objects_and_mechanisms(self):
        self.assertIn("Vicar 00 00", self.world.pkcs11("-L").stdout)
        self.assertIn("Certificate Object", self.world.pkcs11("-O").stdout)
        self.assertIn(self.MECHANISM, self.world.pkcs11("-M").stdout)

    def test_the_key_is_in_the_first_slot(self):
        listed = self.world.pkcs11("--login", "--pin", self.PIN, "-O", "--type", "privkey").stdout
        self.assertIn("Private Key Object", listed)

    def test_pkcs11_tool_signs_and_openssl_verifies(self):
        self.world.pkcs11(
            "--login", "--pin", self.PIN, "--sign", "-m", self.MECHANISM,
            "-i", self.INPUT, "-o", "signature",
        )  # fmt: skip
        self.verify("signature")

    def test_signing_twice_in_a_row_gives_two_good_signatures(self):
        for name in ("first", "second"):
            self.world.pkcs11(
                "--login", "--pin", self.PIN, "--sign", "-m", self.MECHANISM,
                "-i", self.INPUT, "-o", name,
            )  # fmt: skip
            self.verify(name)


class PortugueseCardWithARemoteKey(Card, unittest.TestCase):
    ATR = "3BFF9600008131FE4380318065B085040120120FFF829000D0"
    CARD_NAME = "GemSAFE V1"
    DUMP = ("CITIZEN SIGNATURE KEY", "CITIZEN SIGNATURE CERTIFICATE", "ModLength      : 3072")
    MECHANISM = "SHA256-RSA-PKCS"
    INPUT = "document"
    ID = "46"
    PIN = PIN

    @staticmethod
    def make_card(world):
        world.enrol("card")

    def test_a_wrong_pin_is_refused_by_the_service_and_counted_once(self):
        before = len(self.world.calls("SCMDSign"))
        done = self.world.pkcs11(
            "--login", "--pin", "999999", "--sign", "-m", self.MECHANISM,
            "-i", self.INPUT, "-o", "signature", check=False,
        )  # fmt: skip
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("refused the signature PIN", self.world.vicar("log", "card").stdout)
        self.assertEqual(len(self.world.calls("SCMDSign")), before + 1)
        self.test_pkcs11_tool_signs_and_openssl_verifies()


class FinnishCardWithALocalKey(Card, unittest.TestCase):
    ATR = "3B7B940000806212515646696E454944"
    CARD_NAME = "SetCOS"
    DUMP = ("todentamis- ja salausavain", "perustunnusluku", "HENKILOKORTTI")
    MECHANISM = "RSA-PKCS"
    INPUT = "digestinfo"
    ID = "45"
    PIN = LOCAL_PIN

    @staticmethod
    def make_card(world):
        world.create("card", "--card", "fineid-v2", "--key", "rsa2048", "--role", "auth")

    def test_a_wrong_pin_is_refused_and_the_right_one_still_works(self):
        done = self.world.pkcs11("--login", "--pin", "9999", "-O", check=False)
        self.assertIn("CKR_PIN_INCORRECT", done.stdout)
        self.test_pkcs11_tool_signs_and_openssl_verifies()

    def test_the_pin_can_be_changed_and_changed_back(self):
        self.world.run("pkcs15-tool", "--change-pin", "--pin", LOCAL_PIN, "--new-pin", "4321")
        self.world.pkcs11("--login", "--pin", "4321", "-O")
        self.world.run("pkcs15-tool", "--change-pin", "--pin", "4321", "--new-pin", LOCAL_PIN)


if __name__ == "__main__":
    harness.main()
