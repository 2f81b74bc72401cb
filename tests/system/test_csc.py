#!/usr/bin/env python3
"""Cards whose keys are at a CSC service: signatures through stock pkcs11-tool, over OpenSC and over our
module, and by `vicar sign`, with the real pcscd and the simulated service. How often the service is asked
for what costs something, and what is kept and told of it."""

import hashlib
import http.server
import json
import os
import re
import ssl
import stat
import sys
import threading
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import csc_simulator  # noqa: E402
import harness  # noqa: E402
from csc_simulator import CscSimulator, credential, server  # noqa: E402
from harness import ENTER, PIN, World  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
PASSWORD = "segredo"
DOCUMENT = b"a document that deserves a signature\n"
COSTLY = ("credentials/sendOTP", "credentials/getChallenge", "credentials/authorize", "signatures/signHash")


class Csc(unittest.TestCase):
    """A service and a reader for all tests of a class; each test makes its card."""

    @classmethod
    def setUpClass(cls):
        cls.world = World(harness.BUILD)
        cls.addClassCleanup(cls.world.close)
        cls.service = CscSimulator(harness.BUILD)
        cls.addClassCleanup(cls.service.close)
        cls.world.start_pcscd()
        with open(cls.world.path("document"), "wb") as f:
            f.write(DOCUMENT)
        for bits in (256, 384):
            with open(cls.world.path(f"sha{bits}"), "wb") as f:
                f.write(hashlib.new(f"sha{bits}", DOCUMENT).digest())
        cls.account = cls.world.write_private("account", "[account]\nuser = maria\n")
        with open(cls.service.path("credentials")) as f:
            cls.client = f.read()

    def setUp(self):
        self.world.module = self.world.own_module()
        self.world.person.expect([self.world.agrees(), self.types_code()])
        self.configure()

    def types_code(self):
        return ("[Cc]ode: $", lambda seen: self.service.code() + ENTER)

    def configure(self, version="v1", credentials=None, **keys):
        keys = {
            "type": "csc", "profile": "simulator", "endpoint": self.service.endpoint.replace("v1", version),
            "ca-file": self.service.path("tls-ca.pem"), "poll-ms": 100,
            "credentials": self.world.write_private("client", credentials or self.client),
            "browser": self.world.path("browser"), **keys,
        }  # fmt: skip
        self.world.configure(card={"pin-tries": 3})
        with open(self.world.path("vicar.conf"), "a") as f:
            f.write("[service csc]\n")
            f.writelines(f"{key} = {value}\n" for key, value in keys.items())
        with open(self.world.path("browser"), "w") as f:
            f.write(f"#!/bin/sh\nexec {sys.executable} {HERE}/csc_browser.py {self.service.path('tls-ca.pem')}"
                    f" maria {PASSWORD} {PIN} {self.service.path('messages')} \"$1\""
                    f" >>{self.world.path('browsed')}\n")  # fmt: skip
        os.chmod(self.world.path("browser"), 0o755)

    def serve(self, *credentials, **keys):
        self.service.accounts(csc_simulator.USER, *credentials, server(**keys))

    def key(self, name="maria-sign", **keys):
        return credential(name, **{"pin": PIN, "key": "rsa2048", **keys})

    def enrol(self, name, card, role, *more):
        return self.world.vicar("enrol", name, "--service", "csc", "--account", self.account, "--card", card,
                                "--role", role, *more)  # fmt: skip

    def card(self, name, card="cc-v1", role="sign", *more):
        self.enrol(name, card, role, *more)
        self.world.insert(name)
        self.addCleanup(self.world.wait_card, False)
        self.addCleanup(self.take_out, name)
        self.world.wait_card()
        self.before = {method: self.service.count(method) for method in COSTLY}

    def take_out(self, name):
        if name in self.world.inserted:
            self.world.remove(name)

    def assert_costs(self, **counts):
        """Since the card was put in, of each method that costs something."""
        named = {method: counts.get(method.split("/")[1], 0) for method in COSTLY}
        made = {method: self.service.count(method) - self.before[method] for method in COSTLY}
        self.assertEqual(made, named)

    def use(self, *arguments, pin=PIN, **more):
        return self.world.pkcs11("--login", "--pin", pin, "--sign", *arguments, "-o", "signature", **more)

    def public_key(self, identifier="maria-sign"):
        done = self.world.run("openssl", "x509", "-in", self.service.path("certificates", f"{identifier}.pem"),
                              "-noout", "-pubkey")  # fmt: skip
        with open(self.world.path("key.pub"), "w") as f:
            f.write(done.stdout)
        return self.world.path("key.pub")

    def sign_rsa(self):
        self.use("-m", "SHA256-RSA-PKCS", "-i", "document")
        done = self.world.run("openssl", "dgst", "-sha256", "-verify", self.public_key(), "-signature",
                              "signature", "document")  # fmt: skip
        self.assertIn("Verified OK", done.stdout)

    def verify_hash(self, bits, *options):
        done = self.world.run("openssl", "pkeyutl", "-verify", "-pubin", "-inkey", self.public_key(), "-in",
                              f"sha{bits}", "-sigfile", "signature", *options)  # fmt: skip
        self.assertIn("Verified Successfully", done.stdout)


