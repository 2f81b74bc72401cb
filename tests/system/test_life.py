#!/usr/bin/env python3
"""Cards come and go, pcscd comes and goes, processes die: who notices, and what still works."""

import hashlib
import os
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402
import pkcs11  # noqa: E402
from harness import LOCAL_PIN, PIN, World, wait_for  # noqa: E402

DIGESTINFO = bytes.fromhex("3031300d060960864801650304020105000420") + hashlib.sha256(b"x").digest()

# A program of its own: libpcsclite and OpenSC must start afresh in each test, and see our pcscd.
SESSION = """
import sys
sys.path.insert(0, {here!r})
import pkcs11
module = pkcs11.Module({module!r})
def open():
    global session, key
    session = module.open(module.slots()[0])
    module.login(session, {pin!r})
    key = module.private_key(session)
def sign():
    print("signed", len(module.sign(session, key, {mechanism}, {data!r}, {each!r})), flush=True)
open()
sign()
for line in sys.stdin:
    try:
        if line.strip() == "again":
            open()
        sign()
    except pkcs11.Error as error:
        print("error", error.name, flush=True)
"""


class OpenSession:
    """Card and pcscd go and come under a program that keeps its session; the classes below say
    which card."""

    def setUp(self):
        self.world = World(harness.BUILD)
        self.addCleanup(self.world.close)
        self.make_card()
        self.world.start_pcscd()
        self.world.insert("card")
        self.world.wait_card()

    def program(self):
        """A PKCS#11 program with a session open; say() makes it sign and gives its word on it."""
        source = SESSION.format(
            here=os.path.dirname(os.path.abspath(__file__)),
            module=harness.opensc_module(),
            pin=self.PIN,
            mechanism=self.MECHANISM,
            data=self.DATA,
            each=self.PIN_EACH_TIME,
        )
        process = self.world.popen(sys.executable, "-c", source, stdin=subprocess.PIPE)
        self.addCleanup(lambda: (process.kill(), process.communicate()))

        def say(word):
            process.stdin.write(word + "\n")
            process.stdin.flush()
            return process.stdout.readline().strip()

        self.assertEqual(process.stdout.readline().strip(), self.SIGNED)
        return say

    def test_a_card_taken_out_under_an_open_session_gives_an_error_and_works_again_later(self):
        say = self.program()
        self.assertEqual(say("sign"), self.SIGNED)
        self.world.remove("card")
        self.world.wait_card(present=False)
        self.assertRegex(say("sign"), "error CKR_(DEVICE_REMOVED|SESSION_HANDLE_INVALID|TOKEN_NOT)")
        self.world.insert("card")
        self.world.wait_card()
        self.assertEqual(say("again"), self.SIGNED)

    def test_a_card_out_and_in_again_between_two_signatures_ends_the_session(self):
        say = self.program()
        self.world.remove("card")
        self.world.insert("card")
        self.world.wait_card()
        self.assertRegex(say("sign"), "^error ")
        self.assertEqual(say("again"), self.SIGNED)

    def test_pcscd_restarts_while_the_card_stays(self):
        pid = self.card_pid()
        self.world.stop_pcscd()
        self.world.start_pcscd()
        self.world.wait_card()
        self.program()
        self.assertEqual(self.card_pid(), pid)

    def test_pcscd_restarts_under_an_open_session(self):
        say = self.program()
        pid = self.card_pid()
        self.world.stop_pcscd()
        self.world.start_pcscd()
        self.world.wait_card()
        self.assertRegex(say("sign"), "^error ")
        self.program()
        self.assertEqual(self.card_pid(), pid)

    def card_pid(self):
        status = self.world.vicar("status", "card").stdout
        return int(next(line for line in status.splitlines() if "pid" in line).split()[-1])


class FinnishCardWithALocalKey(OpenSession, unittest.TestCase):
    PIN = LOCAL_PIN
    PIN_EACH_TIME = None
    MECHANISM = pkcs11.CKM_RSA_PKCS
    DATA = DIGESTINFO
    SIGNED = "signed 256"

    def make_card(self):
        self.world.create("card", "--card", "fineid-v2", "--key", "rsa2048", "--role", "auth")


class PortugueseCardWithARemoteKey(OpenSession, unittest.TestCase):
    PIN = PIN
    PIN_EACH_TIME = PIN
    MECHANISM = pkcs11.CKM_SHA256_RSA_PKCS
    DATA = b"document"
    SIGNED = "signed 384"

    def make_card(self):
        self.world.start_simulator()
        self.world.enrol("card")
        self.world.person.expect([self.world.agrees(), self.world.types_code()])


