#!/usr/bin/env python3
"""LibreOffice Writer signs a document, through its menu and dialogs as a person would."""

import os
import re
import sys
import zipfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import consumer  # noqa: E402
from consumer import wait_for  # noqa: E402
from desktop import Desktop  # noqa: E402
from documents import write_odt  # noqa: E402
from nss import Database  # noqa: E402

SIGNATURES = "META-INF/documentsignatures.xml"
WRITER = "LibreOffice Writer$"
DIALOG = "^Digital Signatures$"
CERTIFICATES = "^Select X.509 Certificate$"
PIN = "^Enter Password"
# Of a LibreOffice that is started for the first time.
NO_TIPS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Common/Misc">
<prop oor:name="ShowTipOfTheDay" oor:op="fuse"><value>false</value></prop></item>
</oor:items>
"""


class LibreOffice:
    PROGRAM = "soffice.bin"

    @property
    def env(self):
        """The database instead of Firefox's."""
        return {**super().env, "MOZILLA_CERTIFICATE_FOLDER": "sql:" + self.path("nssdb")}

    def setUp(self):
        super().setUp()
        Database(self, "nssdb")
        self.write("office/user/registrymodifications.xcu", NO_TIPS)
        write_odt(self.path("document.odt"))

    def choose_certificate(self):
        """Menu File, Digital Signatures, Sign Document; with the plain windows of LibreOffice's own."""
        self.desktop = Desktop(self)
        with open(self.path("soffice.log"), "w") as log:
            self.office = self.popen(
                "soffice", f"-env:UserInstallation=file://{self.path('office')}", "--nologo",
                "--norestore", self.path("document.odt"), stdout=log,
                env={**self.desktop.env, "SAL_USE_VCLPLUGIN": "gen"},
            )  # fmt: skip
        self.desktop.wait_window(WRITER)
        self.answer(["Escape", "Escape", "alt+f", "g", "Return"], WRITER, self.shows(DIALOG))
        self.answer(["alt+s"], DIALOG, self.shows(CERTIFICATES))

    def quit(self):
        """As a person would: LibreOffice leaves a socket in /tmp otherwise."""
        for dialog in (CERTIFICATES, DIALOG):
            if self.desktop.windows(dialog):
                self.answer(["Escape"], dialog, self.hides(dialog))
        self.answer(["ctrl+q"], WRITER, lambda: self.office.poll() is not None)

    def answer(self, keys, window, until):
        self.desktop.answer(keys, until, window)

    def shows(self, title):
        return lambda: self.desktop.windows(title)

    def hides(self, title):
        return lambda: not self.desktop.windows(title)

    def signed(self):
        """The parts of the document, if one of them is a signature."""
        with zipfile.ZipFile(self.path("document.odt")) as document:
            return SIGNATURES in document.namelist() and document.namelist()

    def type_pin(self):
        self.desktop.wait_window(PIN)
        self.answer([*self.PIN, "Return"], PIN, self.hides(PIN))

    def test_a_person_signs_a_document(self):
        """The PIN is asked for twice: for the token, and for the key."""
        with self.signing():
            self.choose_certificate()
            self.type_pin()
            self.answer(["Down", "Return"], CERTIFICATES, self.shows(PIN))
            self.type_pin()
            wait_for("signature", self.signatures, 30)
            self.answer(["alt+c"], DIALOG, self.hides(DIALOG))
        parts = wait_for("signed document", self.signed, 30)
        self.quit()
        self.verify_document(parts)

    def verify_document(self, parts):
        """xmlsec1's word: every part is covered, and the signature is by the card's key."""
        with zipfile.ZipFile(self.path("document.odt")) as document:
            document.extractall(self.path("parts"))
        verify = (
            "xmlsec1", "--verify", "--pubkey-cert-pem", self.world.path("card.pem"),
            "--enabled-key-data", "key-name", "--id-attr:Id", "SignedProperties",
            "--id-attr:Id", "SignatureProperty", SIGNATURES,
        )  # fmt: skip
        done = self.run_program("env", "--chdir", self.path("parts"), *verify)
        with open(self.path("parts", SIGNATURES)) as f:
            covered = set(re.findall(r'URI="([^#"]+)"', f.read()))
        self.assertIn("OK\n", done.stdout)
        self.assertEqual(
            {part for part in parts if not part.endswith("/")} - covered, {SIGNATURES}
        )

    def test_without_the_card_there_is_no_certificate_to_choose(self):
        with self.without_card():
            self.choose_certificate()
            self.desktop.xdotool("key", "Down", "Return")
            self.assertTrue(self.desktop.windows(CERTIFICATES))
            self.assertFalse(self.desktop.windows(PIN))
            self.quit()
        self.assertFalse(self.signed())


class RsaSignature(LibreOffice, consumer.SignatureWithRsa):
    pass


class EllipticCurveSignature(LibreOffice, consumer.SignatureOnACurve):
    pass


if __name__ == "__main__":
    consumer.main()
