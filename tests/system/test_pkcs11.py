#!/usr/bin/env python3
"""vicar-pkcs11.so in unmodified programs, with our cards in our reader under the real pcscd: the round
of opensc_round.py through our module, OpenSSL judges; and a key at the simulated service.

Sections named here are those of the fact sheet pkcs11.md.
"""

import os
import re
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402
from harness import PIN, World  # noqa: E402
from opensc_round import (  # noqa: E402
    ANY_36_BYTES,
    AUTH_PIN,
    DOCUMENT,
    PKCS1_DECIPHERMENT,
    PUK,
    RAW_DECIPHERMENT,
    RAW_SIGNATURE,
    SIGN_PIN,
    Key,
    Round,
    Signature,
    digestinfo,
    hashed,
    hashed_pss,
    oaep,
    pss,
    recovered,
)

HASHES = ("sha1", "sha224", "sha256", "sha384", "sha512")
PKCS1 = {f"{md.upper()}-RSA-PKCS": [hashed(md)] for md in HASHES}
PSS = {f"{md.upper()}-RSA-PKCS-PSS": [hashed_pss(md)] for md in HASHES}
DIGESTINFOS = [recovered(digestinfo(md), "pkcs1") for md in ("sha1", "sha256", "sha512")]


def ecdsa(md):
    return Signature(
        DOCUMENT,
        ("dgst", f"-{md}", "-verify", "key.pem", "-signature", "signature", "input"),
        ("--signature-format", "openssl"),
    )


class Ours(Round):
    """What differs from OpenSC's module is said here."""

    DUMP = ()
    # Those are OpenSC's programs on the card; test_opensc.py has them.
    test_opensc_tool_shows_the_atr = None
    test_opensc_tool_names_the_card = None
    test_opensc_tool_lists_files_as_far_as_its_driver_can = None
    test_pkcs15_tool_dumps_every_object = None
    test_a_mechanism_that_is_offered_and_cannot_be_is_refused = None  # there is none

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.world.module = cls.world.own_module()

    def offered(self, key):
        """What of the row this key does: no mechanism is listed that it cannot do."""
        return {*self.SIGNATURES, *(self.DECIPHERMENTS if key.deciphers else ()), *self.MORE}

    MORE = ()

    def test_each_mechanism_that_is_offered_is_exercised_here_or_refused(self):
        for key in self.KEYS:
            with self.subTest(key):
                listed = self.world.pkcs11("--slot-index", key.slot, "-M").stdout
                offered = set(re.findall(r"^  ([\w-]+), keySize", listed, re.M))
                self.assertEqual(offered, self.offered(key))

    def test_a_key_for_it_deciphers_in_each_mechanism(self):
        for key in (key for key in self.KEYS if key.deciphers):
            for mechanism, decipherment in self.each(self.DECIPHERMENTS):
                with self.subTest(key=key.id, mechanism=mechanism):
                    self.encrypt(key, decipherment)
                    self.decipher(key, mechanism, decipherment)
                    self.assertEqual(self.read("deciphered"), decipherment.plaintext)

    def test_wrong_pins_block_each_pin_and_the_puk_unblocks_it(self):
        """The try that blocks is told as such; the PUK is CKU_SO's."""
        for key in self.KEYS:
            with self.subTest(key):
                for _ in range(self.PIN_TRIES - 1):
                    done = self.in_slot(key, "-O", pin="99999999", check=False)
                    self.assertIn("CKR_PIN_INCORRECT", done.stdout)
                self.assertIn("final user PIN try", self.slot_lines(key))
                done = self.in_slot(key, "-O", pin="99999999", check=False)
                self.assertIn("CKR_PIN_LOCKED", done.stdout)
                self.assertIn("user PIN locked", self.slot_lines(key))
                self.assertIn("CKR_PIN_LOCKED", self.in_slot(key, "-O", check=False).stdout)
                self.world.pkcs11(
                    "--slot-index", key.slot, "--login", "--login-type", "so", "--so-pin", PUK,
                    "--init-pin", "--new-pin", key.pin,
                )  # fmt: skip
                self.assert_works(key)

    def slot_lines(self, key):
        return self.world.pkcs11("-L").stdout.split("Slot ")[int(key.slot) + 1]

    def test_certificates_and_public_keys_are_seen_without_login_and_have_the_keys_id(self):
        for key in self.KEYS:
            listed = self.world.pkcs11("--slot-index", key.slot, "-O").stdout
            self.assertIn("CKP_PUBLIC_CERTIFICATES_TOKEN", listed)
            self.assertRegex(listed, rf"(?s)Public Key Object.*?\n  ID: +{key.id}\n")
            self.assertNotIn("Private Key Object", listed)

    def test_the_public_key_is_that_of_the_certificate(self):
        for key in self.KEYS:
            self.world.pkcs11(
                "--slot-index", key.slot, "--read-object", "--type", "pubkey", "--id", key.id,
                "-o", "pubkey.der",
            )  # fmt: skip
            self.world.run("openssl", "pkey", "-pubin", "-inform", "DER", "-in", "pubkey.der",
                           "-out", "pubkey.pem")  # fmt: skip
            self.assertEqual(self.read("pubkey.pem"), self.read(f"key-{key.id}.pem"))

    def test_a_pin_is_changed_and_changed_back(self):
        for key in self.KEYS:
            with self.subTest(key):
                for old, new in ((key.pin, "987654"), ("987654", key.pin)):
                    self.world.pkcs11(
                        "--slot-index", key.slot, "--login", "--pin", old,
                        "--change-pin", "--new-pin", new,
                    )  # fmt: skip
                    self.assert_works(key, pin=new)


