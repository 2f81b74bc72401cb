"""The whole round of stock OpenSC with one card: a class with the tests, Round, and what a row says of
a card. Every mechanism that OpenSC offers for the card is exercised, or its refusal is; OpenSSL judges.

    class SomeCard(Round, unittest.TestCase):
        CARD = "fineid-v2"
        ...
"""

import hashlib
import re
import typing

import harness
from harness import PHONE, PIN, World

DOCUMENT = b"a document that deserves a signature\n"
SECRET = b"for the holder of the card only"
AUTH_PIN, SIGN_PIN, PUK = "1234", "123456", "12345678"
MODULUS = 256

DIGESTINFO = {
    "sha1": bytes.fromhex("3021300906052b0e03021a05000414"),
    "sha256": bytes.fromhex("3031300d060960864801650304020105000420"),
    "sha512": bytes.fromhex("3051300d060960864801650304020305000440"),
}


class Key(typing.NamedTuple):
    slot: str  # OpenSC makes one for each PIN
    counter: str  # of the PIN
    pin: str
    auth_id: str
    id: str
    deciphers: bool = False


class Signature(typing.NamedTuple):
    """What is signed, and how OpenSSL is asked about it."""

    content: bytes
    openssl: tuple  # a command on key.pem, input and signature; it fails, or writes `recovered`
    options: tuple = ()  # of pkcs11-tool


class Decipherment(typing.NamedTuple):
    plaintext: bytes
    padding: tuple  # for openssl pkeyutl
    options: tuple = ()


def hashed(md, *more):
    """The client is given the document."""
    return Signature(
        DOCUMENT, ("dgst", f"-{md}", *more, "-verify", "key.pem", "-signature", "signature", "input")
    )


def hashed_pss(md):
    return hashed(md, "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest")


def pss(md):
    """The client is given the hash."""
    return Signature(
        hashlib.new(md, DOCUMENT).digest(),
        ("pkeyutl", "-verify", "-pubin", "-inkey", "key.pem", "-in", "input",
         "-sigfile", "signature", *pkeyopt("rsa_padding_mode:pss", f"digest:{md}",
                                           f"rsa_mgf1_md:{md}", "rsa_pss_saltlen:digest")),
        hash_options(md),
    )  # fmt: skip


def hash_options(md):
    """Of pkcs11-tool."""
    return ("--hash-algorithm", {"sha1": "SHA-1"}.get(md, md.upper()), "--mgf", f"MGF1-{md.upper()}")


def recovered(content, padding):
    """The client is given what stands in the signature."""
    return Signature(
        content,
        ("pkeyutl", "-verifyrecover", "-pubin", "-inkey", "key.pem", "-in", "signature",
         "-out", "recovered", *pkeyopt(f"rsa_padding_mode:{padding}")),
    )  # fmt: skip


def pkeyopt(*options):
    return tuple(word for option in options for word in ("-pkeyopt", option))


def digestinfo(md):
    return DIGESTINFO[md] + hashlib.new(md, DOCUMENT).digest()


def block(content):
    """EMSA-PKCS1-v1_5 of RFC 8017, made here for the mechanisms that are given a whole block."""
    return b"\0\1" + b"\xff" * (MODULUS - len(content) - 3) + b"\0" + content


def oaep(md):
    return Decipherment(
        SECRET,
        pkeyopt("rsa_padding_mode:oaep", f"rsa_oaep_md:{md}", f"rsa_mgf1_md:{md}"),
        hash_options(md),
    )


RAW_SIGNATURE = recovered(block(digestinfo("sha256")), "none")
ANY_36_BYTES = recovered(bytes(range(36)), "pkcs1")  # as long as TLS 1.1's MD5 and SHA-1
PKCS1_DECIPHERMENT = Decipherment(SECRET, pkeyopt("rsa_padding_mode:pkcs1"))
RAW_DECIPHERMENT = Decipherment(block(SECRET), pkeyopt("rsa_padding_mode:none"))


