"""csc-simulator in a directory of its own, and the client's half of HTTPS by Python's library.

    with CscSimulator("build") as service:
        token = service.login()
        service.post("credentials/list", {}, token=token).json
"""

import base64
import hashlib
import http.client
import json
import os
import shutil
import signal
import ssl
import subprocess
import tempfile
import unittest
import urllib.parse

from harness import wait_for

CLIENT = "simulated-client"
REDIRECT = "http://127.0.0.1:8765/back"
DOCUMENT = b"contrato"
SHA = {"sha256": "2.16.840.1.101.3.4.2.1", "sha384": "2.16.840.1.101.3.4.2.2", "sha512": "2.16.840.1.101.3.4.2.3"}
ECDSA_SHA256 = "1.2.840.10045.4.3.2"
USER = "[user maria]\npassword = segredo\n"
SERVER = "[server]\n"


def credential(name="maria-sign", **keys):
    """A section of accounts.conf; the usual one has PIN 1234 and a code by text message."""
    usual = {"user": "maria", "key": "p256", "pin": "1234", "otp": "online"}
    lines = [f"[credential {name}]"]
    for key, value in {**usual, **keys}.items():
        if value is not None:
            lines.append(f"{key.replace('_', '-')} = {value}")
    return "\n".join(lines) + "\n"


def server(**keys):
    return SERVER + "".join(f"{key.replace('_', '-')} = {value}\n" for key, value in keys.items())


def b64(data):
    return base64.b64encode(data).decode()


def digest(document, name="sha256"):
    return b64(hashlib.new(name, document).digest())


def url_digest(document):
    return base64.urlsafe_b64encode(hashlib.sha256(document).digest()).decode().rstrip("=")


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def error(self):
        """(status, error, error_description)"""
        return self.status, self.json["error"], self.json.get("error_description")

    @property
    def query(self):
        """What a redirect has behind its question mark."""
        fields = urllib.parse.urlsplit(self.headers["Location"]).query
        return dict(urllib.parse.parse_qsl(fields, strict_parsing=True))