class FinnishCard(Ours, unittest.TestCase):
    CARD = "fineid-v2"
    KEYS = (
        Key("0", "pin1", AUTH_PIN, "01", "45", deciphers=True),
        Key("1", "pin2", SIGN_PIN, "02", "46"),
    )
    PIN_TRIES = 5
    SIGNATURES = {
        "RSA-PKCS": [*DIGESTINFOS, ANY_36_BYTES],
        "RSA-X-509": [RAW_SIGNATURE],
        "RSA-PKCS-PSS": [pss("sha1"), pss("sha256"), pss("sha512")],
        **PKCS1,
        **PSS,
    }
    DECIPHERMENTS = {
        "RSA-PKCS": [PKCS1_DECIPHERMENT],
        "RSA-X-509": [RAW_DECIPHERMENT],
        "RSA-PKCS-OAEP": [oaep("sha1"), oaep("sha256")],
    }


class PortugueseCard(Ours, unittest.TestCase):
    CARD = "cc-v1"
    KEYS = (
        Key("0", "auth-pin", AUTH_PIN, "01", "45"),
        Key("1", "sign-pin", SIGN_PIN, "02", "46"),
    )
    PIN_TRIES = 3
    SIGNATURES = {
        "RSA-PKCS": DIGESTINFOS[:2],
        **{f"{md.upper()}-RSA-PKCS": [hashed(md)] for md in ("sha1", "sha256")},
    }


class IasEccCard(Ours, unittest.TestCase):
    CARD = "iasecc"
    KEYS = (
        Key("0", "pin1", AUTH_PIN, "01", "45", deciphers=True),
        Key("1", "pin2", SIGN_PIN, "03", "46"),
    )
    PIN_TRIES = 3
    SIGNATURES = {"RSA-PKCS": DIGESTINFOS, **PKCS1}
    DECIPHERMENTS = {"RSA-PKCS": [PKCS1_DECIPHERMENT]}


