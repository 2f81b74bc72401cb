#!/usr/bin/env python3
"""Firefox shows the card's certificate to a server, and never a remote key's."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import browser  # noqa: E402
import consumer  # noqa: E402
from nss import Database  # noqa: E402

# Nothing that looks for the internet, and no welcome.
PREFERENCES = """user_pref("app.normandy.enabled", false);
user_pref("app.update.enabled", false);
user_pref("browser.aboutwelcome.enabled", false);
user_pref("browser.preonboarding.enabled", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("browser.startup.homepage_override.mstone", "ignore");
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("extensions.update.enabled", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("termsofuse.bypassNotification", true);
user_pref("toolkit.telemetry.reportingpolicy.firstRun", false);
"""


class Firefox:
    PROGRAM = "firefox-esr"
    PIN_DIALOG = "^Password Required"

    def setUp(self):
        super().setUp()
        self.database = Database(self, "profile")
        self.write("profile/user.js", PREFERENCES)

    def command(self):
        return ("firefox-esr", "--new-instance", "--profile", self.path("profile"))


class WithCard(Firefox, browser.WithCard):
    pass


class WithCardOnACurve(Firefox, browser.WithCard):
    CARD = ("--card", "fineid-v4")


class WithRemoteKey(Firefox, browser.WithRemoteKey):
    pass


if __name__ == "__main__":
    consumer.main()
