#!/usr/bin/env python3
"""`vicar sign` with the real bridge and the simulated service: how often the owner is asked, what the
service is asked, and what OpenSSL and poppler say of what was written.
"""

import http.server
import json
import os
import re
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402
from harness import CANCEL, ENTER, LOCAL_PIN, PIN, World, wait_for  # noqa: E402

START_CALLS = ("SCMDSign", "SCMDMultipleSign", "CCMovelSign", "CCMovelMultipleSign")


class Signing(unittest.TestCase):
    """One world for the tests of a class; a card's PIN is whole again for each."""

    pin = LOCAL_PIN
    self_signed = True  # the card's certificate, which then nobody trusts by itself

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

    def verify(self, *arguments, status=0):
        """What `vicar verify` says, as JSON; its signatures first."""
        if self.self_signed and "--ca-file" not in arguments:
            arguments = ("--ca-file", self.authorities(), *arguments)
        done = self.world.vicar("verify", "--json", *arguments, check=False)
        self.assertEqual(done.returncode, status, done.stdout)
        said = json.loads(done.stdout)
        return said["signatures"], said

    def verify_cms(self, content, signature, *more):
        return self.world.run(
            "openssl", "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", signature,
            *(["-content", content] if content else []), "-CAfile", self.authorities(),
            "-partial_chain", "-purpose", "any", "-out", "/dev/null", *more,
        )  # fmt: skip


    def poppler_agrees(self, path):
        shown = self.world.run("pdfsig", "-nocert", path).stdout
        self.assertNotIn("Invalid", shown)
        self.assertIn("Signature is Valid", shown)
        self.assertIn("ETSI.CAdES.detached", shown)
        self.assertIn("Total document signed", shown)
        return shown


class WithCmd(Signing):
    card = "maria"
    pin = PIN
    self_signed = False

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

    def test_one_by_one_each_has_its_own_pin_and_code(self):
        files = self.files("a.txt", "b.txt")
        self.signed("--one-by-one", *files)
        self.assertEqual(len(self.questions("PIN: $")), 2, self.world.person.asked)
        self.assertEqual(len(self.starts()), 2)
        for path in files:
            self.verify_cms(path, path + ".p7s")

    def test_one_by_one_a_no_ends_it_and_keeps_what_is_done(self):
        files = self.files("a.txt", "b.txt", "c.txt")

        def first_only(_):
            return self.pin + ENTER if len(self.questions("PIN: $")) == 1 else CANCEL

        self.world.person.expect([(r"PIN: $", first_only), self.world.types_code()])
        done = self.signed("--one-by-one", "--json", *files, check=False, stderr=subprocess.DEVNULL)
        self.assertEqual(done.returncode, 1)
        said = json.loads(done.stdout)
        self.assertEqual([document["signed"] for document in said["documents"]], [True, False, False])
        self.assertEqual(said["status_word"], "6401")
        self.assertEqual(len(self.questions("PIN: $")), 2)
        self.verify_cms(files[0], files[0] + ".p7s")

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
        self.poppler_agrees(signed)
        ((verdict,), said) = self.verify(signed)
        self.assertTrue(verdict["valid"] and verdict["trusted"] and said["whole"], said)

    def test_verify_says_who_and_when(self):
        (path,) = self.files("a.txt")
        self.signed(path)
        ((verdict,), _) = self.verify(path)
        self.assertIn("Maria", verdict["signer"].title())
        self.assertRegex(verdict["signing_time"], r"^20\d\d-\d\d-\d\dT")
        # The system's store knows nothing of the simulator.
        ((verdict,), _) = self.verify("--ca-file", "/etc/ssl/certs/ca-certificates.crt", path, status=3)
        self.assertTrue(verdict["valid"])
        self.assertFalse(verdict["trusted"])
        self.file("a.txt", b"another content")
        ((verdict,), _) = self.verify(path, status=1)
        self.assertFalse(verdict["valid"])

    def test_the_journal_as_json_has_each_document(self):
        files = self.files("a.txt", "b.txt")
        self.signed(*files)
        use = json.loads(self.world.vicar("log", "--json", "maria").stdout)[-1]
        self.assertEqual([document["name"] for document in use["documents"]], ["a.txt", "b.txt"])
        self.assertEqual((use["service"], use["program"], use["status_word"]), ("cmd", "vicar sign", "9000"))
        self.assertTrue(use["process"])


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


