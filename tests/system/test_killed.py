#!/usr/bin/env python3
"""vicard is killed at moments all over a signature: the program gets an error within a second, pcscd
lives, and the next insert works."""

import hashlib
import os
import signal
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402
from harness import LOCAL_PIN, PIN, World, children, ended, wait_for  # noqa: E402

DIGESTINFO = bytes.fromhex("3031300d060960864801650304020105000420") + hashlib.sha256(b"x").digest()
MOMENTS = 12
# A program that got its error has to end too, on a machine that runs other tests meanwhile.
SOON_S = 1.5


class Killed(unittest.TestCase):
    def setUp(self):
        self.world = World(harness.BUILD)
        self.addCleanup(self.world.close)

    def pcscd(self):
        with open(self.world.path("pcscd", "pid")) as f:
            return int(f.read())

    def card(self):
        status = self.world.vicar("status", "card").stdout
        return int(next(line for line in status.splitlines() if line.startswith("pid: ")).split()[1])

    def start(self, pin, mechanism, name, content):
        with open(self.world.path(name), "wb") as f:
            f.write(content)
        return self.world.popen(
            "pkcs11-tool", "--module", harness.opensc_module(), "--login", "--pin", pin, "--sign",
            "-m", mechanism, "-i", name, "-o", "signature",
        )  # fmt: skip

    def ends_soon(self, program, killed):
        output, _ = program.communicate(timeout=30)
        self.assertLess(time.monotonic() - killed, SOON_S, output)
        return program.returncode

    def works(self, *what):
        program = self.start(*what)
        output, _ = program.communicate(timeout=30)
        self.assertEqual(program.returncode, 0, output)

    def put_in_again(self):
        self.world.wait_card(present=False, seconds=2)
        self.world.insert("card")
        self.world.wait_card()

    def test_at_any_moment_of_a_signature_with_a_local_key(self):
        self.world.start_pcscd()
        self.world.create("card", "--card", "fineid-v2", "--key", "rsa2048", "--role", "auth")
        self.world.insert("card")
        self.world.wait_card()
        pcscd = self.pcscd()
        begun = time.monotonic()
        self.works(LOCAL_PIN, "RSA-PKCS", "digestinfo", DIGESTINFO)
        whole = time.monotonic() - begun
        failures = 0
        for moment in range(MOMENTS):
            with self.subTest(moment=moment):
                card = self.card()
                program = self.start(LOCAL_PIN, "RSA-PKCS", "digestinfo", DIGESTINFO)
                time.sleep(whole * moment / MOMENTS)
                os.kill(card, signal.SIGKILL)
                failures += self.ends_soon(program, time.monotonic()) != 0
                self.put_in_again()
                # Also gives back the try that a card killed inside VERIFY has lost.
                self.works(LOCAL_PIN, "RSA-PKCS", "digestinfo", DIGESTINFO)
        self.assertGreater(failures, MOMENTS // 3, "hardly any of them hit the signature")
        self.assertFalse(ended(pcscd))

    def test_at_each_step_of_a_signature_by_the_service(self):
        self.world.start_simulator()
        self.world.start_pcscd()
        self.world.enrol("card")
        self.world.insert("card")
        self.world.wait_card()
        pcscd = self.pcscd()
        silent = {"trouble": "hang"}
        consent, code = "Sign with", "[Cc]ode: $"
        for what, answers, prompt, account, starts in (
            ("consent is asked", [(consent, None)], consent, {}, 0),
            ("start call", [self.world.agrees()], consent, {**silent, "on": "SCMDSign"}, 1),
            ("code is asked", [self.world.agrees(), (code, None)], code, {}, 1),
            ("second call", [self.world.agrees(), self.world.types_code()], code,
             {**silent, "on": "ValidateOtp"}, 1),
        ):  # fmt: skip
            with self.subTest(what):
                self.world.account(**account)
                self.world.person.expect(answers)
                before = len(self.world.calls("SCMDSign"))
                card = self.card()
                program = self.start(PIN, "SHA256-RSA-PKCS", "document", b"document\n")
                self.world.person.wait_asked(prompt)
                if "on" in account:
                    time.sleep(0.5)  # the call is under way
                (bridge,) = children(card)
                os.kill(card, signal.SIGKILL)
                self.assertNotEqual(self.ends_soon(program, time.monotonic()), 0)
                # With its prompt, so that the next one has the terminal for itself.
                wait_for("end of the bridge", lambda bridge=bridge: ended(bridge), 2)
                self.put_in_again()
                # The try stays counted, since nobody knows what became of it.
                self.world.vicar("pin", "unblock", "card")
                self.assertEqual(len(self.world.calls("SCMDSign")) - before, starts)
                self.assertEqual("fate unknown" in self.world.journal("card"), starts > 0)
        self.assertFalse(ended(pcscd))
        self.world.account()
        self.world.person.expect([self.world.agrees(), self.world.types_code()])
        self.works(PIN, "SHA256-RSA-PKCS", "document", b"document\n")


if __name__ == "__main__":
    harness.main()
