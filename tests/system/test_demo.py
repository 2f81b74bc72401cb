#!/usr/bin/env python3
"""The demo as a newcomer sees it: no input, one closing line."""

import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402
from harness import ROOT  # noqa: E402


class Demo(unittest.TestCase):
    def test_it_ends_with_a_verified_signature(self):
        done = subprocess.run(
            [os.path.join(ROOT, "tests/system/demo"), harness.BUILD], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False, timeout=120,
        )  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(done.stdout.splitlines()[-1], "demo: signature verified")
        self.assertIn("Verified OK", done.stdout)
        self.assertEqual(done.stderr, "")


if __name__ == "__main__":
    harness.main()
