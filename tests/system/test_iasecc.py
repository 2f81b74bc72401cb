#!/usr/bin/env python3
"""Unmodified OpenSC 0.23 of Debian 12 against the IAS-ECC card, in our reader under the real pcscd.

Sections named here are those of the fact sheet iasecc.md.
"""

import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402
from harness import PIN, World  # noqa: E402
from opensc_round import (  # noqa: E402
    ANY_36_BYTES,
    AUTH_PIN,
    PKCS1_DECIPHERMENT,
    SIGN_PIN,
    Key,
    RemoteRound,
    Round,
    digestinfo,
    recovered,
)

ADF = "E828BD080FD2504543432D654944"


class IasEccCard(Round):
    """Both keys in files: the whole round; the classes below say whose card it is."""

    CARD = "iasecc"
    NAME = "IAS-ECC"
    # 8.7 item 13: the driver cannot select the root by its file identifier with an answer.
    FILES = "SELECT FILE failed: Invalid data"
    KEYS = (
        Key("0", "pin1", AUTH_PIN, "01", "45", deciphers=True),
        Key("1", "pin2", SIGN_PIN, "03", "46"),
    )
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


class AmosWithARemoteKey(RemoteRound, unittest.TestCase):
    CARD = "iasecc"
    KIND = "rsa2048"
    ATR = Amos.ATR
    NAME = IasEccCard.NAME
    FILES = IasEccCard.FILES
    KEYS = (Key("0", "pin2", PIN, "03", "46"),)
    DUMP = (
        "PIN [Sign PIN]",
        "Private RSA Key [Sign key]",
        "X.509 Certificate [Sub CA]",
        "X.509 Certificate [Root CA]",
    )
    SIGNATURES = {
        "RSA-PKCS": [recovered(digestinfo("sha256"), "pkcs1"), recovered(digestinfo("sha1"), "pkcs1")]
    }
    DECIPHERMENTS = IasEccCard.DECIPHERMENTS
    REFUSED = IasEccCard.REFUSED

    def test_neither_a_puk_nor_a_key_to_decipher_is_listed(self):
        dump = self.world.run("pkcs15-tool", "-D").stdout
        self.assertNotIn("PIN [PUK]", dump)
        self.assertNotIn("decipher", dump)


class AmosWithARemoteKeyOf3072Bits(unittest.TestCase):
    """6.1: OpenSC's driver knows 1024 to 2048 bits; the key is for other middleware."""

    def test_opensc_lists_the_key_does_not_use_it_and_no_message_is_sent(self):
        world = World(harness.BUILD)
        self.addCleanup(world.close)
        world.start_simulator()
        world.start_pcscd()
        world.enrol("card", "--card", "iasecc")
        world.insert("card")
        world.wait_card()
        self.assertIn("ModLength      : 3072", world.run("pkcs15-tool", "-D").stdout)
        with open(world.path("digestinfo"), "wb") as f:
            f.write(digestinfo("sha256"))
        done = world.pkcs11(
            "--login", "--pin", PIN, "--sign", "-m", "RSA-PKCS",
            "-i", "digestinfo", "-o", "signature", check=False,
        )  # fmt: skip
        self.assertIn("CKR_FUNCTION_NOT_SUPPORTED", done.stdout)
        self.assertEqual(world.calls("SCMDSign"), [])


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
