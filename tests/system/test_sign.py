#!/usr/bin/env python3
"""`vicar sign` with the real bridge and the simulated service: how often the owner is asked, what the
service is asked, and what OpenSSL and poppler say of what was written.
"""

import json
import os
import re
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402
from harness import CANCEL, ENTER, LOCAL_PIN, PIN, World, wait_for  # noqa: E402

START_CALLS = ("SCMDSign", "SCMDMultipleSign", "CCMovelSign", "CCMovelMultipleSign")


class Signing(unittest.TestCase):
    """One world for the tests of a class; a card's PIN is whole again for each."""

    cards = {}
    pin = LOCAL_PIN

    @classmethod
    def setUpClass(cls):
        cls.world = World(harness.BUILD)
        cls.addClassCleanup(cls.world.close)
        cls.world.start_simulator()
        cls.world.start_pcscd()
        cls.make_cards()

    @classmethod
    def put_in(cls, name):
        cls.world.insert(name)

    def setUp(self):
        self.place = self.world.path(self.id().rsplit(".", 1)[1])
        os.mkdir(self.place)
        self.world.person.expect([self.types_pin(), self.world.types_code()])
        self.before = len(self.world.calls())

    def types_pin(self, pin=None):
        return (r"PIN: $", (pin or self.pin) + ENTER)

    def file(self, name, content=b"content\n"):
        path = os.path.join(self.place, name)
        with open(path, "wb") as f:
            f.write(content)
        return path

    def files(self, *names):
        return [self.file(name, f"content of {name}\n".encode()) for name in names]

    def sign(self, *arguments, **more):
        return self.world.vicar("sign", "--card", self.card, *arguments, cwd=None, **more)

    def signed(self, *arguments, **more):
        return self.world.vicar("sign", "--card", self.card, *arguments, **more)

    def questions(self, words):
        return [asked for asked in self.world.person.asked if re.search(words, asked)]

    def calls(self):
        """The operations that the service was asked for in this test."""
        return [line for line in self.world.calls()[self.before:]]

    def starts(self):
        return [line for line in self.calls() if any(name in line.split() for name in START_CALLS)]

    def authorities(self):
        """All authorities of the card, and what is trusted of them: PEM."""
        directory = self.world.path("data", "vicar", "cards", self.card, "certificates")
        path = self.world.path(self.card + "-ca.pem")
        with open(path, "w") as f:
            for name in sorted(os.listdir(directory)):
                f.write(self.world.run("openssl", "x509", "-inform", "DER", "-in",
                                       os.path.join(directory, name)).stdout)  # fmt: skip
        return path

    def verify_cms(self, content, signature, *more):
        return self.world.run(
            "openssl", "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", signature,
            *(["-content", content] if content else []), "-CAfile", self.authorities(),
            "-partial_chain", "-purpose", "any", "-out", os.path.join(self.place, "out"), *more,
        )  # fmt: skip


