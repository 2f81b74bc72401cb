#!/usr/bin/env python3
"""vicar pin change and unblock, judged by stock OpenSC: on a card that is in, and on one that is
out."""

import os
import re
import signal
import subprocess
import sys
import termios
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402
from harness import LOCAL_PIN, LOCAL_PUK, World, wait_for  # noqa: E402
from person import Person  # noqa: E402

NEW_PIN = "86420"
TRIES = 5


class WithCard(unittest.TestCase):
    def setUp(self):
        self.world = World(harness.BUILD)
        self.addCleanup(self.world.close)
        self.world.create("card", "--card", "fineid-v2", "--key", "rsa2048", "--role", "auth")

    def insert(self):
        self.world.start_pcscd()
        self.world.insert("card")
        self.world.wait_card()

    def pin(self, what, *lines, check=True):
        path = self.world.write_private("values", "".join(line + "\n" for line in lines))
        return self.world.vicar("pin", what, "card", "--pin-file", path, check=check)

    def refused(self, what, *lines):
        done = self.pin(what, *lines, check=False)
        self.assertEqual(done.returncode, 1, done.stdout)
        return done.stdout

    def logs_in(self, pin):
        done = self.world.pkcs11("--login", "--pin", pin, "-O", "--type", "privkey", check=False)
        return done.returncode == 0 and "Private Key Object" in done.stdout

    def tries(self):
        status = self.world.vicar("status", "card").stdout
        line = next(line for line in status.splitlines() if line.startswith("tries: "))
        return {name: int(left) for name, left in (word.split("=") for word in line.split()[1:])}


class PinCommand(WithCard):
    def test_opensc_logs_in_with_the_pin_that_was_changed_while_the_card_was_out(self):
        self.pin("change", f"old = {LOCAL_PIN}", f"new = {NEW_PIN}")
        self.insert()
        self.assertTrue(self.logs_in(NEW_PIN))
        self.assertFalse(self.logs_in(LOCAL_PIN))

    def test_opensc_logs_in_with_the_pin_that_was_changed_while_the_card_was_in(self):
        self.insert()
        self.pin("change", f"old = {LOCAL_PIN}", f"new = {NEW_PIN}")
        self.assertTrue(self.logs_in(NEW_PIN))
        self.assertFalse(self.logs_in(LOCAL_PIN))

    def test_a_wrong_old_pin_is_counted_for_opensc_too(self):
        self.insert()
        said = self.refused("change", "old = 9999", f"new = {NEW_PIN}")
        self.assertIn(f"tries left: {TRIES - 1}", said)
        self.assertEqual(self.tries()["pin1"], TRIES - 1)
        asked = self.world.run("opensc-tool", "-s", "00200001").stdout
        self.assertIn(f"SW1=0x63, SW2=0xC{TRIES - 1}", asked)

    def test_a_pin_that_opensc_blocked_comes_back_with_its_puk(self):
        self.insert()
        for _ in range(TRIES):
            self.assertFalse(self.logs_in("9999"))
        self.assertEqual(self.tries()["pin1"], 0)
        self.assertIn("is blocked", self.refused("change", f"old = {LOCAL_PIN}", f"new = {NEW_PIN}"))
        said = self.refused("unblock", "puk = 99999999", f"new = {NEW_PIN}")
        self.assertIn(f"tries left: {TRIES - 1}", said)
        self.assertEqual(self.tries(), {"puk": TRIES - 1, "pin1": 0})
        self.pin("unblock", f"puk = {LOCAL_PUK}", f"new = {NEW_PIN}")
        self.assertEqual(self.tries(), {"puk": TRIES, "pin1": TRIES})
        self.assertTrue(self.logs_in(NEW_PIN))

    def test_counters_outlive_the_card_s_being_out(self):
        for left in reversed(range(1, TRIES)):
            said = self.refused("change", "old = 9999", f"new = {NEW_PIN}")
            self.assertIn(f"tries left: {left}", said)
        self.insert()
        self.assertEqual(self.tries()["pin1"], 1)

    def test_a_signal_during_the_question_leaves_a_terminal_that_echoes(self):
        """And reads nothing of what was typed until then."""
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
            with self.subTest(number):
                person = Person()
                self.addCleanup(person.close)
                before = termios.tcgetattr(person.slave)
                asking = subprocess.Popen(
                    ["setsid", "--ctty", self.world.tool("vicar"), "pin", "change", "card"],
                    env=self.world.env, stdin=person.slave, stdout=person.slave, stderr=person.slave,
                )  # fmt: skip
                self.addCleanup(asking.wait)
                self.addCleanup(asking.kill)
                wait_for("question", lambda: re.search(r": *$", person.screen))
                self.assertFalse(termios.tcgetattr(person.slave)[3] & termios.ECHO)
                os.write(person.master, LOCAL_PIN.encode())
                asking.send_signal(number)
                self.assertEqual(asking.wait(timeout=10), -number)
                self.assertEqual(termios.tcgetattr(person.slave), before)
                os.write(person.master, b"\n")
                self.assertEqual(os.read(person.slave, 64), b"\n")

    def test_no_value_is_in_the_journal_or_the_log(self):
        self.refused("change", "old = 9753", f"new = {NEW_PIN}")
        self.insert()
        self.pin("change", f"old = {LOCAL_PIN}", f"new = {NEW_PIN}")
        text = self.world.journal("card")
        with open(self.world.path("runtime", "vicar", "card.log")) as f:
            text += f.read()
        self.assertIn("pin1 was changed by its owner", text)
        for value in ("9753", LOCAL_PIN, NEW_PIN):
            self.assertNotRegex(text, rf"\b{value}\b")


