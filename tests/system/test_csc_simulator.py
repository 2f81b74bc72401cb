#!/usr/bin/env python3
"""csc-simulator with stock clients at the other end: Python's HTTPS, oauthlib and the openssl program,
for whole sequences of csc.md 9. The rules of single requests are in the unit tests (test-rssp-*.c)."""

import base64
import json
import os
import re
import sys

import oauthlib.oauth2

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402
from csc_simulator import (  # noqa: E402
    CLIENT, DOCUMENT, ECDSA_SHA256, REDIRECT, SHA, USER, CscSimulator, CscTest, credential, digest, server,
    url_digest,
)  # fmt: skip

RSA, PSS, SHA256_RSA = "1.2.840.113549.1.1.1", "1.2.840.113549.1.1.10", "1.2.840.113549.1.1.11"
# csc.md 7
PSS_SHA384 = "MDSgDzANBglghkgBZQMEAgIFAKEcMBoGCSqGSIb3DQEBCDANBglghkgBZQMEAgIFAKIDAgEw"
# RFC 7636 appendix B
PKCE_VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
PKCE_CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def setUpModule():
    CscTest.service = CscSimulator(harness.BUILD)


def tearDownModule():
    CscTest.service.close()


class Version1(CscTest):
    def test_pin_and_code_from_login_to_revocation(self):
        token = self.service.login()
        self.assertEqual(self.ok("credentials/list", {}, token)["credentialIDs"], ["maria-sign"])
        hashes = [digest(DOCUMENT), digest(b"anexo")]
        signed = self.ok(
            "signatures/signHash",
            {"credentialID": "maria-sign", "SAD": self.sad(token, hashes), "hash": hashes, "signAlgo": ECDSA_SHA256},
            token,
        )["signatures"]
        certificate = self.certificate(token)
        self.assert_signed(certificate, signed[0], DOCUMENT)
        self.assert_signed(certificate, signed[1], b"anexo")
        self.ok("auth/revoke", {"token": token}, token, status=204)
        self.assertEqual(self.service.post("credentials/list", {}, token).status, 401)

    def sign_rsa(self, algo, name, *options, **more):
        self.service.accounts(USER, credential("maria-rsa", key="rsa2048"))
        token = self.service.login()
        hashes = [digest(DOCUMENT, name)]
        body = {"credentialID": "maria-rsa", "SAD": self.sad(token, hashes, "maria-rsa"),
                "hash": hashes, "signAlgo": algo, **more}  # fmt: skip
        signed = self.ok("signatures/signHash", body, token)["signatures"]
        certificate = self.certificate(token, name="maria-rsa")
        self.assert_signed(certificate, signed[0], DOCUMENT, name, *options)

    def test_rsa_with_a_digest_that_is_named_apart(self):
        for name, oid in SHA.items():
            with self.subTest(name):
                self.sign_rsa(RSA, name, hashAlgo=oid)

    def test_rsa_with_a_digest_that_is_implied(self):
        self.sign_rsa(SHA256_RSA, "sha256")

    def test_pss_with_parameters(self):
        self.sign_rsa(
            PSS, "sha384", "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:48",
            hashAlgo=SHA["sha384"], signAlgoParams=PSS_SHA384,
        )  # fmt: skip

    def test_pss_without_parameters_is_that_of_the_digest(self):
        self.sign_rsa(
            PSS, "sha256", "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32", hashAlgo=SHA["sha256"]
        )

    def test_one_authorisation_for_documents_one_after_the_other(self):
        token = self.service.login()
        first, second = [digest(DOCUMENT)], [digest(b"DOCUMENT signed once")]
        sad = self.sad(token, first, numSignatures=2)
        body = {"credentialID": "maria-sign", "signAlgo": ECDSA_SHA256}
        self.ok("signatures/signHash", {**body, "SAD": sad, "hash": first}, token)
        new = self.ok("credentials/extendTransaction", {"credentialID": "maria-sign", "SAD": sad, "hash": second}, token)
        self.ok("signatures/signHash", {**body, "SAD": new["SAD"], "hash": second}, token)
        used = self.service.post("signatures/signHash", {**body, "SAD": new["SAD"], "hash": second}, token)
        self.assertEqual(used.error, (400, "invalid_request", "Invalid parameter SAD"))

    def test_a_time_stamp_that_openssl_confirms(self):
        body = {"hash": digest(DOCUMENT), "hashAlgo": SHA["sha256"], "nonce": "00C0FFEE"}
        stamp = self.ok("signatures/timestamp", body, self.service.login())["timestamp"]
        token = self.write("token.der", base64.b64decode(stamp))
        told = self.openssl(
            "ts", "-verify", "-token_in", "-in", token, "-data", self.write("document", DOCUMENT),
            "-CAfile", self.service.path("root.pem"), "-untrusted", self.service.path("ca.pem"),
        )  # fmt: skip
        self.assertIn("Verification: OK", told)
        text = self.openssl("ts", "-reply", "-token_in", "-in", token, "-token_out", "-text")
        self.assertIn("Nonce: 0xC0FFEE", text)

    def test_the_person_in_the_app_holds_the_answer_up(self):
        self.service.accounts(USER, credential(mode="implicit", confirm_after=300))
        token = self.service.login()
        body = {"credentialID": "maria-sign", "numSignatures": 1, "hash": [digest(DOCUMENT)]}
        self.assertIn("SAD", self.ok("credentials/authorize", body, token))


