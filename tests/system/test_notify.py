#!/usr/bin/env python3
"""The desktop is told what became of a signature: real notify-send, a notification server of the test's.
And nothing of it holds a signature up."""

import ast
import os
import re
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402
from harness import CANCEL, ENTER, PHONE, PIN, World, wait_for  # noqa: E402
from private_bus import PrivateBus  # noqa: E402


class Notify(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = World(harness.BUILD)
        try:
            cls.world.start_simulator()
            cls.world.start_pcscd()
            cls.world.enrol("card")
            with open(cls.world.path("document"), "w") as f:
                f.write("document\n")
            cls.bus = PrivateBus(cls.world.dir)
        except BaseException:
            cls.world.close()
            raise

    @classmethod
    def tearDownClass(cls):
        cls.bus.stop()
        cls.world.close()

    def setUp(self):
        self.desktop = self.bus.service("fake_notifications")
        self.addCleanup(self.desktop.process.wait)
        self.addCleanup(self.desktop.process.terminate)

    def told(self):
        return [ast.literal_eval(line) for line in self.desktop.said()[1:]]

    def wait_told(self, count=1):
        wait_for("notification", lambda: len(self.told()) >= count)
        return self.told()[-1]

    def sign(self, answers=None, prompt=(), **environment):
        """What a program gets: whether it was signed, and how long that took."""
        self.world.configure(prompt=dict(prompt))
        if "card" in self.world.inserted:
            self.world.remove("card")
        before = dict(self.world.env)
        self.world.env.update({"DBUS_SESSION_BUS_ADDRESS": self.bus.address, **environment})
        self.world.insert("card")
        self.world.env = before
        self.world.wait_card()
        self.world.person.expect(answers or [self.world.agrees(), self.world.types_code()])
        start = time.monotonic()
        done = self.world.pkcs11(
            "--login", "--pin", PIN, "--sign", "-m", "SHA256-RSA-PKCS", "-i", self.world.path("document"),
            "-o", self.world.path("signature"), check=False,
        )  # fmt: skip
        return done.returncode == 0, time.monotonic() - start

    def no_secrets(self, notification):
        text = " ".join(notification)
        for secret in (PIN, self.world.code(), PHONE.replace("+351 ", "")):
            self.assertNotIn(secret, text)

    def test_a_signature_is_told_with_card_key_and_document(self):
        self.assertTrue(self.sign()[0])
        notification = self.wait_told()
        self.assertEqual(notification[:2], ("Vicar", "Signed with the card card"))
        self.assertRegex(notification[2], r"^Key: sign\nDocument: [0-9a-f]{8}$")
        self.no_secrets(notification)

    def test_what_failed_is_told_with_reason_and_next_step(self):
        self.assertFalse(self.sign([self.world.agrees(), ("[Cc]ode", "000000" + ENTER)])[0])
        notification = self.wait_told()
        self.assertEqual(notification[1], "The card card did not sign")
        self.assertRegex(notification[2], "wrong three times.*\nSign again")
        self.no_secrets(notification)

    def test_it_speaks_the_language_of_the_prompts(self):
        signed, _ = self.sign(
            [("Allekirjoitetaanko", "a"), ("Koodi: $", lambda _: self.world.code() + ENTER)],
            prompt={"language": "fi"},
        )
        self.assertTrue(signed)
        self.assertEqual(self.wait_told()[1], "Allekirjoitettu kortilla card")
        self.assertRegex(self.told()[0][2], "^Avain: sign\nAsiakirja: ")

    def test_what_the_person_has_just_done_is_not_told_and_neither_is_anything_when_switched_off(self):
        self.assertFalse(self.sign([("Sign with", "c")])[0])
        self.assertFalse(self.sign([self.world.agrees(), ("[Cc]ode", CANCEL)])[0])
        self.assertTrue(self.sign(prompt={"notify": "no"})[0])
        self.assertTrue(self.sign()[0])
        self.assertEqual(self.wait_told()[1], "Signed with the card card")
        self.assertEqual(len(self.told()), 1)

    def program(self, text):
        """Another notify-send, first in PATH."""
        directory = self.world.path("other")
        os.makedirs(directory, exist_ok=True)
        path = os.path.join(directory, "notify-send")
        with open(path, "w") as f:
            f.write(f"#!/bin/sh\n{text}\n")
        os.chmod(path, 0o755)
        return directory + ":" + self.world.env["PATH"]

    def test_one_that_hangs_holds_nothing_up(self):
        pid = self.world.path("pid")
        path = self.program(f"echo $$ > {pid}.new; mv {pid}.new {pid}; exec sleep 60")
        signed, seconds = self.sign(PATH=path)
        self.assertTrue(signed)
        self.assertLess(seconds, 30)
        wait_for("hanging program", lambda: os.path.exists(pid))
        with open(pid) as f:
            hanging = int(f.read())
        self.assertFalse(harness.ended(hanging))
        os.kill(hanging, 9)
        self.assertNotIn("vicar-bridge did not end", self.world.journal("card"))

    def test_it_gets_nothing_but_the_text(self):
        seen = self.world.path("seen")
        path = self.program(
            f"for fd in 0 1 2 3 4 5 6 7 8 9; do {{ true <&$fd; }} 2>/dev/null && printf '%s ' $fd; done > {seen}.new\n"
            f"printf '%s|' \"$@\" >> {seen}.new; mv {seen}.new {seen}"
        )
        self.assertTrue(self.sign(PATH=path)[0])
        wait_for("program", lambda: os.path.exists(seen))
        with open(seen) as f:
            words = f.read()
        self.assertRegex(
            words, re.compile(r"^0 1 2 --app-name=Vicar\|--\|Signed with the card card\|Key: sign\nDocument: \w+\|$")
        )

    def test_without_it_or_a_desktop_signatures_are_made(self):
        os.makedirs(self.world.path("empty"), exist_ok=True)
        self.assertTrue(self.sign(PATH=self.world.path("empty"))[0])
        marker = self.world.path("called")
        self.assertTrue(
            self.sign(PATH=self.program(f"touch {marker}"), DBUS_SESSION_BUS_ADDRESS="")[0]
        )
        self.world.remove("card")
        self.assertFalse(os.path.exists(marker))
        self.assertEqual(self.told(), [])


if __name__ == "__main__":
    harness.main()
