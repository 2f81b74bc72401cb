#!/usr/bin/env python3
"""GnuTLS: p11tool lists, exports and signs; gnutls-cli authenticates to a server."""

import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import consumer  # noqa: E402


class GnuTls:
    """The PIN is in GNUTLS_PIN, as in a script of a user's."""

    @property
    def env(self):
        return {**super().env, "GNUTLS_PIN": self.PIN}

    def p11tool(self, *arguments, **more):
        return self.run_program("p11tool", "--provider", self.module, *arguments, **more)

    def url(self, kind):
        """As p11tool prints it: of the one object of this type that can be seen after login."""
        listed = self.p11tool("--login", "--list-all", "pkcs11:").stdout
        found = re.findall(rf"^\tURL: (pkcs11:\S+;type={kind})$", listed, re.M)
        self.assertEqual(len(found), 1, listed)
        return found[0]

    def test_p11tool_lists_the_token_and_its_objects(self):
        self.assertIn("URL: pkcs11:", self.p11tool("--list-tokens").stdout)
        for kind in ("cert", "private"):
            self.url(kind)

    def test_p11tool_exports_the_certificate_of_the_card(self):
        exported = self.p11tool("--export", self.url("cert")).stdout
        with open(self.world.path("card.pem")) as f:
            self.assertIn(f.read().strip(), exported)

    def test_p11tool_signs_and_verifies_with_the_public_key(self):
        self.PROGRAM = "p11tool"
        key = self.url("private")
        for arguments in self.SIGNATURES:
            with self.subTest(arguments):
                with self.signing():
                    done = self.p11tool("--login", "--test-sign", *arguments, key)
                self.assertRegex(done.stdout, r"[Vv]erifying against (public key|private key parameters).*ok")
        self.refused("p11tool", "--provider", self.module, "--login", "--test-sign", key)

    def test_gnutls_cli_is_let_in_by_a_server(self):
        self.PROGRAM = "gnutls-cli"
        self.start_server()
        self.write("request", "GET / HTTP/1.0\r\n\r\n")
        command = (
            "gnutls-cli", "--provider", self.module, "--x509certfile", self.url("cert"),
            "--x509keyfile", self.url("private"), "--x509cafile", self.server.authority,
            "--port", str(self.server.port), "localhost",
        )  # fmt: skip
        for version in ("NORMAL:-VERS-ALL:+VERS-TLS1.3", "NORMAL:-VERS-ALL:+VERS-TLS1.2"):
            with self.subTest(version), self.signing(), open(self.path("request")) as request:
                done = self.run_program(*command, "--priority", version, stdin=request)
                self.assertIn("let in", done.stdout)
        self.assert_let_in()
        self.refused(*command)


class Rsa(GnuTls, consumer.AuthenticationWithRsa):
    SIGNATURES = ((), ("--hash", "sha512"), ("--sign-params=rsa-pss",))


class EllipticCurve(GnuTls, consumer.AuthenticationOnACurve):
    SIGNATURES = ((),)


if __name__ == "__main__":
    consumer.main()
