#!/usr/bin/env python3
"""Unmodified OpenSC 0.23 of Debian 12 against the IAS-ECC card, in our reader under the real pcscd.

Sections named here are those of the fact sheet iasecc.md.
"""

import hashlib
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402
from harness import LOCAL_PIN, LOCAL_PUK, PHONE, PIN, World  # noqa: E402

DOCUMENT = b"a document that deserves a signature\n"
SECRET = b"for the holder of the card only"
ADF = "E828BD080FD2504543432D654944"
SHA256_PREFIX = bytes.fromhex("3031300d060960864801650304020105000420")


class Card:
    """What the card of every maker must do; the classes below say which."""

    ROLE = "auth"
    ID = "45"

    @classmethod
    def setUpClass(cls):
        cls.world = World(harness.BUILD)
        try:
            cls.world.start_pcscd()
            cls.make_card(cls.world)
            cls.world.insert("card")
            cls.world.wait_card()
        except BaseException:
            cls.world.close()
            raise

    @classmethod
    def make_card(cls, world):
        world.create(
            "card", "--card", "iasecc", "--role", cls.ROLE, "--option", f"variant={cls.VARIANT}"
        )

    @classmethod
    def tearDownClass(cls):
        cls.world.close()

    def setUp(self):
        for name, content in (
            ("document", DOCUMENT),
            ("secret", SECRET),
            ("digestinfo", SHA256_PREFIX + hashlib.sha256(DOCUMENT).digest()),
        ):
            with open(self.world.path(name), "wb") as f:
                f.write(content)

    def public_key(self):
        """The key of the certificate on the card, in key.pem."""
        self.world.run("pkcs15-tool", "--read-certificate", self.ID, "-o", "certificate.pem")
        self.world.run(
            "openssl", "x509", "-in", "certificate.pem", "-noout", "-pubkey", "-out", "key.pem"
        )

    def sign(self, pin=LOCAL_PIN, check=True):
        return self.world.pkcs11(
            "--login", "--pin", pin, "--sign", "-m", "RSA-PKCS",
            "-i", "digestinfo", "-o", "signature", check=check,
        )  # fmt: skip

    def assert_signs(self, pin=LOCAL_PIN):
        self.sign(pin)
        self.public_key()
        done = self.world.run(
            "openssl", "dgst", "-sha256", "-verify", "key.pem", "-signature", "signature", "document"
        )
        self.assertIn("Verified OK", done.stdout)

    def test_opensc_shows_the_atr(self):
        atr = self.world.run("opensc-tool", "-a").stdout.splitlines()[-1]
        self.assertEqual(atr.replace(":", "").upper(), self.ATR)

    def test_opensc_takes_it_for_an_ias_ecc_card(self):
        self.assertIn("IAS-ECC", self.world.run("opensc-tool", "-n").stdout)

    def test_its_objects_are_listed(self):
        dump = self.world.run("pkcs15-tool", "-D").stdout
        for text in ("PKCS#15 Card [ECC eID]", "PIN [PUK]", *self.OBJECTS):
            self.assertIn(text, dump)

    def test_the_key_signs(self):
        self.assert_signs()


class CardForLogin(Card):
    """A key with which its holder logs in and deciphers: the whole round of the clients."""

    OBJECTS = ("PIN [User PIN]", "Private RSA Key [Auth key]", "X.509 Certificate [Auth certificate]")

    def test_pkcs11_tool_lists_slots_objects_and_mechanisms(self):
        slots = self.world.pkcs11("-L").stdout
        self.assertIn("ECC eID (User PIN)", slots)
        self.assertEqual(slots.count("token label"), 1)  # none for the PUK
        self.assertIn("Certificate Object", self.world.pkcs11("-O").stdout)
        self.assertRegex(self.world.pkcs11("-M").stdout, r"RSA-PKCS, keySize=\{1024,2048\}, hw")

    def test_the_private_key_is_seen_after_login(self):
        listed = self.world.pkcs11("--login", "--pin", LOCAL_PIN, "-O", "--type", "privkey").stdout
        self.assertIn("Private Key Object", listed)

    def test_its_public_key_is_that_of_the_certificate(self):
        """7.6: OpenSC reads it from the security data object."""
        self.public_key()
        self.world.run("pkcs15-tool", "--read-public-key", self.ID, "-o", "object.pem")
        with open(self.world.path("key.pem")) as a, open(self.world.path("object.pem")) as b:
            self.assertEqual(a.read(), b.read())

    def test_it_deciphers(self):
        self.public_key()
        self.world.run(
            "openssl", "pkeyutl", "-encrypt", "-pubin", "-inkey", "key.pem",
            "-pkeyopt", "rsa_padding_mode:pkcs1", "-in", "secret", "-out", "cryptogram",
        )  # fmt: skip
        self.world.pkcs11(
            "--login", "--pin", LOCAL_PIN, "--decrypt", "-m", "RSA-PKCS",
            "-i", "cryptogram", "-o", "plaintext",
        )  # fmt: skip
        with open(self.world.path("plaintext"), "rb") as f:
            self.assertEqual(f.read(), SECRET)

    def test_hashing_by_the_driver_is_refused_at_once(self):
        """6.3: PrKDF lists what works; the rest is CKR_MECHANISM_INVALID."""
        done = self.world.pkcs11(
            "--login", "--pin", LOCAL_PIN, "--sign", "-m", "SHA256-RSA-PKCS",
            "-i", "document", "-o", "signature", check=False,
        )  # fmt: skip
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("CKR_MECHANISM_INVALID", done.stdout)

    def test_the_pin_can_be_changed_and_changed_back(self):
        self.world.run("pkcs15-tool", "--change-pin", "--pin", LOCAL_PIN, "--new-pin", "987654")
        try:
            self.assert_signs("987654")
        finally:
            self.world.run("pkcs15-tool", "--change-pin", "--pin", "987654", "--new-pin", LOCAL_PIN)
        self.assert_signs()

    def test_wrong_pins_block_it_and_the_puk_unblocks_it(self):
        for _ in range(3):
            done = self.world.pkcs11("--login", "--pin", "9999", "-O", check=False)
            self.assertIn("CKR_PIN_INCORRECT", done.stdout)
        done = self.sign(check=False)
        self.assertIn("CKR_PIN_LOCKED", done.stdout)
        self.assertIn("user PIN locked", self.world.pkcs11("-L").stdout)
        self.world.run(
            "pkcs15-tool", "--unblock-pin", "--auth-id", "01",
            "--puk", LOCAL_PUK, "--new-pin", LOCAL_PIN,
        )  # fmt: skip
        self.assert_signs()

    def test_its_security_data_objects_are_listed(self):
        """8.7 item 15: OpenSC's own check of the applet; the arguments are classes."""
        for sdo_class, texts in (
            ("x10", ("Found SDO class 10, reference 1", "FB:13:13:13:FF:FF:00")),
            ("x20", ("Found SDO class 20, reference 1", "93:FF:FF:00")),
            ("x7B", ("Found SE #2", "Found SE #3", "usage 08")),
        ):
            listed = self.world.run("iasecc-tool", "--aid", ADF, "--list-sdos", sdo_class).stdout
            for text in texts:
                self.assertIn(text, listed)

    def test_pkcs11_tool_tests_it_to_the_end(self):
        done = self.world.pkcs11("--test", "--login", "--pin", LOCAL_PIN)
        self.assertIn("No errors", done.stdout)


