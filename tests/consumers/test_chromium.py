#!/usr/bin/env python3
"""Chromium shows the card's certificate to a server, and never a remote key's."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import browser  # noqa: E402
import consumer  # noqa: E402
from nss import Database  # noqa: E402


class Chromium:
    PROGRAM = "chromium"
    PIN_DIALOG = "^Unlock Security Device$"

    def setUp(self):
        super().setUp()
        self.database = Database(self, ".pki", "nssdb")

    def command(self):
        """Without what root may not have (its sandbox), and what looks for the internet."""
        return (
            "chromium", *(("--no-sandbox",) if os.getuid() == 0 else ()), "--disable-gpu",
            "--disable-dev-shm-usage", "--no-first-run", "--no-default-browser-check",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--password-store=basic", f"--user-data-dir={self.path('profile')}",
        )  # fmt: skip


class WithCard(Chromium, browser.WithCard):
    pass


class WithCardOnACurve(Chromium, browser.WithCard):
    CARD = ("--card", "fineid-v4")


class WithRemoteKey(Chromium, browser.WithRemoteKey):
    pass


if __name__ == "__main__":
    consumer.main()
