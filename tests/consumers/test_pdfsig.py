#!/usr/bin/env python3
"""pdfsig of poppler signs a PDF through NSS."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import consumer  # noqa: E402
from documents import pdf  # noqa: E402
from nss import Database  # noqa: E402


def pdfsig(test, database):
    """The command that signs plain.pdf. It wants the PIN twice: for the token, and for the key."""
    test.write("plain.pdf", pdf())
    return (
        "pdfsig", "-nssdir", database.name, "-nss-pwd", test.PIN, "-kpw", test.PIN,
        "-nick", database.nickname(), "-add-signature", test.path("plain.pdf"),
        test.path("signed.pdf"),
    )  # fmt: skip


def verify_pdf(test):
    """OpenSSL's word, and pdfsig's with a database that knows no card."""
    database = Database(test, "another", module=False)
    done = test.run_program("pdfsig", "-nssdir", database.name, test.path("signed.pdf"))
    test.assertIn("Signature is Valid", done.stdout)
    test.assertIn("Total document signed", done.stdout)
    content, signature = signed_parts(test.read("signed.pdf"))
    test.write("document", content)
    test.write("signed.p7s", signature)
    test.verify_cms("signed.p7s")


def signed_parts(document):
    """What the last signature of a PDF covers, and the signature with the zeros that fill its place."""
    fields = document[document.rindex(b"/ByteRange") :]
    begin, length, after, rest = map(int, fields[fields.index(b"[") + 1 : fields.index(b"]")].split())
    hexadecimal = document[begin + length : after].strip(b"<> \r\n").decode()
    content = document[begin : begin + length] + document[after : after + rest]
    return content, bytes.fromhex(hexadecimal)


class Pdf:
    PROGRAM = "pdfsig"

    def test_pdfsig_signs_and_verifies_a_pdf(self):
        command = pdfsig(self, Database(self, "nssdb"))
        with self.signing():
            self.run_program(*command)
        verify_pdf(self)
        os.unlink(self.path("signed.pdf"))
        self.refused(*command)


class RsaSignature(Pdf, consumer.SignatureWithRsa):
    pass


class EllipticCurveSignature(Pdf, consumer.SignatureOnACurve):
    pass

if __name__ == "__main__":
    consumer.main()
