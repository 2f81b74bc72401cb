#!/usr/bin/env python3
"""A key at the simulated CMD: programs that know nothing of it sign, and each signature is one start
call, to which the person has agreed."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import consumer  # noqa: E402
import test_java  # noqa: E402
import test_openssl  # noqa: E402
import test_pdfsig  # noqa: E402
from nss import Database  # noqa: E402


class Remote(consumer.Consumer):
    REMOTE = True
    ROLE = "sign"
    PIN = consumer.PIN

    def setUp(self):
        super().setUp()
        self.write("pin", self.PIN + "\n")

    def test_pkcs11_tool_signs(self):
        self.PROGRAM = "pkcs11-tool"
        command = (
            "pkcs11-tool", "--module", self.module, "--login", "--pin", self.PIN, "--sign",
            "--mechanism", "SHA256-RSA-PKCS", "--input-file", self.path("document"),
            "--output-file", self.path("signature"),
        )  # fmt: skip
        with self.remote_signing():
            self.run_program(*command)
        self.verify("signature")
        self.refused(*command)

    def test_p11tool_signs(self):
        self.PROGRAM = "p11tool"
        command = ("p11tool", "--provider", self.module, "--login")
        pin = {"GNUTLS_PIN": self.PIN}
        listed = self.run_program(*command, "--list-privkeys", "pkcs11:", env=pin).stdout
        url = next(line.split()[1] for line in listed.splitlines() if line.startswith("\tURL: "))
        with self.remote_signing():
            done = self.run_program(*command, "--test-sign", url, env=pin)
        self.assertRegex(done.stdout, r"[Vv]erifying against public key.*ok")
        self.refused(*command, "--test-sign", url, env=pin)

    def openssl(self, command, run):
        """The engine has the PIN for the login, and asks for it again for the signature: at the terminal,
        or where there is none from the standard input."""
        self.PROGRAM = "openssl"
        with open(self.path("pin")) as pin:
            run(
                *command, env=test_openssl.configuration(self), stdin=pin, start_new_session=True
            )

    def test_openssl_dgst_signs(self):
        command = test_openssl.dgst(self, "-sha256")
        with self.remote_signing():
            self.openssl(command, self.run_program)
        self.verify("signature")
        self.openssl(command, self.refused)

    def test_openssl_cms_signs(self):
        command = test_openssl.cms(self, "-sha256")
        with self.remote_signing():
            self.openssl(command, self.run_program)
        self.verify_cms("signed.p7s")
        self.openssl(command, self.refused)

    def test_jarsigner_signs(self):
        self.PROGRAM = "jarsigner"
        test_java.make_archive(self)
        command = test_java.jarsigner(self, test_java.alias(self))
        with self.remote_signing():
            self.run_program(*command)
        test_java.verify_archive(self)
        self.refused(*command)

    def test_pdfsig_signs(self):
        """poppler 22.12 signs a byte of its own first, to learn how long a signature is."""
        self.PROGRAM = "pdfsig"
        command = test_pdfsig.pdfsig(self, Database(self, "nssdb"))
        with self.remote_signing(starts=2):
            self.run_program(*command)
        test_pdfsig.verify_pdf(self)
        self.refused(*command)


if __name__ == "__main__":
    consumer.main()
