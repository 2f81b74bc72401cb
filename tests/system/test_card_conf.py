#!/usr/bin/env python3
"""What card.conf says of keys and certificates, as stock OpenSC sees it on each kind of card."""

import hashlib
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402
from harness import LOCAL_PIN, World  # noqa: E402

DOCUMENT = b"document\n"
DIGESTINFO = (
    bytes.fromhex("3031300d060960864801650304020105000420") + hashlib.sha256(DOCUMENT).digest()
)
# Cards that this OpenSC drives, and with which mechanism on what they sign the document.
CARDS = {
    "cc-v1": ("SHA256-RSA-PKCS", DOCUMENT),
    "fineid-v2": ("RSA-PKCS", DIGESTINFO),
    "iasecc": ("RSA-PKCS", DIGESTINFO),
}
KEY_ID = "45"


class CardConf(unittest.TestCase):
    def setUp(self):
        self.world = World(harness.BUILD)
        self.addCleanup(self.world.close)
        self.world.start_pcscd()

    def file(self, name, *parts):
        return self.world.path("data", "vicar", "cards", name, *parts)

    def certificate(self, name, common_name, output):
        """Self-signed, of a key of its own."""
        self.world.run(
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-keyout", self.world.path("key"), "-subj", f"/CN={common_name}",
            "-outform", "DER", "-out", self.file(name, "certificates", output),
        )  # fmt: skip

    def renewed(self, name):
        """A second certificate of the card's own key; the bytes of the first, named anew."""
        with open(self.file(name, "certificates", "auth.der"), "rb") as f:
            content = f.read()
        with open(self.file(name, "certificates", "old.der"), "wb") as f:
            f.write(content)

    def make(self, name, kind):
        self.world.create(name, "--card", kind, "--role", "auth")
        self.renewed(name)
        self.certificate(name, "A friend", "friend.der")
        with open(self.file(name, "card.conf"), "a") as f:
            f.write("label = Work: key\ncertificate-label = Work 2026\nusage = sign\n\n"
                    "[certificate old]\ncertificate = old.der\nkey = auth\nlabel = Work 2021\n\n"
                    "[certificate friend]\ncertificate = friend.der\n")  # fmt: skip
        self.world.insert(name)
        self.world.wait_card()

    def take_out(self, name):
        self.world.remove(name)
        self.world.wait_card(present=False)

    def test_labels_usages_and_certificates_are_seen(self):
        for kind, (mechanism, signed) in CARDS.items():
            with self.subTest(kind):
                self.make(kind, kind)
                self.look()
                self.sign(kind, mechanism, signed)
                self.take_out(kind)

    def look(self):
        keys = self.world.run("pkcs15-tool", "--list-keys").stdout
        self.assertIn("[Work: key]", keys)
        self.assertRegex(keys, r"Usage +: \[0x0?4\], sign\n")
        certificates = self.world.run("pkcs15-tool", "--list-certificates").stdout
        for label in ("Work 2026", "Work 2021", "A friend"):
            self.assertIn(f"[{label}]", certificates)
        self.assertEqual(certificates.count(f"ID             : {KEY_ID}\n"), 2, certificates)
        found = self.world.run("pkcs15-tool", "--read-certificate", self.id_of("A friend", certificates))
        subject = self.world.run("openssl", "x509", "-noout", "-subject", "-in",
                                 self.world.write_private("friend", found.stdout))  # fmt: skip
        self.assertIn("CN = A friend", subject.stdout)

    def id_of(self, label, listed):
        part = listed.split(f"[{label}]", 1)[1]
        return part.split("ID             : ", 1)[1].split("\n", 1)[0]

    def sign(self, name, mechanism, signed):
        """What `usage` left still works."""
        for file, content in (("signed", signed), ("document", DOCUMENT)):
            with open(self.world.path(file), "wb") as f:
                f.write(content)
        self.world.pkcs11("--login", "--pin", LOCAL_PIN, "--sign", "--id", KEY_ID, "-m", mechanism,
                          "-i", "signed", "-o", "signature")  # fmt: skip
        self.world.run("openssl", "x509", "-inform", "DER", "-noout", "-pubkey",
                       "-in", self.file(name, "certificates", "auth.der"), "-out", "public")  # fmt: skip
        self.world.run("openssl", "dgst", "-sha256", "-verify", "public", "-signature", "signature",
                       "document")  # fmt: skip


if __name__ == "__main__":
    harness.main()
