#!/usr/bin/env python3
"""Programs that do TLS or SSH by themselves are not shown the slot of a remote key: each of their
connections would be a text message. (The browsers: test_chromium.py, test_firefox.py.)"""

import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import consumer  # noqa: E402
import test_openssl  # noqa: E402
from nss import Database  # noqa: E402
from ssh_server import SshServer, start_agent  # noqa: E402


class RemoteKey(consumer.Consumer):
    REMOTE = True
    ROLE = "sign"
    PIN = consumer.PIN

    def assert_kept_away(self, program):
        """The program has asked the module for tokens, and there was none; nor has anybody been asked."""
        slots = [arguments for name, _, arguments, _ in self.calls("C_GetSlotList") if name == program]
        self.assertTrue(slots, f"{program} has not loaded the module:\n{self.log_tail()}")
        self.assertEqual(
            [call for call in self.calls("C_Login", "C_SignInit", "C_Sign") if call[0] == program], []
        )
        self.assertEqual(self.world.calls("SCMDSign"), [])
        self.assertEqual(self.world.person.asked, [])

    def setUp(self):
        super().setUp()
        self.write("askpass", f"#!/bin/sh\necho {self.PIN}\n")
        os.chmod(self.path("askpass"), 0o700)
        self.ask = {"SSH_ASKPASS": self.path("askpass"), "SSH_ASKPASS_REQUIRE": "force"}

    def test_other_programs_are_shown_it(self):
        """The control of all the others."""
        listed = self.run_program("pkcs11-tool", "--module", self.module, "--list-token-slots").stdout
        self.assertIn("token label", listed)

    def test_curl(self):
        self.start_server()
        done = self.run_program(
            "curl", "--silent", "--show-error", "--engine", "pkcs11", "--cert-type", "ENG",
            "--cert", "pkcs11:type=cert", "--key-type", "ENG", "--key", "pkcs11:type=private",
            "--cacert", self.server.authority, self.server.url,
            env=test_openssl.configuration(self), check=False,
        )  # fmt: skip
        self.assertNotEqual(done.returncode, 0, done.stdout)
        self.assert_kept_away("curl")

    def test_gnutls_cli(self):
        self.start_server()
        done = self.run_program(
            "gnutls-cli", "--provider", self.module, "--x509certfile", "pkcs11:type=cert",
            "--x509keyfile", "pkcs11:type=private", "--x509cafile", self.server.authority,
            "--port", str(self.server.port), "localhost",
            env={"GNUTLS_PIN": self.PIN}, check=False,
        )  # fmt: skip
        self.assertNotEqual(done.returncode, 0, done.stdout)
        self.assert_kept_away("gnutls-cli")

    def test_tstclnt(self):
        self.start_server()
        database = Database(self, "nssdb")
        nickname = database.nickname()
        database.trust("authority", self.server.authority, "C,,")
        self.write("request", "GET / HTTP/1.0\r\n\r\n")
        done = self.run_program(
            "tstclnt", "-4", "-h", "localhost", "-p", str(self.server.port), "-d", database.name,
            "-n", nickname, "-W", self.path("pin"), "-A", self.path("request"), check=False,
        )  # fmt: skip
        self.assertNotIn("let in", done.stdout)
        self.assertEqual(self.server.let_in, [])
        self.assert_kept_away("tstclnt")

    def test_ssh_keygen(self):
        done = self.run_program("ssh-keygen", "-D", self.module, check=False)
        self.assertNotIn("ssh-rsa", done.stdout)
        self.assert_kept_away("ssh-keygen")

    def test_ssh_agent(self):
        done = self.run_program(
            "ssh-add", "-s", self.module, env={**self.ask, "SSH_AUTH_SOCK": start_agent(self)},
            check=False,
        )  # fmt: skip
        self.assertNotEqual(done.returncode, 0, done.stdout)
        self.assert_kept_away("ssh-pkcs11-helper")

    def test_ssh(self):
        command = SshServer(self).login(
            "-o", f"PKCS11Provider={self.module}", "-o", "IdentityAgent=none"
        )
        done = self.run_program(*command, env=self.ask, check=False)
        self.assertNotEqual(done.returncode, 0, done.stdout)
        self.assert_kept_away("ssh")

    def test_the_lines_for_opensc_conf_keep_openscs_module_away_too(self):
        """As docs/consumers.md has them; OpenSC offers the key without them."""
        with open(os.path.join(consumer.ROOT, "docs", "consumers.md")) as f:
            lines = re.search(r"^```\n(app opensc-pkcs11 .*?)^```$", f.read(), re.M | re.S)[1]
        for name in ("opensc-pkcs11.so", "pkcs11/onepin-opensc-pkcs11.so"):
            module = os.path.join(os.path.dirname(consumer.opensc_module()), name)
            for configuration, offered in (("app default {}\n", True), (lines, False)):
                self.write("opensc.conf", configuration)
                done = self.run_program(
                    "ssh-keygen", "-D", module, env={"OPENSC_CONF": self.path("opensc.conf")},
                    check=False,
                )  # fmt: skip
                self.assertEqual("ssh-rsa" in done.stdout, offered, f"{name}: {done.stdout}")
        listed = self.run_program("opensc-tool", "-n", env={"OPENSC_CONF": self.path("opensc.conf")})
        self.assertIn("GemSAFE", listed.stdout)


if __name__ == "__main__":
    consumer.main()