class Version2(CscTest):
    def authorize_body(self, **more):
        return {"credentialID": "maria-sign", "numSignatures": 1, "hashes": [digest(DOCUMENT)],
                "hashAlgorithmOID": SHA["sha256"], **more}  # fmt: skip

    def sign_body(self, sad, **more):
        return {"credentialID": "maria-sign", "SAD": sad, "hashes": [digest(DOCUMENT)],
                "hashAlgorithmOID": SHA["sha256"], "signAlgo": ECDSA_SHA256, **more}  # fmt: skip

    def explicit_sad(self, token):
        self.ok("credentials/getChallenge", {"credentialID": "maria-sign", "authObjectID": "OTP"}, token, "v2", 204)
        factors = [{"id": "PIN", "value": "1234"}, {"id": "OTP", "value": self.service.code()}]
        return self.ok("credentials/authorize", self.authorize_body(authData=factors), token, "v2")["SAD"]

    def test_pin_and_code_as_authentication_objects(self):
        token = self.service.login("v2")
        listed = self.ok("credentials/list", {"credentialInfo": True, "authInfo": True}, token, "v2")
        auth = listed["credentialInfos"][0]["auth"]
        self.assertEqual(auth["expression"], "PIN AND OTP")
        self.assertEqual([o["id"] for o in auth["objects"]], ["PIN", "OTP"])
        signed = self.ok("signatures/signHash", self.sign_body(self.explicit_sad(token)), token, "v2")["signatures"]
        self.assert_signed(self.certificate(token, "v2"), signed[0], DOCUMENT)

    def test_signatures_that_are_made_later(self):
        self.service.accounts(USER, credential(), server(polls=1))
        token = self.service.login("v2")
        body = self.sign_body(self.explicit_sad(token), operationMode="A")
        request = {"requestID": self.ok("signatures/signHash", body, token, "v2")["responseID"]}
        early = self.service.post("signatures/signPolling", request, token, "v2")
        self.assertEqual(early.error[:2], (202, "accepted_request"))
        signed = self.ok("signatures/signPolling", request, token, "v2")["signatures"]
        self.assert_signed(self.certificate(token, "v2"), signed[0], DOCUMENT)

    def test_the_person_in_the_app_is_asked_for_by_handles(self):
        self.service.accounts(USER, credential(mode="implicit", confirm="waits"))
        token = self.service.login("v2")
        first = self.ok("credentials/authorize", self.authorize_body(), token, "v2", 202)
        second = self.ok("credentials/authorizeCheck", first, token, "v2", 202)
        self.assertNotEqual(first, second)
        old = self.service.post("credentials/authorizeCheck", first, token, "v2")
        self.assertEqual(old.error, (400, "invalid_request", "Invalid parameter handle"))
        self.service.accounts(USER, credential(mode="implicit"))
        sad = self.ok("credentials/authorizeCheck", second, token, "v2")["SAD"]
        self.ok("signatures/signHash", self.sign_body(sad), token, "v2")


