#!/usr/bin/env python3
"""vicard with a key on P-384 in a file: a fineid-v4 card as `vicar create` makes it, signatures and
key agreement judged by openssl."""

import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from vicard_world import PIN, POWER_ON, PUK, VicardTest, main  # noqa: E402

# fineid.md 8.2.2: PIN1 is padded to 12; the hash is 48 bytes.
VERIFY = bytes.fromhex("002000110C") + PIN.encode().ljust(12, b"\0")
SET_ECDSA = bytes.fromhex("002241B606800154840101")
SET_ECDH = bytes.fromhex("002241B803840101")
DIGEST = bytes(16) + bytes.fromhex("c0ffee11") * 8
FIELD = 48


def der(tag, content):
    return bytes([tag, len(content)]) + content


def integer(value):
    value = value.lstrip(b"\0")
    return der(2, b"\0" + value if value[0] >= 0x80 else value)


class EllipticCurve(VicardTest):
    remote = False

    def make_card(self):
        with open(os.open(self.path("pins"), os.O_WRONLY | os.O_CREAT, 0o600), "w") as f:
            f.write(f"pin = {PIN}\npuk = {PUK}\n")
        self.run_tool("vicar", "create", "work", "--card", "fineid-v4", "--key", "p384",
                      "--role", "auth", "--pin-file", self.path("pins"))  # fmt: skip

    def openssl(self, *arguments):
        return subprocess.run(
            ["openssl", *arguments], stdout=subprocess.PIPE, check=True, timeout=60
        ).stdout

    def write(self, name, content):
        with open(self.path(name), "wb") as f:
            f.write(content)
        return self.path(name)

    def public_key(self, reader):
        """Of the certificate on the card."""
        self.assertEqual(reader.transmit(bytes.fromhex("00A4080C024331")), b"\x90\x00")
        certificate, status = b"", b"\x90\x00"
        while status == b"\x90\x00":
            part = reader.transmit(bytes.fromhex("00B0%04X00" % len(certificate)))
            certificate, status = certificate + part[:-2], part[-2:]
        self.assertEqual(status, b"\x6b\x00")
        path = self.write("certificate", certificate)
        key = self.openssl("x509", "-inform", "DER", "-in", path, "-noout", "-pubkey")
        return self.write("public", key)

    def begin(self):
        self.insert()
        reader = self.reader()
        reader.ask(POWER_ON)
        public = self.public_key(reader)
        self.assertEqual(reader.transmit(VERIFY), b"\x90\x00")
        return reader, public

    def test_a_signature_is_plain_and_verifies(self):
        reader, public = self.begin()
        for command in (SET_ECDSA, bytes.fromhex("002A90A0329030") + DIGEST):
            self.assertEqual(reader.transmit(command), b"\x90\x00")
        signature = reader.whole(bytes.fromhex("002A9E9A60"))
        self.assertEqual(len(signature), 2 * FIELD)
        sequence = der(0x30, integer(signature[:FIELD]) + integer(signature[FIELD:]))
        self.openssl("pkeyutl", "-verify", "-pubin", "-inkey", public, "-in",
                     self.write("digest", DIGEST), "-sigfile",
                     self.write("signature", sequence))  # fmt: skip
        self.assertIn("operation=sign-ecdsa", self.journal())

    def test_key_agreement_gives_openssls_secret(self):
        reader, public = self.begin()
        other = self.path("other")
        self.openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384",
                     "-out", other)  # fmt: skip
        point = self.openssl("pkey", "-in", other, "-pubout", "-outform", "DER")[-97:]
        self.assertEqual(reader.transmit(SET_ECDH), b"\x90\x00")
        secret = reader.whole(bytes.fromhex("002A80866200") + point)
        expected = self.openssl("pkeyutl", "-derive", "-inkey", other, "-peerkey", public)
        self.assertEqual(secret, expected)
        self.assertIn("operation=derive-ecdh", self.journal())


if __name__ == "__main__":
    main()
