#!/usr/bin/env python3
"""pam_pkcs11 lets in who has the card; pamtester asks it, as a login program would."""

import getpass
import glob
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import consumer  # noqa: E402

CONFIGURATION = """pam_pkcs11 {{
  nullok = false;
  use_pkcs11_module = vicar;
  pkcs11_module vicar {{
    module = {module};
    description = "Vicar";
    slot_num = 0;
    support_threads = false;
    ca_dir = {home}/authorities;
    crl_dir = {home}/revoked;
    cert_policy = ca, signature;
  }}
  use_mappers = subject;
  mapper subject {{
    module = internal;
    ignorecase = false;
    mapfile = file://{home}/subjects;
  }}
}}
"""


class Pam:
    PROGRAM = "pamtester"

    def setUp(self):
        """A service of our own in a directory that lies over /etc/pam.d while pamtester runs."""
        super().setUp()
        self.write("pam_pkcs11.conf", CONFIGURATION.format(module=self.module, home=self.home))
        self.write("subjects", f"/C=FI/O=Vicar/CN=VICAR TEST -> {getpass.getuser()}\n")
        with open(self.world.path("card.pem"), "rb") as f:
            self.write("authorities/card.pem", f.read())
        self.run_program("openssl", "rehash", self.path("authorities"))
        os.mkdir(self.path("revoked"))
        library = glob.glob("/lib/*/security/pam_pkcs11.so") + glob.glob(
            "/usr/lib/*/security/pam_pkcs11.so"
        )
        self.write(
            "pam.d/vicar-test",
            f"auth required {library[0]} config_file={self.path('pam_pkcs11.conf')}\n",
        )

    def authenticate(self, pin, **more):
        self.write("typed", pin + "\n")
        with open(self.path("typed")) as typed:
            return self.run_program(
                "unshare", "-m", "--propagation", "private", "sh", "-c",
                'mount --bind "$1" /etc/pam.d && exec pamtester vicar-test "$2" authenticate',
                "sh", self.path("pam.d"), getpass.getuser(), stdin=typed, **more,
            )  # fmt: skip

    def test_the_cards_owner_is_let_in(self):
        with self.signing():
            done = self.authenticate(self.PIN)
        self.assertIn("successfully authenticated", done.stdout)

    def test_without_the_card_nobody_is_let_in(self):
        with self.without_card():
            done = self.authenticate(self.PIN, check=False)
        self.assertNotEqual(done.returncode, 0, done.stdout)

    def test_a_wrong_pin_lets_nobody_in(self):
        before = self.signatures()
        done = self.authenticate("9999", check=False)
        self.assertNotEqual(done.returncode, 0, done.stdout)
        self.assertEqual(self.signatures(), before)
        self.authenticate(self.PIN)

    def test_a_card_of_somebody_else_lets_nobody_in(self):
        self.write("subjects", f"/C=FI/CN=SOMEBODY ELSE -> {getpass.getuser()}\n")
        done = self.authenticate(self.PIN, check=False)
        self.assertNotEqual(done.returncode, 0, done.stdout)


ROOT_ONLY = unittest.skipIf(os.getuid() != 0, "SKIP: only root can lay a directory over /etc/pam.d")


@ROOT_ONLY
class Rsa(Pam, consumer.AuthenticationWithRsa):
    pass


@ROOT_ONLY
class EllipticCurve(Pam, consumer.AuthenticationOnACurve):
    pass


if __name__ == "__main__":
    consumer.main()