class Amos(CardForLogin, unittest.TestCase):
    VARIANT = "amos"
    ATR = "3BDF18FF8191FE1FC30031B8640C01ECC173940180829000B3"

    def test_opensc_tool_cannot_list_files_as_on_plastic_cards(self):
        """8.7 item 13: the driver cannot select the root by its file identifier with an answer."""
        done = self.world.run("opensc-tool", "-f", check=False)
        self.assertIn("SELECT FILE failed: Invalid data", done.stdout)


class AmosWithAKeyForSignatures(Card, unittest.TestCase):
    """A local PIN, and no deciphering."""

    VARIANT = "amos"
    ATR = Amos.ATR
    ROLE = "sign"
    ID = "46"
    OBJECTS = ("PIN [Sign PIN]", "Private RSA Key [Sign key]", "nonRepudiation")

    def test_pkcs11_tool_tests_it_to_the_end(self):
        done = self.world.pkcs11("--test", "--login", "--pin", LOCAL_PIN)
        self.assertIn("No errors", done.stdout)


class RemoteKey:
    """A key at the simulated CMD; each use of it is a text message, so they are counted."""

    @classmethod
    def make_remote_card(cls, world, kind):
        world.start_simulator(f"[account maria]\nphone = {PHONE}\npin = {PIN}\nkey = {kind}\n")
        world.enrol("card", "--card", "iasecc")

    def setUp(self):
        super().setUp()
        self.world.person.expect([self.world.agrees(), self.world.types_code()])
        self.starts_before = len(self.world.calls("SCMDSign"))

    def assert_starts(self, count):
        self.assertEqual(len(self.world.calls("SCMDSign")) - self.starts_before, count)


class AmosWithARemoteKey(RemoteKey, Card, unittest.TestCase):
    ATR = Amos.ATR
    ID = "46"
    OBJECTS = ("PIN [Sign PIN]", "Private RSA Key [Sign key]", "X.509 Certificate [Root CA]")

    @classmethod
    def make_card(cls, world):
        cls.make_remote_card(world, "rsa2048")

    def test_its_objects_are_listed(self):
        dump = self.world.run("pkcs15-tool", "-D").stdout
        for text in self.OBJECTS:
            self.assertIn(text, dump)
        self.assertNotIn("PIN [PUK]", dump)
        self.assertNotIn("decipher", dump)

    def test_the_key_signs(self):
        self.assert_signs(PIN)
        self.assert_starts(1)

    def test_a_wrong_pin_costs_one_start(self):
        done = self.sign("999999", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assert_starts(1)
        self.assert_signs(PIN)


class AmosWithARemoteKeyOf3072Bits(RemoteKey, Card, unittest.TestCase):
    """6.1: OpenSC's driver knows 1024 to 2048 bits; the key is for other middleware."""

    ATR = Amos.ATR
    ID = "46"

    @classmethod
    def make_card(cls, world):
        cls.make_remote_card(world, "rsa3072")

    def test_its_objects_are_listed(self):
        self.assertIn("ModLength      : 3072", self.world.run("pkcs15-tool", "-D").stdout)

    test_the_key_signs = None

    def test_opensc_does_not_use_the_key_and_no_message_is_sent(self):
        done = self.sign(PIN, check=False)
        self.assertIn("CKR_FUNCTION_NOT_SUPPORTED", done.stdout)
        self.assert_starts(0)


class Gemalto(CardForLogin, unittest.TestCase):
    VARIANT = "gemalto"
    ATR = "3B7F9600000031B8644070141073940180829000"


class Oberthur(CardForLogin, unittest.TestCase):
    VARIANT = "oberthur"
    ATR = "3BDD18008131FE4580F9A000000077010800079000FE"


class Sagem(CardForLogin, unittest.TestCase):
    VARIANT = "sagem"
    ATR = "3B7F1800000031B8645023ECC173940180829000"


class MinistryOfInterior(CardForLogin, unittest.TestCase):
    VARIANT = "mi"
    ATR = "3BDF96008031FE450031B864041FECC173940180829000EC"


if __name__ == "__main__":
    harness.main()
