#!/usr/bin/env python3
"""pcscd as systemd runs it: started by a client, ended when nobody calls, started again, and locked in as
Debian 13 does it. The card stays, and is there for the first call."""

import os
import re
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import given_pcscd  # noqa: E402
import harness  # noqa: E402
from given_pcscd import GivenPcscd  # noqa: E402
from harness import LOCAL_PIN, World  # noqa: E402

REASON = given_pcscd.usable()
NOBODY, GROUP = 65534, 65533


@unittest.skipIf(REASON, f"SKIP: {REASON}")
class GivenSocket(unittest.TestCase):
    def setUp(self):
        self.world = World(harness.BUILD)
        self.addCleanup(self.world.close)
        self.world.create("card", "--card", "fineid-v2", "--key", "rsa2048", "--role", "auth")

    def start(self, **more):
        pcscd = GivenPcscd(self.world, **more)
        self.addCleanup(pcscd.close)
        return pcscd

    def insert(self):
        """Nobody is waited for: pcscd starts with its first client."""
        self.world.vicar("insert", "card", "--wait", "0")
        self.world.inserted.add("card")
        return self.pid()

    def pid(self):
        status = self.world.vicar("status", "card").stdout
        return next(line for line in status.splitlines() if "pid" in line).split()[-1]

    def assert_there(self):
        """For the first call of a program that has just come."""
        self.assertRegex(self.world.run("opensc-tool", "-a").stdout, r"(?m)^3b[:0-9a-f]+$")

    def assert_signs(self):
        with open(self.world.path("hash"), "wb") as f:
            f.write(bytes(range(20)))
        self.world.pkcs11("--login", "--pin", LOCAL_PIN, "--sign", "-m", "RSA-PKCS", "-i", "hash",
                          "-o", "signature")  # fmt: skip

    def test_a_card_inserted_before_the_first_client_is_there_for_its_first_call(self):
        pcscd = self.start(options="--auto-exit")
        pid = self.insert()
        self.assertEqual(pcscd.started, 0)
        self.assert_there()
        self.assertEqual((pcscd.started, self.pid()), (1, pid))

    def test_pcscd_ends_when_nobody_calls_and_finds_the_card_again_at_its_next_start(self):
        pcscd = self.start(options="--auto-exit")
        pid = self.insert()
        for starts in range(1, 4):
            self.assert_there()
            self.assertEqual(pcscd.started, starts)
            pcscd.expire()
            self.assertEqual(pcscd.process.returncode, 0)
        self.assert_signs()
        self.assertEqual(self.pid(), pid)

    def test_a_card_that_comes_while_pcscd_is_away_is_found_and_one_that_goes_is_not(self):
        pcscd = self.start(options="--auto-exit")
        self.world.run("opensc-tool", "-l")
        pcscd.expire()
        self.insert()
        self.assert_there()
        pcscd.expire()
        self.world.remove("card")
        self.assertEqual(self.world.cards(), 0)
        self.assertEqual(pcscd.started, 3)

    def test_a_stop_and_the_next_start_keep_the_card(self):
        pcscd = self.start()
        pid = self.insert()
        self.assert_there()
        pcscd.terminate()
        self.assert_there()
        self.assertEqual((pcscd.started, self.pid()), (2, pid))

    def assert_locked_in(self, pcscd):
        for directory in ("/home", "/root", "/tmp", "/var/tmp"):
            self.assertEqual(pcscd.sees(directory), [])
        self.assertEqual(pcscd.status("NoNewPrivs"), "1")
        for kind in ("CapEff", "CapPrm", "CapBnd"):
            self.assertEqual(int(pcscd.status(kind), 16), 0)

    def test_root_without_capabilities_and_without_homes_reaches_the_card(self):
        """Debian 13."""
        pcscd = self.start(sandbox=True)
        self.insert()
        self.assert_there()
        self.assert_locked_in(pcscd)
        self.assertEqual(pcscd.status("Uid"), "0")
        self.assert_signs()

    def test_a_user_of_its_own_reaches_the_card_by_the_directorys_group(self):
        """pcsc-lite 2.4 and later."""
        os.chown(self.world.path("sockets"), 0, GROUP)
        os.chmod(self.world.path("sockets"), 0o3770)
        self.world.pcscd_user = "nobody"
        self.world.configure()
        pcscd = self.start(
            sandbox=True, privileges=f"--reuid={NOBODY} --regid={NOBODY} --groups={GROUP}"
        )
        self.insert()
        self.assert_there()
        self.assert_locked_in(pcscd)
        self.assertEqual(pcscd.status("Uid"), str(NOBODY))
        self.assert_signs()

    def test_a_user_that_the_card_was_not_told_of_is_not_served(self):
        self.start(sandbox=True, privileges=f"--reuid={NOBODY} --regid={NOBODY} --clear-groups")
        self.insert()
        self.assertEqual(self.world.cards(), 0)
        with open(self.world.path("runtime", "vicar", "card.log")) as f:
            self.assertTrue(re.search(r"user 65534 .*set pcscd-user in vicar.conf", f.read()))


if __name__ == "__main__":
    harness.main()
