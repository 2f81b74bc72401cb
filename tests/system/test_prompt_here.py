#!/usr/bin/env python3
"""`vicar prompt here`: the prompts of a card go to a terminal that somebody lends, over ssh -t and on
this machine, and it gets them back as they were."""

import os
import signal
import subprocess
import sys
import termios
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402
from harness import PIN, World, wait_for  # noqa: E402
from person import Person  # noqa: E402
from sshd import Sshd, keygen  # noqa: E402

HERE = "come to this terminal"
INTERRUPT = "\x03"


class PromptHere(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = World(harness.BUILD)
        try:
            cls.world.start_simulator()
            cls.world.start_pcscd()
            cls.world.enrol("card")
            with open(cls.world.path("document"), "w") as f:
                f.write("document\n")
            os.mkdir(cls.world.path("sshd"))
            cls.sshd = Sshd(cls.world.path("sshd"), keygen(cls.world.path("login")), cls.world.popen)
        except BaseException:
            cls.world.close()
            raise

    @classmethod
    def tearDownClass(cls):
        cls.sshd.close()
        cls.world.close()

    def setUp(self):
        self.begin()

    def begin(self):
        """A card that has refused nothing yet; nobody answers at the terminal where it was inserted."""
        if "card" in self.world.inserted:
            self.world.remove("card")
        self.world.insert("card")
        self.world.wait_card()
        self.world.person.expect([])
        self.journal = self.world.journal("card")

    def somebody(self, *answers):
        person = Person(answers)
        self.addCleanup(person.close)
        return person

    def owner(self):
        return self.somebody(self.world.agrees(), self.world.types_code())

    def lend(self, person, *command):
        """By default as a shell on the person's terminal would start it."""
        process = subprocess.Popen(
            command or ("setsid", "--ctty", self.world.tool("vicar"), "prompt", "here"),
            env=self.world.env, stdin=person.slave, stdout=person.slave, stderr=person.slave,
        )  # fmt: skip
        self.addCleanup(self.end, process)
        wait_for("lent terminal", lambda: HERE in person.screen or process.poll() is not None)
        self.assertIsNone(process.poll(), person.screen)
        return process

    @staticmethod
    def end(process):
        if process.poll() is None:
            process.kill()
        process.wait()

    def lend_over_ssh(self, person):
        names = ("XDG_RUNTIME_DIR", "VICAR_CONF", "LC_ALL")
        setting = " ".join(f"{name}={self.world.env[name]}" for name in names)
        return self.lend(
            person,
            *self.sshd.ssh("-tt", "-i", self.world.path("login"), "-o", "IdentitiesOnly=yes", "-o", "LogLevel=QUIET"),
            f"exec env {setting} {self.world.tool('vicar')} prompt here",
        )  # fmt: skip

    def start_signing(self):
        return self.world.popen(
            "pkcs11-tool", "--module", self.world.module, "--login", "--pin", PIN, "--sign",
            "-m", "SHA256-RSA-PKCS", "-i", "document", "-o", "signature",
        )  # fmt: skip

    def signs(self, *screens):
        process = self.start_signing()
        output, _ = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0, (output, *screens))

    def fails(self, process, sw):
        output, _ = process.communicate(timeout=60)
        self.assertNotEqual(process.returncode, 0, output)
        self.assertIn(f" {sw} ", self.world.journal("card")[len(self.journal) :])

    @staticmethod
    def echoes(person):
        return bool(termios.tcgetattr(person.slave)[3] & termios.ECHO)

    def test_over_ssh(self):
        owner = self.owner()
        ssh = self.lend_over_ssh(owner)
        screen = self.world.person.screen
        self.signs(owner)
        self.assertEqual(len(owner.asked), 2, owner.screen)
        self.assertEqual(self.world.person.screen, screen)
        # It stays for the next one, until it is ended.
        self.signs(owner)
        os.write(owner.master, INTERRUPT.encode())
        self.assertEqual(ssh.wait(timeout=20), 0)
        self.world.person.expect([self.world.agrees(), self.world.types_code()])
        self.signs(self.world.person)
        self.assertEqual(len(owner.asked), 4)

    def test_the_end_of_the_terminal_cancels_what_is_asked(self):
        for over in (self.lend_over_ssh, self.lend):
            with self.subTest(over.__name__):
                self.begin()
                owner = self.somebody(("Sign with", None))
                lender = over(owner)
                process = self.start_signing()
                owner.wait_asked("Sign with")
                start = time.monotonic()
                os.write(owner.master, INTERRUPT.encode())
                self.fails(process, "6401")
                self.assertEqual(lender.wait(timeout=20), 0, owner.screen)
                self.assertLess(time.monotonic() - start, 20)
                self.assertTrue(self.echoes(owner))

    def test_a_terminal_that_is_lent_echoes_nothing_and_is_given_back_as_it_was(self):
        owner = self.somebody()
        before = termios.tcgetattr(owner.slave)
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            with self.subTest(number):
                owner.screen = ""
                lender = self.lend(owner)
                wait_for("silent terminal", lambda: not self.echoes(owner))
                lender.send_signal(number)
                self.assertEqual(lender.wait(timeout=10), 0)
                self.assertEqual(termios.tcgetattr(owner.slave), before)

    def test_the_last_one_that_is_started_has_the_prompts(self):
        first, second = self.somebody(), self.owner()
        lender = self.lend(first)
        self.lend(second)
        self.assertEqual(lender.wait(timeout=10), 0)
        wait_for("word of it", lambda: "another terminal takes the prompts" in first.screen)
        self.signs(second)
        self.assertEqual((len(first.asked), len(second.asked)), (0, 2))

    def test_what_was_typed_before_the_question_is_no_answer(self):
        owner = self.somebody(("Sign with", None))
        self.lend(owner)
        os.write(owner.master, b"sss\rsss\r")
        process = self.start_signing()
        owner.wait_asked("Sign with")
        os.write(owner.master, b"c")
        self.fails(process, "6401")

    def test_one_that_was_killed_is_as_if_it_were_not_there(self):
        lender = self.lend(self.somebody())
        lender.kill()
        lender.wait()
        self.world.person.expect([self.world.agrees(), self.world.types_code()])
        self.signs(self.world.person)
        self.lend(self.somebody())  # and makes no difficulty

    def test_only_its_user_may_ask_for_the_terminal(self):
        self.lend(self.somebody())
        path = self.world.path("runtime", "vicar", "prompt.here")
        self.assertEqual(os.stat(path).st_mode & 0o077, 0)

    def refused(self, **where):
        process = self.world.popen(self.world.tool("vicar"), "prompt", "here", **where)
        output, _ = process.communicate(timeout=20)
        self.assertEqual(process.returncode, 1, output)
        return output

    def test_it_needs_a_terminal_and_its_foreground(self):
        self.assertIn("there is no terminal here", self.refused())
        person = self.somebody()
        self.assertIn("not in the foreground", self.refused(stdin=person.slave))

    def test_where_a_program_answers_there_is_nothing_to_send(self):
        self.world.configure(prompt={"prompt": "command", "command": "/bin/false"})
        self.addCleanup(self.world.configure)
        self.assertIn("prompt = command", self.refused(stdin=self.somebody().slave))


if __name__ == "__main__":
    harness.main()
