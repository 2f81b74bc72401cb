"""What the tests of PKCS#11's consumers share: a card in our reader, the module, its log.

Each test runs a program of Debian 12 with a home of its own, asks the module's log whether the
program signed with the card, has another program judge the result, and runs the same once more with
the card taken out, when it must fail.
"""

import contextlib
import os
import re
import signal
import ssl
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "system"))
import harness  # noqa: E402
from harness import (  # noqa: E402,F401
    LOCAL_PIN,
    LOCAL_PUK,
    PIN,
    ROOT,
    World,
    opensc_module,
    wait_for,
)
from tls_server import TlsServer  # noqa: E402

DOCUMENT = b"a document that deserves a signature\n"
SUBJECT = "/C=FI/O=Vicar/CN=VICAR TEST"
SIGNATURE_PIN = "654321"

RSA_AUTHENTICATION = ("--card", "fineid-v2", "--key", "rsa2048", "--role", "auth")
EC_AUTHENTICATION = ("--card", "fineid-v4", "--key", "p384", "--role", "auth")
RSA_SIGNATURE = ("--card", "fineid-v2", "--key", "rsa2048", "--role", "sign")
EC_SIGNATURE = ("--card", "fineid-v4", "--key", "p384", "--role", "sign")

# 2026-11-25 21:27:15.164 curl[4711/4711] C_Sign(session 1, data 51 bytes, output given 384) = CKR_OK
CALL = re.compile(r"^\S+ \S+ (?P<program>.+)\[\d+/\d+\] (?P<name>C_\w+)\((?P<arguments>.*)\) = (?P<rv>\w+)$")


def module_path():
    """VICAR_TEST_MODULE: another module, to tell its faults from those of a test."""
    return os.environ.get("VICAR_TEST_MODULE") or os.path.abspath(
        os.path.join(harness.BUILD, "vicar-pkcs11.so")
    )


