#!/usr/bin/env python3
"""The manual: every page renders without a warning, every page and file it names is there, and every key of
vicar.conf is on its page. That each option is on its program's page is in test_programs.py."""

import glob
import os
import re
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402
from harness import ROOT  # noqa: E402

PAGES = sorted(glob.glob(os.path.join(ROOT, "docs", "*.[1578]")))
# Of the machine's pages, not of ours; the length of lines in the source; our name in the footer.
NOT_OURS = "referenced manual not found|outdated mandoc.db|line longer than 80|operating system explicitly"


def run(*argv):
    return subprocess.run(
        argv, env={**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "80"}, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, check=False,
    )  # fmt: skip


def text_of(*parts):
    with open(os.path.join(ROOT, *parts), encoding="utf-8") as f:
        return f.read()


class Manual(unittest.TestCase):
    def test_mandoc_finds_nothing_wrong(self):
        for page in PAGES:
            with self.subTest(os.path.basename(page)):
                # A message may hold a line's end, from the source's line that it quotes.
                said = re.findall(r"^mandoc: .*", run("mandoc", "-Tlint", "-Wstyle", page).stdout, re.M)
                self.assertTrue(said, "nothing at all: not even our name in the footer")
                self.assertEqual([line for line in said if not re.search(NOT_OURS, line)], [])

    def test_man_renders_each_page_without_a_warning(self):
        for page in PAGES:
            with self.subTest(os.path.basename(page)):
                done = subprocess.run(
                    ["man", "--warnings", "-E", "UTF-8", "-l", page], stdin=subprocess.DEVNULL, check=True,
                    env={**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "80"}, capture_output=True, timeout=60,
                )  # fmt: skip
                self.assertEqual(done.stderr, b"")
                self.assertGreater(len(done.stdout), 1000)

    def test_the_pages_that_there_must_be(self):
        names = {os.path.basename(page) for page in PAGES}
        for name in ("vicar.1", "vicard.8", "cmd-simulator.1", "csc-simulator.1", "ccid-simulator.1",
                     "apdu-replay.1", "vicar.conf.5", "vicar.7", "vicar-pkcs11.7"):  # fmt: skip
            self.assertIn(name, names)

    def test_pages_of_ours_that_are_named_are_there(self):
        ours = {os.path.basename(page) for page in PAGES}
        stems = {name.rsplit(".", 1)[0] for name in ours}
        for page in PAGES:
            for name, section in re.findall(r"^\.Xr (\S+) (\d)", text_of("docs", os.path.basename(page)), re.M):
                if name in stems:
                    self.assertIn(f"{name}.{section}", ours, page)

    def test_documents_that_the_readme_and_documents_name_are_there(self):
        for path in ["README.md", *(os.path.relpath(p, ROOT) for p in glob.glob(os.path.join(ROOT, "docs", "*.md")))]:
            for name in re.findall(r"docs/([a-z0-9-]+\.(?:md|\d))\b", text_of(path)):
                self.assertTrue(os.path.exists(os.path.join(ROOT, "docs", name)), (path, name))
        listed = text_of("README.md")
        for path in glob.glob(os.path.join(ROOT, "docs", "*.md")):
            self.assertIn(os.path.basename(path), listed, "README.md does not name it")

    def test_tests_that_the_threat_model_names_are_there(self):
        named = re.findall(r"`([a-z]+/[a-z0-9_-]+\.(?:py|c))`", text_of("docs", "threat-model.md"))
        self.assertGreater(len(named), 30)
        for name in named:
            self.assertTrue(os.path.exists(os.path.join(ROOT, "tests", name)), name)

    def test_each_key_of_vicar_conf_is_on_its_page(self):
        keys = re.findall(r'VALUE_[A-Z]+, "([a-z0-9-]+)"', text_of("tools", "config_table.c"))
        self.assertGreater(len(keys), 20)
        page = text_of("docs", "vicar.conf.5")
        for key in keys:
            self.assertRegex(page, rf"(?m)^\.It (?:Ic|Cm|Li|Va|Xo\n\.Ic) {re.escape(key)}\b", key)


if __name__ == "__main__":
    harness.main()
