#!/usr/bin/env python3
"""vicar service, vicar renew, vicar enrol --prove: what the owner does with a service, without a signature."""

import json
import os
import re
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402
from harness import PHONE, PIN, World  # noqa: E402


class Service(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = World(harness.BUILD)
        try:
            cls.world.start_simulator()
            cls.world.enrol("maria")
        except BaseException:
            cls.world.close()
            raise

    @classmethod
    def tearDownClass(cls):
        cls.world.close()

    def setUp(self):
        self.world.account()
        self.world.configure()
        self.before = len(self.world.calls())

    def operations(self):
        return [line.split("\t")[1] for line in self.world.calls()[self.before :]]

    def vicar(self, *arguments, **more):
        return self.world.vicar(*arguments, **more)

    def json(self, *arguments, check=True):
        return json.loads(self.vicar("service", *arguments, "--json", check=check).stdout)

    # vicar service

    def test_the_list_has_each_service_with_its_profile(self):
        self.assertRegex(
            self.vicar("service", "list").stdout,
            rf"NAME +TYPE +PROFILE +ENDPOINT\ncmd +cmd +simulator +{re.escape(self.world.endpoint)}\n",
        )
        listed = self.json("list")["services"]
        self.assertEqual(len(listed), 1)
        self.assertEqual(
            {key: listed[0][key] for key in ("service", "type", "profile", "endpoint", "ok")},
            {"service": "cmd", "type": "cmd", "profile": "simulator", "endpoint": self.world.endpoint, "ok": True},
        )  # fmt: skip
        self.assertEqual(self.operations(), [])

    def test_production_has_its_address_and_encryption_certificate_by_itself(self):
        with open(self.world.path("vicar.conf"), "a") as conf:
            conf.write("[service real]\ntype = cmd\n")
        real = self.json("list")["services"][1]
        self.assertEqual(
            (real["profile"], real["endpoint"], real["encryption_certificate_until"]),
            ("production", "https://cmd.autenticacao.gov.pt/Ama.Authentication.Frontend/SCMDService.svc", "2029-03-23"),
        )  # fmt: skip

    def test_credentials_of_the_simulator_are_refused_for_production(self):
        with open(self.world.path("vicar.conf"), "a") as conf:
            conf.write(f"[service real]\ntype = cmd\ncredentials = {self.world.path('sim', 'credentials')}\n")
        done = self.vicar("service", "list", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("give each its own", done.stdout)

    def test_a_check_asks_with_the_account_of_a_card_and_signs_nothing(self):
        done = self.vicar("service", "check", "cmd")
        self.assertIn("the service answers and knows the account", done.stdout)
        self.assertRegex(done.stdout, r"encryption certificate: valid until \d{4}-\d\d-\d\d\n")
        self.assertEqual(self.operations(), ["GetCertificate"])
        checked = self.json("check", "cmd", "--card", "maria")
        self.assertEqual((checked["ok"], checked["status_word"]), (True, "9000"))

    def test_a_check_that_fails_says_why_and_what_to_do(self):
        self.world.account(state="no-signature")
        done = self.vicar("service", "check", "cmd", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("no active signature for this phone number", done.stdout)
        checked = self.json("check", "cmd", check=False)
        self.assertEqual((checked["ok"], checked["status_word"]), (False, "6F15"))
        self.assertIn("www.autenticacao.gov.pt", checked["next"])
        self.assertNotIn(PHONE, done.stdout)

    def test_a_check_may_have_an_account_of_its_own(self):
        other = self.world.write_private("other", "[account]\nphone = +351 961111111\n")
        done = self.vicar("service", "check", "cmd", "--account", other, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("+351 9*****111", done.stdout)

    def test_an_encryption_certificate_that_ends_soon_is_told(self):
        ending = self.world.path("sim", "cifra-ending.pem")
        self.world.configure(service={"encryption-certificate": ending})
        self.assertIn("ends on", self.vicar("service", "list").stdout)
        self.assertIn("get the next one soon", self.vicar("service", "check", "cmd").stdout)
        self.assertIn("get the next one soon", self.vicar("doctor", "maria", check=False).stdout)
        self.assertTrue(self.json("list")["services"][0]["encryption_certificate_ends_soon"])

    def test_an_expired_encryption_certificate_is_told_before_anything_is_sent(self):
        expired = self.world.path("sim", "cifra-expired.pem")
        self.world.configure(service={"encryption-certificate": expired})
        done = self.vicar("service", "check", "cmd", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("cifra-expired.pem: valid until", done.stdout)
        self.assertEqual(self.operations(), [])

    def test_the_account_has_one_key(self):
        self.assertRegex(
            self.vicar("service", "credentials", "cmd").stdout,
            r"^credential: the only one\nholder: MARIA DA SILVA \(TESTE\)\nvalid until: \S+\nuses: pkcs1 many\n$",
        )
        self.assertEqual(self.json("credentials", "cmd")["credentials"][0]["uses"], ["pkcs1", "many"])

    def test_what_there_is_not_is_named(self):
        self.assertIn("no [service other]", self.vicar("service", "check", "other", check=False).stdout)
        for words in (("check",), ("list", "cmd"), ("sign", "cmd"), ("check", "cmd", "--card", "a", "--account", "b")):
            self.assertEqual(self.vicar("service", *words, check=False).returncode, 2, words)

    # vicar enrol --prove

    def forget(self, name):
        self.addCleanup(self.vicar, "forget", name, "--yes", check=False)

    def prove(self, name, pin=PIN, check=True):
        self.forget(name)
        file = self.world.write_private("pin", f"pin = {pin}\n")
        return self.vicar(
            "enrol", name, "--service", "cmd", "--account", self.world.path("account"), "--prove", "--pin-file", file,
            check=check,
        )  # fmt: skip

    def test_a_proof_takes_the_pin_and_one_code(self):
        self.world.person.expect([self.world.types_code()])
        self.prove("proved")
        self.assertEqual(self.operations(), ["GetCertificateWithPin", "ValidateOtp"])
        self.assertIn("nothing is signed", self.world.person.asked[0])
        self.assertIn("proved", self.vicar("list").stdout)

    def test_a_proof_with_a_wrong_pin_makes_no_card_and_is_not_repeated(self):
        done = self.prove("unproved", pin="999999", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("refused the signature PIN", done.stdout)
        self.assertEqual(self.operations(), ["GetCertificateWithPin"])
        self.assertNotIn("unproved", self.vicar("list").stdout)

    def test_an_expired_certificate_makes_no_card(self):
        self.world.account(expired="yes")
        self.forget("old")
        done = self.world.vicar(
            "enrol", "old", "--service", "cmd", "--account", self.world.path("account"), check=False
        )
        self.assertEqual(done.returncode, 1)
        self.assertIn("expired on", done.stdout)

    # vicar renew

    def card_conf(self, name="renewed"):
        with open(self.world.path("data", "vicar", "cards", name, "card.conf")) as f:
            return f.read()

    def serial(self):
        return re.search(r"^serial = (\w+)$", self.card_conf(), re.M)[1]

    def on_card(self):
        return self.vicar("cert", "export", "renewed", "sign").stdout

    def at_service(self):
        """What the service hands out, as openssl writes it."""
        pem = self.world.path("sim", "certificates", "maria.pem")
        return self.world.run("openssl", "x509", "-in", pem).stdout

    def enrol(self):
        self.forget("renewed")
        self.world.enrol("renewed")

    def test_a_card_with_the_newest_certificate_stays_as_it_is(self):
        self.enrol()
        before = self.card_conf()
        self.assertIn("no newer certificate", self.vicar("renew", "renewed").stdout)
        self.assertEqual(self.card_conf(), before)

    def test_a_renewed_certificate_takes_the_place_of_the_old_one(self):
        self.enrol()
        serial, old = self.serial(), self.on_card()
        os.unlink(self.world.path("sim", "certificates", "maria.pem"))
        done = self.vicar("renew", "renewed")
        self.assertIn("is in the place of the one valid until", done.stdout)
        self.assertNotIn("another key", done.stdout)
        self.assertNotEqual(self.serial(), serial)
        self.assertNotEqual(self.on_card(), old)
        self.assertEqual(self.on_card(), self.at_service())
        # Leaf and the authorities above it, each once.
        chain = self.vicar("cert", "export", "renewed").stdout
        self.assertEqual(chain.count("BEGIN CERTIFICATE"), 3)
        self.assertIn("no newer certificate", self.vicar("renew", "renewed").stdout)
        self.assertEqual(set(self.operations()), {"GetCertificate"})

    def test_a_certificate_of_another_key_is_told(self):
        self.enrol()
        serial = self.serial()
        self.world.account(key="rsa2048")
        done = self.vicar("renew", "renewed", "--key", "sign")
        self.assertIn("it is of another key, and the old one is gone", done.stdout)
        self.assertNotEqual(self.serial(), serial)
        self.assertIn("key: RSA-2048", self.vicar("cert", "list", "renewed").stdout)
        # The account of the other tests has its own key again.
        self.world.account(key="rsa3072")
        self.vicar("renew", "renewed")

    def test_a_card_that_is_in_is_not_renewed(self):
        self.enrol()
        self.world.insert("renewed")
        os.unlink(self.world.path("sim", "certificates", "maria.pem"))
        before = self.card_conf()
        done = self.vicar("renew", "renewed", check=False)
        self.world.remove("renewed")
        self.assertEqual(done.returncode, 1)
        self.assertIn("vicar remove renewed", done.stdout)
        self.assertEqual(self.card_conf(), before)

    def test_a_renewal_that_fails_leaves_the_card_as_it_is(self):
        self.enrol()
        before = self.card_conf(), self.on_card()
        self.world.account(trouble="http-503")
        done = self.vicar("renew", "renewed", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("error of its own", done.stdout)
        self.assertEqual((self.card_conf(), self.on_card()), before)

    def test_a_card_without_keys_of_services_has_nothing_to_renew(self):
        self.forget("local")
        self.world.create("local", "--card", "fineid-v2", "--role", "auth")
        done = self.vicar("renew", "local", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("no key of a service", done.stdout)


if __name__ == "__main__":
    harness.main()
