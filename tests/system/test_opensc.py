#!/usr/bin/env python3
"""Unmodified programs of Debian 12 against the Finnish and the Portuguese card, in our reader under the
real pcscd: the whole round with local keys, and with a key at the simulated service.
"""

import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402
from harness import PIN  # noqa: E402
from opensc_round import (  # noqa: E402
    ANY_36_BYTES,
    AUTH_PIN,
    PKCS1_DECIPHERMENT,
    PUK,
    RAW_DECIPHERMENT,
    RAW_SIGNATURE,
    SIGN_PIN,
    Key,
    Round,
    digestinfo,
    hashed,
    hashed_pss,
    oaep,
    pss,
    recovered,
)


class FinnishCard(Round, unittest.TestCase):
    """fineid.md 8.1."""

    CARD = "fineid-v2"
    ATR = "3B7B940000806212515646696E454944"
    NAME = "SetCOS"
    FILES = r"3f00 +type: DF(?s:.*)sc_list_files\(\) failed: Unsupported INS byte in APDU"
    KEYS = (Key("0", AUTH_PIN, "01", "45", deciphers=True), Key("1", SIGN_PIN, "02", "46"))
    PIN_TRIES = 5
    DUMP = (
        "PKCS#15 Card [HENKILOKORTTI]",
        "PIN [perustunnusluku]",
        "PIN [allekirjoitustunnusluku]",
        "Private RSA Key [todentamis- ja salausavain]",
        "Private RSA Key [allekirjoitusavain]",
        "X.509 Certificate [todentamis- ja salausvarmenne]",
        "X.509 Certificate [allekirjoitusvarmenne]",
        "X.509 Certificate [Vicar Test Issuer]",
        "X.509 Certificate [Vicar Test Root]",
    )
    SIGNATURES = {
        "RSA-PKCS": [
            recovered(digestinfo("sha256"), "pkcs1"),
            recovered(digestinfo("sha1"), "pkcs1"),
            recovered(digestinfo("sha512"), "pkcs1"),
            ANY_36_BYTES,
        ],
        "RSA-X-509": [RAW_SIGNATURE],
        "SHA1-RSA-PKCS": [hashed("sha1")],
        "RSA-PKCS-PSS": [pss("sha1"), pss("sha256"), pss("sha512")],
        "SHA1-RSA-PKCS-PSS": [hashed_pss("sha1")],
    }
    DECIPHERMENTS = {
        "RSA-PKCS": [PKCS1_DECIPHERMENT],
        "RSA-X-509": [RAW_DECIPHERMENT],
        "RSA-PKCS-OAEP": [oaep("sha1"), oaep("sha256")],
    }
    test_a_mechanism_that_is_offered_and_cannot_be_is_refused = None  # there is none


class PortugueseCard(Round, unittest.TestCase):
    """iasecc.md 9.2."""

    CARD = "cc-v1"
    ATR = "3BFF9600008131FE4380318065B085040120120FFF829000D0"
    NAME = "GemSAFE V1"
    FILES = r"3f00 .*type: DF(?s:.*)sc_list_files\(\) failed: Not supported"
    KEYS = (Key("0", AUTH_PIN, "01", "45"), Key("1", SIGN_PIN, "02", "46"))
    PIN_TRIES = 3
    DUMP = (
        "PKCS#15 Card [CARTAO DE CIDADAO]",
        "PIN [Auth PIN]",
        "PIN [Sign PIN]",
        "Private RSA Key [CITIZEN AUTHENTICATION KEY]",
        "Private RSA Key [CITIZEN SIGNATURE KEY]",
        "X.509 Certificate [CITIZEN AUTHENTICATION CERTIFICATE]",
        "X.509 Certificate [CITIZEN SIGNATURE CERTIFICATE]",
        "X.509 Certificate [SIGNATURE SUB CA]",
        "X.509 Certificate [ROOT CA]",
    )
    SIGNATURES = {
        "RSA-PKCS": [recovered(digestinfo("sha1"), "pkcs1"), ANY_36_BYTES],
        "SHA1-RSA-PKCS": [hashed("sha1")],
        "SHA256-RSA-PKCS": [hashed("sha256")],
        "MD5-RSA-PKCS": [hashed("md5")],
        "RIPEMD160-RSA-PKCS": [hashed("ripemd160")],
    }
    DECIPHERMENTS = {"RSA-PKCS": [PKCS1_DECIPHERMENT]}  # offered, but no key is for it
    # Of the driver's mechanisms, not of the card: no key is for them, and the token is read-only.
    REFUSED = {
        "RSA-9796": "CKR_MECHANISM_INVALID",
        "RSA-PKCS-KEY-PAIR-GEN": "CKR_FUNCTION_NOT_SUPPORTED",
    }

    def test_a_digestinfo_of_more_than_36_bytes_is_refused_by_the_driver(self):
        too_long = recovered(digestinfo("sha256"), "pkcs1")
        for key in self.KEYS:
            done = self.sign(key, "RSA-PKCS", too_long, check=False)
            self.assertIn("CKR_ARGUMENTS_BAD", done.stdout)


