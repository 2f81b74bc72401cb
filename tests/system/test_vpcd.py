#!/usr/bin/env python3
"""Our card in a reader that is not ours, Debian's vsmartcard-vpcd under the real pcscd. The PKCS#11
module and stock OpenSC use it as they would in ours; OpenSSL judges."""

import os
import re
import socket
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402
from harness import LOCAL_PIN, ROOT, World, opensc_module, wait_for  # noqa: E402
from opensc_round import DOCUMENT, digestinfo  # noqa: E402

DRIVER = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so"


def free_port():
    """vpcd has two slots, on this port and the next."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class VpcdWorld(World):
    """Its pcscd has vpcd's reader, and not ours."""

    def start_pcscd(self):
        self.port = free_port()
        os.mkdir(self.path("pcscd", "conf"))
        with open(self.path("pcscd", "conf", "vpcd"), "w") as f:
            f.write(
                f'FRIENDLYNAME "Virtual PCD"\nDEVICENAME /dev/null:{self.port:#x}\n'
                f"LIBPATH {DRIVER}\nCHANNELID {self.port:#x}\n"
            )
        script = os.path.join(ROOT, "tests/system/private-pcscd.sh")
        self.run(script, "start", self.path("pcscd"))

    @property
    def where(self):
        return f"127.0.0.1:{self.port}"

    def insert(self, name):
        """In the background once the card is in."""
        with open(self.path("vicard.log"), "a") as log:
            self.run(self.tool("vicard"), "--vpcd", self.where, name, stdout=log)
        self.inserted.add(name)

    def cards(self):
        return self.run("opensc-tool", "-l", check=False).stdout.count(" Yes ")


class InVpcd:
    """CARD is what vicar create is told."""

    @classmethod
    def setUpClass(cls):
        cls.world = VpcdWorld(harness.BUILD)
        try:
            cls.world.start_pcscd()
            cls.world.create("card", "--card", *cls.CARD, "--role", "auth")
            cls.world.vicar("cert", "export", "card", "auth", "--output", "certificate.pem")
            cls.world.run("openssl", "x509", "-in", "certificate.pem", "-noout", "-pubkey",
                          "-out", "key.pem")  # fmt: skip
            for name, content in (("document", DOCUMENT), ("hash", digestinfo("sha1"))):
                with open(cls.world.path(name), "wb") as f:
                    f.write(content)
            cls.world.insert("card")
            cls.world.wait_card()
        except BaseException:
            cls.world.close()
            raise

    @classmethod
    def tearDownClass(cls):
        cls.world.close()

    def assert_works(self, module):
        """A signature of a DigestInfo, which both modules offer for each of these cards."""
        self.world.module = module
        login = ("--login", "--pin", LOCAL_PIN)
        self.assertIn("Virtual PCD", self.world.pkcs11("-L").stdout)
        self.assertIn("No errors", self.world.pkcs11(*login, "--test").stdout)
        self.world.pkcs11(*login, "--sign", "-m", "RSA-PKCS", "-i", "hash", "-o", "signature")
        verified = self.world.run("openssl", "dgst", "-sha1", "-verify", "key.pem",
                                  "-signature", "signature", "document")  # fmt: skip
        self.assertIn("Verified OK", verified.stdout)

    def test_our_module_tests_to_the_end_and_signs(self):
        self.assert_works(self.world.own_module())

    def test_openscs_module_tests_to_the_end_and_signs(self):
        self.assert_works(opensc_module())


class FinnishCard(InVpcd, unittest.TestCase):
    CARD = ("fineid-v2", "--key", "rsa2048")


class PortugueseCard(InVpcd, unittest.TestCase):
    CARD = ("cc-v1", "--key", "rsa2048")


class IasEccCard(InVpcd, unittest.TestCase):
    CARD = ("iasecc", "--key", "rsa2048")


class ComingAndGoing(unittest.TestCase):
    def setUp(self):
        self.world = VpcdWorld(harness.BUILD)
        self.addCleanup(self.world.close)

    def vicard(self, *arguments):
        return self.world.run(self.world.tool("vicard"), "--foreground", *arguments, check=False)

    def log(self):
        with open(self.world.path("vicard.log")) as f:
            return f.read()

    def test_vicar_knows_the_card_and_takes_it_out(self):
        self.world.start_pcscd()
        self.world.create("card", "--card", "fineid-v2", "--role", "auth")
        self.world.insert("card")
        self.world.wait_card()
        self.assertIn(self.world.where, self.world.vicar("status", "card").stdout)
        self.world.remove("card")
        self.world.wait_card(present=False)

    def test_when_the_reader_goes_so_does_the_card_and_says_so(self):
        self.world.start_pcscd()
        self.world.create("card", "--card", "fineid-v2", "--role", "auth")
        self.world.insert("card")
        self.world.wait_card()
        self.world.stop_pcscd()
        wait_for("end of the card", lambda: "card card is out" in self.log())
        self.assertIn(f"the reader {self.world.where} has gone", self.log())

    def test_a_reader_that_is_not_there_is_told(self):
        self.world.create("card", "--card", "fineid-v2", "--role", "auth")
        done = self.vicard("--vpcd", f"127.0.0.1:{free_port()}", "card")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, "cannot be reached: Connection refused; see that its pcscd")

    def test_another_machine_is_refused_unless_the_user_says_so(self):
        """192.0.2.1 is nobody's (RFC 5737)."""
        self.world.create("card", "--card", "fineid-v2", "--role", "auth")
        for where in ("192.0.2.1:35963", "[2001:db8::1]:35963"):
            with self.subTest(where):
                done = self.vicard("--vpcd", where, "card")
                self.assertEqual(done.returncode, 1)
                self.assertIn("--cleartext-network", done.stdout)

    def test_a_card_with_a_key_at_the_service_is_refused(self):
        self.world.start_simulator()
        self.world.enrol("card")
        done = self.vicard("--vpcd", f"127.0.0.1:{free_port()}", "--cleartext-network", "card")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, r"key at the service cmd.*vicar insert card")

    def test_what_is_no_address_is_told_with_an_example(self):
        self.world.create("card", "--card", "fineid-v2", "--role", "auth")
        for where in ("localhost", "localhost:", "localhost:vpcd", "::1:35963", "[]:1", ":35963"):
            with self.subTest(where):
                done = self.vicard("--vpcd", where, "card")
                self.assertEqual(done.returncode, 1)
                self.assertIn(f"such as 127.0.0.1:35963, not {where}", done.stdout)


class TheModule(unittest.TestCase):
    def test_no_code_of_it_asks_which_reader_it_is(self):
        """A reader's name in a string, ours or another's, and PC/SC's ways to ask for the maker."""
        named = re.compile(r'"[^"]*(Vicar 0|vpcd|Virtual PCD|CCID)[^"]*"|SCARD_ATTR_|SCardGetAttrib', re.I)
        directory = os.path.join(ROOT, "pkcs11")
        for name in os.listdir(directory):
            with open(os.path.join(directory, name)) as f:
                found = [line for line in f if named.search(line)]
            self.assertEqual(found, [], name)


if __name__ == "__main__":
    harness.main()
