"""Databases of NSS that have the module: what cmsutil, pdfsig, LibreOffice and the browsers use."""

import os
import re


class Database:
    """In a test's home; `name` is what NSS's tools call it."""

    def __init__(self, test, *where, module=True):
        self.test = test
        self.directory = test.path(*where)
        self.name = "sql:" + self.directory
        os.makedirs(self.directory, mode=0o700)
        test.write("pin", test.PIN + "\n")
        self.certutil("-N", "--empty-password")
        if module:
            self.modutil("-add", "Vicar", "-libfile", test.module, "-force")

    def certutil(self, *arguments, **more):
        return self.test.run_program("certutil", "-d", self.name, *arguments, **more)

    def modutil(self, *arguments, **more):
        return self.test.run_program("modutil", "-dbdir", self.name, *arguments, **more)

    def list_module(self):
        """modutil ends with an error when one of the slots is empty."""
        return self.modutil("-list", "Vicar", check=False).stdout

    def token(self):
        """The one that the module shows."""
        return self._only(r"^ *Token Name: +(\S.*?) *$", self.list_module())

    def nickname(self):
        """Of the one certificate of the token that has a key."""
        listed = self.certutil("-L", "-h", self.token(), "-f", self.test.path("pin")).stdout
        return self._only(r"^(.*\S) +u,u,u$", listed)

    def _only(self, pattern, text):
        found = re.findall(pattern, text, re.M)
        self.test.assertEqual(len(found), 1, text)
        return found[0]

    def trust(self, name, certificate, trust):
        self.certutil("-A", "-n", name, "-t", trust, "-i", certificate)

    def make_certificate_for_letters(self):
        """Its nickname. cmsutil signs only for who can get enciphered letters, too; the key is NSS's."""
        self.test.write("noise", os.urandom(64))
        self.certutil(
            "-S", "-n", "letters", "-s", "CN=For letters", "-x", "-t", "Cu,Cu,Cu",
            "-z", self.test.path("noise"),
        )  # fmt: skip
        return "letters"