class Uses(Csc):
    def test_pin_and_code_sign_through_opensc_and_our_module(self):
        self.serve(self.key())
        self.configure(login="oauth2client")
        self.card("cc")
        self.sign_rsa()
        self.world.module = harness.opensc_module()
        self.sign_rsa()
        self.assert_costs(sendOTP=2, authorize=2, signHash=2)
        self.assertEqual(self.world.person.unexpected, [])
        # The service is told what the owner saw, and the journal nothing that is secret.
        shown = re.search(r"Document: ([0-9a-f]{8})\n", self.world.person.asked[0])[1]
        described = [call[8] for call in self.service.calls() if call[1] == "credentials/authorize"]
        self.assertEqual(described[-2:], [shown, shown])
        journal = self.world.journal("cc")
        self.assertEqual(journal.count("Done."), 2)
        for secret in (PIN, *(message[3] for message in self.service.messages())):
            self.assertNotIn(secret, journal)

    def test_pin_and_code_of_v2_sign(self):
        self.serve(self.key())
        self.configure("v2", login="oauth2client")
        self.card("cc2")
        self.sign_rsa()
        self.assert_costs(getChallenge=1, authorize=1, signHash=1)

    def test_a_page_in_the_browser_logs_in_and_authorises(self):
        self.serve(self.key(mode="oauth2code"))
        self.configure()
        done = self.enrol("page", "cc-v1", "sign")
        self.assertRegex(done.stdout, r"waiting for the owner's browser at http://127\.0\.0\.1:\d+/")
        self.world.vicar("forget", "--yes", "page")
        self.card("page")
        self.sign_rsa()
        self.assert_costs(signHash=1)
        with open(self.world.path("browsed")) as f:
            self.assertIn("you can close this page", f.read())
        # A login that lasts is kept for this user alone, and not told to anybody.
        tokens = self.world.path("data", "vicar", "tokens")
        (name,) = os.listdir(tokens)
        path = os.path.join(tokens, name)
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        with open(path) as f:
            token = f.read()
        self.assertNotIn(token, self.world.journal("page"))
        self.world.remove("page")
        self.world.vicar("forget", "--yes", "page")
        self.assertEqual(os.listdir(tokens), [])

    def test_a_key_on_a_curve_signs(self):
        self.serve(self.key(key="p384", otp="none"))
        self.configure(login="oauth2client")
        self.card("fi4", "fineid-v4", "auth")
        self.use("-m", "ECDSA", "--signature-format", "openssl", "-i", "sha384")
        self.verify_hash(384)
        self.assert_costs(authorize=1, signHash=1)

    def test_pss_signs_where_the_card_has_it(self):
        self.serve(self.key(otp="none", algorithms="rsa-pss rsa-sha256"))
        self.configure("v2", login="oauth2client")
        self.card("fi4rsa", "fineid-v4", "auth")
        self.use("-m", "RSA-PKCS-PSS", "--hash-algorithm", "SHA256", "-i", "sha256")
        self.verify_hash(256, "-pkeyopt", "rsa_padding_mode:pss", "-pkeyopt", "digest:sha256")
        self.assert_costs(authorize=1, signHash=1)

    def test_a_wrong_pin_is_judged_once_and_remembered(self):
        self.serve(self.key(otp="none"))
        self.configure(login="oauth2client")
        self.card("wrong", "fineid-v2", "auth")
        for _ in range(2):
            done = self.use("-m", "SHA256-RSA-PKCS", "-i", "document", pin="999999", check=False)
            self.assertNotEqual(done.returncode, 0)
        self.assertIn("CKR_PIN_INCORRECT", done.stdout)
        self.assert_costs(authorize=1)
        self.assertEqual(self.world.journal("wrong").count(" 63C2 "), 1)
        self.sign_rsa()
        self.assert_costs(authorize=2, signHash=1)

    def test_many_documents_are_one_pin_and_one_code(self):
        self.serve(self.key(multisign=10))
        self.configure(login="oauth2client")
        self.card("many")
        self.world.person.expect([(r"PIN: $", PIN + ENTER), self.types_code()])
        names = [f"many-{i}" for i in range(3)]
        for name in names:
            with open(self.world.path(name), "w") as f:
                f.write(name)
        self.world.vicar("sign", "--card", "many", "--cms", *names)
        self.assert_costs(sendOTP=1, authorize=1, signHash=1)
        for name in names:
            self.world.run("openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", f"{name}.p7s",
                           "-content", name, "-CAfile", self.service.path("root.pem"), "-purpose", "any",
                           "-out", "out")  # fmt: skip


