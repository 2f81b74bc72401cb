#!/usr/bin/env python3
"""OpenSSL 3.0 and its engine pkcs11 (libp11): dgst, cms and client authentication of s_client; and
curl, which uses the same engine."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import consumer  # noqa: E402

CONFIGURATION = """openssl_conf = openssl
[openssl]
engines = engines
[engines]
pkcs11 = pkcs11
[pkcs11]
engine_id = pkcs11
MODULE_PATH = {module}
PIN = {pin}
"""
ENGINE = ("-engine", "pkcs11", "-keyform", "engine")
KEY = "pkcs11:type=private"


def configuration(test):
    """The environment in which OpenSSL finds the module."""
    test.write("openssl.cnf", CONFIGURATION.format(module=test.module, pin=test.PIN))
    return {"OPENSSL_CONF": test.path("openssl.cnf")}


def dgst(test, digest, *options):
    return (
        "openssl", "dgst", *ENGINE, "-sign", KEY, digest, *options, "-out", test.path("signature"),
        test.path("document"),
    )  # fmt: skip


def cms(test, digest):
    return (
        "openssl", "cms", "-sign", "-binary", *ENGINE, "-inkey", KEY, "-md", digest[1:],
        "-signer", test.world.path("card.pem"), "-in", test.path("document"),
        "-outform", "DER", "-out", test.path("signed.p7s"),
    )  # fmt: skip


class OpenSsl:
    PROGRAM = "openssl"

    @property
    def env(self):
        return {**super().env, **configuration(self)}

    def test_dgst_signs(self):
        with self.signing():
            self.run_program(*dgst(self, self.DIGEST))
        self.verify("signature", digest=self.DIGEST)
        self.refused(*dgst(self, self.DIGEST))

    def test_cms_signs(self):
        with self.signing():
            self.run_program(*cms(self, self.DIGEST))
        self.verify_cms("signed.p7s")
        self.refused(*cms(self, self.DIGEST))

    def test_s_client_is_let_in_by_a_server(self):
        self.start_server()
        self.write("request", "GET / HTTP/1.0\r\n\r\n")
        command = (
            "openssl", "s_client", "-connect", f"localhost:{self.server.port}", *ENGINE, "-key", KEY,
            "-cert", self.world.path("card.pem"), "-CAfile", self.server.authority,
            "-verify_return_error", "-ign_eof",
        )  # fmt: skip
        for version in ("-tls1_3", "-tls1_2"):
            with self.subTest(version), self.signing(), open(self.path("request")) as request:
                done = self.run_program(*command, version, stdin=request)
                self.assertIn("let in", done.stdout)
        self.assert_let_in()
        self.refused(*command)

    def test_curl_is_let_in_by_a_server(self):
        """Certificate and key are both the card's."""
        self.PROGRAM = "curl"
        self.start_server()
        command = (
            "curl", "--silent", "--show-error", "--engine", "pkcs11",
            "--cert-type", "ENG", "--cert", "pkcs11:type=cert", "--key-type", "ENG", "--key", KEY,
            "--cacert", self.server.authority, self.server.url,
        )  # fmt: skip
        with self.signing():
            done = self.run_program(*command)
        self.assertIn("let in", done.stdout)
        self.assert_let_in()
        self.refused(*command)


class Rsa(OpenSsl, consumer.AuthenticationWithRsa):
    DIGEST = "-sha256"

    def test_dgst_signs_with_pss(self):
        options = ("-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest")
        with self.signing():
            self.run_program(*dgst(self, "-sha256", *options))
        self.verify("signature", *options)


class EllipticCurve(OpenSsl, consumer.AuthenticationOnACurve):
    DIGEST = "-sha384"


if __name__ == "__main__":
    consumer.main()
