#!/usr/bin/env python3
"""What a person does first, in a root with nothing of ours: apt install, vicar create --demo, vicar insert,
and stock OpenSC has a card. As an ordinary user of the group vicar.

usage: tests/packages/test_first_steps.py BUILD
"""

import os
import re

import machine
from machine import VPCD, MachineTest


class FirstSteps(MachineTest):
    def test_from_apt_install_to_a_signature_and_back(self):
        for path in ("/usr/bin/vicar", "/usr/local/bin/vicar", "/usr/lib/pcsc/drivers/vicar.bundle"):
            self.assertFalse(os.path.exists(path), f"{path} is there already")
        self.machine.apt("install", *self.machine.debs)
        self.machine.start_pcscd()
        ana = self.machine.user("ana", "vicar")

        said = ana.run("vicar", "create", "--demo").stdout
        self.assertIn("type: vicar insert demo\n", said)
        pin = re.search(r"PINs are (\d+)", said)[1]
        self.addCleanup(ana.run, "vicar", "remove", "demo", check=False)
        self.assertEqual(ana.run("vicar", "insert", "demo").stdout, "card demo is in\n")

        listed = ana.run("pkcs11-tool", "-L", "-O").stdout
        self.assertRegex(listed, r"Slot \d+ \(0x\w+\): Vicar 00 00\n +token label +: ")
        self.assertIn("Certificate Object; type = X.509 cert", listed)
        self.assertIn("Public Key Object; RSA 2048 bits", listed)
        self.sign(ana, pin)
        self.assertIn("vicar-pkcs11.so", ana.run("p11-kit", "list-modules").stdout)
        self.sign(ana, pin, "--module", ana.run("sh", "-c", "echo /usr/lib/*/pkcs11/vicar-pkcs11.so").stdout.strip())
        self.assertNotIn("not registered", ana.run("vicar", "module").stdout)

        # With the card still in.
        self.machine.apt("remove", "vicar", "vicar-ifd", "vicar-pkcs11")
        self.machine.stop_pcscd()
        self.assertEqual(self.machine.readers(), VPCD)

    def sign(self, user, pin, *module):
        user.run("sh", "-c", "echo lent until Sunday > ~/document")
        user.run("sh", "-c", 'cd && pkcs11-tool "$@" -i document -o signature', "sh", *module,
                 "--login", "--pin", pin, "--sign", "-m", "SHA256-RSA-PKCS")  # fmt: skip
        user.run("sh", "-c", "cd && vicar cert export demo auth --output certificate.pem && "
                 "openssl x509 -in certificate.pem -noout -pubkey -out key.pem && "
                 "openssl dgst -sha256 -verify key.pem -signature signature document && "
                 "rm signature certificate.pem")  # fmt: skip

    def test_who_is_not_in_the_group_is_told_so(self):
        self.machine.apt("install", *self.machine.debs)
        rui = self.machine.user("rui")
        rui.run("vicar", "create", "--demo")
        done = rui.run("vicar", "insert", "demo", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("adduser USER vicar", done.stdout)

    def test_the_manual_and_the_completion_are_found(self):
        self.machine.apt("install", *self.machine.debs)
        ana = self.machine.user("ana")
        for page in ("vicar.1", "vicar.7", "vicard.8", "vicar.conf.5", "vicar-pkcs11.7"):
            self.assertIn("/usr/share/man/", ana.run("man", "-w", page).stdout)
        self.assertIn("-F _vicar vicar\n", ana.run(
            "bash", "-c", ". /usr/share/bash-completion/bash_completion; _completion_loader vicar; complete -p vicar"
        ).stdout)  # fmt: skip


if __name__ == "__main__":
    machine.main()