class PortugueseCardWithARemoteKey(Round, unittest.TestCase):
    """RSA-3072 at the service: each signature is a start call, and the PIN is the service's."""

    ATR = PortugueseCard.ATR
    NAME = PortugueseCard.NAME
    FILES = PortugueseCard.FILES
    KEYS = (Key("0", PIN, "02", "46"),)
    DUMP = ("CITIZEN SIGNATURE KEY", "CITIZEN SIGNATURE CERTIFICATE", "ModLength      : 3072")
    SIGNATURES = {
        **PortugueseCard.SIGNATURES,
        "RSA-PKCS": [recovered(digestinfo("sha1"), "pkcs1")],
    }
    DECIPHERMENTS = PortugueseCard.DECIPHERMENTS
    REFUSED = PortugueseCard.REFUSED

    # The rules of a PIN that only the service can judge: test_failures.py, test_pin_remote.py.
    test_each_pin_can_be_changed_and_changed_back = None
    test_wrong_pins_block_each_pin_and_the_puk_unblocks_it = None
    test_one_blocked_pin_leaves_the_other_key_alone = None
    test_pkcs11_tool_tests_each_slot_to_the_end = None

    @classmethod
    def make_card(cls):
        cls.world.start_simulator()
        cls.world.enrol("card")

    def setUp(self):
        self.world.person.expect([self.world.agrees(), self.world.types_code()])
        self.before = len(self.world.calls("SCMDSign"))

    def starts(self):
        return len(self.world.calls("SCMDSign")) - self.before

    def test_pcsc_scan_lists_the_reader(self):
        self.assertIn("Vicar 00 00", self.world.run("pcsc_scan", "-rn").stdout)

    def test_a_signature_over_sha256_is_of_3072_bits_verifies_and_is_one_start_call(self):
        (key,) = self.KEYS
        self.sign(key, "SHA256-RSA-PKCS", hashed("sha256"))
        self.judge(key, hashed("sha256"))
        self.assertEqual(len(self.read("signature")) * 8, 3072)
        text = self.world.run("openssl", "pkey", "-pubin", "-in", "key-46.pem", "-noout", "-text").stdout
        self.assertIn("Public-Key: (3072 bit)", text)
        self.assertEqual(self.starts(), 1)

    def test_signing_twice_in_a_row_gives_two_good_signatures(self):
        for _ in range(2):
            self.assert_works(self.KEYS[0])
        self.assertEqual(self.starts(), 2)

    def test_what_the_service_cannot_sign_is_refused_without_a_start_call(self):
        done = self.sign(self.KEYS[0], "RSA-PKCS", ANY_36_BYTES, check=False)
        self.assertIn("CKR_DATA_INVALID", done.stdout)
        self.assertEqual(self.starts(), 0)

    def test_a_wrong_pin_is_refused_by_the_service_and_counted_once(self):
        (key,) = self.KEYS
        done = self.sign(key, "SHA256-RSA-PKCS", hashed("sha256"), pin="999999", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("refused the signature PIN", self.world.vicar("log", "card").stdout)
        self.assertEqual(self.starts(), 1)
        self.assert_works(key)

    def test_neither_change_nor_puk_is_allowed(self):
        for action, *values in (
            ("--change-pin", "--pin", PIN, "--new-pin", "55667788"),
            ("--unblock-pin", "--puk", PUK, "--new-pin", "55667788"),
        ):
            done = self.world.run("pkcs15-tool", action, "--auth-id", "02", *values, check=False)
            self.assertIn("failed: Not allowed", done.stdout)
        self.assertEqual(self.starts(), 0)

    def test_pkcs11_tool_tests_every_signature_mechanism(self):
        """It then ends: OpenSC 0.23 gives the session up when an empty VERIFY says that the PIN is no
        longer verified (iasecc.md 9.2), as it is after each start call."""
        tested = self.in_slot(self.KEYS[0], "--test", check=False).stdout
        for mechanism in self.SIGNATURES:
            self.assertIn(f"    {mechanism}: OK\n", tested)
        self.assertIn("C_OpenSession failed: rv = CKR_SESSION_HANDLE_INVALID", tested)


if __name__ == "__main__":
    harness.main()