class TwoPrograms(unittest.TestCase):
    """One card and programs that stay, by ctypes."""

    def setUp(self):
        self.world = World(harness.BUILD)
        self.addCleanup(self.world.close)
        self.world.start_pcscd()
        self.world.module = self.world.own_module()
        self.world.create("card", "--card", "fineid-v2", "--role", "auth")
        self.world.insert("card")
        self.world.wait_card()

    def start(self):
        """Python with the module, in a process of its own; reads lines, answers each with one."""
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pkcs11_program.py")
        program = self.world.popen(
            sys.executable, script, self.world.module, stdin=subprocess.PIPE
        )
        self.addCleanup(program.stdout.close)
        self.addCleanup(program.wait)
        self.addCleanup(program.stdin.close)
        return program

    def tell(self, program, line):
        program.stdin.write(line + "\n")
        program.stdin.flush()
        return program.stdout.readline().strip()

    def test_two_programs_sign_in_turns_with_one_card(self):
        one, two = self.start(), self.start()
        for program in (one, two):
            self.assertEqual(self.tell(program, f"login {harness.LOCAL_PIN}"), "CKR_OK")
        for _ in range(3):
            for program in (one, two):
                self.assertEqual(self.tell(program, "sign"), "CKR_OK")

    def test_the_logout_of_one_program_does_not_end_the_login_of_another(self):
        one, two = self.start(), self.start()
        for program in (one, two):
            self.assertEqual(self.tell(program, f"login {harness.LOCAL_PIN}"), "CKR_OK")
        self.assertEqual(self.tell(one, "logout"), "CKR_OK")
        self.assertEqual(self.tell(two, "sign"), "CKR_OK")

    def test_a_program_that_is_over_may_still_end_its_session(self):
        late = self.world.run(
            self.world.tool("tests/system/p11-late"), self.world.module, harness.LOCAL_PIN
        )
        self.assertEqual(late.stdout, "0 0 0\n")

    def test_opensc_and_ours_use_one_card_in_turns(self):
        program = self.start()
        self.assertEqual(self.tell(program, f"login {harness.LOCAL_PIN}"), "CKR_OK")
        with open(self.world.path("input"), "wb") as f:
            f.write(DOCUMENT)
        for _ in range(2):
            self.assertEqual(self.tell(program, "sign"), "CKR_OK")
            self.world.run(
                "pkcs11-tool", "--module", harness.opensc_module(), "--login", "--pin", harness.LOCAL_PIN,
                "--sign", "-m", "SHA1-RSA-PKCS", "-i", "input", "-o", "signature",
            )  # fmt: skip
        self.assertEqual(self.tell(program, "sign"), "CKR_OK")

    def test_a_program_that_resets_the_card_does_not_end_the_login_of_another(self):
        program = self.start()
        self.assertEqual(self.tell(program, f"login {harness.LOCAL_PIN}"), "CKR_OK")
        self.assertEqual(self.tell(program, "sign"), "CKR_OK")
        self.world.run("opensc-tool", "--reset")
        self.assertEqual(self.tell(program, "sign"), "CKR_OK")

    def test_a_card_that_is_taken_out_is_told_and_works_when_it_is_back(self):
        program = self.start()
        self.assertEqual(self.tell(program, f"login {harness.LOCAL_PIN}"), "CKR_OK")
        self.world.remove("card")
        self.world.wait_card(present=False)
        self.assertEqual(self.tell(program, "sign"), "CKR_DEVICE_REMOVED")
        self.assertEqual(self.tell(program, "sign"), "CKR_SESSION_HANDLE_INVALID")
        self.world.insert("card")
        self.world.wait_card()
        self.assertEqual(self.tell(program, f"login {harness.LOCAL_PIN}"), "CKR_OK")
        self.assertEqual(self.tell(program, "sign"), "CKR_OK")

    def test_a_program_that_waits_is_told_of_each_card_that_comes_and_goes(self):
        program = self.start()
        self.assertEqual(self.tell(program, f"login {harness.LOCAL_PIN}"), "CKR_OK")
        for happens in (self.world.remove, self.world.insert):
            program.stdin.write("wait\n")
            program.stdin.flush()
            happens("card")
            self.assertEqual(program.stdout.readline().strip(), "CKR_OK")

    def test_the_child_of_a_program_begins_anew_and_the_parent_goes_on(self):
        program = self.start()
        self.assertEqual(self.tell(program, f"login {harness.LOCAL_PIN}"), "CKR_OK")
        self.assertEqual(self.tell(program, f"fork {harness.LOCAL_PIN}"), "CKR_OK")
        self.assertEqual(self.tell(program, "sign"), "CKR_OK")

    def test_a_pcscd_that_starts_anew_is_survived(self):
        program = self.start()
        self.assertEqual(self.tell(program, f"login {harness.LOCAL_PIN}"), "CKR_OK")
        self.world.stop_pcscd()
        self.assertEqual(self.tell(program, "sign"), "CKR_DEVICE_REMOVED")
        self.world.start_pcscd()
        self.world.wait_card()
        self.assertEqual(self.tell(program, f"login {harness.LOCAL_PIN}"), "CKR_OK")
        self.assertEqual(self.tell(program, "sign"), "CKR_OK")


