#!/usr/bin/env python3
"""prompt = command: a card that signs without a person, because vicar.conf names a program that answers.
And what happens where nobody can be asked at all."""

import os
import re
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402
from harness import PIN, World  # noqa: E402

# The example of vicar.conf(5), with a phone that a program can read.
ANSWERS = """#!/bin/sh
cat > "$1/question"
name=$(sed -n 's/^question: //p' "$1/question")
cat "$1/question" >> "$1/questions"
case $name in
consent)	echo yes >&3 ;;
code)	tail -n 1 "$1/sim/messages" | grep -o '[0-9]\\{6\\}$' >&4 ;;
*)	exit 1 ;;
esac
"""


class PromptCommand(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = World(harness.BUILD)
        try:
            cls.world.start_simulator()
            cls.world.start_pcscd()
            cls.world.enrol("card")
            with open(cls.world.path("document"), "w") as f:
                f.write("document\n")
        except BaseException:
            cls.world.close()
            raise

    @classmethod
    def tearDownClass(cls):
        cls.world.close()

    def begin(self, answers=None, **prompt):
        program = self.world.path("answer")
        if answers:
            with open(program, "w") as f:
                f.write(answers)
            os.chmod(program, 0o755)
            prompt.update(prompt="command", command=f"{program} {self.world.dir}")
        self.world.configure(prompt=prompt)
        if "card" in self.world.inserted:
            self.world.remove("card")
        before = dict(self.world.env)
        if not answers:
            self.world.env.pop("GPG_TTY")
        self.world.insert("card")
        self.world.env = before
        self.world.wait_card()
        self.world.person.expect([])
        self.starts = len(self.world.calls("SCMDSign"))
        self.journal = self.world.journal("card")

    def sign(self):
        return self.world.pkcs11(
            "--login", "--pin", PIN, "--sign", "-m", "SHA256-RSA-PKCS", "-i", self.world.path("document"),
            "-o", self.world.path("signature"), check=False,
        )  # fmt: skip

    def fails(self, sw, sentence):
        self.assertNotEqual(self.sign().returncode, 0)
        new = self.world.journal("card")[len(self.journal) :]
        self.assertEqual(set(re.findall(r" (?:none|done \d+) (\w{4}) ", new)), {sw}, new)
        self.assertRegex(new, sentence)

    def test_a_program_answers_and_nobody_is_asked(self):
        self.begin(ANSWERS)
        done = self.sign()
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual(self.world.person.asked, [])
        with open(self.world.path("questions")) as f:
            questions = f.read()
        self.assertRegex(questions, r"^question: consent\nanswer: yes\n(.*\n)*\nSign with the card card\?\n")
        self.assertRegex(questions, r"\nquestion: code\nanswer: secret\n")
        self.assertNotIn(PIN, questions)
        self.assertNotIn(self.world.code(), questions)

    def test_what_it_does_not_agree_to_is_not_sent(self):
        self.begin("#!/bin/sh\nexit 0\n")
        self.fails("6401", "refused at the prompt")
        self.begin("#!/bin/sh\necho yes >&3\nexit 1\n")
        self.fails("6401", "refused at the prompt")
        self.assertEqual(len(self.world.calls("SCMDSign")), self.starts)

    def test_a_program_that_is_not_there_is_no_yes(self):
        self.begin(ANSWERS)
        os.unlink(self.world.path("answer"))
        self.fails("6400", r"no prompt could be shown\. \(.*/answer cannot be started\)")
        self.assertEqual(len(self.world.calls("SCMDSign")), self.starts)

    def test_without_terminal_display_and_program_it_fails_at_once(self):
        for pinentry in ("/usr/bin/pinentry-tty", "/usr/bin/pinentry-curses", "/nonexistent/pinentry"):
            with self.subTest(pinentry):
                self.begin(pinentry=pinentry, **{"timeout-s": 300})
                start = time.monotonic()
                self.fails("6400", "no prompt could be shown.*vicar prompt here")
                self.assertLess(time.monotonic() - start, 60)
                self.assertEqual(len(self.world.calls("SCMDSign")), self.starts)


if __name__ == "__main__":
    harness.main()
