#!/usr/bin/env python3
"""The module inside stock pkcs11-tool, under valgrind: list, log in, sign, a wrong PIN. Every error and
every block that is lost counts, but for what is named in p11-valgrind.supp, which is not the module's.
"""

import glob
import os
import re
import sys
import unittest
import xml.etree.ElementTree

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import harness  # noqa: E402
from harness import LOCAL_PIN, World  # noqa: E402

SIGN = ("--login", "--pin", LOCAL_PIN, "--sign", "-m", "SHA256-RSA-PKCS", "-i", "document", "-o", "signature")


def told(error):
    """What valgrind says, and where it came from."""
    what = error.findtext("what") or error.findtext("xwhat/text")
    frames = [
        f"  {frame.findtext('fn')} ({frame.findtext('file') or frame.findtext('obj')}:{frame.findtext('line')})"
        for frame in error.iter("frame")
    ]
    return "\n".join([what, *frames])


class Valgrind(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = World(harness.BUILD)
        cls.addClassCleanup(cls.world.close)
        cls.world.start_pcscd()
        cls.world.create("work", "--card", "fineid-v2", "--role", "auth")
        cls.world.insert("work")
        cls.world.wait_card()
        with open(cls.world.path("document"), "w") as f:
            f.write("document\n")

    def run_under_valgrind(self, *arguments, code=0):
        """pkcs11-tool's output, and what was found."""
        for path in glob.glob(self.world.path("memcheck.*")):
            os.unlink(path)
        done = self.world.run(
            "valgrind", "--tool=memcheck", "--leak-check=full", "--show-leak-kinds=definite,possible",
            "--errors-for-leak-kinds=definite,possible", "--num-callers=40", "--keep-debuginfo=yes",
            f"--suppressions={HERE}/p11-valgrind.supp", "--xml=yes",
            f"--xml-file={self.world.path('memcheck.%p')}", "--child-silent-after-fork=yes",
            "pkcs11-tool", "--module", self.world.own_module(), *arguments, check=False,
        )  # fmt: skip
        self.assertEqual(done.returncode, code, done.stdout)
        (path,) = glob.glob(self.world.path("memcheck.*"))
        tree = xml.etree.ElementTree.parse(path).getroot()
        self.assertEqual([status.findtext("state") for status in tree.iter("status")], ["RUNNING", "FINISHED"])
        return done.stdout, [told(error) for error in tree.iter("error")]

    def assert_clean(self, *arguments, says, code=0):
        output, found = self.run_under_valgrind(*arguments, code=code)
        self.assertRegex(output, says)
        self.assertEqual(len(found), 0, "\n" + "\n".join(found))

    def test_slots_are_listed(self):
        self.assert_clean("-L", says="token label")

    def test_mechanisms_and_objects_are_listed(self):
        self.assert_clean("-M", says="SHA256-RSA-PKCS")
        self.assert_clean("-O", says="Certificate Object")

    def test_a_login_and_a_signature(self):
        self.assert_clean(*SIGN, says="Using signature algorithm")
        self.assertEqual(os.path.getsize(self.world.path("signature")), 256)

    def test_a_wrong_pin(self):
        self.assert_clean("--login", "--pin", "9999", "-O", says="CKR_PIN_INCORRECT", code=1)


if __name__ == "__main__":
    harness.main()
