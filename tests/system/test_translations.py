#!/usr/bin/env python3
"""po/: the template is that of the sources, and each language has all of it. And what a person then
sees, with the programs as they are built and as they are installed."""

import os
import re
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402
from harness import ENTER, PIN, ROOT, World  # noqa: E402

PO = os.path.join(ROOT, "po")
LANGUAGES = sorted(name[:-3] for name in os.listdir(PO) if name.endswith(".po"))


def run(*argv):
    return subprocess.run(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env={**os.environ, "LC_ALL": "C.UTF-8"}, text=True, check=False, timeout=60,
    )  # fmt: skip


class Catalogues(unittest.TestCase):
    def test_there_are_portuguese_and_finnish(self):
        self.assertEqual(LANGUAGES, ["fi", "pt"])

    def test_the_template_is_that_of_the_sources(self):
        with open(os.path.join(PO, "vicar.pot")) as f:
            self.assertEqual(f.read(), run(os.path.join(PO, "extract")).stdout, "type: make po")

    def test_each_text_is_translated_in_each_language(self):
        template = self.texts("vicar.pot")
        self.assertGreater(len(template), 50)
        for language in LANGUAGES:
            with self.subTest(language):
                self.assertEqual(self.texts(f"{language}.po"), template, "type: make po")
                for state in ("--untranslated", "--only-fuzzy"):
                    left = run("msgattrib", state, "--no-obsolete", f"{PO}/{language}.po")
                    self.assertEqual(left.stdout, "", f"{state}: translate it")

    @staticmethod
    def texts(name):
        listed = run("msgattrib", "--no-obsolete", "--no-wrap", "--clear-fuzzy", "--empty", os.path.join(PO, name))
        return sorted(re.findall(r'^msgid(?:_plural)? "(.+)"$', listed.stdout, re.M))

    def test_formats_agree(self):
        for language in LANGUAGES:
            with self.subTest(language):
                checked = run("msgfmt", "--check", "--output-file=/dev/null", f"{PO}/{language}.po")
                self.assertEqual((checked.returncode, checked.stdout), (0, ""))

    def test_the_letters_of_a_question_differ(self):
        for language in LANGUAGES:
            listed = run("msgattrib", "--no-wrap", f"{PO}/{language}.po").stdout
            label = dict(re.findall(r'^msgid "(_\w+)"\nmsgstr "(\w+)"$', listed, re.M))
            for yes, no in (("_Sign", "_Cancel"), ("_Decrypt", "_Cancel"), ("_Send", "_Back"), ("_OK", "_Cancel")):
                letters = [label[word].split("_")[1][0].lower() for word in (yes, no)]
                with self.subTest(f"{language}: {letters}"):
                    # pinentry-tty takes ASCII letters only for choices that can be typed everywhere.
                    self.assertNotEqual(*letters)
                    self.assertTrue("".join(letters).isascii())


class Shown(unittest.TestCase):
    """What the owner of a card sees: [question, letter that agrees, question for the code]."""

    WORDS = {
        "en": ("Sign with the card card\\?", "s", "Code"),
        "fi": ("Allekirjoitetaanko kortilla card\\?.*Tarkoitus: allekirjoitus", "a", "Koodi"),
        "pt": ("Assinar com o cartão card\\?.*Finalidade: assinatura", "a", "Código"),
    }

    def begin(self, build):
        plain = os.environ.get("VICAR_DRIVER") or os.path.join(harness.BUILD, "libifdvicar.so")
        self.world = World(build, driver=plain)
        self.addCleanup(self.world.close)
        self.world.start_simulator()
        self.world.start_pcscd()
        self.world.enrol("card")
        with open(self.world.path("document"), "w") as f:
            f.write("document\n")

    def signs_in(self, language, setting=None, **environment):
        question, letter, code = self.WORDS[language]
        self.world.configure(prompt={"language": setting})
        before = dict(self.world.env)
        self.world.env.update(environment)
        self.world.insert("card")
        self.world.env = before
        self.world.wait_card()
        self.world.person.expect(
            [(question, letter), (code + ": $", lambda _: self.world.code() + ENTER)]
        )
        done = self.world.pkcs11(
            "--login", "--pin", PIN, "--sign", "-m", "SHA256-RSA-PKCS", "-i", self.world.path("document"),
            "-o", self.world.path("signature"), check=False,
        )  # fmt: skip
        self.assertEqual(done.returncode, 0, (done.stdout, self.world.person.screen))
        self.world.remove("card")
        self.assertIn("Done.", self.world.vicar("log", "card").stdout)  # the journal is English

    def test_the_environment_or_the_setting_chooses(self):
        self.begin(harness.BUILD)
        self.signs_in("en")
        self.signs_in("pt", LC_ALL="pt_PT.UTF-8")  # a locale that need not be installed
        self.signs_in("pt", LC_ALL="", LANG="pt_BR.UTF-8")
        self.signs_in("fi", LANGUAGE="fi:en")
        self.signs_in("fi", setting="fi", LC_ALL="pt_PT.UTF-8")
        self.signs_in("en", setting="en", LC_ALL="pt_PT.UTF-8")

    def test_what_is_installed_finds_them(self):
        root = World(harness.BUILD)
        self.addCleanup(root.close)
        subprocess.run(
            ["make", "-C", ROOT, "-o", "all", "install", f"BUILD={root.build}",
             f"DESTDIR={root.dir}/root", "PREFIX=/usr"],
            env={**root.env, "MAKEFLAGS": ""}, stdin=subprocess.DEVNULL, check=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120,
        )  # fmt: skip
        self.begin(f"{root.dir}/root/usr/bin")
        self.signs_in("pt", setting="pt")


if __name__ == "__main__":
    harness.main()
