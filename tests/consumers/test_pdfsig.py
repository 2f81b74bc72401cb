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


class RsaSignature(consumer.SignatureWithRsa):
    PROGRAM = "pdfsig"

    def test_pdfsig_signs_and_verifies_a_pdf(self):
        command = pdfsig(self, Database(self, "nssdb"))
        with self.signing():
            self.run_program(*command)
        verify_pdf(self)
        os.unlink(self.path("signed.pdf"))
        self.refused(*command)


class EllipticCurveSignature(consumer.SignatureOnACurve):
    PROGRAM = "pdfsig"

    def test_pdfsig_signs_and_verifies_a_pdf_at_last(self):
        """poppler 22.12 reserves as many bytes as a signature made before has, and gives up when the
        real one is longer; those of ECDSA differ by a byte or two."""
        command = pdfsig(self, Database(self, "nssdb"))
        for tries in range(1, 31):
            with self.signing():
                done = self.run_program(*command, check=False)
            self.assertEqual(self.signatures(), 2 * tries, "both signatures were made")
            if done.returncode == 0:
                break
            self.assertIn("unable update signature", done.stdout)
        verify_pdf(self)
        self.refused(*command)


if __name__ == "__main__":
    consumer.main()