class Browser(CscTest):
    """The authorisation code, with oauthlib for the client."""

    def setUp(self):
        self.service.accounts(USER, credential(mode="oauth2code"), server(browser="agrees"))
        self.client = oauthlib.oauth2.WebApplicationClient(CLIENT)

    def code(self, version, **more):
        url = self.client.prepare_request_uri(
            f"https://{self.service.host}/csc/{version}/oauth2/authorize", REDIRECT,
            code_challenge=PKCE_CHALLENGE, code_challenge_method="S256", **more,
        )  # fmt: skip
        answer = self.service.request("GET", url[url.index("/csc") :])
        self.assertEqual(answer.status, 302, answer.body)
        # oauthlib wants https for what comes back; a loopback address has none (RFC 8252 7.3).
        back = answer.headers["Location"].replace("http:", "https:")
        return self.client.parse_request_uri_response(back, state=more.get("state"))["code"]

    def token(self, version, code, **more):
        body = self.client.prepare_request_body(
            code=code, redirect_uri=REDIRECT, client_secret=self.service.secret(),
            code_verifier=PKCE_VERIFIER, **more,
        )  # fmt: skip
        answer = self.service.request(
            "POST", f"/csc/{version}/oauth2/token", body, {"Content-Type": "application/x-www-form-urlencoded"}
        )
        self.assertEqual(answer.status, 200, answer.body)
        return dict(self.client.parse_request_body_response(answer.body.decode()))

    def test_service_scope_then_credential_scope_in_v1(self):
        service = self.token("v1", self.code("v1", scope="service", state="s 1&2"))
        self.assertEqual(service["token_type"], "Bearer")
        credential_token = self.token(
            "v1",
            self.code("v1", scope="credential", credentialID="maria-sign", numSignatures=1, hash=url_digest(DOCUMENT)),
        )
        self.assertEqual(credential_token["token_type"], "SAD")
        body = {"credentialID": "maria-sign", "SAD": credential_token["access_token"],
                "hash": [digest(DOCUMENT)], "signAlgo": ECDSA_SHA256}  # fmt: skip
        signed = self.ok("signatures/signHash", body, service["access_token"])["signatures"]
        self.assert_signed(self.certificate(service["access_token"]), signed[0], DOCUMENT)

    def test_a_token_of_credential_scope_is_all_that_v2_needs(self):
        got = self.token(
            "v2",
            self.code("v2", scope="credential", signatureQualifier="eu_eidas_qes", numSignatures=1,
                      hashes=url_digest(DOCUMENT), hashAlgorithmOID=SHA["sha256"]),
        )  # fmt: skip
        self.assertEqual((got["token_type"], got["credentialID"]), ("Bearer", "maria-sign"))
        body = {"credentialID": "maria-sign", "hashes": [digest(DOCUMENT)],
                "hashAlgorithmOID": SHA["sha256"], "signAlgo": ECDSA_SHA256}  # fmt: skip
        signed = self.ok("signatures/signHash", body, got["access_token"], "v2")["signatures"]
        self.assert_signed(self.certificate(got["access_token"], "v2"), signed[0], DOCUMENT)

    def test_parameters_that_were_pushed(self):
        details = [{"type": "credential", "credentialID": "maria-sign", "hashAlgorithmOID": SHA["sha256"],
                    "documentDigests": [{"hash": digest(DOCUMENT), "label": "contrato.pdf"}]}]  # fmt: skip
        pushed = self.service.form("oauth2/pushed_authorize", {
            "client_id": CLIENT, "client_secret": self.service.secret(), "response_type": "code",
            "redirect_uri": REDIRECT, "code_challenge": PKCE_CHALLENGE, "code_challenge_method": "S256",
            "authorization_details": json.dumps(details),
        }, "v2")  # fmt: skip
        self.assertEqual(pushed.status, 201, pushed.body)
        answer = self.service.request(
            "GET", f"/csc/v2/oauth2/authorize?client_id={CLIENT}&request_uri={pushed.json['request_uri']}"
        )
        self.assertIn("access_token", self.token("v2", answer.query["code"]))

    def test_a_page_asks_for_pin_and_code(self):
        self.service.accounts(USER, credential(mode="oauth2code"))
        page = self.service.authorize(
            scope="credential", credentialID="maria-sign", numSignatures="1", hash=url_digest(DOCUMENT),
            description="<contrato>", state="x",
        )  # fmt: skip
        self.assertRegex(page.headers["Content-Type"], "^text/html")
        text = page.body.decode()
        self.assertIn("&lt;contrato&gt;", text)
        hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', text))
        answers = {**hidden, "answer": "allow", "PIN": "9999", "OTP": self.service.code()}
        again = self.service.form("oauth2/authorize", answers)
        self.assertIn("That was not right", again.body.decode())
        answers["PIN"] = "1234"
        agreed = self.service.form("oauth2/authorize", answers)
        self.assertEqual(sorted(agreed.query), ["code", "state"])

    def test_who_refuses_is_told_to_the_client(self):
        self.service.accounts(USER, credential())
        page = self.service.authorize(state="y").body.decode()
        hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))
        refused = self.service.form("oauth2/authorize", {**hidden, "answer": "deny"})
        self.assertEqual((refused.status, refused.query["error"], refused.query["state"]), (302, "access_denied", "y"))

    def test_metadata_lead_to_the_endpoints(self):
        self.service.accounts(USER, credential(), server(dialect="issuer"))
        info = self.ok("info", {}, version="v2")
        self.assertNotIn("oauth2", info)
        issuer = info["oauth2Issuer"]
        path = "/.well-known/oauth-authorization-server" + issuer.split(self.service.host)[1]
        known = self.service.request("GET", path).json
        self.assertEqual(known["issuer"], issuer)
        self.assertTrue(known["token_endpoint"].endswith("/csc/v2/oauth2/token"))


if __name__ == "__main__":
    harness.main()
