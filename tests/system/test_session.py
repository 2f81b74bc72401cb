#!/usr/bin/env python3
"""A locked screen, sleep, and another user's session in front: vicard forgets PINs and cancels prompts.
On a bus of the test's own, with a logind that does what it is told."""

import os
import signal
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402
import pinpad  # noqa: E402
import vicard_world  # noqa: E402
from harness import PIN, World, wait_for  # noqa: E402
from private_bus import PrivateBus  # noqa: E402
from vicard_world import POWER_ON, PSO, VERIFY, VicardTest  # noqa: E402

FORGOTTEN = "PINs are forgotten"
NOT_VERIFIED = bytes.fromhex("6982")
# Of what has failed the card remembers how.
ANOTHER_PSO = PSO[:-1] + b"\x00"
SIGNS = "start(); result(0x9000, b'S' * 256)"
# A bridge that asks until it is told to cancel, and says what it was told.
ASKS = """
told = link.recv(16)
result(0x6401 if told == b"\\x03" else 0x6F10, text=b"refused at the prompt")
"""
ASKS_FOR_CODE = "start(); progress(b'waiting for the code')" + ASKS
STARTS_ALL_THE_SAME = "link.recv(16); start(); result(0x9000, b'S' * 256)"


class Vicard(VicardTest):
    def setUp(self):
        super().setUp()
        self.bus = PrivateBus(self.dir)
        self.addCleanup(self.bus.stop)
        self.logind = self.bus.service("fake_logind")
        self.env["DBUS_SYSTEM_BUS_ADDRESS"] = self.bus.address
        self.env["VICAR_DEBUG"] = "1"

    def setting(self, words):
        with open(self.path("vicar.conf")) as f:
            text = f.read()
        with open(self.path("vicar.conf"), "w") as f:
            f.write(text.replace("[card]\n", f"[card]\ndrop-pin-on = {words}\n"))

    def verified(self, behaviour=SIGNS):
        """A reader at a card whose PIN is verified, and that logind knows of."""
        self.bridge(behaviour)
        self.process = self.insert()
        reader = self.reader()
        reader.ready_to_sign()
        self.logind.wait("inhibited")
        return reader

    def wait_forgotten(self, count=1):
        wait_for("word in the log", lambda: self.log().count(FORGOTTEN) >= count)

    def test_each_of_them_makes_the_card_forget(self):
        reader = self.verified()
        for count, (command, why) in enumerate((
            ("lock own", "the screen was locked"),
            ("set own LockedHint true", "the screen was locked"),
            ("set own Active false", "another session is in front"),
            ("sleep true", "the machine goes to sleep"),
            ("remove own", "another session is in front"),
        ), 1):  # fmt: skip
            with self.subTest(command):
                self.logind.tell(command)
                self.wait_forgotten(count)
                self.assertIn(f"{why}: {FORGOTTEN}", self.log().splitlines()[-1])
                self.assertEqual(reader.transmit(PSO), NOT_VERIFIED)
                # What a program has selected stays, and the PIN can be entered again.
                self.assertEqual(reader.transmit(VERIFY), b"\x90\x00")
        self.assertEqual(reader.whole(PSO), b"S" * 256)

    def test_the_prompt_of_the_pin_pad_is_cancelled(self):
        self.bridge(ASKS)
        self.process = self.insert()
        reader = self.reader()
        reader.ask(POWER_ON)
        self.logind.wait("inhibited")
        reader.socket.send(b"\x85" + pinpad.verify(bytes.fromhex("00200001")))
        wait_for("question", self.requests)
        self.logind.tell("lock own")
        self.assertEqual(reader.answer(), b"\x04\x64\x01")
        self.assertRegex(self.journal(), r" none 6401 key=auth operation=pin-verify .*the screen was locked")

    def test_what_is_none_of_them_does_nothing(self):
        reader = self.verified()
        for command in (
            "lock other", "set other LockedHint true", "set other Active false", "unlock own",
            "set own LockedHint false", "set own Active true", "set own Remote true", "sleep false",
        ):  # fmt: skip
            self.logind.tell(command)
        self.logind.tell("lock own")
        self.wait_forgotten()
        self.assertEqual(self.log().count(FORGOTTEN), 1)
        self.assertEqual(reader.transmit(PSO), NOT_VERIFIED)

    def test_what_another_than_logind_says_does_nothing(self):
        reader = self.verified()
        forger = self.bus.service("fake_forger")
        commands = ("lock", "locked-hint", "inactive", "sleep")
        for count, command in enumerate((*commands, "heir", *commands), 1):
            forger.tell(command)
            forger.wait("sent", count)
        self.assertEqual(reader.whole(PSO), b"S" * 256)
        # All that was forged comes before this on the bus.
        self.logind.tell("sleep true")
        self.wait_forgotten()
        self.logind.tell("lock own")
        self.wait_forgotten(2)
        self.assertEqual(self.log().count(FORGOTTEN), 2)
        self.assertEqual(reader.transmit(PSO), NOT_VERIFIED)

    def test_a_logind_that_was_started_again_is_believed(self):
        reader = self.verified()
        self.logind.process.terminate()
        self.logind.process.wait()
        self.logind = self.bus.service("fake_logind")
        self.logind.tell("lock own")
        self.wait_forgotten()
        self.assertEqual(reader.transmit(PSO), NOT_VERIFIED)

    def test_of_many_words_at_once_none_is_lost(self):
        reader = self.verified()
        self.process.send_signal(signal.SIGSTOP)
        for _ in range(300):
            self.logind.tell("unlock own")
        self.logind.tell("lock own")
        self.process.send_signal(signal.SIGCONT)
        self.wait_forgotten()
        self.assertEqual(reader.transmit(PSO), NOT_VERIFIED)

    def test_sleep_waits_until_the_card_has_forgotten(self):
        reader = self.verified()
        self.assertNotIn("released", self.logind.said())
        self.logind.tell("sleep true")
        self.logind.wait("released")
        self.assertIn(FORGOTTEN, self.log())
        self.assertEqual(reader.transmit(PSO), NOT_VERIFIED)
        self.logind.tell("sleep false")
        self.logind.wait("inhibited", 2)
        self.logind.tell("sleep true")
        self.logind.wait("released", 2)

    def test_only_what_the_setting_names_counts(self):
        self.setting("sleep")
        reader = self.verified()
        for command in ("lock own", "set own LockedHint true", "set own Active false", "remove own"):
            self.logind.tell(command)
        self.logind.tell("sleep true")
        self.wait_forgotten()
        self.assertEqual(self.log().count(FORGOTTEN), 1)
        self.assertEqual(reader.transmit(PSO), NOT_VERIFIED)

    def test_with_none_no_bus_is_looked_for(self):
        self.setting("none")
        self.bridge(SIGNS)
        self.env["DBUS_SYSTEM_BUS_ADDRESS"] = "unix:path=/nonexistent"
        self.insert()
        reader = self.reader()
        reader.ready_to_sign()
        self.assertEqual(reader.whole(PSO), b"S" * 256)
        self.assertNotIn("bus", self.log())

    def test_the_bus_is_looked_for_when_the_card_is_powered(self):
        self.insert()
        reader = self.reader()
        self.control("status")
        self.assertNotIn("inhibited", self.logind.said())
        reader.ask(POWER_ON)
        self.logind.wait("inhibited")

    def test_without_a_bus_all_works_and_it_is_said_once_to_who_wants_to_know(self):
        self.bridge(SIGNS)
        self.env["DBUS_SYSTEM_BUS_ADDRESS"] = "unix:path=/nonexistent"
        self.insert()
        reader = self.reader()
        for _ in range(2):
            reader.ready_to_sign()
            self.assertEqual(reader.whole(PSO), b"S" * 256)
        self.assertEqual(self.log().count("no system bus"), 1)

    def test_a_bus_without_logind_is_no_trouble(self):
        self.logind.process.terminate()
        self.logind.process.wait()
        self.bridge(SIGNS)
        self.insert()
        reader = self.reader()
        reader.ready_to_sign()
        self.assertEqual(reader.whole(PSO), b"S" * 256)

    def test_a_bus_that_went_away_is_found_again(self):
        reader = self.verified()
        self.bus.stop()
        wait_for("word in the log", lambda: "system bus tells no more" in self.log())
        self.assertEqual(reader.whole(PSO), b"S" * 256)
        self.bus.start()
        self.logind = self.bus.service("fake_logind")
        reader.ready_to_sign()
        self.logind.wait("inhibited")
        self.logind.tell("lock own")
        self.wait_forgotten()
        self.assertEqual(reader.transmit(PSO), NOT_VERIFIED)

    def cancels(self, behaviour, journal):
        reader = self.verified(behaviour)
        reader.start(PSO)
        wait_for("bridge", self.requests)
        if "start()" in behaviour and behaviour != STARTS_ALL_THE_SAME:
            wait_for("question", lambda: self.status("state") == "waiting for the code")
        self.logind.tell("lock own")
        self.assertEqual(reader.answer()[1:], bytes.fromhex("6401"))
        self.assertRegex(self.journal(), journal)
        self.assertEqual(reader.transmit(ANOTHER_PSO), NOT_VERIFIED)
        self.assertEqual(len(self.requests()), 1)
        wait_for("end of the bridge", lambda: harness.ended(self.bridge_pid()))

    def test_a_question_for_consent_is_cancelled(self):
        self.cancels(ASKS, r" none 6401 .*the service was not asked, because the screen was locked")

    def test_a_question_for_the_code_is_cancelled(self):
        self.cancels(
            ASKS_FOR_CODE, r" done \d+ 6401 .*no code was asked for any more, because the screen was locked"
        )

    def test_a_consent_that_comes_too_late_starts_nothing(self):
        self.cancels(
            STARTS_ALL_THE_SAME, r" none 6401 .*the service was not asked, because the screen was locked"
        )
        self.assertEqual(self.tries(), 2)


