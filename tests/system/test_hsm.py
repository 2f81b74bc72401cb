#!/usr/bin/env python3
"""Cards whose keys are in SoftHSM, a service of type pkcs11: signatures, deciphering and key agreement
through stock pkcs11-tool, over OpenSC and over our module, with the real pcscd. Modules that do not come
back, and p11-kit-proxy with our own module behind it."""

import hashlib
import os
import re
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402
from harness import World, children, ended, wait_for  # noqa: E402

SOFTHSM = "/usr/lib/softhsm/libsofthsm2.so"
TOKEN, TOKEN_PIN = "Vault", "271828"
DOCUMENT = b"a document that deserves a signature\n"
SHA256_PREFIX = bytes.fromhex("3031300d060960864801650304020105000420")
# Name, how openssl makes it, CKA_ID in the token.
KEYS = (
    ("rsa", ("-newkey", "rsa:2048"), "01"),
    ("other", ("-newkey", "rsa:2048"), "02"),
    ("p256", ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"), "03"),
    ("p384", ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"), "04"),
)


def uri(identifier):
    return f"pkcs11:token={TOKEN};id=%{identifier}"


class Vault(unittest.TestCase):
    """A token with four keys and a reader; each test makes its card."""

    @classmethod
    def setUpClass(cls):
        cls.world = World(harness.BUILD)
        try:
            cls.make_token(cls.world)
            cls.world.start_pcscd()
        except BaseException:
            cls.world.close()
            raise

    @classmethod
    def tearDownClass(cls):
        cls.world.close()

    @staticmethod
    def make_token(world):
        os.mkdir(world.path("tokens"), 0o700)
        with open(world.path("softhsm2.conf"), "w") as f:
            f.write(f"directories.tokendir = {world.path('tokens')}\nlog.level = ERROR\n")
        world.env["SOFTHSM2_CONF"] = world.path("softhsm2.conf")
        world.run("softhsm2-util", "--init-token", "--free", "--label", TOKEN,
                  "--pin", TOKEN_PIN, "--so-pin", "12345678")  # fmt: skip
        Vault.issue(world, "ca", ("-newkey", "rsa:2048"), "keyCertSign", "TRUE")
        world.run("openssl", "x509", "-in", "ca.pem", "-outform", "DER", "-out", "ca.der")
        Vault.write(world, "ca.der", "--type", "cert", "--id", "0A")
        for name, kind, identifier in KEYS:
            Vault.issue(world, name, kind, "digitalSignature,nonRepudiation", "FALSE",
                        "-CA", "ca.pem", "-CAkey", "ca.key")  # fmt: skip
            world.run("openssl", "x509", "-in", f"{name}.pem", "-noout", "-pubkey", "-out", f"{name}.pub")
            world.run("openssl", "x509", "-in", f"{name}.pem", "-outform", "DER", "-out", "leaf.der")
            for what in (
                (f"{name}.key", "--type", "privkey", "--usage-sign",
                 "--usage-derive" if "ec" in kind else "--usage-decrypt"),
                ("leaf.der", "--type", "cert"),
            ):  # fmt: skip
                Vault.write(world, *what, "--id", identifier)
        with open(world.path("document"), "wb") as f:
            f.write(DOCUMENT)
        with open(world.path("digestinfo"), "wb") as f:
            f.write(SHA256_PREFIX + hashlib.sha256(DOCUMENT).digest())
        for bits in (256, 384):
            with open(world.path(f"sha{bits}"), "wb") as f:
                f.write(hashlib.new(f"sha{bits}", DOCUMENT).digest())

    @staticmethod
    def issue(world, name, kind, usage, authority, *issuer):
        world.run("openssl", "req", "-x509", *kind, "-nodes", "-days", "30", "-subj", f"/CN={name}",
                  "-addext", f"keyUsage=critical,{usage}",
                  "-addext", f"basicConstraints=critical,CA:{authority}",
                  "-keyout", f"{name}.key", "-out", f"{name}.pem", *issuer)  # fmt: skip

    @staticmethod
    def write(world, *what):
        world.run("pkcs11-tool", "--module", SOFTHSM, "--token-label", TOKEN, "--login",
                  "--pin", TOKEN_PIN, "--write-object", *what)  # fmt: skip

    def setUp(self):
        self.world.module = self.world.own_module()
        self.configure()

    def configure(self, module=SOFTHSM, prompt=(), **keys):
        # As long as a test is to wait for a module that does not come back.
        keys = {"connect-timeout-ms": 1, "transfer-timeout-ms": 1, "code-lifetime-s": 1,
                "confirm": "never", **keys}  # fmt: skip
        self.world.configure(prompt=dict(prompt), card={"pin-tries": 3})
        with open(self.world.path("vicar.conf"), "a") as f:
            f.write(f"[service hsm]\ntype = pkcs11\nmodule = {module}\n")
            f.writelines(f"{key} = {value}\n" for key, value in keys.items())

    def enrol(self, name, card, role, identifier, *more):
        self.world.vicar("enrol", name, "--service", "hsm", "--credential", uri(identifier),
                         "--role", role, *(() if "--add" in more else ("--card", card)), *more)  # fmt: skip

    def put_in(self, name):
        self.world.insert(name)
        self.addCleanup(self.world.wait_card, False)
        self.addCleanup(self.world.remove, name)
        self.world.wait_card()

    def card(self, name, card, role, identifier):
        self.enrol(name, card, role, identifier)
        self.put_in(name)

    def use(self, *arguments, pin=TOKEN_PIN, check=True, slot=0, **more):
        return self.world.pkcs11("--slot-index", str(slot), "--login", "--pin", pin, *arguments,
                                 check=check, **more)  # fmt: skip

    def verify(self, name):
        done = self.world.run("openssl", "dgst", "-sha256", "-verify", f"{name}.pub", "-signature",
                              "signature", "document")  # fmt: skip
        self.assertIn("Verified OK", done.stdout)

    def sign_rsa(self, name="rsa", hashed=False, **more):
        # Which of the two OpenSC offers depends on the card.
        mechanism, data = ("SHA256-RSA-PKCS", "document") if hashed else ("RSA-PKCS", "digestinfo")
        self.use("--sign", "-m", mechanism, "-i", data, "-o", "signature", **more)
        self.verify(name)

    def sign_ec(self, name, bits):
        self.use("--sign", "-m", "ECDSA", "--signature-format", "openssl", "-i", f"sha{bits}",
                 "-o", "signature")  # fmt: skip
        done = self.world.run("openssl", "pkeyutl", "-verify", "-pubin", "-inkey", f"{name}.pub",
                              "-in", f"sha{bits}", "-sigfile", "signature")  # fmt: skip
        self.assertIn("Verified Successfully", done.stdout)

    def both_sign_rsa(self, hashed=False):
        self.sign_rsa(hashed=hashed)
        self.world.module = harness.opensc_module()
        self.sign_rsa(hashed=hashed)


class Uses(Vault):
    def test_a_portuguese_card_signs_through_opensc_and_our_module_after_consent(self):
        self.card("cc", "cc-v1", "sign", "01")
        self.configure(confirm="always")
        self.world.remove("cc")
        self.world.wait_card(False)
        self.world.insert("cc")
        self.world.wait_card()
        self.world.person.expect([self.world.agrees(), self.world.agrees()])
        self.both_sign_rsa(hashed=True)
        self.assertEqual(self.world.journal("cc").count("Done."), 2)

    def test_a_finnish_card_of_2011_signs_through_opensc_and_our_module(self):
        self.card("fi", "fineid-v2", "auth", "01")
        self.both_sign_rsa()

    def test_a_european_card_signs_through_opensc_and_our_module(self):
        self.card("ias", "iasecc", "sign", "01")
        self.both_sign_rsa()

    def test_p256_signs_on_both_cards_that_take_it(self):
        for card, role in (("cc-v2", "sign"), ("fineid-v3", "sign2")):
            with self.subTest(card):
                self.card(card, card, role, "03")
                self.sign_ec("p256", 256)
                self.doCleanups()

    def test_p384_signs_and_agrees_on_a_secret(self):
        self.card("fi4", "fineid-v4", "auth", "04")
        self.sign_ec("p384", 384)
        self.world.run("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384",
                       "-out", "peer.key")  # fmt: skip
        self.world.run("openssl", "pkey", "-in", "peer.key", "-pubout", "-outform", "DER",
                       "-out", "peer.der")  # fmt: skip
        self.world.run("openssl", "pkeyutl", "-derive", "-inkey", "peer.key", "-peerkey", "p384.pub",
                       "-out", "expected")  # fmt: skip
        self.use("--derive", "-m", "ECDH1-DERIVE", "-i", "peer.der", "-o", "secret")
        with open(self.world.path("secret"), "rb") as f, open(self.world.path("expected"), "rb") as g:
            self.assertEqual(f.read(), g.read())

    def test_pss_and_oaep_are_there_where_the_card_has_them(self):
        self.card("fi4rsa", "fineid-v4", "auth", "01")
        self.use("--sign", "-m", "RSA-PKCS-PSS", "--hash-algorithm", "SHA256", "-i", "sha256",
                 "-o", "signature")  # fmt: skip
        done = self.world.run(
            "openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "rsa.pub", "-in", "sha256",
            "-sigfile", "signature", "-pkeyopt", "rsa_padding_mode:pss", "-pkeyopt", "digest:sha256",
        )  # fmt: skip
        self.assertIn("Verified Successfully", done.stdout)
        self.world.run("openssl", "pkeyutl", "-encrypt", "-pubin", "-inkey", "rsa.pub", "-in", "document",
                       "-out", "cryptogram", "-pkeyopt", "rsa_padding_mode:oaep")  # fmt: skip
        self.deciphers("RSA-PKCS-OAEP", "--hash-algorithm", "SHA-1", "--mgf", "MGF1-SHA1")

    def deciphers(self, mechanism, *more):
        self.use("--decrypt", "-m", mechanism, *more, "-i", "cryptogram", "-o", "plain")
        with open(self.world.path("plain"), "rb") as f:
            self.assertEqual(f.read(), DOCUMENT)

    def test_the_key_for_authentication_deciphers(self):
        self.card("fi2", "fineid-v2", "auth", "01")
        self.world.run("openssl", "pkeyutl", "-encrypt", "-pubin", "-inkey", "rsa.pub", "-in", "document",
                       "-out", "cryptogram")  # fmt: skip
        self.deciphers("RSA-PKCS")
        self.world.module = harness.opensc_module()
        self.deciphers("RSA-PKCS")

    def test_two_keys_are_two_keys(self):
        self.enrol("two", "fineid-v2", "auth", "01")
        self.enrol("two", "", "sign", "02", "--add")
        self.put_in("two")
        self.sign_rsa("rsa", slot=0)
        self.sign_rsa("other", slot=1)

    def test_a_wrong_pin_is_refused_by_the_token_and_remembered_by_the_card(self):
        self.card("wrong", "fineid-v2", "auth", "01")
        # The first time the token says so, at the signature; the second time the card, at the login.
        for _ in range(2):
            done = self.use("--sign", "-m", "RSA-PKCS", "-i", "digestinfo", "-o", "signature",
                            pin="999999", check=False)  # fmt: skip
            self.assertNotEqual(done.returncode, 0)
        self.assertIn("C_Login failed: rv = CKR_PIN_INCORRECT", done.stdout)
        self.assertEqual(self.world.journal("wrong").count(" 63C2 "), 1)
        self.assertEqual(self.world.journal("wrong").count("The token refused the PIN."), 1)
        self.sign_rsa()

    def test_wrong_pins_block_the_card_before_the_token(self):
        self.card("blocked", "fineid-v2", "auth", "01")
        for pin in ("999991", "999992", "999993"):
            self.use("--sign", "-m", "RSA-PKCS", "-i", "digestinfo", "-o", "signature", pin=pin,
                     check=False)  # fmt: skip
        done = self.use("--sign", "-m", "RSA-PKCS", "-i", "digestinfo", "-o", "signature", check=False)
        self.assertIn("CKR_PIN_LOCKED", done.stdout)
        self.world.vicar("pin", "unblock", "blocked")
        self.sign_rsa()

    def test_three_files_are_signed_with_one_login(self):
        self.card("many", "fineid-v2", "auth", "01")
        names = [f"file{number}" for number in range(3)]
        for name in names:
            with open(self.world.path(name), "wb") as f:
                f.write(DOCUMENT + name.encode())
        self.world.person.expect([("PIN", TOKEN_PIN + harness.ENTER)])
        self.world.vicar("sign", "--cms", "--card", "many", *names)
        for name in names:
            self.world.run("openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", f"{name}.p7s",
                           "-content", name, "-CAfile", "ca.pem", "-purpose", "any",
                           "-out", "content")  # fmt: skip
        self.assertEqual(self.world.journal("many").count("the token is at work"), 1)

    def test_a_service_tells_its_keys_and_how_its_pin_is(self):
        self.assertIn(f'"{TOKEN}" is there', self.world.vicar("service", "check", "hsm").stdout)
        keys = self.world.vicar("service", "credentials", "hsm").stdout
        self.assertEqual(keys.count("uses: pkcs1 pss decipher-pkcs1 decipher-oaep"), 2)
        self.assertEqual(keys.count("uses: ecdsa derive"), 2)

    def test_enrol_lists_the_keys_when_there_are_several(self):
        done = self.world.vicar("enrol", "any", "--service", "hsm", "--card", "cc-v1", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(sorted(re.findall(rf"token={TOKEN};id=%(\d\d)", done.stdout)),
                         [identifier for _, _, identifier in KEYS])  # fmt: skip


class Odd(Vault):
    """tests/modules/p11-odd.c between us and SoftHSM."""

    def odd(self, words, **keys):
        self.world.env.update(ODD=words, ODD_MODULE=SOFTHSM)
        self.addCleanup(self.world.env.pop, "ODD")
        self.configure(os.path.join(self.world.build, "tests/modules/p11-odd.so"),
                       prompt={"timeout-s": 1}, **keys)  # fmt: skip

    def vicard(self, name):
        status = self.world.vicar("status", name).stdout
        return int(re.search(r"\bpid:? (\d+)", status)[1])

    def test_a_module_that_does_not_come_back_does_not_hold_the_card(self):
        self.enrol("hangs", "fineid-v2", "auth", "01")
        self.odd("hang-sign")
        self.put_in("hangs")
        process = self.world.popen("pkcs11-tool", "--module", self.world.module, "--login", "--pin",
                                   TOKEN_PIN, "--sign", "-m", "RSA-PKCS", "-i", "digestinfo",
                                   "-o", "signature")  # fmt: skip
        card = self.vicard("hangs")
        bridge = wait_for("vicar-bridge", lambda: children(card))[0]
        began = time.monotonic()
        output, _ = process.communicate(timeout=60)
        self.assertLess(time.monotonic() - began, 30)
        self.assertNotEqual(process.returncode, 0, output)
        wait_for("end of vicar-bridge", lambda: ended(bridge), 20)
        self.assertIn("vicar-bridge did not answer in time", self.world.journal("hangs"))
        # The card answers.
        self.assertIn("hangs", self.world.vicar("status", "hangs").stdout)
        self.world.run("pkcs15-tool", "--list-keys")

    def test_a_module_that_is_gone_is_named(self):
        self.enrol("gone", "fineid-v2", "auth", "01")
        self.configure(module="/nowhere/module.so")
        self.put_in("gone")
        done = self.use("--sign", "-m", "RSA-PKCS", "-i", "digestinfo", "-o", "signature", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("/nowhere/module.so", self.world.journal("gone"))


class Proxy(Vault):
    """p11-kit-proxy has SoftHSM and our own module behind it: the card would wait for itself."""

    MODULES = "/usr/share/p11-kit/modules"

    def setUp(self):
        super().setUp()
        # p11-kit reads a user's own modules, but not root's.
        modules = self.world.path("config", "pkcs11", "modules")
        os.makedirs(modules, exist_ok=True)
        files = {
            "vicar": f"module: {self.world.own_module()}\n",
            "softhsm2": f"module: {SOFTHSM}\n",
            # It knows nothing of VICAR_INSIDE, and would ask the card.
            "opensc-pkcs11": "module: opensc-pkcs11.so\ndisable-in: vicar-bridge\n",
        }
        for name, text in files.items():
            with open(os.path.join(modules, f"{name}.module"), "w") as f:
                f.write(text)
        self.inside = ()
        if os.getuid() == 0:
            mount = f'mount --bind "$0" {self.MODULES} && exec "$@"'
            self.inside = ("unshare", "--mount", "sh", "-c", mount, modules)

    def vicar(self, *arguments):
        return self.world.run(*self.inside, self.world.tool("vicar"), *arguments)

    def test_the_card_does_not_wait_for_itself(self):
        proxy = os.path.join(os.path.dirname(harness.opensc_module()), "p11-kit-proxy.so")
        log = self.world.path("module.log")
        self.configure(module=proxy)
        self.world.env["VICAR_PKCS11_LOG"] = log
        self.addCleanup(self.world.env.pop, "VICAR_PKCS11_LOG")
        self.vicar("enrol", "proxied", "--service", "hsm", "--credential", uri("01"), "--role", "auth",
                   "--card", "fineid-v2")  # fmt: skip
        self.vicar("insert", "proxied")
        self.world.inserted.add("proxied")
        self.world.wait_card()
        began = time.monotonic()
        self.world.module = harness.opensc_module()
        self.sign_rsa()
        self.assertLess(time.monotonic() - began, 10)
        # Our module was in the bridge, and had no slots there.
        with open(log) as f:
            calls = re.findall(r"vicar-bridge\S* (C_\w+)\((.*)\) = CKR_OK", f.read())
        self.assertIn("C_Initialize", dict(calls))
        self.assertEqual({text.split("count ")[1] for name, text in calls if name == "C_GetSlotList"}, {"0"})


if __name__ == "__main__":
    harness.main()
