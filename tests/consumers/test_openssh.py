#!/usr/bin/env python3
"""OpenSSH: ssh-keygen lists the key, ssh and ssh-agent log in to a server, ssh-keygen -Y signs."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import consumer  # noqa: E402
from ssh_server import SshServer, start_agent  # noqa: E402


class OpenSsh:
    # ssh-agent has a helper that loads the module.
    PROGRAM = "ssh|ssh-pkcs11-helper"

    def setUp(self):
        super().setUp()
        self.write("askpass", f"#!/bin/sh\necho {self.PIN}\n")
        os.chmod(self.path("askpass"), 0o700)

    @property
    def env(self):
        return {
            **super().env, "SSH_ASKPASS": self.path("askpass"), "SSH_ASKPASS_REQUIRE": "force",
            "SSH_AUTH_SOCK": self.path("agent"),
        }  # fmt: skip

    def start_agent(self):
        """And tells it of the card."""
        start_agent(self)
        self.run_program("ssh-add", "-s", self.module)

    def test_ssh_keygen_prints_the_key_of_the_card(self):
        self.write("card.pub", self.run_program("ssh-keygen", "-D", self.module).stdout)
        printed = self.run_program("ssh-keygen", "-e", "-m", "PKCS8", "-f", self.path("card.pub"))
        with open(self.world.path("card.key")) as f:
            self.assertEqual(printed.stdout.strip(), f.read().strip())

    def test_ssh_logs_in(self):
        command = SshServer(self).login(
            "-o", f"PKCS11Provider={self.module}", "-o", "IdentityAgent=none"
        )
        with self.signing():
            done = self.run_program(*command)
        self.assertIn("logged in", done.stdout)
        self.refused(*command)

    def test_ssh_logs_in_by_the_agent(self):
        command = SshServer(self).login("-o", f"IdentityAgent={self.path('agent')}")
        self.start_agent()
        for _ in range(2):
            with self.signing():
                done = self.run_program(*command)
            self.assertIn("logged in", done.stdout)
        self.refused(*command)

    def test_ssh_keygen_signs_a_file_by_the_agent(self):
        self.start_agent()
        self.write("card.pub", self.run_program("ssh-add", "-L").stdout)
        command = (
            "ssh-keygen", "-Y", "sign", "-f", self.path("card.pub"), "-n", "file",
            self.path("document"),
        )  # fmt: skip
        with self.signing():
            self.run_program(*command)
        self.write("allowed", b"me " + self.read("card.pub"))
        with open(self.path("document")) as document:
            done = self.run_program(
                "ssh-keygen", "-Y", "verify", "-f", self.path("allowed"), "-I", "me", "-n", "file",
                "-s", self.path("document.sig"), stdin=document,
            )  # fmt: skip
        self.assertIn('Good "file" signature', done.stdout)
        os.unlink(self.path("document.sig"))
        self.refused(*command)


class Rsa(OpenSsh, consumer.WholeCard):
    pass


class EllipticCurve(OpenSsh, consumer.AuthenticationOnACurve):
    pass


if __name__ == "__main__":
    consumer.main()
