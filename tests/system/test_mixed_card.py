#!/usr/bin/env python3
"""Cards with several keys, as stock OpenSC sees them: a local one beside one at the simulated
service, one that came in a PKCS #12 file, labels, further certificates."""

import hashlib
import os
import re
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402
from harness import LOCAL_PIN, LOCAL_PUK, PIN, World  # noqa: E402

DOCUMENT = b"a document that deserves a signature\n"
SHA256_PREFIX = bytes.fromhex("3031300d060960864801650304020105000420")
PASSPHRASE = "a long passphrase"
# How a program encrypts key and certificates: openssl pkcs12 -export with these.
MAKERS = {
    "windows": ("-legacy",),
    "java": ("-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1"),
    "open": ("-keypbe", "NONE", "-certpbe", "NONE"),
}


class WithWorld(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = World(harness.BUILD)
        try:
            cls.prepare(cls.world)
            cls.world.start_pcscd()
            cls.world.insert("card")
            cls.world.wait_card()
            with open(cls.world.path("document"), "wb") as f:
                f.write(DOCUMENT)
            with open(cls.world.path("digestinfo"), "wb") as f:
                f.write(SHA256_PREFIX + hashlib.sha256(DOCUMENT).digest())
        except BaseException:
            cls.world.close()
            raise

    @classmethod
    def tearDownClass(cls):
        cls.world.close()

    def ids(self):
        """The keys' identifiers on the card by their labels, in the order of the card."""
        keys = self.world.run("pkcs15-tool", "--list-keys").stdout.split("Private ")[1:]
        return {re.search(r"Key \[(.*)\]", key)[1]: re.search(r"(?m)^\tID +: (\w+)", key)[1] for key in keys}

    def public_key(self, key):
        self.world.run("pkcs15-tool", "--read-certificate", key, "-o", "certificate.pem")
        self.world.run(
            "openssl", "x509", "-in", "certificate.pem", "-noout", "-pubkey", "-out", "key.pem"
        )

    def sign(self, label, slot, pin, mechanism="SHA256-RSA-PKCS", document="document"):
        """OpenSC has a slot for each PIN, in the order of the card."""
        key = self.ids()[label]
        self.world.pkcs11(
            "--slot-index", str(slot), "--login", "--pin", pin, "--sign", "--id", key,
            "-m", mechanism, "-i", document, "-o", "signature",
        )  # fmt: skip
        self.public_key(key)
        done = self.world.run(
            "openssl", "dgst", "-sha256", "-verify", "key.pem", "-signature", "signature", "document"
        )
        self.assertIn("Verified OK", done.stdout)


class LocalAndRemote(WithWorld):
    """cc-v1: auth in a file, sign at the simulated CMD."""

    @classmethod
    def prepare(cls, world):
        world.start_simulator()
        world.create("card", "--card", "cc-v1", "--role", "auth", "--label", "Local key")
        world.enrol("card", "--add", "--role", "sign", "--label", "Remote key")

    def setUp(self):
        self.world.person.expect([self.world.agrees(), self.world.types_code()])

    def test_both_labels_are_on_the_card(self):
        dump = self.world.run("pkcs15-tool", "-D").stdout
        for label in ("Local key", "Remote key"):
            self.assertIn(f"Private RSA Key [{label}]", dump)
            self.assertIn(f"X.509 Certificate [{label}]", dump)

    def test_the_local_key_signs_without_a_call(self):
        before = len(self.world.calls())
        self.sign("Local key", 0, LOCAL_PIN)
        self.assertEqual(len(self.world.calls()), before)

    def test_the_remote_key_signs_with_one_start(self):
        before = len(self.world.calls("SCMDSign"))
        self.sign("Remote key", 1, PIN)
        self.assertEqual(len(self.world.calls("SCMDSign")), before + 1)

    def test_list_and_cert_list_show_both_keys(self):
        listed = self.world.vicar("list").stdout
        self.assertRegex(listed, r"card +cc-v1 +in +auth +file ")
        self.assertRegex(listed, r"card +cc-v1 +in +sign +cmd ")
        self.assertIn("label: Local key", self.world.vicar("cert", "list", "card").stdout)
        status = self.world.vicar("status", "card").stdout
        self.assertIn("key: auth, rsa2048, in a file of the card, label Local key\n", status)
        self.assertIn("key: sign, rsa3072, at service cmd, label Remote key\n", status)


class Imported(WithWorld):
    """fineid-v2: auth from a PKCS #12 file that openssl made, and a further certificate."""

    @classmethod
    def prepare(cls, world):
        cls.openssl(world)
        passphrase = world.write_private("passphrase", PASSPHRASE + "\n")
        pins = world.write_private("pins", f"pin = {LOCAL_PIN}\npuk = {LOCAL_PUK}\n")
        world.vicar(
            "import", "card", "maria.p12", "--card", "fineid-v2", "--passphrase-file", passphrase,
            "--pin-file", pins, "--label", "Imported key",
        )  # fmt: skip
        world.vicar("cert", "add", "card", "other.pem", "--label", "Somebody else")

    @staticmethod
    def openssl(world):
        def certificate(name, usage, *more):
            world.run(
                "openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-x509", "-days", "30",
                "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem",
                "-addext", f"keyUsage=critical,{usage}", *more,
            )  # fmt: skip

        certificate("ca", "keyCertSign")
        certificate("maria", "digitalSignature,keyEncipherment,dataEncipherment", "-CA", "ca.pem",
                    "-CAkey", "ca.key")  # fmt: skip
        certificate("other", "digitalSignature")
        world.run(
            "openssl", "pkcs12", "-export", "-inkey", "maria.key", "-in", "maria.pem", "-certfile",
            "ca.pem", "-passout", f"pass:{PASSPHRASE}", "-out", "maria.p12",
        )  # fmt: skip

    def test_the_key_signs(self):
        self.sign("Imported key", 0, LOCAL_PIN, "RSA-PKCS", "digestinfo")

    def test_the_key_deciphers(self):
        key = self.ids()["Imported key"]
        self.public_key(key)
        self.world.run(
            "openssl", "pkeyutl", "-encrypt", "-pubin", "-inkey", "key.pem", "-in", "document",
            "-out", "cryptogram",
        )  # fmt: skip
        self.world.run(
            "pkcs15-crypt", "--decipher", "--pkcs1", "--key", key, "--pin", LOCAL_PIN, "--raw",
            "-i", "cryptogram", "-o", "plain",
        )  # fmt: skip
        with open(self.world.path("plain"), "rb") as f:
            self.assertEqual(f.read(), DOCUMENT)

    def test_the_issuer_and_the_further_certificate_are_on_the_card(self):
        dump = self.world.run("pkcs15-tool", "--list-certificates").stdout
        self.assertIn("X.509 Certificate [Somebody else]", dump)
        listed = self.world.vicar("cert", "list", "card").stdout
        self.assertIn("certificate: authority1\nsubject: CN=ca", listed)
        self.assertIn("certificate: certificate1\nlabel: Somebody else\nsubject: CN=other", listed)

    def test_a_card_that_is_in_is_not_added_to(self):
        done = self.world.vicar("cert", "add", "card", "other.pem", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("vicar remove card", done.stdout)

    def test_without_the_legacy_provider_an_old_cipher_is_refused_with_a_way_to_write_it_anew(self):
        self.world.run(
            "openssl", "pkcs12", "-export", "-legacy", "-inkey", "maria.key", "-in", "maria.pem",
            "-passout", f"pass:{PASSPHRASE}", "-out", "old.p12",
        )  # fmt: skip
        done = self.world.vicar(
            "import", "second", "old.p12", "--card", "fineid-v2", "--passphrase-file",
            self.world.path("passphrase"), check=False,
            env={"OPENSSL_MODULES": self.world.path("none")},
        )  # fmt: skip
        self.assertEqual(done.returncode, 1)
        self.assertIn("openssl pkcs12 -legacy -in OLD", done.stdout)

    def test_files_as_other_programs_write_them_make_cards(self):
        passphrase = self.world.write_private("passphrase", PASSPHRASE + "\n")
        pins = self.world.write_private("pins", f"pin = {LOCAL_PIN}\npuk = {LOCAL_PUK}\n")
        for maker, options in MAKERS.items():
            with self.subTest(maker):
                self.world.run(
                    "openssl", "pkcs12", "-export", "-inkey", "maria.key", "-in", "maria.pem",
                    "-certfile", "ca.pem", "-passout", f"pass:{PASSPHRASE}", "-out", "other.p12",
                    *options,
                )  # fmt: skip
                self.world.vicar(
                    "import", maker, "other.p12", "--card", "fineid-v2", "--passphrase-file",
                    passphrase, "--pin-file", pins,
                )  # fmt: skip
                listed = self.world.vicar("cert", "list", maker).stdout
                self.assertIn("subject: CN=maria", listed)
                self.assertIn("certificate: authority1\nsubject: CN=ca", listed)

    def test_a_wrong_passphrase_makes_no_card(self):
        wrong = self.world.write_private("wrong", "something else\n")
        done = self.world.vicar(
            "import", "second", "maria.p12", "--card", "fineid-v2", "--passphrase-file", wrong,
            check=False,
        )  # fmt: skip
        self.assertEqual(done.returncode, 1)
        self.assertIn("the passphrase is wrong", done.stdout)
        self.assertNotIn("second", self.world.vicar("list").stdout)


class AllKeys(WithWorld):
    """vicar create without --role."""

    @classmethod
    def prepare(cls, world):
        world.create("card", "--card", "fineid-v2")

    def test_opensc_signs_with_each_key(self):
        labels = list(self.ids())
        self.assertEqual(len(labels), 2)
        for slot, label in enumerate(labels):
            with self.subTest(label):
                self.sign(label, slot, LOCAL_PIN, "RSA-PKCS", "digestinfo")


if __name__ == "__main__":
    harness.main()
