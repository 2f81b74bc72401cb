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
    RAW_DECIPHERMENT,
    RAW_SIGNATURE,
    SIGN_PIN,
    Key,
    RemoteRound,
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
    KEYS = (
        Key("0", "pin1", AUTH_PIN, "01", "45", deciphers=True),
        Key("1", "pin2", SIGN_PIN, "02", "46"),
    )
    PIN_TRIES = 5
    DUMP = (
        "PKCS#15 Card [HENKILOKORTTI]",
        "PIN [perustunnusluku]",
        "PIN [allekirjoitustunnusluku]",
        "Private RSA Key [todentamis- ja salausavain]",
        "Private RSA Key [allekirjoitusavain]",
        "X.509 Certificate [todentamis- ja salausvarmenne]",
        "X.509 Certificate [allekirjoitusvarmenne]",
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
    KEYS = (
        Key("0", "auth-pin", AUTH_PIN, "01", "45"),
        Key("1", "sign-pin", SIGN_PIN, "02", "46"),
    )
    PIN_TRIES = 3
    DUMP = (
        "PKCS#15 Card [CARTAO DE CIDADAO]",
        "PIN [Auth PIN]",
        "PIN [Sign PIN]",
        "Private RSA Key [CITIZEN AUTHENTICATION KEY]",
        "Private RSA Key [CITIZEN SIGNATURE KEY]",
        "X.509 Certificate [CITIZEN AUTHENTICATION CERTIFICATE]",
        "X.509 Certificate [CITIZEN SIGNATURE CERTIFICATE]",
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


class PortugueseCardWithARemoteKey(RemoteRound, unittest.TestCase):
    CARD = "cc-v1"
    KIND = "rsa3072"
    ATR = PortugueseCard.ATR
    NAME = PortugueseCard.NAME
    FILES = PortugueseCard.FILES
    KEYS = (Key("0", "sign-pin", PIN, "02", "46"),)
    DUMP = (
        "Private RSA Key [CITIZEN SIGNATURE KEY]",
        "ModLength      : 3072",
        "X.509 Certificate [CITIZEN SIGNATURE CERTIFICATE]",
        "X.509 Certificate [SIGNATURE SUB CA]",
        "X.509 Certificate [ROOT CA]",
    )
    SIGNATURES = {
        **PortugueseCard.SIGNATURES,
        "RSA-PKCS": [recovered(digestinfo("sha1"), "pkcs1")],
    }
    DECIPHERMENTS = PortugueseCard.DECIPHERMENTS
    REFUSED = PortugueseCard.REFUSED

    def test_pcsc_scan_lists_the_reader(self):
        self.assertIn("Vicar 00 00", self.world.run("pcsc_scan", "-rn").stdout)

    def test_a_signature_over_sha256_is_of_3072_bits_verifies_and_is_one_start_call(self):
        (key,) = self.KEYS
        self.sign(key, "SHA256-RSA-PKCS", hashed("sha256"))
        self.judge(key, hashed("sha256"))
        self.assertEqual(len(self.read("signature")) * 8, 3072)
        text = self.world.run("openssl", "pkey", "-pubin", "-in", "key-46.pem", "-noout", "-text")
        self.assertIn("Public-Key: (3072 bit)", text.stdout)
        self.assertEqual(self.starts(), 1)

    def test_pkcs11_tool_tests_every_signature_mechanism(self):
        """It then ends: OpenSC 0.23 gives the session up when an empty VERIFY says that the PIN is no
        longer verified (iasecc.md 9.2), as it is after each start call."""
        tested = self.in_slot(self.KEYS[0], "--test", check=False).stdout
        for mechanism in self.SIGNATURES:
            self.assertIn(f"    {mechanism}: OK\n", tested)
        self.assertIn("C_OpenSession failed: rv = CKR_SESSION_HANDLE_INVALID", tested)


class FinnishCardWithARemoteKey(RemoteRound, unittest.TestCase):
    CARD = "fineid-v2"
    KIND = "rsa2048"
    ATR = FinnishCard.ATR
    NAME = FinnishCard.NAME
    FILES = FinnishCard.FILES
    KEYS = (Key("0", "pin2", PIN, "02", "46"),)
    DUMP = (
        "PIN [allekirjoitustunnusluku]",
        "Private RSA Key [allekirjoitusavain]",
        "X.509 Certificate [allekirjoitusvarmenne]",
        "Authority      : yes",
    )
    SIGNATURES = {
        "RSA-PKCS": [recovered(digestinfo("sha256"), "pkcs1"), recovered(digestinfo("sha1"), "pkcs1")],
        "SHA1-RSA-PKCS": [hashed("sha1")],
    }
    DECIPHERMENTS = {"RSA-PKCS": [PKCS1_DECIPHERMENT], "RSA-PKCS-OAEP": [oaep("sha1")]}
    # A raw block, which OpenSC fills itself, is none that the service signs.
    REFUSED = {
        "RSA-X-509": "CKR_DATA_INVALID",
        "RSA-PKCS-PSS": "CKR_DATA_INVALID",
        "SHA1-RSA-PKCS-PSS": "CKR_DATA_INVALID",
    }

    def test_pkcs11_tool_begins_its_test_with_what_the_service_cannot_sign(self):
        tested = self.in_slot(self.KEYS[0], "--test", check=False).stdout
        self.assertIn("C_SignFinal failed: rv = CKR_DATA_INVALID", tested)
        self.assertEqual(self.starts(), 0)


if __name__ == "__main__":
    harness.main()
