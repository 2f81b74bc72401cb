#!/usr/bin/env python3
"""Every row of the table of remote trouble, through stock OpenSC, with and without userConsent.

What counts is the number of start calls: each costs the owner a text message and a PIN try, and
OpenSC repeats a failed signature by itself.
"""

import os
import re
import socket
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402
from harness import CANCEL, ENTER, PIN, World  # noqa: E402

DEAD_PORT = "https://127.0.0.1:9/Ama.Authentication.Frontend/SCMDService.svc"


class Remote:
    """One card for the whole class; each test starts from a card that is just inserted."""

    ENROL = ()

    @classmethod
    def setUpClass(cls):
        cls.world = World(harness.BUILD)
        try:
            cls.world.start_simulator()
            cls.world.start_pcscd()
            cls.world.enrol("card", *cls.ENROL)
            with open(cls.world.path("document"), "w") as f:
                f.write("document\n")
        except BaseException:
            cls.world.close()
            raise

    @classmethod
    def tearDownClass(cls):
        cls.world.close()

    def begin(self, answers=None, service=(), account=(), **sections):
        """Settings for this test and a freshly inserted card; the rules of a card that has just
        refused or failed (no prompt for a while, same answer again) end with its process."""
        self.world.account(**dict(account))
        self.world.configure(service=service, **sections)
        if "card" in self.world.inserted:
            self.world.remove("card")
        self.world.insert("card")
        self.world.wait_card()
        self.world.vicar("pin", "unblock", "card")
        self.world.person.expect(
            [self.world.agrees(), self.world.types_code()] if answers is None else answers
        )
        self.before = len(self.world.calls("SCMDSign"))
        self.log = self.world.vicar("log", "card").stdout
        self.journal = self.world.journal("card")

    def sign(self, pin=PIN):
        """pkcs11-tool --sign through OpenSC's own spy, which writes down what each call returned:
        pkcs11-tool repeats a failed C_Sign by itself and then shows the last error, not the first."""
        spy = self.world.path("spy")
        if os.path.exists(spy):
            os.unlink(spy)
        done = self.world.run(
            "pkcs11-tool", "--module", os.path.join(os.path.dirname(harness.opensc_module()), "pkcs11-spy.so"),
            "--login", "--pin", pin, "--sign", "-m", "SHA256-RSA-PKCS",
            "-i", "document", "-o", "signature", check=False,
            env={"PKCS11SPY": harness.opensc_module(), "PKCS11SPY_OUTPUT": spy},
        )  # fmt: skip
        with open(spy) as f:
            calls = re.findall(r"^\d+: (C_\w+)\n.*?^Returned:  \d+ (\w+)$", f.read(), re.M | re.S)
        done.first_error = next((value for _, value in calls if value != "CKR_OK"), "CKR_OK")
        return done

    def keys(self):
        return self.world.pkcs11("--login", "--pin", PIN, "-O", "--type", "privkey").stdout

    def starts(self):
        return len(self.world.calls("SCMDSign")) - self.before

    def status_words(self):
        """Of the signatures since begin(), as the journal has them; OpenSC repeats a failed one."""
        new = self.world.journal("card")[len(self.journal) :]
        return set(re.findall(r"^\S+ (?:done \d+|none) ([0-9A-F]{4})\b", new, re.M))

    def fails(self, sw, starts, sentence, error="CKR_GENERAL_ERROR", pin=PIN):
        """One pkcs11-tool --sign fails: the card's status word (a pattern), how many start calls there were, the
        sentence in the journal, and the module's first error."""
        done = self.sign(pin)
        self.assertNotEqual(done.returncode, 0, done.stdout)
        self.assertRegex(" ".join(self.status_words()), f"^{sw}$")
        self.assertEqual(self.starts(), starts, self.world.calls())
        log = self.world.vicar("log", "card").stdout
        self.assertRegex(log[len(self.log) :], sentence)
        self.assertEqual(done.first_error, error, done.stdout)

    def works_again(self):
        self.begin()
        done = self.sign()
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual(self.starts(), 1)

    # The person

    def test_consent_refused(self):
        self.begin([("Sign with", "c")])
        self.fails("6401", 0, "refused at the prompt")
        self.works_again()

    def test_consent_not_answered_in_time(self):
        self.begin([("Sign with", None)], prompt={"timeout-s": 2})
        self.fails("6400", 0, "in time")

    def test_no_way_to_ask(self):
        self.begin(prompt={"pinentry": "/nonexistent/pinentry"})
        self.fails("6400", 0, "no prompt could be shown")

    def test_code_cancelled(self):
        self.begin([self.world.agrees(), ("[Cc]ode", CANCEL)])
        self.fails("6401", 1, "cancelled")
        self.works_again()

    def test_code_not_typed_in_time(self):
        self.begin([self.world.agrees(), ("[Cc]ode", None)], prompt={"timeout-s": 2})
        self.fails("6400", 1, "in time")

    def test_code_wrong_three_times(self):
        self.begin([self.world.agrees(), ("[Cc]ode", "000000" + ENTER)])
        self.fails("6F1A", 1, "three times")
        self.assertEqual(len([s for s in self.world.person.asked if re.search("[Cc]ode: $", s)]), 3)

    def test_wrong_then_right_code(self):
        typed = []

        def type_code(_):
            typed.append(1)
            return ("000000" if len(typed) == 1 else self.world.code()) + ENTER

        self.begin([self.world.agrees(), ("[Cc]ode", type_code)])
        done = self.sign()
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual((len(typed), self.starts()), (2, 1))

    def test_an_empty_code_offers_a_new_one(self):
        def type_code(_):
            return (self.world.code() if self.world.calls("ForceSMS") else "") + ENTER

        self.begin([("[Nn]ew code\\?", "s"), self.world.agrees(), ("[Cc]ode", type_code)])
        calls = len(self.world.calls("ForceSMS"))
        done = self.sign()
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual((len(self.world.calls("ForceSMS")) - calls, self.starts()), (1, 1))

    def test_code_expired_at_the_service(self):
        self.begin(account={"code_lifetime": 1})
        slow = self.world.types_code()[1]
        self.world.person.expect(
            [self.world.agrees(), ("[Cc]ode", lambda seen: time.sleep(2) or slow(seen))]
        )
        self.fails("6400", 1, "no longer valid")

    # The PIN

    def test_pin_refused_then_the_right_one(self):
        self.begin()
        self.fails("63C[01]", 1, "refused the signature PIN", "CKR_PIN_INCORRECT", pin="999999")
        self.works_again()

    def test_a_refused_pin_is_not_sent_again(self):
        self.begin()
        self.fails("63C[01]", 1, "refused the signature PIN", "CKR_PIN_INCORRECT", pin="999999")
        done = self.sign("999999")
        self.assertNotEqual(done.returncode, 0, done.stdout)
        self.assertEqual(done.first_error, "CKR_PIN_INCORRECT")
        self.assertEqual(self.starts(), 1)

    def test_the_card_blocks_itself_before_the_account_is(self):
        self.begin()
        for pin in ("999991", "999992"):
            self.sign(pin)
        self.assertEqual(self.starts(), 2)
        done = self.sign()
        self.assertEqual(done.first_error, "CKR_PIN_LOCKED")
        self.assertEqual(self.starts(), 2)
        self.works_again()

    # The service

    def trouble(self, trouble, operation, sw, sentence, **more):
        self.begin(account={"trouble": trouble, "on": operation}, **more)
        self.fails(sw, 1, sentence)

    def test_unreachable(self):
        self.begin(service={"endpoint": DEAD_PORT})
        self.fails("6F10", 0, "could not be reached")

    def test_silence_before_the_start_call_left(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            endpoint = f"https://127.0.0.1:{silent.getsockname()[1]}/SCMDService.svc"
            self.begin(service={"endpoint": endpoint, "connect-timeout-ms": 300})
            self.fails("6F10", 0, "but not TLS")

    def test_server_error(self):
        self.trouble("http-500", "SCMDSign", "6F10", "error of its own.*HTTP status 500")

    def test_soap_fault(self):
        self.trouble("fault", "SCMDSign", "6F10", "error of its own")

    def test_garbage(self):
        self.trouble("garbage", "SCMDSign", "6F1F", "not its protocol")

    def test_tls_not_trusted(self):
        self.begin(service={"ca-file": self.world.path("sim", "root.pem")})
        self.fails("6F11", 0, "not trusted")

    def test_credentials_refused(self):
        self.trouble("http-401", "SCMDSign", "6F12", "HTTP 401")

    def test_proxy_credentials_refused(self):
        self.trouble("http-407", "SCMDSign", "6F12", "HTTP 407")

    def test_service_inactive(self):
        self.begin(account={"state": "inactive"})
        self.fails("6F13", 1, "817")

    def test_pins_must_be_changed(self):
        self.begin(account={"state": "change-pin"})
        self.fails("6F14", 1, "basta iniciar sessão com CMD em www.autenticacao.gov.pt")

    def test_signature_pin_must_be_changed(self):
        self.begin(account={"state": "change-signature-pin"})
        self.fails("6F14", 1, "A Minha Chave Móvel Digital")

    def test_account_without_signature(self):
        self.begin(account={"state": "no-signature"})
        self.fails("6F1F", 1, "code 900")

    def test_account_that_is_not_known_to_the_card_any_more(self):
        self.begin()
        account = self.world.path("data/vicar/cards/card/account")
        os.rename(account, account + ".away")
        self.addCleanup(os.rename, account + ".away", account)
        self.fails("6F15", 0, "account file cannot be used")

    def test_wrong_signature(self):
        self.trouble("wrong-signature", "ValidateOtp", "6F16", "does not verify")

    def test_connection_lost_after_the_start_call(self):
        self.trouble("drop-after", "SCMDSign", "6F17", "nobody knows")

    def test_connection_lost_after_the_code(self):
        self.trouble("drop-after", "ValidateOtp", "6F17", "nobody knows")

    def test_no_answer(self):
        self.trouble(
            "hang", "SCMDSign", "6F17", "nobody knows",
            service={"transfer-timeout-ms": 1500},
        )  # fmt: skip

    def test_encryption_certificate_expired(self):
        self.begin(service={"encryption-certificate": self.world.path("sim", "cifra-expired.pem")})
        self.fails("6F19", 0, "encryption certificate")

    def test_certificate_expired(self):
        self.begin(account={"expired": "yes"})
        self.world.vicar("doctor", "--services", "card", check=False)  # the simulator makes the certificate now
        on_card = self.world.path("data/vicar/cards/card/certificates/sign.der")
        os.rename(on_card, on_card + ".away")
        self.addCleanup(os.rename, on_card + ".away", on_card)
        self.world.run(
            "openssl", "x509", "-in", self.world.path("sim", "certificates", "maria-expired.pem"),
            "-outform", "DER", "-out", on_card,
        )  # fmt: skip
        self.begin()
        self.fails("6F18", 0, "certificate of the card has expired")

    # The card

    def test_card_taken_out_while_the_code_is_waited_for(self):
        self.begin([self.world.agrees(), ("[Cc]ode", lambda _: self.world.remove("card") and None)])
        done = self.sign()
        self.world.person.expect([])  # returns when the person has done what it was doing
        self.assertNotEqual(done.returncode, 0, done.stdout)
        self.assertEqual(self.status_words(), {"6F17"})
        self.assertEqual(self.starts(), 1)
        # OpenSC asks pcscd whether the card is still there, and says CKR_GENERAL_ERROR when the answer
        # comes from before pcscd's own look at the reader, which cannot happen during the command.
        self.assertRegex(done.first_error, "CKR_(DEVICE_REMOVED|GENERAL_ERROR)")
        self.world.wait_card(present=False)

    def test_a_scheme_that_the_key_cannot_do_is_not_tried(self):
        self.begin()
        done = self.world.pkcs11(
            "--login", "--pin", PIN, "--sign", "-m", "SHA256-RSA-PKCS-PSS",
            "-i", "document", "-o", "signature", check=False,
        )  # fmt: skip
        self.assertNotEqual(done.returncode, 0, done.stdout)
        self.assertEqual(self.starts(), 0)


class WithUserConsent(Remote, unittest.TestCase):
    def test_the_log_tells_that_the_encryption_certificate_ends_soon(self):
        self.begin(service={"encryption-certificate": self.world.path("sim", "cifra-ending.pem")})
        self.assertEqual(self.sign().returncode, 0)
        log = self.world.vicar("log", "card").stdout
        self.assertIn("encryption certificate of service cmd ends on", log[len(self.log) :])

    def test_the_card_says_that_each_signature_needs_the_pin(self):
        self.begin()
        self.assertIn("always authenticate", self.keys())


class WithoutUserConsent(Remote, unittest.TestCase):
    ENROL = ("--no-user-consent",)

    def test_the_card_does_not_say_that_each_signature_needs_the_pin(self):
        self.begin()
        self.assertNotIn("always authenticate", self.keys())


if __name__ == "__main__":
    harness.main()