class EllipticCurves(unittest.TestCase):
    """fineid-v4 with keys on P-384."""

    @classmethod
    def setUpClass(cls):
        cls.world = World(harness.BUILD)
        try:
            cls.world.start_pcscd()
            cls.world.module = cls.world.own_module()
            cls.world.create("card", "--card", "fineid-v4", "--role", "auth", "--key", "p384")
            cls.world.insert("card")
            cls.world.wait_card()
            cls.world.pkcs11("--read-object", "--type", "cert", "--id", "45", "-o", "certificate.der")
            cls.world.run("openssl", "x509", "-inform", "DER", "-in", "certificate.der", "-noout",
                          "-pubkey", "-out", "key.pem")  # fmt: skip
        except BaseException:
            cls.world.close()
            raise

    @classmethod
    def tearDownClass(cls):
        cls.world.close()

    def login(self, *arguments, **more):
        return self.world.pkcs11("--login", "--pin", harness.LOCAL_PIN, *arguments, **more)

    def test_each_hash_is_signed_and_openssl_verifies(self):
        with open(self.world.path("input"), "wb") as f:
            f.write(DOCUMENT)
        for md in HASHES:
            with self.subTest(md):
                signature = ecdsa(md)
                self.login("--sign", "-m", f"ECDSA-{md.upper()}", *signature.options,
                           "-i", "input", "-o", "signature")  # fmt: skip
                self.assertIn("Verified OK", self.world.run("openssl", *signature.openssl).stdout)

    def test_what_is_derived_is_what_openssl_derives(self):
        openssl = ("openssl",)
        self.world.run(*openssl, "ecparam", "-name", "secp384r1", "-genkey", "-noout", "-out", "other.pem")
        self.world.run(*openssl, "pkey", "-in", "other.pem", "-pubout", "-outform", "DER", "-out", "other.der")
        self.login("--derive", "-m", "ECDH1-DERIVE", "-i", "other.der", "-o", "ours")
        self.world.run(*openssl, "pkeyutl", "-derive", "-inkey", "other.pem", "-peerkey", "key.pem",
                       "-out", "theirs")  # fmt: skip
        with open(self.world.path("ours"), "rb") as ours, open(self.world.path("theirs"), "rb") as theirs:
            self.assertEqual(ours.read(), theirs.read())

    def test_pkcs11_tool_tests_to_the_end(self):
        self.assertIn("No errors", self.login("--test").stdout)


