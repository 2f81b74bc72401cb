#!/usr/bin/env python3
"""PIN and code on their way to a remote service, in the memory of the bridge and of vicard: while they are
needed in memory that is not swapped, and after the use nowhere. Of CMD, where they travel encrypted in
XML, and of CSC, where they are members of JSON. The person types the code at a real pinentry.
"""

import contextlib
import os
import re
import signal
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import csc_simulator  # noqa: E402
import harness  # noqa: E402
from csc_simulator import CscSimulator, credential, server  # noqa: E402
from harness import ENTER, PHONE, World, children, plain, wait_for  # noqa: E402
from memory import search  # noqa: E402

PIN = "90817263"
# The service takes so long to answer that the bridge is found waiting for it.
LATENCY_MS = 3000


@unittest.skipIf(os.geteuid() != 0, "SKIP: reading a process that forbids it takes root")
class Secrets(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = World(plain(harness.BUILD))
        cls.addClassCleanup(cls.world.close)
        with open(cls.world.path("document"), "w") as f:
            f.write("document\n")
        cls.world.start_pcscd()

    def insert(self, name):
        self.world.insert(name)
        self.world.wait_card()
        self.addCleanup(self.world.wait_card, False)
        self.addCleanup(self.world.remove, name)
        return int(re.search(r"pid: (\d+)", self.world.vicar("status", name).stdout)[1])

    def assert_only_locked(self, pid, *secrets):
        found = search(pid, *secrets)
        for secret in secrets:
            self.assertIn(secret.encode(), [place.form for place in found])
        self.assertEqual([place for place in found if not place.locked], [])

    @contextlib.contextmanager
    def stopped(self, pid):
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def assert_kept_well(self, card, code):
        """One signature, looked at from the first question to its end."""
        self.world.person.expect([("Sign with the card", None), ("[Cc]ode", None)])
        program = self.world.popen("pkcs11-tool", "--module", self.world.own_module(), "--login",
                                   "--pin", PIN, "--sign", "-m", "SHA256-RSA-PKCS", "-i", "document",
                                   "-o", "signature")  # fmt: skip
        self.world.person.wait_asked("Sign with the card")
        (bridge,) = wait_for("bridge", lambda: children(card))
        self.assert_only_locked(bridge, PIN)
        self.assert_only_locked(card, PIN)
        os.write(self.world.person.master, b"s")
        self.world.person.wait_asked("[Cc]ode: $")
        self.assert_only_locked(bridge, PIN)
        typed = code()
        os.write(self.world.person.master, typed.encode() + ENTER.encode())
        # From then on the code is on its way, until the service answers.
        wait_for("end of the prompt", lambda: not children(bridge))
        with self.stopped(bridge):
            self.assert_only_locked(bridge, PIN, typed)
        output, _ = program.communicate(timeout=60)
        self.assertEqual(program.returncode, 0, output)
        self.assertEqual(search(card, PIN, typed), [])


class Cmd(Secrets):
    def test_pin_and_code_are_in_locked_memory_only_and_gone_after_the_use(self):
        self.world.start_simulator(
            f"[account maria]\nphone = {PHONE}\npin = {PIN}\nkey = rsa2048\n"
            f"latency = {LATENCY_MS}\non = ValidateOtp\n"
        )
        self.world.enrol("maria")
        self.assert_kept_well(self.insert("maria"), self.world.code)


class Csc(Secrets):
    def test_pin_and_code_are_in_locked_memory_only_and_gone_after_the_use(self):
        service = CscSimulator(plain(harness.BUILD))
        self.addCleanup(service.close)
        service.accounts(
            csc_simulator.USER,
            credential("maria-sign", pin=PIN, key="rsa2048"),
            server(latency=LATENCY_MS, on="credentials/authorize"),
        )
        with open(service.path("credentials")) as f:
            client = self.world.write_private("client", f.read())
        with open(self.world.path("vicar.conf"), "a") as f:
            f.write(f"[service csc]\ntype = csc\nprofile = simulator\nendpoint = {service.endpoint}\n"
                    f"ca-file = {service.path('tls-ca.pem')}\ncredentials = {client}\n"
                    "login = oauth2client\n")  # fmt: skip
        account = self.world.write_private("account", "[account]\nuser = maria\n")
        self.world.vicar("enrol", "cc", "--service", "csc", "--account", account, "--card", "cc-v1",
                         "--role", "sign")  # fmt: skip
        self.assert_kept_well(self.insert("cc"), service.code)


if __name__ == "__main__":
    harness.main()
