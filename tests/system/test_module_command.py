#!/usr/bin/env python3
"""vicar module: NSS's own tools see what it registers."""

import os
import shutil
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402
from harness import World  # noqa: E402


class ModuleCommand(unittest.TestCase):
    def setUp(self):
        self.world = World(harness.BUILD)
        self.addCleanup(self.world.close)
        # NSS loads the module that stands beside vicar, which is to be one that it can load.
        os.mkdir(self.world.path("bin"))
        shutil.copy(self.world.tool("vicar"), self.world.path("bin"))
        shutil.copy(self.world.own_module(), self.world.path("bin", "vicar-pkcs11.so"))
        self.module = self.world.path("bin", "vicar-pkcs11.so")
        self.directory = self.make_database("home", ".pki", "nssdb")

    def make_database(self, *where):
        directory = self.world.path(*where)
        os.makedirs(directory, mode=0o700)
        self.world.run("certutil", "-N", "-d", f"sql:{directory}", "--empty-password")
        return directory

    def command(self, *arguments, code=0, env=()):
        vicar = self.world.path("bin", "vicar")
        done = self.world.run(vicar, "module", *arguments, check=False, env=env)
        self.assertEqual(done.returncode, code, done.stdout)
        return done.stdout

    def listed(self):
        """modutil ends with an error when a slot is empty."""
        return self.world.run("modutil", "-dbdir", f"sql:{self.directory}", "-list", check=False).stdout

    def test_what_is_installed_is_seen_by_modutil_until_it_is_removed(self):
        self.command("install", "--nss", self.directory)
        self.assertRegex(self.listed(), rf"(?s)2\. Vicar\s+library name: {self.module}\n")
        self.command("remove", "--nss", self.directory)
        self.assertNotIn("Vicar", self.listed())

    def test_done_twice_is_as_good_as_once(self):
        for _ in range(2):
            self.command("install", "--nss", self.directory)
            self.assertEqual(self.listed().count("library name: "), 1)
        for _ in range(2):
            self.command("remove", "--nss", self.directory)
            self.assertNotIn("Vicar", self.listed())

    def test_a_module_that_has_moved_is_registered_anew(self):
        self.command("install", "--nss", self.directory)
        os.rename(self.world.path("bin"), self.world.path("moved"))
        os.mkdir(self.world.path("bin"))
        moved = self.world.path("moved")
        self.world.run(f"{moved}/vicar", "module", "install", "--nss", self.directory)
        self.assertEqual(self.listed().count("library name: "), 1)
        self.assertIn(f"library name: {moved}/vicar-pkcs11.so\n", self.listed())

    def test_certutil_lists_the_cards_certificate_through_it(self):
        self.world.start_pcscd()
        self.world.create("card", "--card", "fineid-v2", "--key", "rsa2048", "--role", "auth")
        self.world.insert("card")
        self.world.wait_card()
        self.command("install", "--nss", self.directory)
        listed = self.world.run("certutil", "-L", "-d", f"sql:{self.directory}", "-h", "all").stdout
        self.assertIn("todentamis- ja salausvarmenne", listed)

    def test_the_databases_of_browsers_are_found_and_their_state_shown(self):
        firefox = self.make_database("home", ".mozilla", "firefox", "x.default")
        self.command("install", "--nss", firefox)
        shown = self.command()
        self.assertIn(f"module: {self.module}\n", shown)
        self.assertRegex(shown, r"(?m)^p11-kit: ")
        self.assertIn(f"nss: {firefox}: registered\n", shown)
        self.assertIn(
            f"nss: {self.directory}: not registered; "
            f"type: vicar module install --nss {self.directory}\n", shown
        )  # fmt: skip

    def test_a_directory_without_a_database_is_told(self):
        for action in ("install", "remove", "show"):
            with self.subTest(action):
                said = self.command(action, "--nss", self.world.path("home"), code=1)
                self.assertRegex(said, r"cert9\.db is missing.*certutil -N -d sql:")

    def test_without_modutil_its_package_is_named(self):
        said = self.command("install", "--nss", self.directory, code=1, env={"PATH": "/nowhere"})
        self.assertIn("apt-get install libnss3-tools", said)

    def test_a_module_that_nss_cannot_load_is_told_with_the_command_that_says_why(self):
        with open(self.module, "w") as f:
            f.write("no library\n")
        said = self.command("install", "--nss", self.directory, code=1)
        self.assertIn(f"modutil -dbdir sql:{self.directory} -add Vicar -libfile {self.module}", said)

    def test_wrong_usage_is_exit_2(self):
        self.assertIn("needs --nss DIR", self.command("install", code=2))
        self.assertIn("there is no instal,", self.command("instal", code=2))


if __name__ == "__main__":
    harness.main()