class Consumer(unittest.TestCase):
    """CARD is what `vicar create` is told. REMOTE: the card is enrolled at the simulated CMD."""

    CARD = RSA_AUTHENTICATION
    ROLE = "auth"
    PIN = LOCAL_PIN
    REMOTE = False
    # As the module's log calls the program that is tested.
    PROGRAM = None

    @classmethod
    def setUpClass(cls):
        cls.world = World(harness.BUILD)
        try:
            cls.module = module_path()
            cls.start(cls.world)
        except BaseException:
            cls.world.close()
            raise

    @classmethod
    def start(cls, world):
        if cls.REMOTE:
            world.start_simulator()
        world.start_pcscd()
        if cls.REMOTE:
            world.enrol("card")
        else:
            pins = world.write_private("pins", f"{cls.pins()}puk = {LOCAL_PUK}\n")
            world.vicar("create", "card", "--pin-file", pins, *cls.CARD, "--subject", SUBJECT)
        world.vicar("cert", "export", "card", cls.ROLE, "--output", world.path("card.pem"))
        world.run("openssl", "x509", "-in", "card.pem", "-noout", "-pubkey", "-out", "card.key")
        world.insert("card")
        world.wait_card()

    @classmethod
    def pins(cls):
        return f"pin = {cls.PIN}\n"

    @classmethod
    def tearDownClass(cls):
        cls.world.close()

    def setUp(self):
        """A home, empty but for a document. Its name is short, for the sockets in it."""
        self.home = tempfile.mkdtemp(prefix="home-", dir=self.world.dir)
        self.log = self.world.path(os.path.basename(self.home) + ".log")
        os.mkdir(self.path("tmp"))
        self.write("document", DOCUMENT)
        if self.REMOTE:
            self.world.person.expect([self.world.agrees(), self.world.types_code()])

    def path(self, *parts):
        return os.path.join(self.home, *parts)

    def write(self, name, content):
        os.makedirs(os.path.dirname(self.path(name)), mode=0o700, exist_ok=True)
        with open(self.path(name), "wb") as f:
            f.write(content if isinstance(content, bytes) else content.encode())
        return self.path(name)

    def read(self, name):
        with open(self.path(name), "rb") as f:
            return f.read()

    @property
    def env(self):
        """On top of the world's: this test's home, and the module's log in it."""
        return {
            "HOME": self.home,
            "TMPDIR": self.path("tmp"),
            "XDG_CONFIG_HOME": self.path(".config"),
            "XDG_DATA_HOME": self.path(".local", "share"),
            "XDG_CACHE_HOME": self.path(".cache"),
            "VICAR_PKCS11_LOG": self.log,
        }

    def run_program(self, *argv, env=(), **more):
        """Runs the program in the test's home."""
        return self.world.run(*argv, env={**self.env, **dict(env)}, **more)

    def popen(self, *argv, env=(), **more):
        """Starts a program that is ended with the test."""
        process = self.world.popen(
            *argv, env={**self.env, **dict(env)}, start_new_session=True, **more
        )
        self.addCleanup(end, process)
        return process

    # What the module says

    def calls(self, *names):
        """The calls of the test's programs so far, in order: (program, function, arguments, value)."""
        try:
            with open(self.log) as f:
                lines = f.read().splitlines()
        except FileNotFoundError:
            return []
        found = [CALL.match(line) for line in lines]
        return [match.groups() for match in found if match and (not names or match["name"] in names)]

    def signatures(self):
        """How often a program named PROGRAM has got a signature; questions for its length are none."""
        return sum(
            value == "CKR_OK"
            and "output given" in arguments
            and re.fullmatch(self.PROGRAM, program) is not None
            for program, _, arguments, value in self.calls("C_Sign", "C_SignFinal")
        )

    @contextlib.contextmanager
    def signing(self):
        """What happens inside must make the program sign through the module."""
        before = self.signatures()
        yield
        self.assertGreater(
            self.signatures(), before, f"no C_Sign of {self.PROGRAM} in\n{self.log_tail()}"
        )

    @contextlib.contextmanager
    def remote_signing(self, starts=1):
        """The same with a key at the service: exactly one start call for each signature."""
        before = len(self.world.calls("SCMDSign"))
        signatures = self.signatures()
        with self.signing():
            yield
        self.assertEqual(self.signatures(), signatures + starts, self.log_tail())
        self.assertEqual(len(self.world.calls("SCMDSign")), before + starts)

    @contextlib.contextmanager
    def without_card(self):
        """The control: inside, the card is not in the reader, and no program gets a signature."""
        before = self.signatures()
        self.world.remove("card")
        self.world.wait_card(False)
        try:
            yield
        finally:
            self.world.insert("card")
            self.world.wait_card()
        self.assertEqual(self.signatures(), before)

    def refused(self, *argv, **more):
        """The control run of a program: it must fail."""
        with self.without_card():
            done = self.run_program(*argv, check=False, **more)
        self.assertNotEqual(done.returncode, 0, f"{argv} without a card:\n{done.stdout}")
        return done

    def log_tail(self):
        try:
            with open(self.log) as f:
                return "".join(f.readlines()[-60:])
        except FileNotFoundError:
            return f"{self.log}, which is not there\n"

    # The server that clients of TLS are let in to

    def start_server(self):
        self.server = TlsServer(self.world, self.world.path("card.pem"))
        self.addCleanup(self.server.close)

    def assert_let_in(self):
        """The server has seen the card's certificate, and a signature that fits it."""
        with open(self.world.path("card.pem")) as f:
            card = ssl.PEM_cert_to_DER_cert(f.read())
        self.assertTrue(self.server.let_in, self.server.turned_away)
        self.assertTrue(all(certificate == card for certificate, _ in self.server.let_in))

    # What openssl says

    def verify(self, signature, *arguments, document="document", digest="-sha256"):
        """OpenSSL's word on a signature, by the key of the card's certificate."""
        done = self.world.run(
            "openssl", "dgst", digest, *arguments, "-verify", self.world.path("card.key"),
            "-signature", self.path(signature), self.path(document),
        )  # fmt: skip
        self.assertIn("Verified OK", done.stdout)

    def verify_cms(self, signed, *arguments):
        """OpenSSL's word on a detached CMS signature over the document, DER."""
        done = self.world.run(
            "openssl", "cms", "-verify", "-inform", "DER", "-in", self.path(signed), "-binary",
            "-CAfile", self.world.path("card.pem"), "-partial_chain", "-purpose", "any", *arguments,
            "-content", self.path("document"), "-out", "/dev/null",
        )  # fmt: skip
        self.assertIn("erification successful", done.stdout)


class AuthenticationWithRsa(Consumer):
    pass


class AuthenticationOnACurve(Consumer):
    CARD = EC_AUTHENTICATION


class SignatureWithRsa(Consumer):
    """The key wants its PIN for each signature."""

    CARD = RSA_SIGNATURE
    ROLE = "sign"
    PIN = SIGNATURE_PIN


class WholeCard(Consumer):
    """Two slots: one that browsers and the like are shown, and one for signatures that bind."""

    CARD = ("--card", "fineid-v2")

    @classmethod
    def pins(cls):
        return f"pin1 = {cls.PIN}\npin2 = {SIGNATURE_PIN}\n"


class SignatureOnACurve(SignatureWithRsa):
    CARD = EC_SIGNATURE


def end(process):
    """Ends what a test started, with all that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=10)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdout:
        process.stdout.close()


def main():
    harness.main()