class WithCmd(Signing):
    card = "maria"
    pin = PIN

    @classmethod
    def make_cards(cls):
        cls.world.enrol("maria")
        cls.put_in("maria")

    def setUp(self):
        super().setUp()
        self.world.account()
        self.world.vicar("pin", "unblock", "maria")

    def test_three_documents_are_one_pin_one_code_and_three_valid_signatures(self):
        files = self.files("a.txt", "b.txt", "c.txt")
        done = self.signed("--cms", *files)
        self.assertEqual(len(self.questions("PIN: $")), 1, self.world.person.asked)
        self.assertEqual(len(self.questions("[Cc]ode: $")), 1, self.world.person.asked)
        self.assertEqual(len(self.starts()), 1, self.calls())
        self.assertEqual(len([line for line in self.calls() if "ValidateOtp" in line.split()]), 1)
        self.assertEqual(self.world.person.unexpected, [])
        for path in files:
            self.assertIn(path + ".p7s\n", done.stdout)
            self.verify_cms(path, path + ".p7s")
        journal = self.world.journal("maria")
        self.assertRegex(journal, r"documents=3 card=maria service=cmd program=\"vicar sign\"")
        self.assertNotIn(PIN, journal)

    def test_a_signature_is_of_its_own_document_only(self):
        files = self.files("a.txt", "b.txt")
        self.signed(*files)
        done = self.world.run(
            "openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", files[0] + ".p7s",
            "-content", files[1], "-CAfile", self.authorities(), "-partial_chain", "-purpose", "any",
            "-out", "/dev/null", check=False,
        )  # fmt: skip
        self.assertNotEqual(done.returncode, 0, done.stdout)

    def test_one_document_is_one_call_of_the_single_kind(self):
        (path,) = self.files("only.txt")
        self.signed(path)
        self.assertEqual(len(self.starts()), 1)
        self.verify_cms(path, path + ".p7s")

    def test_the_prompt_shows_what_is_signed(self):
        files = self.files("first.txt", "second.txt")
        done = self.signed("--json", *files, stderr=subprocess.DEVNULL)
        (asked,) = self.questions("PIN: $")
        for document in json.loads(done.stdout)["documents"]:
            self.assertIn(os.path.basename(document["file"]), asked)
            self.assertIn(document["hash"][:8], asked.replace(" ", ""))

    def test_a_refused_pin_is_one_call_and_no_code(self):
        self.world.person.expect([self.types_pin("999999")])
        files = self.files("a.txt", "b.txt")
        done = self.signed(*files, check=False)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("refused the signature PIN", done.stdout)
        self.assertIn("Tries left: 1", done.stdout)
        self.assertEqual(len(self.starts()), 1)
        self.assertFalse(os.path.exists(files[0] + ".p7s"))
        # The same value is not sent again.
        done = self.signed(*files, check=False)
        self.assertEqual(len(self.starts()), 1)
        self.assertEqual(done.returncode, 1)

    def test_a_cancel_at_the_pin_asks_nobody(self):
        self.world.person.expect([(r"PIN: $", CANCEL)])
        done = self.signed(*self.files("a.txt"), check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("nothing was sent", done.stdout)
        self.assertEqual(self.calls(), [])

    def test_what_is_there_is_not_overwritten_and_nobody_is_asked(self):
        (path,) = self.files("a.txt")
        self.file("a.txt.p7s", b"precious")
        done = self.signed(path, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("is there already", done.stdout)
        self.assertEqual(self.world.person.asked, [])
        with open(path + ".p7s", "rb") as f:
            self.assertEqual(f.read(), b"precious")
        self.signed("--force", path)
        self.verify_cms(path, path + ".p7s")

    def test_vicar_that_is_ended_while_the_pin_is_asked_for_leaves_no_prompt(self):
        self.world.person.expect([(r"PIN: $", None)])
        (path,) = self.files("a.txt")
        process = self.world.popen(self.world.tool("vicar"), "sign", "--card", "maria", path)
        self.world.person.wait_asked(r"PIN: $")
        process.kill()
        process.communicate()
        wait_for("idle card", lambda: "state: idle" in self.world.vicar("status", "maria").stdout)
        self.assertEqual(self.calls(), [])
        self.world.person.expect([self.types_pin(), self.world.types_code()])
        self.signed(path)

    def test_a_signed_pdf_is_valid_for_poppler(self):
        path = self.file("letter.pdf", PDF)
        self.signed("--pades", path)
        signed = path[:-4] + "-signed.pdf"
        with open(signed, "rb") as f:
            self.assertTrue(f.read().startswith(PDF))
        shown = self.world.run("pdfsig", "-nocert", signed).stdout
        self.assertIn("Signature is Valid", shown)
        self.assertIn("ETSI.CAdES.detached", shown)
        self.assertIn("Total document signed", shown)


def pdf():
    """A small PDF of one page, made here."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 100] /Resources << >> /Contents 4 0 R >>",
        b"<< /Length 22 >>\nstream\n0 0 m 100 50 l S      \nendstream",
    ]
    out, places = b"%PDF-1.6\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table)
    return out


PDF = pdf()


class WithLocalKeys(Signing):
    card = "local"

    @classmethod
    def make_cards(cls):
        cls.world.create("local", "--card", "fineid-v2", "--role", "sign",
                         pins="pin = 12345678\npuk = 87654321\n")  # fmt: skip
        cls.put_in("local")

    pin = "12345678"

    def test_three_documents_with_one_pin(self):
        files = self.files("a.txt", "b.txt", "c.txt")
        self.signed(*files)
        self.assertEqual(len(self.questions("PIN: $")), 1, self.world.person.asked)
        for path in files:
            self.verify_cms(path, path + ".p7s")

    def test_a_hundred_documents_at_once(self):
        files = self.files(*(f"{i}.txt" for i in range(100)))
        done = self.signed(*files)
        self.assertEqual(done.stdout.count(".p7s\n"), 100)
        self.assertEqual(len(self.questions("PIN: $")), 1)
        self.verify_cms(files[99], files[99] + ".p7s")


if __name__ == "__main__":
    harness.main()
