#!/usr/bin/env python3
"""What others may not do, and what may stand nowhere."""

import base64
import hashlib
import os
import pwd
import re
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402
from harness import PHONE, PIN, World, children  # noqa: E402
from memory import forms  # noqa: E402

SIGN = ("--login", "--sign", "-m", "SHA256-RSA-PKCS", "-i", "document", "-o", "signature")


# Of the simulator's file `calls`, cmd-simulator(1).
COLUMNS = ("time", "operation", "account", "result", "valid", "document")


class Privacy(unittest.TestCase):
    def setUp(self):
        self.world = World(harness.BUILD)
        self.addCleanup(self.world.close)
        self.world.start_simulator(arguments=("--strict", "--validate", "--quiet", "--record"))
        self.world.start_pcscd()
        self.world.enrol("maria")
        self.world.insert("maria")
        self.world.wait_card()
        with open(self.world.path("document"), "w") as f:
            f.write("document\n")

    def sign(self, pin=PIN, **more):
        return self.world.pkcs11("--pin", pin, *SIGN, **more)

    def test_every_request_on_the_wire_is_valid_by_the_wsdl(self):
        def type_code(_):
            return (self.world.code() if self.world.calls("ForceSMS") else "") + "\r"

        self.world.person.expect(
            [("[Nn]ew code\\?", "s"), self.world.agrees(), ("[Cc]ode", type_code)]
        )
        self.sign()
        calls = [dict(zip(COLUMNS, line.split("\t"))) for line in self.world.calls()]
        self.assertEqual(
            {call["operation"] for call in calls},
            {"GetCertificate", "SCMDSign", "ValidateOtp", "ForceSMS"},
        )
        self.assertEqual([call for call in calls if call["valid"] != "yes"], [])

    def test_prompt_request_and_text_message_name_the_document_by_the_same_digits(self):
        self.world.person.expect([self.world.agrees(), self.world.types_code()])
        self.sign()
        digits = hashlib.sha256(b"document\n").hexdigest()[:8]
        start = dict(zip(COLUMNS, self.world.calls("SCMDSign")[0].split("\t")))
        self.assertEqual(start["document"], digits)
        self.assertEqual(self.world.messages()[0].split("\t")[2], digits)
        for seen in self.world.person.asked:
            self.assertRegex(seen, f"[Dd]ocument: {digits}\n")

    def test_no_pin_code_or_phone_number_stands_in_any_file_but_the_owners(self):
        self.world.person.expect([self.world.agrees(), self.world.types_code()])
        self.sign()
        code = self.world.code()
        wrong = "314159"
        self.world.person.expect(
            [self.world.agrees(), ("[Cc]ode", wrong + "\r"), ("[Cc]ode", wrong + "\r")]
        )
        self.sign(check=False)
        self.sign(pin="161803", check=False)
        self.world.vicar("log", "maria")
        self.world.vicar("doctor", "--services", "maria", check=False)
        self.world.vicar("status", "maria")
        # The owner's own file and what plays the phone and the service.
        spared = {self.world.path("account"), *self.files(self.world.path("sim"))}
        spared.add(self.world.path("data", "vicar", "cards", "maria", "account"))
        spared.add(self.world.path("simulator.log"))
        seen = 0
        digits = re.sub(r"\D", "", PHONE)
        for path in self.files(self.world.dir):
            if path in spared:
                continue
            seen += 1
            with open(path, "rb") as f:
                content = f.read()
            for what, secret in (
                ("PIN", PIN), ("wrong PIN", "161803"), ("code", code), ("wrong code", wrong), ("phone", PHONE),
                ("phone", digits), ("phone", digits[3:]),
            ):  # fmt: skip
                for form in forms(secret):
                    self.assertNotIn(form, content, f"{what} in {path}")
        self.assertGreater(seen, 10)

    def test_nothing_that_leaves_holds_a_pin_code_or_phone_number_that_can_be_read(self):
        """Requests as they come out of TLS, and what the service notes: all operations, right and wrong."""
        wrong_pin, wrong_code = "161803", "141421"

        def type_code(_):
            if not self.world.calls("ForceSMS"):
                return "\r"
            return (self.world.code() if self.tried else wrong_code) + "\r"

        def type_and_count(seen):
            typed = type_code(seen)
            self.tried = self.tried or wrong_code in typed
            return typed

        self.tried = False
        self.world.person.expect(
            [("[Nn]ew code\\?", "s"), self.world.agrees(), ("[Cc]ode", type_and_count)]
        )
        self.sign()
        codes = {line.split("\t")[3] for line in self.world.messages()}
        self.world.person.expect([self.world.agrees()])
        self.sign(pin=wrong_pin, check=False)
        self.world.person.expect([self.world.types_code()])
        self.world.vicar(
            "enrol", "proved", "--service", "cmd", "--account", self.world.path("account"),
            "--prove", "--pin-file", self.world.write_private("pin", f"pin = {PIN}\n"),
        )  # fmt: skip
        codes.add(self.world.code())
        digits = re.sub(r"\D", "", PHONE)
        secrets = [PIN, wrong_pin, wrong_code, PHONE, digits, digits[3:], *codes]
        self.assertGreaterEqual(len(codes), 3)
        for path in (
            self.world.path("sim", "requests"),
            self.world.path("sim", "calls"),
            self.world.path("simulator.log"),
        ):
            with open(path, "rb") as f:
                content = f.read()
            for secret in secrets:
                for form in forms(secret):
                    self.assertNotIn(form, content, f"{secret} in {path}")
        with open(self.world.path("sim", "requests"), "rb") as f:
            requests = f.read()
        for operation in ("GetCertificate", "SCMDSign", "ForceSMS", "ValidateOtp", "GetCertificateWithPin"):
            self.assertRegex(requests, rf'SOAPAction: "[^"]*/{operation}"'.encode())
        # The record is one: what is sent in clear stands in it.
        self.assertIn(hashlib.sha256(b"document\n").hexdigest()[:8].encode(), requests)
        self.assertEqual(requests.count(b"\r\nPOST "), len(self.world.calls()))

    @staticmethod
    def files(directory):
        return [
            os.path.join(where, name)
            for where, _, names in os.walk(directory)
            for name in names
            if os.path.isfile(os.path.join(where, name))
        ]

    def test_the_search_for_secrets_finds_one_that_is_there(self):
        for text in (
            f"VERIFY {PIN}",
            "00 20 00 82 08 " + " ".join(f"{b:02X}" for b in PIN.encode()),
            base64.b64encode(PIN.encode()).decode(),
            base64.b64encode(b"a" + PIN.encode() + b"zz").decode(),
            base64.b64encode(b"ab" + PIN.encode() + b"z").decode(),
        ):
            self.assertTrue(any(form in text.encode() for form in forms(PIN)), text)

    def card_process(self):
        return int(re.search(r"pid: (\d+)", self.world.vicar("status", "maria").stdout)[1])

    def test_a_crash_while_pin_and_code_are_known_leaves_no_core(self):
        self.world.person.expect([self.world.agrees(), ("[Cc]ode", None)])
        program = self.world.popen(
            "pkcs11-tool", "--module", harness.opensc_module(), "--pin", PIN, *SIGN
        )  # fmt: skip
        self.world.person.wait_asked("[Cc]ode: $")
        card = self.card_process()
        bridges = children(card)
        self.assertEqual(len(bridges), 1)
        for pid in (*bridges, card):
            with open(f"/proc/{pid}/limits") as f:
                self.assertRegex(f.read(), r"Max core file size +0 +0 ", pid)
        for pid in (*bridges, card):
            os.kill(pid, signal.SIGABRT)
        program.communicate(timeout=10)
        self.world.inserted.discard("maria")
        cores = [path for path in self.files(self.world.dir) if re.search(r"/core(\.\d+)?$", path)]
        self.assertEqual(cores, [])

    def as_nobody(self, *argv):
        nobody = pwd.getpwnam("nobody")
        home = self.world.path("nobody")
        os.makedirs(home, exist_ok=True)
        os.chown(home, nobody.pw_uid, nobody.pw_gid)
        return subprocess.run(
            ["setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups", *argv],
            env={**self.world.env, "HOME": home},
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=120,
        )

    @unittest.skipIf(os.getuid() != 0, "SKIP: becoming another user takes root")
    def test_a_second_user_who_talks_to_the_card_causes_no_service_call(self):
        with open(self.world.path("theirs"), "w") as f:
            f.write("a contract that the owner never saw\n")
        os.chmod(self.world.path("theirs"), 0o644)
        self.world.person.expect([("Sign with", "c")])
        done = self.as_nobody(
            "pkcs11-tool", "--module", harness.opensc_module(), "--login", "--pin", PIN, "--sign",
            "-m", "SHA256-RSA-PKCS", "-i", self.world.path("theirs"), "-o", "stolen",
        )  # fmt: skip
        self.assertNotEqual(done.returncode, 0, done.stdout)
        self.assertTrue(self.world.person.asked, "the owner was not asked at all: " + done.stdout)
        self.assertEqual(self.world.calls("SCMDSign"), [])

    @unittest.skipIf(os.getuid() != 0, "SKIP: becoming another user takes root")
    def test_a_second_user_reaches_neither_control_socket_nor_image(self):
        for path in (
            self.world.path("runtime", "vicar", "maria.ctl"),
            self.world.path("data", "vicar", "cards", "maria", "card.conf"),
        ):
            self.assertTrue(os.path.exists(path), path)
            self.assertNotEqual(self.as_nobody("test", "-r", path).returncode, 0, path)


if __name__ == "__main__":
    harness.main()