def input_for(mechanism):
    """Something that a key that had the mechanism would sign."""
    return {"RSA-X-509": RAW_SIGNATURE, "RSA-PKCS-PSS": pss("sha1")}.get(mechanism, hashed("sha1"))


class Round:
    """A row says: CARD and OPTIONS, for vicar create; KEYS; ATR; NAME, which OpenSC gives the card;
    FILES, a pattern of how far `opensc-tool -f` comes; DUMP, some of the card's objects; SIGNATURES and
    DECIPHERMENTS of each mechanism; REFUSED, mechanisms that OpenSC offers for the card and then
    refuses, with a pattern of the error; PIN_TRIES, the maximum of its PINs."""

    OPTIONS = ""
    DECIPHERMENTS = {}
    REFUSED = {}

    @classmethod
    def make_world(cls):
        """Whose reader it is; test_ccid.py has another."""
        return World(harness.BUILD)

    @classmethod
    def setUpClass(cls):
        cls.world = cls.make_world()
        try:
            cls.world.start_pcscd()
            cls.make_card()
            cls.world.insert("card")
            cls.world.wait_card()
            for key in cls.KEYS:
                cls.world.run("pkcs15-tool", "--read-certificate", key.id, "-o", "certificate.pem")
                cls.world.run(
                    "openssl", "x509", "-in", "certificate.pem", "-noout", "-pubkey",
                    "-out", f"key-{key.id}.pem",
                )  # fmt: skip
        except BaseException:
            cls.world.close()
            raise

    @classmethod
    def tearDownClass(cls):
        cls.world.close()

    @classmethod
    def make_card(cls):
        """Both keys on one card, each with its own PIN."""
        pins = "".join(f"{key.counter} = {key.pin}\n" for key in cls.KEYS) + f"puk = {PUK}\n"
        options = ("--option", cls.OPTIONS) if cls.OPTIONS else ()
        cls.world.create("card", "--card", cls.CARD, *options, pins=pins)

    def write(self, name, content):
        with open(self.world.path(name), "wb") as f:
            f.write(content)

    def read(self, name):
        with open(self.world.path(name), "rb") as f:
            return f.read()

    def in_slot(self, key, *arguments, pin=None, check=True):
        return self.world.pkcs11(
            "--slot-index", key.slot, "--login", "--pin", pin or key.pin, *arguments, check=check
        )

    def sign(self, key, mechanism, signature, pin=None, check=True):
        self.write("input", signature.content)
        return self.in_slot(
            key, "--sign", "-m", mechanism, *signature.options, "-i", "input", "-o", "signature",
            pin=pin, check=check,
        )  # fmt: skip

    def judge(self, key, signature):
        words = (f"key-{key.id}.pem" if word == "key.pem" else word for word in signature.openssl)
        self.world.run("openssl", *words)
        if "recovered" in signature.openssl:
            self.assertEqual(self.read("recovered"), signature.content)

    def assert_works(self, key, pin=None):
        """A signature, in the row's first mechanism."""
        mechanism, (signature, *_) = next(iter(self.SIGNATURES.items()))
        self.sign(key, mechanism, signature, pin)
        self.judge(key, signature)

    def encrypt(self, key, decipherment):
        self.write("plaintext", decipherment.plaintext)
        self.world.run(
            "openssl", "pkeyutl", "-encrypt", "-pubin", "-inkey", f"key-{key.id}.pem",
            *decipherment.padding, "-in", "plaintext", "-out", "cryptogram",
        )  # fmt: skip

    def decipher(self, key, mechanism, decipherment, check=True):
        return self.in_slot(
            key, "--decrypt", "-m", mechanism, *decipherment.options,
            "-i", "cryptogram", "-o", "deciphered", check=check,
        )  # fmt: skip

    def unblock(self, key):
        self.world.run(
            "pkcs15-tool", "--unblock-pin", "--auth-id", key.auth_id,
            "--puk", PUK, "--new-pin", key.pin,
        )  # fmt: skip

    def each(self, uses):
        for mechanism, ways in uses.items():
            for way in ways:
                yield mechanism, way

    def test_opensc_tool_shows_the_atr(self):
        atr = self.world.run("opensc-tool", "-a").stdout.splitlines()[-1]
        self.assertEqual(atr.replace(":", "").upper(), self.ATR)

    def test_opensc_tool_names_the_card(self):
        self.assertIn(self.NAME, self.world.run("opensc-tool", "-n").stdout)

    def test_opensc_tool_lists_files_as_far_as_its_driver_can(self):
        """Plastic cards stop it too: no sheet has a command that lists."""
        self.assertRegex(self.world.run("opensc-tool", "-f", check=False).stdout, self.FILES)

    def test_pkcs15_tool_dumps_every_object(self):
        dump = self.world.run("pkcs15-tool", "-D").stdout
        for text in self.DUMP:
            self.assertIn(text, dump)

    def test_pkcs11_tool_lists_a_slot_for_each_pin_and_a_certificate_for_each_key(self):
        slots = self.world.pkcs11("-L").stdout
        self.assertEqual(slots.count("token label"), len(self.KEYS))
        self.assertEqual(slots.count(self.world.reader_name), len(self.KEYS))
        for key in self.KEYS:
            listed = self.world.pkcs11("--slot-index", key.slot, "-O", "--type", "cert").stdout
            self.assertRegex(listed, rf"(?m)^  ID: +{key.id}$")

    def test_each_pin_opens_its_own_key(self):
        for key in self.KEYS:
            with self.subTest(key):
                listed = self.in_slot(key, "-O", "--type", "privkey").stdout
                self.assertEqual(re.findall(r"^  ID: +(\w+)$", listed, re.M), [key.id])

    def test_each_mechanism_that_is_offered_is_exercised_here_or_refused(self):
        for key in self.KEYS:
            with self.subTest(key):
                listed = self.world.pkcs11("--slot-index", key.slot, "-M").stdout
                offered = set(re.findall(r"^  ([\w-]+), keySize", listed, re.M))
                self.assertEqual(offered, {*self.SIGNATURES, *self.DECIPHERMENTS, *self.REFUSED})

    def test_each_key_signs_in_each_mechanism(self):
        for key in self.KEYS:
            for mechanism, signature in self.each(self.SIGNATURES):
                with self.subTest(key=key.id, mechanism=mechanism, size=len(signature.content)):
                    self.sign(key, mechanism, signature)
                    self.judge(key, signature)

    def test_a_mechanism_that_is_offered_and_cannot_be_is_refused(self):
        for key in self.KEYS:
            for mechanism, error in self.REFUSED.items():
                with self.subTest(key=key.id, mechanism=mechanism):
                    if "KEY-PAIR-GEN" in mechanism:
                        done = self.in_slot(key, "--keypairgen", "--key-type", "rsa:2048", check=False)
                    else:
                        done = self.sign(key, mechanism, input_for(mechanism), check=False)
                    self.assertNotEqual(done.returncode, 0)
                    self.assertRegex(done.stdout, error)

    def test_a_key_for_it_deciphers_in_each_mechanism(self):
        for key in self.KEYS:
            for mechanism, decipherment in self.each(self.DECIPHERMENTS):
                with self.subTest(key=key.id, mechanism=mechanism):
                    self.encrypt(key, decipherment)
                    if key.deciphers:
                        self.decipher(key, mechanism, decipherment)
                        self.assertEqual(self.read("deciphered"), decipherment.plaintext)
                    else:
                        done = self.decipher(key, mechanism, decipherment, check=False)
                        self.assertIn("CKR_KEY_TYPE_INCONSISTENT", done.stdout)

    def test_each_pin_can_be_changed_and_changed_back(self):
        for key in self.KEYS:
            with self.subTest(key):
                change = ("pkcs15-tool", "--change-pin", "--auth-id", key.auth_id)
                self.world.run(*change, "--pin", key.pin, "--new-pin", "987654")
                try:
                    self.assert_works(key, pin="987654")
                    done = self.in_slot(key, "-O", check=False)
                    self.assertIn("CKR_PIN_INCORRECT", done.stdout)
                finally:
                    self.world.run(*change, "--pin", "987654", "--new-pin", key.pin)
                self.assert_works(key)

    def test_wrong_pins_block_each_pin_and_the_puk_unblocks_it(self):
        for key in self.KEYS:
            with self.subTest(key):
                for _ in range(self.PIN_TRIES):
                    done = self.in_slot(key, "-O", pin="99999999", check=False)
                    self.assertIn("CKR_PIN_INCORRECT", done.stdout)
                self.assertIn("CKR_PIN_LOCKED", self.in_slot(key, "-O", check=False).stdout)
                self.unblock(key)
                self.assert_works(key)

    def test_one_blocked_pin_leaves_the_other_key_alone(self):
        first, second = self.KEYS
        for _ in range(self.PIN_TRIES):
            self.in_slot(first, "-O", pin="99999999", check=False)
        try:
            self.assert_works(second)
        finally:
            self.unblock(first)

    def test_pkcs11_tool_tests_each_slot_to_the_end(self):
        for key in self.KEYS:
            with self.subTest(key):
                self.assertIn("No errors", self.in_slot(key, "--test").stdout)


