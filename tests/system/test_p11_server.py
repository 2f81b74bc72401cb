#!/usr/bin/env python3
"""docs/remote.md: a card through p11-kit's server and client, as over ssh and into sandboxes."""

import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402
from harness import LOCAL_PIN, World, opensc_module, wait_for  # noqa: E402


class Server(unittest.TestCase):
    def test_a_program_signs_through_the_socket_without_pcscd_or_our_module(self):
        with World(harness.BUILD) as world:
            world.start_pcscd()
            world.create("anna", "--card", "fineid-v2", "--role", "auth")
            world.insert("anna")
            world.wait_card()
            path = world.path("pkcs11")
            with open(world.path("server.log"), "w") as log:
                server = subprocess.Popen(
                    ["p11-kit", "server", "--foreground", "--name", path, "--provider", world.own_module(), "pkcs11:"],
                    env=world.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                )  # fmt: skip
            self.addCleanup(server.wait)
            self.addCleanup(server.kill)
            wait_for("socket of p11-kit", lambda: os.path.exists(path))
            world.module = os.path.join(os.path.dirname(opensc_module()), "pkcs11", "p11-kit-client.so")
            with open(world.path("input"), "w") as f:
                f.write("input")
            world.pkcs11("--login", "--pin", LOCAL_PIN, "--sign", "--mechanism", "SHA256-RSA-PKCS",
                         "--input-file", world.path("input"), "--output-file", world.path("signature"),
                         env={"P11_KIT_SERVER_ADDRESS": f"unix:path={path}",
                              "PCSCLITE_CSOCK_NAME": "/nonexistent"})  # fmt: skip
            key = world.vicar("cert", "export", "anna", "auth", "--output", world.path("card.pem"))
            self.assertEqual(key.returncode, 0)
            world.run("sh", "-c", "openssl x509 -in card.pem -noout -pubkey > key.pem && "
                      "openssl dgst -sha256 -verify key.pem -signature signature input")  # fmt: skip


if __name__ == "__main__":
    harness.main()
