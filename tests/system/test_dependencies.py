#!/usr/bin/env python3
"""packaging/install-dependencies with a made-up dpkg-query, id, sudo and apt-get: what it does when
all is there, as root, as anybody, and without sudo."""

import os
import re
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402
from harness import ROOT, World  # noqa: E402

SCRIPT = os.path.join(ROOT, "packaging", "install-dependencies")


class Dependencies(unittest.TestCase):
    def setUp(self):
        self.world = World(harness.BUILD)
        self.addCleanup(self.world.close)
        os.mkdir(self.world.path("bin"))
        for name in ("sh", "dirname", "grep", "sed", "env"):
            os.symlink(f"/usr/bin/{name}", self.world.path("bin", name))
        self.program("apt-get", f"echo apt-get $* >> {self.world.path('done')}")
        self.installed("*")

    def program(self, name, text):
        path = self.world.path("bin", name)
        with open(path, "w") as f:
            f.write(f"#!/bin/sh\n{text}\n")
        os.chmod(path, 0o755)

    def installed(self, pattern):
        """Which packages dpkg-query says are there; its last argument is the package."""
        self.program(
            "dpkg-query", f'for p; do :; done; case $p in {pattern}) echo installed;; *) exit 1;; esac'
        )

    def user(self, uid, sudo):
        self.program("id", f"echo {uid}")
        if sudo:
            self.program("sudo", f"echo sudo >> {self.world.path('done')}; exec \"$@\"")

    def install(self, *sections, code=0):
        done = subprocess.run(
            [SCRIPT, *sections], env={"PATH": self.world.path("bin")}, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, check=False, timeout=30,
        )  # fmt: skip
        self.assertEqual(done.returncode, code, done.stdout)
        return done.stdout

    def done(self):
        try:
            with open(self.world.path("done")) as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def test_when_all_are_there_it_is_silent_and_does_nothing(self):
        self.user(1000, sudo=True)
        self.assertEqual(self.install("build", "demo", "check"), "")
        self.assertEqual(self.done(), "")

    def test_root_installs_what_is_missing_and_nothing_else(self):
        self.user(0, sudo=False)
        self.installed("lib*|gcc|make|pkg-config")
        self.install("build", "demo")
        self.assertRegex(self.done(), r"^apt-get .*update\napt-get .*install ")
        packages = set(re.search(r" install (.*)", self.done())[1].split())
        self.assertIn("pcscd", packages)
        self.assertNotIn("gcc", packages)
        self.assertNotIn("valgrind", packages)

    def test_anybody_else_does_it_by_sudo(self):
        self.user(1000, sudo=True)
        self.installed("lib*")
        self.install("build")
        self.assertRegex(self.done(), r"^sudo\napt-get .*update\nsudo\napt-get .*install .*gcc")

    def test_without_sudo_it_says_what_to_type_as_root(self):
        self.user(1000, sudo=False)
        self.installed("lib*")
        self.assertRegex(self.install("build", code=1), r"as root, type:\n  apt-get install .*gcc")
        self.assertEqual(self.done(), "")

    def test_an_unknown_section_is_wrong_usage(self):
        self.user(0, sudo=False)
        self.assertIn("no section [none]", self.install("none", code=2))


class Packages(unittest.TestCase):
    # There wherever Debian packages are built (build-essential), and what only builds packages.
    ALWAYS = {"g++", "gcc", "libc6-dev", "make"}
    PACKAGING = {"debhelper-compat", "dh-sequence-installsysusers"}

    def test_the_debian_packages_are_built_with_what_is_listed(self):
        with open(os.path.join(ROOT, "packaging", "dependencies.txt"), encoding="ascii") as f:
            listed = set(re.search(r"^\[build\]\n(.*?)^\[", f.read(), re.M | re.S)[1].split())
        with open(os.path.join(ROOT, "packaging", "debian", "control"), encoding="utf-8") as f:
            depends = re.search(r"^Build-Depends:\n(.*?)\n\n", f.read(), re.M | re.S)[1]
        wanted = set(re.findall(r"^ ([a-z0-9.+-]+)", depends, re.M))
        self.assertEqual(listed - self.ALWAYS, wanted - self.PACKAGING)


if __name__ == "__main__":
    harness.main()