def pdf_with_streams():
    """The same with a cross-reference stream instead of a table."""
    out = PDF[: PDF.index(b"xref\n")] + b"%" + b" as long as most\n%" * 100 + b"\n"
    places = [out.index(b"%d 0 obj" % number) for number in range(1, 5)]
    table = b"\0\0\0\0" + b"".join(b"\1" + place.to_bytes(2, "big") + b"\0" for place in [*places, len(out)])
    at = len(out)
    out += b"5 0 obj\n<< /Type /XRef /Size 6 /W [1 2 1] /Root 1 0 R /Length %d >>\nstream\n" % len(table)
    return out + table + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % at


def pdf_with_form():
    """The same with a form in its catalogue, which wants appearances."""
    return with_table(
        PDF[: PDF.index(b"xref\n")].replace(
            b"/Type /Catalog", b"/Type /Catalog /AcroForm << /Fields [] /NeedAppearances true >>"
        )
    )


def with_table(out):
    places = [out.index(b"%d 0 obj" % number) for number in range(1, 5)]
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return out + (
        b"xref\n0 5\n0000000000 65535 f \n" + table
        + b"trailer\n<< /Size 5 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % len(out)
    )  # fmt: skip


PDF = pdf()
PDFS = {"streams": pdf_with_streams(), "form": pdf_with_form()}