class CardsComeAndGo(unittest.TestCase):
    def setUp(self):
        self.world = World(harness.BUILD)
        self.addCleanup(self.world.close)
        self.world.start_pcscd()
        self.world.create("local", "--card", "fineid-v2", "--key", "rsa2048", "--role", "auth")
        self.world.insert("local")
        self.world.wait_card()

    def card_pid(self):
        status = self.world.vicar("status", "local").stdout
        return int(next(line for line in status.splitlines() if "pid" in line).split()[-1])

    def sign(self):
        with open(self.world.path("digestinfo"), "wb") as f:
            f.write(DIGESTINFO)
        return self.world.pkcs11(
            "--login", "--pin", LOCAL_PIN, "--sign", "-m", "RSA-PKCS",
            "-i", "digestinfo", "-o", "signature", check=False,
        )  # fmt: skip

    def test_a_card_inserted_before_pcscd_runs_is_found_by_the_first_program(self):
        self.world.stop_pcscd()
        self.world.remove("local")
        self.world.insert("local")
        self.world.start_pcscd()
        self.assertEqual(self.world.run("opensc-tool", "-a").returncode, 0)

    def test_a_killed_daemon_leaves_an_empty_reader_and_the_next_insert_works(self):
        os.kill(self.card_pid(), signal.SIGKILL)
        self.world.wait_card(present=False, seconds=2)
        self.world.insert("local")
        self.world.wait_card()
        self.assertEqual(self.sign().returncode, 0)

    def test_two_cards_fill_two_slots_and_a_third_is_told_that_there_is_none(self):
        for name in ("second", "third"):
            self.world.create(name, "--card", "fineid-v2", "--key", "rsa2048", "--role", "auth")
        self.world.insert("second")
        wait_for("second card", lambda: self.world.cards() == 2)
        done = self.world.vicar("insert", "third", check=False)
        self.world.inserted.add("third")
        self.assertEqual(done.returncode, 1)
        self.assertIn("slot", done.stdout)

    def test_a_second_daemon_for_one_card_names_the_first(self):
        pid = self.card_pid()
        done = self.world.run(self.world.tool("vicard"), "--foreground", "local", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(str(pid), done.stdout)

    def test_wrong_pins_are_counted_across_restarts_of_the_daemon(self):
        for tries in range(2):
            self.world.pkcs11("--login", "--pin", "9999", "-O", check=False)
            os.kill(self.card_pid(), signal.SIGKILL)
            self.world.wait_card(present=False)
            self.world.insert("local")
            self.world.wait_card()
        status = self.world.vicar("status", "local").stdout
        self.assertRegex(status, r"\b3\b", status)


class KilledWhileTheServiceIsAsked(unittest.TestCase):
    def setUp(self):
        self.world = World(harness.BUILD)
        self.addCleanup(self.world.close)
        self.world.start_simulator()
        self.world.start_pcscd()
        self.world.enrol("remote")
        self.world.insert("remote")
        self.world.wait_card()
        with open(self.world.path("document"), "w") as f:
            f.write("document\n")

    def pid(self):
        status = self.world.vicar("status", "remote").stdout
        return int(next(line for line in status.splitlines() if "pid" in line).split()[-1])

    def start_signing(self):
        return self.world.popen(
            "pkcs11-tool", "--module", harness.opensc_module(), "--login", "--pin", PIN, "--sign",
            "-m", "SHA256-RSA-PKCS", "-i", "document", "-o", "signature",
        )  # fmt: skip

    def test_the_program_gets_an_error_within_a_second_and_the_journal_says_fate_unknown(self):
        self.world.person.expect([self.world.agrees(), ("[Cc]ode", None)])
        program = self.start_signing()
        self.world.person.wait_asked("[Cc]ode: $")
        os.kill(self.pid(), signal.SIGKILL)
        killed = time.monotonic()
        output, _ = program.communicate(timeout=10)
        self.assertLess(time.monotonic() - killed, 1.5, output)
        self.assertNotEqual(program.returncode, 0, output)
        self.world.wait_card(present=False)
        self.world.insert("remote")
        self.world.wait_card()
        self.assertIn("fate unknown", self.world.vicar("log", "remote").stdout)
        self.assertEqual(len(self.world.calls("SCMDSign")), 1)

    def test_pcscd_stopped_while_the_owner_is_asked_takes_the_prompt_away(self):
        self.world.person.expect([("Sign with", None)])
        program = self.start_signing()
        self.world.person.wait_asked("Sign with")
        self.world.stop_pcscd()
        program.communicate(timeout=10)
        wait_for(
            "end of the prompt",
            lambda: "idle" in self.world.vicar("status", "remote").stdout,
        )
        self.assertEqual(self.world.calls("SCMDSign"), [])

    def test_pcscd_stopped_while_the_code_is_asked_repeats_nothing_and_the_card_signs_after_its_next_start(self):
        self.world.person.expect([self.world.agrees(), ("[Cc]ode", None)])
        program = self.start_signing()
        self.world.person.wait_asked("[Cc]ode: $")
        pid = self.pid()
        self.world.stop_pcscd()
        output, _ = program.communicate(timeout=10)
        self.assertNotEqual(program.returncode, 0, output)
        wait_for("end of the prompt", lambda: "idle" in self.world.vicar("status", "remote").stdout)
        self.world.start_pcscd()
        self.world.wait_card()
        self.assertEqual(len(self.world.calls("SCMDSign")), 1)
        self.assertEqual(self.pid(), pid)
        with open(self.world.path("document"), "w") as f:
            f.write("another document\n")
        self.world.person.expect([self.world.agrees(), self.world.types_code()])
        program = self.start_signing()
        output, _ = program.communicate(timeout=60)
        self.assertEqual(program.returncode, 0, output)
        self.assertEqual(len(self.world.calls("SCMDSign")), 2)


if __name__ == "__main__":
    harness.main()