class NewValues(WithCard):
    """What a new PIN must not be: vicar.conf(5), pin-complexity and its neighbours."""

    def settings(self, **card):
        self.world.configure(card={name.replace("_", "-"): value for name, value in card.items()})

    def test_a_value_that_is_too_simple_is_refused_and_costs_no_try(self):
        self.settings(pin_complexity="same, run, date")
        self.insert()
        for new in ("0000", "4321", "3112"):
            said = self.refused("change", f"old = {LOCAL_PIN}", f"new = {new}")
            self.assertIn("too easily guessed", said)
        self.assertEqual(self.tries()["pin1"], TRIES)
        self.pin("change", f"old = {LOCAL_PIN}", f"new = {NEW_PIN}")

    def test_vicard_judges_for_itself(self):
        self.settings(min_pin_length=6)
        self.insert()
        self.settings()  # vicar has no such rule now; the process of the card has
        said = self.refused("change", f"old = {LOCAL_PIN}", "new = 86420")
        self.assertIn("shorter than 6", said)
        self.assertEqual(self.tries()["pin1"], TRIES)

    def test_a_program_keeps_the_rules_too(self):
        self.insert()
        done = self.world.pkcs11("--login", "--pin", LOCAL_PIN, "--change-pin", "--new-pin", "0000", check=False)
        self.assertNotEqual(done.returncode, 0, done.stdout)
        self.assertEqual(self.tries()["pin1"], TRIES)
        self.assertTrue(self.logs_in(LOCAL_PIN))
        self.world.pkcs11("--login", "--pin", LOCAL_PIN, "--change-pin", "--new-pin", NEW_PIN)
        self.assertTrue(self.logs_in(NEW_PIN))

    def test_a_simple_pin_that_is_in_force_still_opens_the_card(self):
        self.settings(pin_complexity="same, run, repeat, date", min_pin_length=8)
        self.insert()
        self.assertTrue(self.logs_in(LOCAL_PIN))

    def test_a_card_is_not_made_with_a_simple_pin(self):
        path = self.world.write_private("values", "pin = 7777\npuk = 27182818\n")
        done = self.world.vicar("create", "other", "--card", "fineid-v2", "--pin-file", path, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("too easily guessed", done.stdout)


if __name__ == "__main__":
    harness.main()