class Authority:
    """A time-stamp authority: OpenSSL behind a small HTTP server."""

    CONFIG = """
oid_section = oids
[oids]
policy1 = 1.3.6.1.4.1.99999.1
[req]
distinguished_name = name
[name]
[stamps]
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
[tsa]
default_tsa = one
[one]
serial = {dir}/serial
crypto_device = builtin
signer_cert = {dir}/tsa.pem
certs = {dir}/tsa.pem
signer_key = {dir}/tsa.key
signer_digest = sha256
default_policy = policy1
digests = sha256, sha384, sha512
accuracy = secs:1
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""

    def __init__(self, world):
        self.world = world
        self.dir = world.path("tsa")
        self.trouble = None
        self.asked = 0
        os.mkdir(self.dir)
        self.config = os.path.join(self.dir, "conf")
        with open(self.config, "w") as f:
            f.write(self.CONFIG.format(dir=self.dir))
        with open(os.path.join(self.dir, "serial"), "w") as f:
            f.write("01\n")
        self.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "tsa.key", "-out", "tsa.pem",
                     "-subj", "/CN=Test Time", "-config", self.config, "-extensions", "stamps")  # fmt: skip
        self.ca = os.path.join(self.dir, "tsa.pem")
        authority = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                query = self.rfile.read(int(self.headers["Content-Length"]))
                authority.answer(self, query)

            def log_message(self, *_):
                pass

        self.server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.dir, check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)  # fmt: skip

    def answer(self, request, query):
        self.asked += 1
        if self.trouble == "500":
            request.send_error(500)
            return
        if self.trouble != "replay":
            with open(os.path.join(self.dir, "query"), "wb") as f:
                f.write(query)
        self.openssl("ts", "-reply", "-queryfile", "query", "-out", "reply", "-config", self.config)
        with open(os.path.join(self.dir, "reply"), "rb") as f:
            reply = f.read()
        request.send_response(200)
        request.send_header("Content-Type", "application/timestamp-reply")
        request.send_header("Content-Length", str(len(reply)))
        request.end_headers()
        request.wfile.write(reply)


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

    def test_the_content_may_be_in_the_signature(self):
        (path,) = self.files("a.txt")
        self.signed("--attach", path)
        os.unlink(path)
        self.verify_cms(None, path + ".p7s")
        ((verdict,), _) = self.verify(path + ".p7s")
        self.assertTrue(verdict["valid"])

    def test_a_content_in_the_signature_is_not_that_of_another_file(self):
        (path,) = self.files("a.txt")
        self.signed("--attach", path)
        self.assertTrue(self.verify(path)[1]["valid"])
        self.file("a.txt", b"another content")
        _, said = self.verify(path, status=1)
        self.assertIn("which is another one", said["problem"])
        # It holds no matter where such a message is: this one stands in the place of a PDF's signature.
        letter = self.file("letter.pdf", PDF)
        self.signed("--pades", letter)
        with open(path + ".p7s", "rb") as f:
            stranger = f.read().hex().encode()
        signed = letter[:-4] + "-signed.pdf"
        self.assertTrue(self.verify(signed)[1]["valid"])
        self.fill_gap(signed, stranger)
        _, said = self.verify(signed, status=1)
        self.assertIn("which is another one", said["problem"])

    def fill_gap(self, path, text):
        """Puts `text` at the front of a signed PDF's Contents."""
        with open(path, "rb") as f:
            content = bytearray(f.read())
        start, end = (int(n) for n in re.search(rb"/ByteRange *\[ *0 +(\d+) +(\d+)", content).groups())
        self.assertLess(len(text), end - start - 2)
        content[start + 1 : end - 1] = text.ljust(end - start - 2, b"0")
        with open(path, "wb") as f:
            f.write(content)

    def test_nothing_hides_behind_a_signature_in_a_pdf(self):
        letter = self.file("letter.pdf", PDF)
        self.signed("--pades", letter)
        signed = letter[:-4] + "-signed.pdf"
        with open(signed, "rb") as f:
            digits = re.search(rb"<([0-9a-f]{4000,})>", f.read()).group(1).rstrip(b"0")
        digits += b"0" * (len(digits) % 2)
        self.fill_gap(signed, digits)
        self.verify(signed)
        for hidden in (b"\0>/Other", b">/Other"):
            self.fill_gap(signed, digits + hidden)
            _, said = self.verify(signed, status=1)
            self.assertIn("not in hexadecimal digits", said["problem"])

    def test_a_signature_alone_needs_its_content(self):
        (path,) = self.files("a.txt")
        self.signed(path)
        os.rename(path, path + ".moved")
        _, said = self.verify(path + ".p7s", status=1)
        self.assertIn("vicar verify FILE SIGNATURE", said["problem"])
        self.verify(path + ".moved", path + ".p7s")

    def test_a_document_is_no_place_for_a_signature(self):
        a, b = self.files("a.txt", "a.txt.p7s")
        for arguments in (["--output", a, a], [a, b], ["--output", os.path.join(self.place, ".", "a.txt.p7s"), b]):
            done = self.signed("--force", *arguments, check=False)
            self.assertEqual(done.returncode, 1, done.stdout)
            self.assertIn("which is to be signed too", done.stdout)
        done = self.signed(a, os.path.join(self.place, ".", "a.txt"), check=False)
        self.assertIn("is there already", done.stdout)
        os.unlink(b)
        done = self.signed(a, os.path.join(self.place, ".", "a.txt"), check=False)
        self.assertIn("would both be written to", done.stdout)
        self.assertEqual(self.world.person.asked, [])
        letter = self.file("letter.pdf", PDF)
        self.signed("--force", "--pades", "--output", letter, letter)
        self.poppler_agrees(letter)

    def test_the_certificate_of_a_web_server_is_nobodys_hand(self):
        (path,) = self.files("a.txt")
        for usage, status in (("serverAuth", 3), ("emailProtection", 0)):
            where = os.path.join(self.place, usage)
            self.world.run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", where + ".key",
                           "-out", where + ".pem", "-subj", "/CN=Somebody", "-addext",
                           "extendedKeyUsage=" + usage)  # fmt: skip
            self.world.run("openssl", "cms", "-sign", "-binary", "-in", path, "-signer", where + ".pem", "-inkey",
                           where + ".key", "-outform", "DER", "-out", where + ".p7s")  # fmt: skip
            ((verdict,), _) = self.verify("--ca-file", where + ".pem", path, where + ".p7s", status=status)
            self.assertTrue(verdict["valid"])

    def test_raw_signatures_are_what_openssl_takes(self):
        files = self.files("a.txt", "b.txt")
        self.signed("--raw", "--digest", "sha512", *files)
        key, certificate = self.public_key()
        for path in files:
            self.world.run("openssl", "dgst", "-sha512", "-verify", key, "-signature", path + ".sig", path)
        self.verify("--certificate", certificate, "--ca-file", certificate, files[0])
        self.verify("--certificate", certificate, files[0], files[1] + ".sig", status=1)
        done = self.world.vicar("verify", "--certificate", certificate, "--digest", "sha1", files[0], check=False)
        self.assertEqual(done.returncode, 2, done.stdout)

    def public_key(self):
        """Of the card's first certificate: PEM files of key and certificate."""
        directory = self.world.path("data", "vicar", "cards", self.card, "certificates")
        certificate, key = (os.path.join(self.place, name) for name in ("leaf.pem", "key.pem"))
        self.world.run("openssl", "x509", "-inform", "DER", "-in",
                       os.path.join(directory, os.listdir(directory)[0]), "-out", certificate)  # fmt: skip
        self.world.run("openssl", "x509", "-in", certificate, "-noout", "-pubkey", "-out", "/dev/null")
        with open(key, "w") as f:
            f.write(self.world.run("openssl", "x509", "-in", certificate, "-noout", "-pubkey").stdout)
        return key, certificate

    def test_another_place_and_a_name_for_it(self):
        files = self.files("a.txt", "b.txt")
        out = os.path.join(self.place, "signatures")
        done = self.signed("--output", out, *files, check=False)
        self.assertIn("is no directory", done.stdout)
        os.mkdir(out)
        self.signed("--output", out, *files)
        self.verify_cms(files[0], os.path.join(out, "a.txt.p7s"))
        self.signed("--output", os.path.join(out, "named"), files[1])
        self.verify_cms(files[1], os.path.join(out, "named"))
        os.mkdir(os.path.join(self.place, "deep"))
        twin = self.file("deep/a.txt")
        done = self.signed("--force", "--output", out, files[0], twin, check=False)
        self.assertIn("would both be written to", done.stdout)

    def test_a_file_that_is_changed_meanwhile_is_told(self):
        (path,) = self.files("a.txt")
        before = self.file("before.txt", b"content of a.txt\n")

        def types_late(_):
            self.file("a.txt", b"another content")
            return self.pin + ENTER

        self.world.person.expect([(r"PIN: $", types_late)])
        done = self.signed(path, check=False)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("was changed while it was being signed", done.stdout)
        # What was shown and agreed to is what was signed.
        self.verify_cms(before, path + ".p7s")

    def test_a_place_that_vanishes_meanwhile_loses_no_signature(self):
        files = self.files("a.txt", "b.txt")
        out = os.path.join(self.place, "out")
        os.mkdir(out)

        def types_late(_):
            with open(os.path.join(out, "a.txt.p7s"), "wb") as f:
                f.write(b"of somebody else")
            return self.pin + ENTER

        self.world.person.expect([(r"PIN: $", types_late)])
        done = self.signed("--output", out, *files, check=False, env={"TMPDIR": self.place})
        self.assertEqual(done.returncode, 1, done.stdout)
        kept = re.search(r"is kept in (\S+)", done.stdout).group(1)
        self.verify_cms(files[0], kept)
        self.verify_cms(files[1], os.path.join(out, "b.txt.p7s"))
        with open(os.path.join(out, "a.txt.p7s"), "rb") as f:
            self.assertEqual(f.read(), b"of somebody else")

    def test_one_by_one_the_next_is_not_asked_for_when_one_found_no_place(self):
        files = self.files("a.txt", "b.txt")

        def types_late(_):
            self.file("a.txt.p7s", b"of somebody else")
            return self.pin + ENTER

        self.world.person.expect([(r"PIN: $", types_late)])
        done = self.signed("--one-by-one", *files, check=False, env={"TMPDIR": self.place})
        self.assertEqual(done.returncode, 1, done.stdout)
        self.verify_cms(files[0], re.search(r"is kept in (\S+)", done.stdout).group(1))
        self.assertEqual(len(self.questions(r"PIN: $")), 1)
        self.assertFalse(os.path.exists(files[1] + ".p7s"))

    def test_wrong_usage_is_said_before_anybody_is_asked(self):
        (path,) = self.files("a.txt")
        for wrong in (
            ["--cms", "--raw"], ["--attach", "--detached"], ["--raw", "--attach"],
            ["--raw", "--timestamp", "http://localhost/"], ["--digest", "md5"],
        ):  # fmt: skip
            done = self.signed(*wrong, path, check=False)
            self.assertEqual(done.returncode, 2, (wrong, done.stdout))
        for wrong in (["--key", "nosuch"], ["--pades"]):
            done = self.signed(*wrong, path, check=False)
            self.assertEqual(done.returncode, 1, (wrong, done.stdout))
        self.assertEqual(self.signed(path + "-none", check=False).returncode, 1)
        self.assertEqual(self.world.person.asked, [])

    def test_a_pdf_is_signed_twice(self):
        path = self.file("letter.pdf", PDF)
        self.signed("--pades", "--output", os.path.join(self.place, "once.pdf"), path)
        self.signed("--pades", "--output", os.path.join(self.place, "twice.pdf"), os.path.join(self.place, "once.pdf"))
        shown = self.world.run("pdfsig", "-nocert", os.path.join(self.place, "twice.pdf")).stdout
        self.assertEqual(shown.count("Signature is Valid"), 2, shown)
        _, said = self.verify(os.path.join(self.place, "twice.pdf"))
        self.assertEqual(said["earlier"], 1)

    def test_pdfs_of_other_forms(self):
        """Cross-reference streams and a form that is there already."""
        for name, content in PDFS.items():
            path = self.file(name + ".pdf", content)
            done = self.signed("--pades", path, stderr=subprocess.DEVNULL)
            self.assertEqual(done.stdout, path[:-4] + "-signed.pdf\n")
            self.poppler_agrees(path[:-4] + "-signed.pdf")
            self.verify(path[:-4] + "-signed.pdf")

    def test_a_pdf_that_was_changed_after_it_was_signed_is_not_valid(self):
        path = self.file("letter.pdf", PDF)
        self.signed("--pades", path)
        signed = path[:-4] + "-signed.pdf"
        with open(signed, "rb") as f:
            content = f.read()
        with open(signed, "wb") as f:
            f.write(content + b"\n% more\n")
        _, said = self.verify(signed, status=1)
        self.assertFalse(said["whole"])
        with open(signed, "wb") as f:
            f.write(content.replace(b"0 0 m 100 50 l S", b"0 0 m 100 99 l S"))
        ((verdict,), _) = self.verify(signed, status=1)
        self.assertFalse(verdict["valid"])