class CscSimulator:
    def __init__(self, build):
        self.dir = tempfile.mkdtemp(prefix="vicar-csc-", dir="/tmp")
        self.accounts(USER, credential())
        with open(self.path("log"), "w") as log:
            self.process = subprocess.Popen(
                [os.path.join(build, "csc-simulator"), "--directory", self.dir],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        self.endpoint = wait_for("endpoint of csc-simulator", self._endpoint, 60)
        self.host = urllib.parse.urlsplit(self.endpoint).netloc
        self.tls = ssl.create_default_context(cafile=self.path("tls-ca.pem"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=60)
        log = self.read("log")
        shutil.rmtree(self.dir)
        # Sanitizers say in the log what they have found, and end with another code.
        if code != 0:
            raise AssertionError(f"csc-simulator ended with {code}:\n{log}")

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def read(self, *parts):
        with open(self.path(*parts)) as f:
            return f.read()

    def _endpoint(self):
        if self.process.poll() is not None:
            raise AssertionError(self.read("log"))
        try:
            return self.read("endpoint").strip()
        except FileNotFoundError:
            return None

    def accounts(self, *sections):
        """Replaces accounts.conf, also of a running simulator."""
        with open(self.path("accounts.new"), "w") as f:
            f.write("\n".join(sections))
        os.rename(self.path("accounts.new"), self.path("accounts.conf"))

    # Records

    def calls(self):
        """(version, method, user, credential, status, error, trouble, hashes, description) of each."""
        return [tuple(line.split("\t")[1:]) for line in self.read("calls").splitlines()]

    def count(self, method):
        return sum(call[1] == method for call in self.calls())

    def messages(self):
        return [line.split("\t") for line in self.read("messages").splitlines()]

    def code(self):
        """The newest code, as the person reads it from the phone."""
        return self.messages()[-1][3]

    def secret(self):
        lines = self.read("credentials").splitlines()
        return next(line.split(" = ")[1] for line in lines if line.startswith("client-secret"))

    # Requests

    def connect(self):
        return http.client.HTTPSConnection(self.host, context=self.tls, timeout=60)

    def request(self, verb, path, body=None, headers=()):
        connection = self.connect()
        try:
            connection.request(verb, path, body, dict(headers))
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def post(self, method, body, token=None, version="v1", headers=()):
        sent = {"Content-Type": "application/json", **dict(headers)}
        if token:
            sent["Authorization"] = f"Bearer {token}"
        text = body if isinstance(body, (str, bytes)) else json.dumps(body)
        return self.request("POST", f"/csc/{version}/{method}", text, sent)

    def form(self, method, fields, version="v1", headers=()):
        sent = {"Content-Type": "application/x-www-form-urlencoded", **dict(headers)}
        text = urllib.parse.urlencode(fields)
        return self.request("POST", f"/csc/{version}/{method}", text, sent)

    def token_request(self, version="v1", **fields):
        fields = {"client_id": CLIENT, "client_secret": self.secret(), **fields}
        return self.form("oauth2/token", fields, version)

    def authorize(self, version="v1", **fields):
        """GET of oauth2/authorize; None leaves a parameter out."""
        usual = {"response_type": "code", "client_id": CLIENT, "redirect_uri": REDIRECT}
        fields = {key: value for key, value in {**usual, **fields}.items() if value is not None}
        return self.request("GET", f"/csc/{version}/oauth2/authorize?{urllib.parse.urlencode(fields)}")

    @staticmethod
    def basic(user="maria", password="segredo"):
        return {"Authorization": "Basic " + b64(f"{user}:{password}".encode())}

    def login(self, version="v1", **body):
        answer = self.post("auth/login", body, version=version, headers=self.basic())
        return answer.json["access_token"]


class CscTest(unittest.TestCase):
    """What tests with a service have in common; setUpModule of each file starts `service`, since its
    keys take a second."""

    service = None

    def setUp(self):
        self.service.accounts(USER, credential())

    def ok(self, method, body, token=None, version="v1", status=200):
        answer = self.service.post(method, body, token, version)
        self.assertEqual(answer.status, status, answer.body)
        return answer.json if answer.body else None

    def openssl(self, *arguments):
        done = subprocess.run(
            ["openssl", *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, check=False, timeout=60,
        )  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def write(self, name, data):
        path = self.service.path(name)
        with open(path, "wb") as f:
            f.write(data)
        return path

    def public_key(self, certificate):
        """The key of a certificate in base64, which the hierarchy's own files must confirm."""
        leaf = self.write("leaf.der", base64.b64decode(certificate))
        pem = self.write("leaf.pem", self.openssl("x509", "-inform", "DER", "-in", leaf).encode())
        self.openssl(
            "verify", "-CAfile", self.service.path("root.pem"), "-untrusted", self.service.path("ca.pem"), pem
        )
        return self.write("key.pem", self.openssl("x509", "-in", pem, "-noout", "-pubkey").encode())

    def assert_signed(self, certificate, signature, document, name="sha256", *options):
        key = self.public_key(certificate)
        signed = self.write("signature", base64.b64decode(signature))
        data = self.write("document", document)
        told = self.openssl("dgst", f"-{name}", "-verify", key, "-signature", signed, *options, data)
        self.assertIn("Verified OK", told)

    def certificate(self, token, version="v1", name="maria-sign"):
        info = self.ok("credentials/info", {"credentialID": name}, token, version)
        return info["cert"]["certificates"][0]

    def sad(self, token, hashes, name="maria-sign", **more):
        """Authorises in v1 with PIN and code."""
        self.ok("credentials/sendOTP", {"credentialID": name}, token, status=204)
        body = {"credentialID": name, "numSignatures": len(hashes), "hash": hashes,
                "PIN": "1234", "OTP": self.service.code(), **more}  # fmt: skip
        return self.ok("credentials/authorize", body, token)["SAD"]