class Accounts(Csc):
    def test_several_keys_are_listed_and_one_is_named(self):
        self.serve(self.key(), self.key("maria-auth", key="p256", description="Second key"))
        self.configure(login="oauth2client")
        listed = self.world.vicar("service", "credentials", "csc", "--account", self.account).stdout
        self.assertRegex(listed, r"(?m)^credential: maria-sign\n(.+\n)*uses: pkcs1 pss many$")
        self.assertRegex(listed, r"(?m)^credential: maria-auth\nlabel: Second key\n(.+\n)*uses: ecdsa many$")
        done = self.world.vicar("enrol", "any", "--service", "csc", "--account", self.account, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("maria-sign, maria-auth; name one with --credential", done.stdout)
        self.enrol("named", "cc-v2", "sign", "--credential", "maria-auth")
        with open(self.world.path("data", "vicar", "cards", "named", "card.conf")) as f:
            self.assertRegex(f.read(), r"(?m)^credential = maria-auth\nuses = ecdsa$")

    def test_a_check_logs_nobody_in(self):
        self.serve(self.key())
        self.configure(login="oauth2code")
        before = self.service.count("oauth2/authorize")
        checked = self.world.vicar("service", "check", "csc", "--account", self.account).stdout
        self.assertIn("the next use asks for a login", checked)
        self.assertEqual(self.service.count("oauth2/authorize"), before)
        self.configure(login="basic", credentials=f"[credentials]\npassword = {PASSWORD}\n")
        checked = self.world.vicar("service", "check", "csc", "--account", self.account).stdout
        self.assertIn("knows the account", checked)

    def test_a_wrong_password_is_told_as_that(self):
        self.serve(self.key())
        self.configure(login="basic", credentials="[credentials]\npassword = falsch\n")
        done = self.world.vicar("service", "credentials", "csc", "--account", self.account, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("The service refused the login", done.stdout)
        self.assertNotIn("falsch", done.stdout)


class Greeting(http.server.BaseHTTPRequestHandler):
    """info of a service that knows its clients by their certificates."""

    def do_POST(self):
        body = json.dumps({"specs": "1.0.3.0", "authType": ["TLS"], "methods": []}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class ClientCertificate(Csc):
    def setUp(self):
        super().setUp()
        self.world.run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj",
                       "/CN=client", "-keyout", "client.key", "-out", "client.pem")  # fmt: skip
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.service.path("tls.pem"), self.service.path("private", "tls.key"))
        context.load_verify_locations(self.world.path("client.pem"))
        context.verify_mode = ssl.CERT_REQUIRED
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Greeting)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        self.endpoint = f"https://127.0.0.1:{server.server_port}/csc/v1"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)

    def check(self, code, **keys):
        self.configure(endpoint=self.endpoint, **keys)
        done = self.world.vicar("service", "check", "csc", "--account", self.account, check=False)
        self.assertEqual(done.returncode, code, done.stdout)
        return done.stdout

    def test_a_certificate_of_the_client_is_a_login(self):
        certificate = {"client-certificate": self.world.path("client.pem")}
        told = self.check(0, **certificate, **{"client-key": self.world.path("client.key")})
        self.assertIn("knows the account", told)
        self.check(1)
        self.assertIn("not configured", self.check(1, **{"client-certificate": "/nowhere/client.pem"}))


if __name__ == "__main__":
    harness.main()