class RealPrompts(unittest.TestCase):
    """With the real bridge and a person who does not answer."""

    def setUp(self):
        self.world = World(harness.BUILD)
        self.addCleanup(self.world.close)
        self.bus = PrivateBus(self.world.dir)
        self.addCleanup(self.bus.stop)
        self.logind = self.bus.service("fake_logind")
        self.world.env["DBUS_SYSTEM_BUS_ADDRESS"] = self.bus.address
        self.world.start_simulator()
        self.world.start_pcscd()
        self.world.enrol("card")
        with open(self.world.path("document"), "w") as f:
            f.write("document\n")

    def cancelled(self, answers, question, starts):
        self.world.insert("card")
        self.world.wait_card()
        self.world.person.expect(answers)
        signing = self.world.popen(
            "pkcs11-tool", "--module", self.world.module, "--login", "--pin", PIN, "--sign",
            "-m", "SHA256-RSA-PKCS", "-i", "document", "-o", "signature",
        )  # fmt: skip
        self.world.person.wait_asked(question)
        self.logind.tell("lock own")
        output, _ = signing.communicate(timeout=60)
        self.assertNotEqual(signing.returncode, 0, output)
        self.assertRegex(self.world.journal("card"), r" 6401 .*because the screen was locked")
        self.assertEqual(len(self.world.calls("SCMDSign")), starts)
        self.world.remove("card")

    def test_they_go_and_nothing_is_sent(self):
        self.cancelled([("Sign with", None)], "Sign with", 0)
        self.cancelled([self.world.agrees(), ("[Cc]ode", None)], "[Cc]ode: $", 1)
        self.assertEqual(self.world.calls("ValidateOtp"), [])


if __name__ == "__main__":
    harness.BUILD = sys.argv[1]
    vicard_world.main()
