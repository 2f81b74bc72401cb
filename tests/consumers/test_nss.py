#!/usr/bin/env python3
"""NSS: modutil adds the module, certutil lists, cmsutil signs, tstclnt authenticates to a server."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import consumer  # noqa: E402
from nss import Database  # noqa: E402


class Nss:
    def setUp(self):
        super().setUp()
        self.database = Database(self, "nssdb")

    def test_modutil_lists_the_module_and_its_token(self):
        listed = self.database.list_module()
        self.assertIn(self.database.token(), listed)
        self.assertIn("Login required", listed)

    def test_certutil_lists_certificate_and_key(self):
        self.database.nickname()
        keys = self.database.certutil(
            "-K", "-h", self.database.token(), "-f", self.path("pin")
        ).stdout
        self.assertRegex(keys, rf"(?m)^< *0> {self.KIND} ")


class Authentication(Nss):
    def test_tstclnt_is_let_in_by_a_server(self):
        self.PROGRAM = "tstclnt"
        self.start_server()
        self.database.trust("authority", self.server.authority, "C,,")
        self.write("request", "GET / HTTP/1.0\r\n\r\n")
        command = (
            "tstclnt", "-4", "-h", "localhost", "-p", str(self.server.port),
            "-d", self.database.name, "-n", self.database.nickname(), "-W", self.path("pin"),
            "-A", self.path("request"),
        )  # fmt: skip
        for version in ("tls1.3:tls1.3", "tls1.2:tls1.2"):
            with self.subTest(version), self.signing():
                done = self.run_program(*command, "-V", version)
                self.assertIn("let in", done.stdout)
        self.assert_let_in()
        with self.without_card():
            done = self.run_program(*command, check=False)
        self.assertNotIn("let in", done.stdout)


class Signature(Nss):
    def test_cmsutil_signs(self):
        self.PROGRAM = "cmsutil"
        command = (
            "cmsutil", "-S", "-T", "-G", "-d", self.database.name, "-N", self.database.nickname(),
            "-Y", self.database.make_certificate_for_letters(), "-f", self.path("pin"),
            "-H", self.DIGEST, "-i", self.path("document"), "-o", self.path("signed.p7s"),
        )  # fmt: skip
        with self.signing():
            self.run_program(*command)
        self.verify_cms("signed.p7s")
        self.refused(*command)


class RsaAuthentication(Authentication, consumer.AuthenticationWithRsa):
    KIND = "rsa"


class RsaSignature(Signature, consumer.SignatureWithRsa):
    KIND = "rsa"
    DIGEST = "SHA256"


class EllipticCurveAuthentication(Authentication, consumer.AuthenticationOnACurve):
    KIND = "ec"


class EllipticCurveSignature(Signature, consumer.SignatureOnACurve):
    KIND = "ec"
    DIGEST = "SHA384"


if __name__ == "__main__":
    consumer.main()
