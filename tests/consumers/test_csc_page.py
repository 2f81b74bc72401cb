#!/usr/bin/env python3
"""Chromium at a CSC service's page, started by xdg-open: it logs in for a card and agrees to a signature, and
comes back to vicar-bridge."""

import os
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "system"))
import csc_simulator  # noqa: E402
import harness  # noqa: E402
from csc_simulator import CscSimulator, credential, server  # noqa: E402
from harness import PIN, World  # noqa: E402


class Page(unittest.TestCase):
    def setUp(self):
        self.world = World(harness.BUILD)
        self.addCleanup(self.world.close)
        self.service = CscSimulator(harness.BUILD)
        self.addCleanup(self.service.close)
        self.service.accounts(
            csc_simulator.USER, credential(key="rsa2048", mode="oauth2code"), server(browser="agrees")
        )
        self.write_browser()
        self.world.configure()
        with open(self.world.path("vicar.conf"), "a") as f:
            f.write(f"[service csc]\ntype = csc\nprofile = simulator\nendpoint = {self.service.endpoint}\n"
                    f"ca-file = {self.service.path('tls-ca.pem')}\n"
                    f"credentials = {self.service.path('credentials')}\n")  # fmt: skip
        self.world.env["BROWSER"] = self.world.path("browser")
        self.world.start_pcscd()

    def write_browser(self):
        """It trusts the simulator's key, and what root may not have (its sandbox) is left out."""
        key = self.world.run("sh", "-c", f"openssl x509 -in {self.service.path('tls.pem')} -noout -pubkey |"
                             " openssl pkey -pubin -outform DER | openssl dgst -sha256 -binary | base64")  # fmt: skip
        sandbox = "--no-sandbox" if os.getuid() == 0 else ""
        with open(self.world.path("browser"), "w") as f:
            f.write(f"#!/bin/sh\nexec chromium --headless {sandbox} --disable-gpu --disable-dev-shm-usage"
                    f" --no-first-run --user-data-dir={self.world.path('profile')}"
                    f" --ignore-certificate-errors-spki-list={key.stdout.strip()}"
                    f" --dump-dom \"$1\" >>{self.world.path('browsed')}\n")  # fmt: skip
        os.chmod(self.world.path("browser"), 0o755)

    def pages_seen(self):
        with open(self.world.path("browsed")) as f:
            return f.read().count("you can close this page")

    def test_a_browser_logs_in_and_agrees(self):
        account = self.world.write_private("account", "[account]\nuser = maria\n")
        self.world.vicar("enrol", "maria", "--service", "csc", "--account", account)
        self.world.insert("maria")
        self.world.wait_card()
        self.world.module = self.world.own_module()
        self.world.person.expect([self.world.agrees()])
        with open(self.world.path("document"), "wb") as f:
            f.write(b"a document\n")
        self.world.pkcs11("--login", "--pin", PIN, "--sign", "-m", "SHA256-RSA-PKCS", "-i", "document",
                          "-o", "signature")  # fmt: skip
        # The browser writes down what it has seen when the signature may be there already.
        harness.wait_for("second page", lambda: self.pages_seen() == 2, 60)
        self.assertEqual(self.service.count("oauth2/authorize"), 2)
        self.assertEqual(self.service.count("signatures/signHash"), 1)


if __name__ == "__main__":
    harness.main()