class WithTimeStamps(Signing):
    card = "local"
    pin = "12345678"

    @classmethod
    def make_cards(cls):
        cls.world.create("local", "--card", "fineid-v2", "--role", "sign",
                         pins="pin = 12345678\npuk = 87654321\n")  # fmt: skip
        cls.put_in("local")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.authority = Authority(cls.world)
        cls.addClassCleanup(cls.authority.close)

    def setUp(self):
        super().setUp()
        self.authority.trouble = None

    def stamped(self, *arguments, **more):
        return self.signed("--timestamp", self.authority.url, "--timestamp-ca", self.authority.ca, *arguments, **more)

    def test_each_signature_gets_a_stamp_that_is_verified(self):
        files = self.files("a.txt", "b.txt")
        self.stamped(*files)
        for path in files:
            self.verify_cms(path, path + ".p7s")
            ((verdict,), _) = self.verify("--timestamp-ca", self.authority.ca, path)
            self.assertTrue(verdict["time_stamp"])
            self.assertTrue(verdict["time_stamp_trusted"])
            self.assertEqual(verdict["time_stamp_authority"], "Test Time")
        ((verdict,), _) = self.verify(files[0])
        self.assertFalse(verdict["time_stamp_trusted"])

    def test_a_stamp_in_a_pdf(self):
        path = self.file("letter.pdf", PDF)
        self.stamped("--pades", path)
        self.poppler_agrees(path[:-4] + "-signed.pdf")
        ((verdict,), _) = self.verify("--timestamp-ca", self.authority.ca, path[:-4] + "-signed.pdf")
        self.assertTrue(verdict["time_stamp_trusted"])

    def test_without_the_stamp_the_signature_is_written_and_it_is_said(self):
        for trouble, words in (("500", "HTTP 500"), ("replay", "is not accepted")):
            self.authority.trouble = trouble
            path = self.file(trouble + ".txt", trouble.encode())
            done = self.stamped(path, check=False)
            self.assertEqual(done.returncode, 1, done.stdout)
            self.assertIn(words, done.stdout)
            self.assertIn("is signed without one", done.stdout)
            self.verify_cms(path, path + ".p7s")
            ((verdict,), _) = self.verify(path)
            self.assertIsNone(verdict["time_stamp"])

    def test_an_authority_that_is_not_trusted_gives_no_stamp(self):
        path = self.file("a.txt")
        done = self.signed("--timestamp", self.authority.url, path, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("--timestamp-ca", done.stdout)


class WithEllipticCurves(Signing):
    card = "curve"
    pin = "12345678"

    @classmethod
    def make_cards(cls):
        cls.world.create("curve", "--card", "fineid-v4", "--role", "sign", "--key", "p384",
                         pins="pin = 12345678\npuk = 87654321\n")  # fmt: skip
        cls.put_in("curve")

    def test_cms_raw_and_pdf_with_ecdsa(self):
        files = self.files("a.txt", "b.txt", "c.txt")
        self.signed("--digest", "sha384", *files)
        self.assertEqual(len(self.questions("PIN: $")), 1, self.world.person.asked)
        for path in files:
            self.verify_cms(path, path + ".p7s")
            self.verify(path)
        self.signed("--raw", "--digest", "sha384", files[0])
        self.world.run("openssl", "dgst", "-sha384", "-verify", self.public_key(), "-signature",
                       files[0] + ".sig", files[0])  # fmt: skip
        path = self.file("letter.pdf", PDF)
        self.signed("--pades", path)
        self.poppler_agrees(path[:-4] + "-signed.pdf")

    def public_key(self):
        directory = self.world.path("data", "vicar", "cards", self.card, "certificates")
        path = os.path.join(self.place, "key.pem")
        with open(path, "w") as f:
            f.write(self.world.run("openssl", "x509", "-inform", "DER", "-noout", "-pubkey", "-in",
                                   os.path.join(directory, os.listdir(directory)[0])).stdout)  # fmt: skip
        return path


if __name__ == "__main__":
    harness.main()
