#!/usr/bin/env python3
"""The Debian packages as files: what lintian says, and what must and must not be in them. Needs no root.

usage: tests/packages/test_deb.py BUILD
"""

import glob
import os
import re
import subprocess
import sys
import unittest

BUILD = "build"
NAMES = {"vicar", "vicar-ifd", "vicar-pkcs11"}


def run(*argv, check=True):
    return subprocess.run(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=300, check=check,
    )  # fmt: skip


class Debs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.debs = {
            os.path.basename(path).split("_")[0]: path
            for path in glob.glob(f"{BUILD}/deb/*.deb")
            if "-dbgsym_" not in path
        }

    def files(self, package):
        listed = run("dpkg-deb", "--contents", self.debs[package]).stdout
        return {
            line.split(None, 5)[5].split(" -> ")[0][1:]: line.split()[0] for line in listed.splitlines()
        }

    def field(self, package, name):
        return run("dpkg-deb", "--field", self.debs[package], name).stdout.strip()

    def test_these_are_the_packages(self):
        self.assertEqual(set(self.debs), NAMES)

    def test_lintian_has_no_error_and_no_warning(self):
        [changes] = glob.glob(f"{BUILD}/deb/*.changes")
        done = run("lintian", "--allow-root", "--fail-on", "error,warning", changes, check=False)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual(re.findall(r"^[EW]: .*", done.stdout, re.M), [])

    def test_their_version_is_that_of_the_programs(self):
        version = run(f"{BUILD}/vicar", "--version").stdout.split()[1]
        for package in NAMES:
            self.assertEqual(self.field(package, "Version"), version)

    def test_the_entry_of_the_reader_is_no_file_of_theirs(self):
        for package in NAMES:
            self.assertEqual([f for f in self.files(package) if "reader.conf.d" in f], [])

    def test_the_libraries_are_not_executable_and_nothing_is_setuid(self):
        for package in NAMES:
            for path, mode in self.files(package).items():
                self.assertNotIn("s", mode, path)
                if ".so" in path and not mode.startswith("l"):
                    self.assertEqual(mode, "-rw-r--r--", path)

    def test_the_module_and_the_driver_bring_in_nothing_but_what_they_link(self):
        self.assertNotIn("libcurl", self.field("vicar-pkcs11", "Depends"))
        self.assertNotIn("libssl", self.field("vicar-ifd", "Depends"))
        self.assertNotIn("vicar", self.field("vicar-pkcs11", "Depends"))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    BUILD = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