class RemoteKey(unittest.TestCase):
    """A key at the simulated CMD: one signature is one start call; design.md, "Remote trouble"."""

    @classmethod
    def setUpClass(cls):
        cls.world = World(harness.BUILD)
        try:
            cls.world.start_simulator()
            # Nobody waits here after a refusal.
            cls.world.configure(prompt={"refusal-pause-ms": 0})
            cls.world.start_pcscd()
            cls.world.module = cls.world.own_module()
            cls.world.enrol("card")
            cls.world.insert("card")
            cls.world.wait_card()
            cls.world.pkcs11("--read-object", "--type", "cert", "--id", "46", "-o", "certificate.der")
            cls.world.run("openssl", "x509", "-inform", "DER", "-in", "certificate.der", "-noout",
                          "-pubkey", "-out", "key.pem")  # fmt: skip
        except BaseException:
            cls.world.close()
            raise

    @classmethod
    def tearDownClass(cls):
        cls.world.close()

    def setUp(self):
        self.world.person.expect([self.world.agrees(), self.world.types_code()])
        self.before = len(self.world.calls("SCMDSign"))
        with open(self.world.path("input"), "wb") as f:
            f.write(DOCUMENT)

    def starts(self):
        return len(self.world.calls("SCMDSign")) - self.before

    def sign(self, mechanism="SHA256-RSA-PKCS", pin=PIN, **more):
        return self.world.pkcs11(
            "--login", "--pin", pin, "--sign", "-m", mechanism, "-i", "input", "-o", "signature", **more
        )

    def first_answer(self, **more):
        """What C_Sign returns; pkcs11-tool then tries once more by parts, and tells of that."""
        log = self.world.path("pkcs11.log")
        self.sign(check=False, env={"VICAR_PKCS11_LOG": log}, **more)
        with open(log) as f:
            answers = re.findall(r"C_Sign\(.* = (CKR_\w+)", f.read())
        os.unlink(log)
        return answers[0]

    def test_each_hash_is_signed_by_one_start_call_and_openssl_verifies(self):
        for number, md in enumerate(("sha1", "sha256"), 1):
            with self.subTest(md):
                self.sign(f"{md.upper()}-RSA-PKCS")
                self.assertIn("Verified OK", self.world.run("openssl", *hashed(md).openssl).stdout)
                self.assertEqual(self.starts(), number)

    def test_what_is_no_digestinfo_is_refused_without_a_start_call(self):
        with open(self.world.path("input"), "wb") as f:
            f.write(ANY_36_BYTES.content)
        self.assertIn("CKR_DATA_INVALID", self.sign("RSA-PKCS", check=False).stdout)
        self.assertEqual(self.starts(), 0)

    def test_listing_objects_makes_no_call(self):
        calls = len(self.world.calls())
        self.world.pkcs11("--login", "--pin", PIN, "-O")
        self.assertEqual(len(self.world.calls()), calls)

    def test_an_owner_who_says_no_is_told_as_such(self):
        self.world.person.expect([(r"Sign with the card", "c")])
        self.assertEqual(self.first_answer(), "CKR_FUNCTION_REJECTED")
        self.assertEqual(self.starts(), 0)

    def test_a_pin_that_the_service_refuses_is_incorrect_and_counted_once(self):
        self.assertEqual(self.first_answer(pin="999999"), "CKR_PIN_INCORRECT")
        self.assertEqual(self.starts(), 1)
        self.sign()
        self.assertEqual(self.starts(), 2)

    def test_browsers_ssh_and_curl_do_not_see_the_slot(self):
        """By the name of the executable: a copy of pkcs11-tool stands for each."""
        path = shutil.which("pkcs11-tool")
        for name in ("firefox", "chromium", "ssh-keygen", "curl", "gnutls-cli"):
            with self.subTest(name):
                program = self.world.path(name)
                shutil.copy(path, program)
                listed = self.world.run(program, "--module", self.world.module, "-L").stdout
                self.assertNotIn("token label", listed)
                self.assertIn("Vicar 00 00", listed)
        self.assertIn("token label", self.world.pkcs11("-L").stdout)


class Installed(unittest.TestCase):
    def test_exactly_the_functions_of_cryptoki_are_exported(self):
        with World(harness.BUILD) as world:
            module = world.own_module()
            listed = world.run("nm", "-D", "--defined-only", module).stdout
            names = [line.split()[-1] for line in listed.splitlines()]
            self.assertEqual(len(names), 92)
            self.assertTrue(all(name.startswith("C_") for name in names), names)

    def test_p11_kit_finds_the_module_where_it_is_installed(self):
        with World(harness.BUILD) as world:
            destination = world.path("installed")
            world.run("make", "-C", harness.ROOT, f"BUILD={world.build}", "install",
                      f"DESTDIR={destination}", "prefix=/usr/local")  # fmt: skip
            with open(f"{destination}/etc/pkcs11/modules/vicar.module") as f:
                (path,) = re.findall(r"(?m)^module: (.*)$", f.read())
            self.assertTrue(os.path.exists(destination + path))
            vicar = os.path.join(destination, "usr/local/bin/vicar")
            self.assertIn(f"module: {destination}{path}\n", world.run(vicar, "module").stdout)


if __name__ == "__main__":
    harness.main()
