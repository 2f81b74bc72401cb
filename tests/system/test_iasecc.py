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
from harness import LOCAL_PIN, PHONE, PIN, World  # noqa: E402
from opensc_round import (  # noqa: E402
    ANY_36_BYTES,
    AUTH_PIN,
    PKCS1_DECIPHERMENT,
    SIGN_PIN,
    Key,
    Round,
    digestinfo,
    recovered,
)

DOCUMENT = b"a document that deserves a signature\n"
ADF = "E828BD080FD2504543432D654944"
SHA256_PREFIX = bytes.fromhex("3031300d060960864801650304020105000420")


class OneKey:
    """A card with one key; the classes below say which and where."""

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


class IasEccCard(Round):
    """Both keys in files: the whole round; the classes below say whose card it is."""

    CARD = "iasecc"
    NAME = "IAS-ECC"
    # 8.7 item 13: the driver cannot select the root by its file identifier with an answer.
    FILES = "SELECT FILE failed: Invalid data"
    KEYS = (Key("0", AUTH_PIN, "01", "45", deciphers=True), Key("1", SIGN_PIN, "03", "46"))
    PIN_TRIES = 3
    DUMP = (
        "PKCS#15 Card [ECC eID]",
        "PIN [User PIN]",
        "PIN [Sign PIN]",
        "PIN [PUK]",
        "Private RSA Key [Auth key]",
        "Private RSA Key [Sign key]",
        "X.509 Certificate [Auth certificate]",
        "X.509 Certificate [Sign certificate]",
        "X.509 Certificate [Sub CA]",
        "X.509 Certificate [Root CA]",
    )
    SIGNATURES = {
        "RSA-PKCS": [
            recovered(digestinfo("sha256"), "pkcs1"),
            recovered(digestinfo("sha1"), "pkcs1"),
            recovered(digestinfo("sha512"), "pkcs1"),
            ANY_36_BYTES,
        ]
    }
    DECIPHERMENTS = {"RSA-PKCS": [PKCS1_DECIPHERMENT]}
    # Of the driver's mechanisms. 6.3: PrKDF lists what works for a key; hashing by the driver does not.
    REFUSED = {
        "SHA1-RSA-PKCS": "CKR_MECHANISM_INVALID",
        "SHA256-RSA-PKCS": "CKR_MECHANISM_INVALID",
        "RSA-9796": "CKR_MECHANISM_INVALID",
        "RSA-PKCS-KEY-PAIR-GEN": "CKR_DATA_INVALID",
    }

    def test_the_public_keys_are_those_of_the_certificates(self):
        """7.6: OpenSC reads them from the security data objects."""
        for key in self.KEYS:
            self.world.run("pkcs15-tool", "--read-public-key", key.id, "-o", "object.pem")
            self.assertEqual(self.read(f"key-{key.id}.pem"), self.read("object.pem"))

    def test_a_blocked_pin_is_seen_in_the_list_of_slots(self):
        (key, _) = self.KEYS
        for _ in range(self.PIN_TRIES):
            self.in_slot(key, "-O", pin="9999", check=False)
        self.assertEqual(self.world.pkcs11("-L").stdout.count("user PIN locked"), 1)
        self.unblock(key)
        self.assertNotIn("user PIN locked", self.world.pkcs11("-L").stdout)

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


class Amos(IasEccCard, unittest.TestCase):
    OPTIONS = "variant=amos"
    ATR = "3BDF18FF8191FE1FC30031B8640C01ECC173940180829000B3"


class AmosWithAKeyForSignatures(OneKey, unittest.TestCase):
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


class AmosWithARemoteKey(RemoteKey, OneKey, unittest.TestCase):
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


class AmosWithARemoteKeyOf3072Bits(RemoteKey, OneKey, unittest.TestCase):
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


class Gemalto(IasEccCard, unittest.TestCase):
    """OpenSC adds SHA-1 and SHA-256 to the algorithms of this maker's keys for signatures, and then
    cannot do them (6.3: Debian's 0.23 has no partial hash)."""

    OPTIONS = "variant=gemalto"
    FILES = r"3f00 .*type: DF(?s:.*)sc_list_files\(\) failed: Not supported"
    REFUSED = {
        **IasEccCard.REFUSED,
        "SHA1-RSA-PKCS": "CKR_(MECHANISM_INVALID|FUNCTION_NOT_SUPPORTED)",
        "SHA256-RSA-PKCS": "CKR_(MECHANISM_INVALID|FUNCTION_NOT_SUPPORTED)",
    }
    ATR = "3B7F9600000031B8644070141073940180829000"

    def test_pkcs11_tool_tests_each_slot_to_the_end(self):
        auth, sign = self.KEYS
        self.assertIn("No errors", self.in_slot(auth, "--test").stdout)
        tested = self.in_slot(sign, "--test", check=False).stdout
        self.assertIn("    RSA-PKCS: OK\n", tested)
        self.assertIn("C_Sign failed: rv = CKR_FUNCTION_NOT_SUPPORTED", tested)


class Oberthur(IasEccCard, unittest.TestCase):
    OPTIONS = "variant=oberthur"
    ATR = "3BDD18008131FE4580F9A000000077010800079000FE"


class Sagem(IasEccCard, unittest.TestCase):
    OPTIONS = "variant=sagem"
    ATR = "3B7F1800000031B8645023ECC173940180829000"


class MinistryOfInterior(IasEccCard, unittest.TestCase):
    OPTIONS = "variant=mi"
    ATR = "3BDF96008031FE450031B864041FECC173940180829000EC"


if __name__ == "__main__":
    harness.main()
