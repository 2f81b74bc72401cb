#!/usr/bin/env python3
"""OpenSC's pkcs11-tool: its own test, and a signature by every mechanism that the token lists."""

import hashlib
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import consumer  # noqa: E402
from consumer import DOCUMENT  # noqa: E402

KEY_LEN = 256
SHA256_PREFIX = bytes.fromhex("3031300d060960864801650304020105000420")
PSS = ("-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest")


def whole(document):
    return document


def sha256(document):
    return hashlib.sha256(document).digest()


def digestinfo(document):
    """RFC 8017, 9.2, notes 1."""
    return SHA256_PREFIX + sha256(document)


def block(content):
    """EMSA-PKCS1-v1_5 of RFC 8017, 9.2."""
    content = digestinfo(content)
    return b"\x00\x01" + b"\xff" * (KEY_LEN - 3 - len(content)) + b"\x00" + content


def number(document):
    """As long as the modulus, and less."""
    return document.rjust(KEY_LEN, b"\x00")


# mechanism: what it is given, pkcs11-tool's options, the digest, and what openssl dgst is told
RSA_SIGNATURES = {
    "RSA-PKCS": (digestinfo, (), "sha256", ()),
    "RSA-X-509": (block, (), "sha256", ()),
    "RSA-PKCS-PSS": (sha256, ("--hash-algorithm", "SHA256"), "sha256", PSS),
}
ECDSA = ("--signature-format", "openssl")
ECDSA_SIGNATURES = {"ECDSA": (sha256, ECDSA, "sha256", ())}
for name in ("SHA1", "SHA224", "SHA256", "SHA384", "SHA512"):
    RSA_SIGNATURES[f"{name}-RSA-PKCS"] = (whole, (), name.lower(), ())
    RSA_SIGNATURES[f"{name}-RSA-PKCS-PSS"] = (whole, (), name.lower(), PSS)
    ECDSA_SIGNATURES[f"ECDSA-{name}"] = (whole, ECDSA, name.lower(), ())

# mechanism: what is enciphered, pkcs11-tool's options, and what openssl pkeyutl is told
CIPHERS = {
    "RSA-PKCS": (whole, (), ("rsa_padding_mode:pkcs1",)),
    "RSA-X-509": (number, (), ("rsa_padding_mode:none",)),
    "RSA-PKCS-OAEP": (
        whole,
        ("--hash-algorithm", "SHA256"),
        ("rsa_padding_mode:oaep", "rsa_oaep_md:sha256"),
    ),
}


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

    def test_openssl_verifies_what_each_listed_mechanism_signed(self):
        """pkcs11-tool verifies it as well."""
        self.assertEqual(set(self.SIGNATURES), self.mechanisms("sign"))
        self.assertEqual(set(self.SIGNATURES), self.mechanisms("verify"))
        for mechanism, (made_from, options, digest, judge) in self.SIGNATURES.items():
            with self.subTest(mechanism):
                self.write("input", made_from(DOCUMENT))
                files = ("--input-file", self.path("input"))
                how = ("--mechanism", mechanism, *options)
                with self.signing():
                    self.logged_in("--sign", *how, *files, "--output-file", self.path("signature"))
                self.verify("signature", *judge, digest="-" + digest)
                done = self.tool("--verify", *how, *files, "--signature-file", self.path("signature"))
                self.assertIn("Signature is valid", done.stdout)

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
    SIGNATURES = RSA_SIGNATURES

    def test_its_own_test_finds_no_error(self):
        with self.signing():
            done = self.logged_in("--test")
        self.assertIn("No errors", done.stdout)

    def test_it_deciphers_what_openssl_enciphered(self):
        self.assertEqual(set(CIPHERS), self.mechanisms("decrypt"))
        for mechanism, (made_from, options, padding) in CIPHERS.items():
            with self.subTest(mechanism):
                self.write("message", made_from(DOCUMENT))
                self.run_program(
                    "openssl", "pkeyutl", "-encrypt", "-pubin", "-inkey", self.world.path("card.key"),
                    *(word for option in padding for word in ("-pkeyopt", option)),
                    "-in", self.path("message"), "-out", self.path("cryptogram"),
                )  # fmt: skip
                self.logged_in(
                    "--decrypt", "--mechanism", mechanism, *options,
                    "--input-file", self.path("cryptogram"), "--output-file", self.path("plain"),
                )  # fmt: skip
                self.assertEqual(self.read("plain"), made_from(DOCUMENT))


class EllipticCurve(Pkcs11Tool, consumer.AuthenticationOnACurve):
    PLAIN = "ECDSA-SHA384"
    SIGNATURES = ECDSA_SIGNATURES

    def test_its_own_test_finds_no_error(self):
        """It signs with RSA keys only."""
        self.assertIn("No errors", self.logged_in("--test").stdout)

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