class RemoteRound(Round):
    """The round of a card with one key at the simulated service: each signature is a start call, and
    the PIN is the service's. KIND is the key's."""

    # The rules of a PIN that only the service can judge: test_failures.py, test_pin_remote.py.
    test_each_pin_can_be_changed_and_changed_back = None
    test_wrong_pins_block_each_pin_and_the_puk_unblocks_it = None
    test_one_blocked_pin_leaves_the_other_key_alone = None
    # It comes as far as the classes below say.
    test_pkcs11_tool_tests_each_slot_to_the_end = None

    @classmethod
    def make_card(cls):
        account = f"[account maria]\nphone = {PHONE}\npin = {PIN}\nkey = {cls.KIND}\n"
        cls.world.start_simulator(account)
        cls.world.enrol("card", "--card", cls.CARD)

    def setUp(self):
        self.world.person.expect([self.world.agrees(), self.world.types_code()])
        self.before = len(self.world.calls("SCMDSign"))

    def starts(self):
        return len(self.world.calls("SCMDSign")) - self.before

    def test_a_mechanism_that_is_offered_and_cannot_be_is_refused(self):
        super().test_a_mechanism_that_is_offered_and_cannot_be_is_refused()
        self.assertEqual(self.starts(), 0)

    def test_signing_twice_in_a_row_gives_two_good_signatures_and_is_two_start_calls(self):
        for _ in range(2):
            self.assert_works(self.KEYS[0])
        self.assertEqual(self.starts(), 2)

    def test_what_the_service_cannot_sign_is_refused_without_a_start_call(self):
        done = self.sign(self.KEYS[0], "RSA-PKCS", ANY_36_BYTES, check=False)
        self.assertIn("CKR_DATA_INVALID", done.stdout)
        self.assertEqual(self.starts(), 0)

    def test_a_wrong_pin_is_refused_by_the_service_and_counted_once(self):
        (key,) = self.KEYS
        mechanism, (signature, *_) = next(iter(self.SIGNATURES.items()))
        done = self.sign(key, mechanism, signature, pin="999999", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("refused the signature PIN", self.world.vicar("log", "card").stdout)
        self.assertEqual(self.starts(), 1)
        self.assert_works(key)

    def test_neither_change_nor_puk_is_allowed(self):
        for action, *values in (
            ("--change-pin", "--pin", PIN, "--new-pin", "55667788"),
            ("--unblock-pin", "--puk", PUK, "--new-pin", "55667788"),
        ):
            done = self.world.run(
                "pkcs15-tool", action, "--auth-id", self.KEYS[0].auth_id, *values, check=False
            )
            # Where the card lists no PUK, OpenSC asks for none.
            self.assertRegex(done.stdout, "failed: (Not allowed|Data object not found)")
        self.assertEqual(self.starts(), 0)
