#!/usr/bin/env python3
"""Two keys under one PIN: a fineid-v3 card as `vicar create` makes it has an RSA and a P-256 key for
signatures under PIN2. Signatures are judged by openssl."""

import hashlib
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from vicard_world import PIN, POWER_ON, PUK, VicardTest, main  # noqa: E402

OK = b"\x90\x00"
NEW = "11223344"
MESSAGE = b"both keys are mine\n"
HASH = hashlib.sha256(MESSAGE).digest()
# fineid.md 4.8 and 6.2: SHA-256 with PKCS #1 v1.5, with ECDSA.
KEYS = (("sign.der", "002241B606800142840102"), ("sign2.der", "002241B606800144840103"))


def command(header, *values):
    """A PIN command, each value padded to 12 (5.1)."""
    data = b"".join(value.encode().ljust(12, b"\0") for value in values)
    return bytes.fromhex(header) + bytes([len(data)]) + data


def der(tag, content):
    return bytes([tag, len(content)]) + content


def integer(value):
    value = value.lstrip(b"\0")
    return der(2, b"\0" + value if value[0] >= 0x80 else value)


class SharedPin(VicardTest):
    remote = False

    def make_card(self):
        with open(os.open(self.path("pins"), os.O_WRONLY | os.O_CREAT, 0o600), "w") as f:
            f.write(f"pin = {PIN}\npuk = {PUK}\n")
        self.run_tool("vicar", "create", "work", "--card", "fineid-v3",
                      "--pin-file", self.path("pins"))  # fmt: skip
        self.write("message", MESSAGE)

    def write(self, name, content):
        with open(self.path(name), "wb") as f:
            f.write(content)
        return self.path(name)

    def verified(self, certificate, signature):
        public = subprocess.run(
            ["openssl", "x509", "-inform", "DER", "-in", self.card("certificates", certificate),
             "-noout", "-pubkey"], stdout=subprocess.PIPE, check=True, timeout=60,
        ).stdout  # fmt: skip
        return subprocess.run(
            ["openssl", "dgst", "-sha256", "-verify", self.write("public", public), "-signature",
             self.write("signature", signature), self.path("message")],
            stdout=subprocess.DEVNULL, check=False, timeout=60,
        ).returncode == 0  # fmt: skip

    def power_on(self):
        self.insert()
        reader = self.reader()
        reader.ask(POWER_ON)
        return reader

    def sign(self, reader, pin, certificate, mse):
        self.assertEqual(reader.transmit(command("00200082", pin)), OK)
        self.assertEqual(reader.transmit(bytes.fromhex(mse)), OK)
        self.assertEqual(reader.transmit(bytes.fromhex("002A90A0229020") + HASH), OK)
        if certificate == "sign.der":
            return reader.whole(bytes.fromhex("002A9E9A00"))
        plain = reader.whole(bytes.fromhex("002A9E9A40"))
        return der(0x30, integer(plain[:32]) + integer(plain[32:]))

    def assert_both_sign(self, reader, pin):
        for certificate, mse in KEYS:
            signature = self.sign(reader, pin, certificate, mse)
            self.assertTrue(self.verified(certificate, signature), certificate)

    def shared_file(self):
        status = os.stat(self.card("keys", "sign2.key"))
        return status.st_ino, status.st_mtime_ns

    def test_one_pin_signs_with_either_key_and_once_for_each_signature(self):
        reader = self.power_on()
        self.assert_both_sign(reader, PIN)
        for _, mse in KEYS:
            self.assertEqual(reader.transmit(bytes.fromhex(mse)), OK)
            self.assertEqual(reader.transmit(bytes.fromhex("002A90A0229020") + HASH), OK)
            self.assertEqual(reader.transmit(bytes.fromhex("002A9E9A00")), b"\x69\x82")
        self.assertIn("key=sign2", self.journal())

    def test_a_changed_pin_is_that_of_both_and_the_second_keys_file_stays(self):
        reader = self.power_on()
        before = self.shared_file()
        self.assertEqual(reader.transmit(command("00240082", PIN, NEW)), OK)
        self.assertEqual(self.shared_file(), before)
        self.assertEqual(reader.transmit(command("00200082", PIN)), b"\x63\xc4")
        self.assert_both_sign(reader, NEW)

    def test_the_puk_brings_both_back(self):
        reader = self.power_on()
        before = self.shared_file()
        for left in (4, 3, 2, 1, 0):
            self.assertEqual(reader.transmit(command("00200082", NEW)), bytes([0x63, 0xC0 + left]))
        self.assertEqual(reader.transmit(command("002C0082", PUK, NEW)), OK)
        self.assertEqual(self.shared_file(), before)
        self.assert_both_sign(reader, NEW)

    def test_a_second_key_of_another_card_is_not_used(self):
        self.make_another_second_key()
        reader = self.power_on()
        self.assertEqual(reader.transmit(command("00200082", PIN)), OK)
        self.assertEqual(reader.transmit(bytes.fromhex(KEYS[1][1])), OK)
        self.assertEqual(reader.transmit(bytes.fromhex("002A90A0229020") + HASH), OK)
        self.assertEqual(reader.transmit(bytes.fromhex("002A9E9A40")), b"\x65\x81")
        self.assertIn("sign2.key: does not open with the key that shares its PIN", self.log())

    def make_another_second_key(self):
        self.run_tool("vicar", "create", "other", "--card", "fineid-v3",
                      "--pin-file", self.path("pins"))  # fmt: skip
        os.replace(os.path.join(self.card(), "..", "other", "keys", "sign2.key"),
                   self.card("keys", "sign2.key"))  # fmt: skip


if __name__ == "__main__":
    main()
