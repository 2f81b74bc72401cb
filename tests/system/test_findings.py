#!/usr/bin/env python3
"""What the other tests take for a sanitizer's finding: a leak is one, and is looked for; the leak
detector's word about a process that was killed meanwhile is none.
"""

import os
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402

LEAK = "#include <stdlib.h>\nint main(void) { void *volatile lost = malloc(7); lost = NULL; return 0; }\n"
KILLED = "==4711==Unable to get registers from thread 4709.\n"


class Findings(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.dir = directory.name
        self.log = os.path.join(self.dir, "log")

    def write(self, text):
        with open(self.log + ".4709", "w") as f:
            f.write(text)

    def test_a_leak_is_found(self):
        program = os.path.join(self.dir, "leak")
        subprocess.run(
            ["gcc", "-fsanitize=address", "-x", "c", "-o", program, "-"], input=LEAK, text=True, check=True
        )
        done = subprocess.run([program], env={"ASAN_OPTIONS": f"log_path={self.log}"}, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("Direct leak of 7 byte(s)", harness.findings(self.log))

    def test_a_process_killed_at_its_end_is_none(self):
        self.write(KILLED * 2)
        self.assertEqual(harness.findings(self.log), "")

    def test_what_else_stands_there_is_told(self):
        self.write(f"{KILLED}==4709==ERROR: AddressSanitizer: heap-use-after-free\n{KILLED}")
        self.assertEqual(
            harness.findings(self.log), "==4709==ERROR: AddressSanitizer: heap-use-after-free\n"
        )

    def test_nothing_written_is_none(self):
        self.assertEqual(harness.findings(self.log), "")


if __name__ == "__main__":
    harness.main()
