#!/usr/bin/env python3
"""What csc-simulator answers, member by member, how answers get lost, and what it writes down."""

import http.client
import json
import os
import re
import ssl
import sys

import jsonschema

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402
from csc_simulator import (  # noqa: E402
    DOCUMENT, ECDSA_SHA256, SHA, USER, CscSimulator, CscTest, credential, digest, server,
)  # fmt: skip
from harness import ROOT, wait_for  # noqa: E402


def setUpModule():
    CscTest.service = CscSimulator(harness.BUILD)


def tearDownModule():
    CscTest.service.close()


class Replies(CscTest):
    """Every member of the replies of v1 is as csc.md 4 has it, by type and presence. The schema of
    the Consortium is not ours to give away: VICAR_CSC_SCHEMA names a copy of v1.0.3.0, and replies are
    then held against it too, with its defects (csc.md 13) mended."""

    @classmethod
    def setUpClass(cls):
        with open(os.path.join(ROOT, "tests/fixtures/csc/replies-v1.json")) as f:
            cls.schemas = [json.load(f)]
        if os.environ.get("VICAR_CSC_SCHEMA"):
            cls.schemas.append(cls.mended(os.environ["VICAR_CSC_SCHEMA"]))

    @staticmethod
    def mended(path):
        with open(path) as f:
            schema = json.load(f)
        parts = schema["definitions"]
        for factor in ("PININFO", "OTPINFO"):
            parts[factor]["properties"]["format"]["pattern"] = "^(A|N)$"
        parts["key"]["properties"]["curve"] = {"type": "string"}
        parts["multisign"] = {"type": "number"}
        parts["output-credentials-extendTransaction"]["properties"]["expiresIn"] = {"$ref": "#/definitions/expiresIn"}
        return {"$schema": schema["$schema"], "definitions": parts}

    def assert_valid(self, name, reply):
        for schema in self.schemas:
            checked = {**schema, "$ref": f"#/definitions/output-{name}"}
            errors = list(jsonschema.Draft7Validator(checked).iter_errors(reply))
            self.assertEqual(errors, [], (name, reply))

    def test_the_schema_refuses_what_is_not_right(self):
        for name, reply in (
            ("info", {"specs": "1.0.3.0"}),
            ("auth-login", {"access_token": 1}),
            ("credentials-list", {"credentialIDs": [1]}),
            ("credentials-authorize", {"expiresIn": 300}),
            ("signatures-signhash", {"signatures": "x"}),
        ):
            with self.subTest(name):
                with self.assertRaises(AssertionError):
                    self.assert_valid(name, reply)

    def test_of_every_method_of_v1(self):
        self.assert_valid("info", self.ok("info", {}))
        login = self.service.post("auth/login", {"rememberMe": True}, headers=self.service.basic()).json
        self.assert_valid("auth-login", login)
        token = login["access_token"]
        self.assert_valid("credentials-list", self.ok("credentials/list", {}, token))
        self.service.accounts(USER, credential(), credential("second"), server(page_size=1))
        self.assert_valid("credentials-list", self.ok("credentials/list", {}, token))
        sad = self.sad(token, [digest(DOCUMENT)])
        self.assert_valid("credentials-authorize", {"SAD": sad})
        body = {"credentialID": "maria-sign", "SAD": sad, "hash": [digest(DOCUMENT)]}
        extended = self.ok("credentials/extendTransaction", body, token)
        self.assert_valid("credentials-extendTransaction", extended)
        signed = self.ok("signatures/signHash", {**body, "SAD": extended["SAD"], "signAlgo": ECDSA_SHA256}, token)
        self.assert_valid("signatures-signhash", signed)
        stamp = self.ok("signatures/timestamp", {"hash": digest(DOCUMENT), "hashAlgo": SHA["sha256"]}, token)
        self.assert_valid("signatures-timestamp", stamp)
        got = self.service.token_request(grant_type="client_credentials").json
        self.assert_valid("oauth2-token", got)

    def test_of_every_kind_of_credential(self):
        token = self.service.login()
        for name, keys in {
            "pin and code": {},
            "description": {"description": "Assinatura"},
            "code of a device": {"otp": "offline", "code": "123456"},
            "pin with letters": {"pin": "abcd-1", "otp": "none"},
            "optional": {"pin_presence": "optional", "otp_presence": "optional"},
        }.items():
            self.service.accounts(USER, credential(**keys))
            for certificates in ("none", "single", "chain"):
                with self.subTest(name, certificates=certificates):
                    body = {"credentialID": "maria-sign", "certificates": certificates,
                            "certInfo": True, "authInfo": True}  # fmt: skip
                    self.assert_valid("credentials-info", self.ok("credentials/info", body, token))


