#!/usr/bin/env python3
"""packaging/vicar.bash-completion in a real bash: every option and command that --help names, and
what may stand in the place of a NAME, a CARD, a FILE."""

import os
import re
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402
from harness import ROOT, World  # noqa: E402

PROGRAMS = sorted(
    name[:-2]
    for name in os.listdir(os.path.join(ROOT, "tools"))
    if name.endswith(".c") and os.path.exists(os.path.join(ROOT, "docs", name[:-2] + ".1"))
) + ["vicard"]

# Presses Tab after the words given; the last one is what is typed so far.
TAB = r"""
source /usr/share/bash-completion/bash_completion
_completion_loader "$1"
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=${#COMP_LINE}
$(complete -p "$1" | sed 's/.*-F \([^ ]*\) .*/\1/') "$1" "${!#}" "${@: -2:1}"
printf '%s\n' "${COMPREPLY[@]}"
"""


class Completion(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = World(harness.BUILD)
        world = cls.world
        os.makedirs(world.path("bash", "completions"))
        for program in PROGRAMS:
            os.symlink(
                os.path.join(ROOT, "packaging", "vicar.bash-completion"),
                world.path("bash", "completions", program),
            )
        world.env["BASH_COMPLETION_USER_DIR"] = world.path("bash")
        world.env["PATH"] = f"{world.build}:{world.env['PATH']}"
        world.vicar("create", "anna", "--card", "fineid-v2", "--pin-file",
                    world.write_private("pins", "pin = 123456\npuk = 12345678\n"))  # fmt: skip
        os.mkdir(world.path("files"))
        os.mkdir(world.path("files", "directory"))
        with open(world.path("files", "file"), "w", encoding="ascii"):
            pass

    @classmethod
    def tearDownClass(cls):
        cls.world.close()

    def tab(self, *words):
        done = subprocess.run(
            ["bash", "--norc", "-c", TAB, "bash", *words], env=self.world.env,
            cwd=self.world.path("files"), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=60, check=False,
        )  # fmt: skip
        return set(done.stdout.split())

    def help(self, *words):
        done = subprocess.run(
            [self.world.tool(words[0]), *words[1:], "--help"], env=self.world.env, check=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, timeout=60,
        )  # fmt: skip
        return done.stdout

    def commands(self):
        text = self.help("vicar").split("\nCommands:\n")[1].split("\n\n")[0]
        return set(re.findall(r"^  (\S+)", text, re.M))

    def test_each_option_of_each_help_is_completed_and_nothing_else(self):
        for words in [(p,) for p in PROGRAMS] + [("vicar", c) for c in sorted(self.commands())]:
            with self.subTest(words):
                options = self.help(*words).split("\nOptions:\n")[1].split("\n\n")[0]
                told = set(re.findall(r"^ +(?:-\w, )?(--[a-z][a-z-]+)", options, re.M))
                self.assertEqual(self.tab(*words, "--"), told)

    def test_each_command_is_completed(self):
        self.assertGreater(len(self.commands()), 10)
        self.assertEqual(self.tab("vicar", ""), self.commands())
        self.assertEqual(self.tab("vicar", "ins"), {"insert"})

    def test_the_place_of_a_name_takes_the_cards_there_are(self):
        for words in (
            ("vicar", "insert"), ("vicar", "insert", "--wait", "3"), ("vicar", "pin", "change"),
            ("vicar", "cert", "export"), ("vicar", "status"), ("vicard",), ("vicard", "--foreground"),
        ):  # fmt: skip
            with self.subTest(words):
                self.assertEqual(self.tab(*words, ""), {"anna"})

    def test_words_of_the_usage_are_completed_in_their_place(self):
        self.assertEqual(self.tab("vicar", "pin", ""), {"change", "unblock"})
        self.assertEqual(self.tab("vicar", "cert", ""), {"list", "export", "add"})
        self.assertEqual(self.tab("vicar", "module", "i"), {"install"})
        self.assertEqual(self.tab("vicar", "remove", "anna", ""), set())

    def test_what_an_option_takes_is_completed(self):
        with open(self.world.path("vicar.conf"), "a", encoding="utf-8") as conf:
            conf.write("[service work]\ntype = cmd\n")
        for words, expected in (
            (("vicar", "create", "anna", "--card", "fineid-v"), {"fineid-v2", "fineid-v3", "fineid-v4"}),
            (("vicar", "create", "anna", "--role", ""), {"auth", "sign", "sign2"}),
            (("vicar", "create", "anna", "--key", "p"), {"p256", "p384"}),
            (("vicar", "enrol", "anna", "--service", ""), {"work"}),
            (("vicar", "create", "anna", "--pin-file", ""), {"file", "directory"}),
            (("vicar", "doctor", "--reader-conf", ""), {"directory"}),
            (("vicard", "-c", ""), {"file", "directory"}),
            (("vicar", "create", "--subject", ""), set()),
        ):
            with self.subTest(words):
                self.assertEqual(self.tab(*words), expected)


if __name__ == "__main__":
    harness.main()
