#!/usr/bin/env python3
"""OpenSC's pkcs11-tool: its own test, and a signature by every mechanism that the token lists."""

import hashlib
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import consumer  # noqa: E402
from consumer import DOCUMENT  # noqa: E402

SHA256_PREFIX = bytes.fromhex("3031300d060960864801650304020105000420")
DIGESTS = ("SHA1", "SHA224", "SHA256", "SHA384", "SHA512")
PSS = ("-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest")


class Pkcs11Tool:
    PROGRAM = "pkcs11-tool"

    def tool(self, *arguments, **more):
        return self.run_program("pkcs11-tool", "--module", self.module, *arguments, **more)

    def logged_in(self, *arguments, **more):
        return self.tool("--login", "--pin", self.PIN, *arguments, **more)

    def mechanisms(self, use):
        """The names of those that the token lists with this use."""
        listed = self.tool("--list-mechanisms").stdout
        return {
            match[1] for match in re.finditer(r"^  ([\w-]+), (.*)$", listed, re.M)
            if use in match[2].split(", ")
        }  # fmt: skip

    def sign(self, mechanism, document="document", *arguments):
        with self.signing():
            self.logged_in(
                "--sign", "--mechanism", mechanism, *arguments,
                "--input-file", self.path(document), "--output-file", self.path("signature"),
            )  # fmt: skip

    def test_it_lists_certificate_and_key_with_one_id(self):
        listed = self.logged_in("--list-objects").stdout
        for kind in ("Certificate Object", "Public Key Object", "Private Key Object"):
            self.assertIn(kind, listed)
        self.assertEqual(len(set(re.findall(r"^  ID: +(\w+)$", listed, re.M))), 1, listed)

    def test_the_certificate_it_reads_is_the_cards(self):
        ids = re.findall(r"^  ID: +(\w+)$", self.tool("--list-objects", "--type", "cert").stdout, re.M)
        self.tool(
            "--read-object", "--type", "cert", "--id", ids[0], "--output-file", self.path("read.der")
        )
        read = self.run_program("openssl", "x509", "-inform", "DER", "-in", self.path("read.der"))
        with open(self.world.path("card.pem")) as f:
            self.assertEqual(read.stdout.strip(), f.read().strip())

    def test_a_wrong_pin_signs_nothing(self):
        done = self.tool("--login", "--pin", "9999", "--list-objects", check=False)
        self.assertIn("CKR_PIN_INCORRECT", done.stdout)
        self.logged_in("--list-objects")

    def test_without_a_card_it_signs_nothing(self):
        self.refused(
            "pkcs11-tool", "--module", self.module, "--login", "--pin", self.PIN, "--sign",
            "--mechanism", self.PLAIN, "--input-file", self.path("document"),
        )  # fmt: skip


class Rsa(Pkcs11Tool, consumer.AuthenticationWithRsa):
    PLAIN = "SHA256-RSA-PKCS"

    def test_openssl_verifies_what_each_mechanism_signed(self):
        listed = self.mechanisms("sign")
        for digest in DIGESTS:
            option = f"-{digest.lower()}"
            for mechanism, how in ((f"{digest}-RSA-PKCS", ()), (f"{digest}-RSA-PKCS-PSS", PSS)):
                with self.subTest(mechanism):
                    self.assertIn(mechanism, listed)
                    self.sign(mechanism)
                    self.verify("signature", *how, digest=option)

    def test_its_own_test_finds_no_error(self):
        with self.signing():
            done = self.logged_in("--test")
        self.assertIn("No errors", done.stdout)

    def test_openssl_verifies_a_digestinfo_that_it_signed(self):
        self.write("digestinfo", SHA256_PREFIX + hashlib.sha256(DOCUMENT).digest())
        self.sign("RSA-PKCS", "digestinfo")
        self.verify("signature")

    def test_openssl_verifies_a_hash_that_it_signed_with_pss(self):
        self.write("hash", hashlib.sha256(DOCUMENT).digest())
        self.sign("RSA-PKCS-PSS", "hash", "--hash-algorithm", "SHA256")
        self.verify("signature", *PSS)

    def test_it_deciphers_what_openssl_enciphered(self):
        for mechanism, padding, more in (
            ("RSA-PKCS", ("rsa_padding_mode:pkcs1",), ()),
            (
                "RSA-PKCS-OAEP",
                ("rsa_padding_mode:oaep", "rsa_oaep_md:sha256"),
                ("--hash-algorithm", "SHA256"),
            ),
        ):
            with self.subTest(mechanism):
                self.run_program(
                    "openssl", "pkeyutl", "-encrypt", "-pubin", "-inkey", self.world.path("card.key"),
                    *(word for option in padding for word in ("-pkeyopt", option)),
                    "-in", self.path("document"), "-out", self.path("cryptogram"),
                )  # fmt: skip
                self.logged_in(
                    "--decrypt", "--mechanism", mechanism, *more,
                    "--input-file", self.path("cryptogram"), "--output-file", self.path("plain"),
                )  # fmt: skip
                self.assertEqual(self.read("plain"), DOCUMENT)


class EllipticCurve(Pkcs11Tool, consumer.AuthenticationOnACurve):
    PLAIN = "ECDSA-SHA384"

    def test_openssl_verifies_what_each_mechanism_signed(self):
        listed = self.mechanisms("sign")
        for digest in DIGESTS:
            mechanism = f"ECDSA-{digest}"
            with self.subTest(mechanism):
                self.assertIn(mechanism, listed)
                self.sign(mechanism, "document", "--signature-format", "openssl")
                self.verify("signature", digest=f"-{digest.lower()}")

    def test_its_own_test_finds_no_error(self):
        """It signs with RSA keys only."""
        self.assertIn("No errors", self.logged_in("--test").stdout)

    def test_openssl_verifies_a_hash_that_it_signed(self):
        self.write("hash", hashlib.sha384(DOCUMENT).digest())
        self.sign("ECDSA", "hash", "--signature-format", "openssl")
        self.verify("signature", digest="-sha384")

    def test_it_derives_the_secret_that_openssl_derives(self):
        self.run_program(
            "openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384",
            "-out", self.path("other.pem"),
        )  # fmt: skip
        self.run_program(
            "openssl", "pkey", "-in", self.path("other.pem"), "-pubout", "-outform", "DER",
            "-out", self.path("other.der"),
        )  # fmt: skip
        self.logged_in(
            "--derive", "--mechanism", "ECDH1-DERIVE", "--input-file", self.path("other.der"),
            "--output-file", self.path("ours"),
        )  # fmt: skip
        self.run_program(
            "openssl", "pkeyutl", "-derive", "-inkey", self.path("other.pem"),
            "-peerkey", self.world.path("card.key"), "-out", self.path("theirs"),
        )  # fmt: skip
        self.assertEqual(self.read("ours"), self.read("theirs"))


if __name__ == "__main__":
    consumer.main()