# A request goes out in two writes, and a connection may be gone before the second.
GONE_WHILE_ASKING = (BrokenPipeError, ConnectionResetError, ssl.SSLEOFError)


class Connections(CscTest):
    def lost(self, trouble, error, status):
        """A list that is asked for gets lost so; what the client and the record then know."""
        token = self.service.login()
        self.service.accounts(USER, credential(), server(trouble=trouble, on="credentials/list"))
        with self.assertRaises(error):
            self.service.post("credentials/list", {}, token)
        self.assertEqual(self.service.calls()[-1][4:7], (status, "-", trouble))

    def test_closed_before_it_is_done(self):
        self.lost("drop-before", (http.client.RemoteDisconnected, *GONE_WHILE_ASKING), "-")

    def test_closed_after_it_is_done(self):
        self.lost("drop-after", http.client.RemoteDisconnected, "200")

    def test_reset_before_it_is_done(self):
        self.lost("reset-before", GONE_WHILE_ASKING, "-")

    def test_reset_after_it_is_done(self):
        self.lost("reset-after", ConnectionResetError, "200")

    def test_closed_within_the_body(self):
        self.lost("cut", http.client.IncompleteRead, "200")

    def test_too_long_and_still_json(self):
        token = self.service.login()
        self.service.accounts(USER, credential(), server(trouble="huge", on="credentials/list"))
        answer = self.service.post("credentials/list", {}, token)
        self.assertGreater(len(answer.body), 20 << 20)
        self.assertEqual(answer.json["credentialIDs"], ["maria-sign"])

    def test_a_body_that_is_too_long_is_refused(self):
        answer = self.service.post("info", {"lang": "x" * 70000})
        self.assertEqual(answer.error, (413, "invalid_request", "The request is too long"))

    def test_who_trusts_others_does_not_get_far(self):
        trusts_others = ssl.create_default_context(cafile=self.service.path("root.pem"))
        connection = http.client.HTTPSConnection(self.service.host, context=trusts_others, timeout=20)
        self.addCleanup(connection.close)
        with self.assertRaises(ssl.SSLCertVerificationError):
            connection.request("POST", "/csc/v1/info", "{}")


class Records(CscTest):
    def test_calls_have_no_secret_and_are_written_before_the_answer(self):
        token = self.service.login()
        sad = self.sad(token, [digest(DOCUMENT)], description="Sign contrato.pdf")
        self.assertEqual(
            self.service.calls()[-1],
            ("v1", "credentials/authorize", "maria", "maria-sign", "200", "-", "-", "1", "Sign contrato.pdf"),
        )
        written = self.service.read("calls")
        for secret in ("segredo", "1234", self.service.code(), token, sad, self.service.secret()):
            self.assertNotIn(secret, re.sub(r"^\S+", "", written, flags=re.M))

    def test_a_call_that_hangs_holds_up_nobody_else(self):
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.service.login()}"}
        self.service.accounts(USER, credential(), server(trouble="hang", on="credentials/list"))
        before = self.service.count("credentials/list")
        connection = self.service.connect()
        self.addCleanup(connection.close)
        connection.request("POST", "/csc/v1/credentials/list", "{}", headers)
        wait_for("the call that hangs", lambda: self.service.count("credentials/list") > before)
        self.ok("info", {})
        connection.sock.settimeout(0.2)
        with self.assertRaises(TimeoutError):
            connection.getresponse()

    def test_one_connection_takes_many_requests(self):
        connection = self.service.connect()
        self.addCleanup(connection.close)
        for version in ("v1", "v2", "v1"):
            connection.request("POST", f"/csc/{version}/info", "{}", {"Content-Type": "application/json"})
            first = connection.sock
            self.assertIn("specs", json.loads(connection.getresponse().read()))
            self.assertIs(connection.sock, first)

    def test_files_with_secrets_are_their_owners_only(self):
        for name in ("credentials", "messages", "private/tls.key", "private/credential-maria-sign.key"):
            self.assertEqual(os.stat(self.service.path(name)).st_mode & 0o777, 0o600, name)


if __name__ == "__main__":
    harness.main()
