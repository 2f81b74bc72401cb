#!/usr/bin/env python3
"""Java 17 with its provider SunPKCS11: keytool lists, jarsigner signs and verifies."""

import os
import re
import sys
import zipfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import consumer  # noqa: E402
from consumer import DOCUMENT  # noqa: E402


def provider(test):
    """The options that name the token as a key store."""
    test.write("java.cfg", f"name = Vicar\nlibrary = {test.module}\n")
    return (
        "-keystore", "NONE", "-storetype", "PKCS11", "-providerClass", "sun.security.pkcs11.SunPKCS11",
        "-providerArg", test.path("java.cfg"), "-storepass", test.PIN,
        f"-J-Duser.home={test.home}",
    )  # fmt: skip


def alias(test):
    """Of the one private key."""
    listed = test.run_program("keytool", "-list", *provider(test)).stdout
    found = re.findall(r"^(.*), PrivateKeyEntry", listed, re.M)
    test.assertEqual(len(found), 1, listed)
    return found[0]


def make_archive(test):
    with zipfile.ZipFile(test.path("plain.jar"), "w") as archive:
        archive.writestr("document", DOCUMENT)


def jarsigner(test, name):
    """The command that signs; `name` is the key's alias."""
    return (
        "jarsigner", *provider(test), "-signedjar", test.path("signed.jar"), "-sigfile", "CARD",
        test.path("plain.jar"), name,
    )  # fmt: skip


def verify_archive(test):
    """jarsigner's and OpenSSL's word on signed.jar."""
    done = test.run_program("jarsigner", "-verify", test.path("signed.jar"))
    test.assertIn("jar verified", done.stdout)
    with zipfile.ZipFile(test.path("signed.jar")) as archive:
        block = [name for name in archive.namelist() if re.search(r"META-INF/CARD\.(RSA|EC)$", name)]
        test.write("signed.p7s", archive.read(block[0]))
        test.write("document", archive.read("META-INF/CARD.SF"))
    test.verify_cms("signed.p7s")


class Java:
    def test_keytool_lists_the_key(self):
        self.assertTrue(alias(self))

    def test_jarsigner_signs(self):
        self.PROGRAM = "jarsigner"
        make_archive(self)
        command = jarsigner(self, alias(self))
        with self.signing():
            self.run_program(*command)
        verify_archive(self)
        self.refused(*command)


class RsaAuthentication(Java, consumer.AuthenticationWithRsa):
    pass


class RsaSignature(Java, consumer.SignatureWithRsa):
    """Java knows nothing of keys that want the PIN for each signature."""


class EllipticCurveSignature(Java, consumer.SignatureOnACurve):
    pass

if __name__ == "__main__":
    consumer.main()
