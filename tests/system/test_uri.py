#!/usr/bin/env python3
"""vicar list --uri: the URIs are those under which p11tool finds the objects through the module."""

import itertools
import os
import re
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402
from harness import World  # noqa: E402

PINS = "".join(f"{{}} = {pin}\n" for pin in ("1234", "123456")) + "puk = 12345678\n"


class Uris:
    """Both keys of the card and an authority's certificate."""

    CERTIFICATES = ("auth", "sign", "authority1")

    def setUp(self):
        self.world = World(harness.BUILD)
        self.addCleanup(self.world.close)
        self.world.create("card", "--card", self.CARD, "--key", self.KEY,
                          pins=PINS.format(*self.COUNTERS))  # fmt: skip
        self.world.run(
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650",
            "-subj", "/CN=An authority", "-keyout", "ca.key", "-out", "ca.pem",
        )  # fmt: skip
        self.world.vicar("cert", "add", "card", self.world.path("ca.pem"), "--authority")

    def printed(self, kind):
        """Of these objects, in order."""
        lines = self.world.vicar("list", "--uri").stdout.splitlines()
        self.assertTrue(all(line.startswith("card pkcs11:") for line in lines), lines)
        uris = [line.split()[1] for line in lines]
        return [uri for uri in uris if uri.endswith(f";type={kind}")]

    def p11tool(self, *arguments):
        return self.world.run("p11tool", "--provider", self.world.own_module(), *arguments).stdout

    def listed(self, *arguments):
        return re.findall(r"URL: (\S+)", self.p11tool(*arguments))

    def put_in(self):
        self.world.start_pcscd()
        self.world.insert("card")
        self.world.wait_card()

    def test_p11tool_finds_each_private_key_under_its_uri_and_nothing_else(self):
        uris = self.printed("private")
        self.assertEqual(len(set(uris)), 2)
        self.put_in()
        for uri, pin in zip(uris, ("1234", "123456")):
            self.assertEqual(self.listed("--login", "--set-pin", pin, "--list-all", uri), [uri])

    def test_p11tool_exports_each_certificate_by_its_uri(self):
        uris = self.printed("cert")
        self.put_in()
        self.assertLessEqual(set(uris), set(self.listed("--list-all-certs", "pkcs11:")))
        for uri, role in itertools.zip_longest(uris, self.CERTIFICATES):
            exported = self.world.vicar("cert", "export", "card", role).stdout
            self.assertEqual(self.p11tool("--export", uri).strip(), exported.strip())

    def test_they_are_the_same_while_the_card_is_in(self):
        before = self.printed("private")
        self.put_in()
        self.assertEqual(self.printed("private"), before)


class FinnishCard(Uris, unittest.TestCase):
    CARD, KEY = "fineid-v2", "rsa2048"
    COUNTERS = ("pin1", "pin2")


class FinnishCardWithCurves(Uris, unittest.TestCase):
    CARD, KEY = "fineid-v4", "p384"
    COUNTERS = ("pin1", "pin2")


class PortugueseCard(Uris, unittest.TestCase):
    CARD, KEY = "cc-v1", "rsa2048"
    COUNTERS = ("auth-pin", "sign-pin")


class PortugueseCardOf2024(Uris, unittest.TestCase):
    # Its fact sheet has no file for authorities.
    CERTIFICATES = ("auth", "sign")
    CARD, KEY = "cc-v2", "p256"
    COUNTERS = ("auth-pin", "sign-pin")


class IasEccCard(Uris, unittest.TestCase):
    CARD, KEY = "iasecc", "rsa2048"
    COUNTERS = ("pin1", "pin2")


class RemoteKey(unittest.TestCase):
    def test_a_key_at_a_service_has_its_uri_without_a_call(self):
        with World(harness.BUILD) as world:
            world.start_simulator()
            world.enrol("card")
            calls = len(world.calls())
            self.assertRegex(
                world.vicar("list", "--uri").stdout, r"(?m)^card pkcs11:\S*;id=%46;\S*;type=private$"
            )
            self.assertEqual(len(world.calls()), calls)


if __name__ == "__main__":
    harness.main()
