#!/usr/bin/env python3
"""A program of any local user that means ill to the card in a reader: commands and controls of every kind and length,
while the owner's PIN is verified. The card's process is the same one, what it holds is as it was, and no answer has a
byte of PIN or key. And who keeps a card for himself cannot keep its owner from taking it out.

usage: tests/packages/test_hostile_client.py BUILD
"""

import os
import re
import time

import machine
from machine import pcsc
from people import FIRST, SECOND, PeopleTest, Pcscd

PIN, PUK = "90817263", "38271605"
LASTS_S = 3
WINDOW = 8  # so many bytes of a secret in a row are no chance
SELECT_MF = bytes.fromhex("00A4000C023F00")
# Each card, with the commands after which its PIN is verified.
CARDS = {
    "cc-v1": (FIRST, ("00A4000C023F00", "00A4000C025F00", f"0020008108{PIN.encode().hex()}")),
    "fineid-v2": (SECOND, ("00A4000C023F00", f"0020000108{PIN.encode().hex()}")),
}


class HostileClient(PeopleTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ana.write("pins", f"pin = {PIN}\npuk = {PUK}\n")
        for card in CARDS:
            cls.ana.run("vicar", "create", card, "--card", card, "--pin-file", "/home/ana/pins")
        cls.ana.run("sh", "-c", "cp -a ~/.local/share/vicar/cards ~/as-made")
        # Who is asked for a PIN at the pad says no.
        cls.ana.write(".config/vicar/vicar.conf", "[prompt]\nprompt = command\ncommand = /bin/false\n")

    def setUp(self):
        super().setUp()
        self.ana.run("sh", "-c", "rm -r ~/.local/share/vicar/cards; cp -a ~/as-made ~/.local/share/vicar/cards")
        for card in CARDS:
            self.insert(name=card)
        self.assert_present(FIRST, SECOND)
        self.pids = [self.pid(self.ana, card) for card in CARDS]
        self.pcscd = Pcscd()

    def attacks(self, what, reader, seconds=LASTS_S):
        self.answers = "/home/rui/answers"
        process, said = self.starts(self.rui, *self.program("hostile_client"), what, reader, self.answers, str(seconds))
        self.assertIn(said, ("running", "held"))
        return process

    def secrets(self, card):
        """PIN, PUK, and the numbers of each private key that nobody may know."""
        found = [PIN.encode(), PUK.encode()]
        keys = f"/home/ana/.local/share/vicar/cards/{card}/keys"
        for name in sorted(os.listdir(keys)):
            if not name.endswith(".pin"):
                continue
            text = self.ana.run("openssl", "pkey", "-in", f"{keys}/{name}", "-passin", f"pass:{PIN}", "-noout", "-text").stdout
            text = text[text.index("privateExponent:") :]
            for number in re.findall(r"\w+:\n((?: +[0-9a-f:]+\n)+)", text):
                found.append(bytes.fromhex(re.sub(r"[ :\n]", "", number)))
        self.assertGreater(len(found), 5)
        return found

    @staticmethod
    def certificate(card):
        with open(f"/home/ana/.local/share/vicar/cards/{card}/certificates/auth.der", "rb") as f:
            return f.read()

    def what_it_holds(self, reader):
        listed = self.rui.run("pkcs15-tool", "--reader", reader, "--dump").stdout
        self.assertIn("X.509 Certificate", listed)
        return re.sub(r"(?m)^.*[Tt]ries.*$", "", listed)

    def verify(self, card):
        """True when the PIN is verified, whatever else goes on in the reader."""
        reader, commands = CARDS[card]
        with pcsc.Client() as client:
            handle = client.connect(reader)
            handle.begin()
            answers = [handle.transmit(bytes.fromhex(command)) for command in commands]
            handle.end()
        return answers[-1] == b"\x90\x00"

    def assert_unharmed(self):
        self.assertTrue(self.pcscd.is_alive(), "pcscd has ended")
        self.assertEqual([self.pid(self.ana, card) for card in CARDS], self.pids)
        with pcsc.Client() as client:
            for reader, _ in CARDS.values():
                self.assertEqual(client.connect(reader).transmit(SELECT_MF)[-2:], b"\x90\x00")

    def seen(self):
        """Of the answers those that are worth looking at, and how many there were."""
        with open(self.answers, "rb") as f:
            content = f.read()
        count = at = 0
        while at < len(content):
            at += 4 + int.from_bytes(content[at : at + 4], "big")
            count += 1
        os.unlink(self.answers)
        return content, count

    @staticmethod
    def found(answers, secrets):
        windows = {secret[at : at + WINDOW] for secret in secrets for at in range(len(secret) - WINDOW + 1)}
        return [at for at in range(len(answers) - WINDOW + 1) if answers[at : at + WINDOW] in windows]

    def test_commands_of_every_kind_neither_end_a_card_nor_find_its_secrets(self):
        for card, (reader, _) in CARDS.items():
            with self.subTest(card):
                secrets, before = self.secrets(card), self.what_it_holds(reader)
                attack, verified = self.attacks("commands", reader), 0
                while attack.poll() is None:
                    verified += self.verify(card)
                    time.sleep(0.1)
                self.assertEqual(attack.returncode, 0, attack.stdout.read())
                self.assert_unharmed()
                self.assertEqual(self.what_it_holds(reader), before)
                answers, count = self.seen()
                self.assertGreater(count, 200)
                self.assertGreater(verified, 0)
                # What is no secret is found in them.
                self.assertTrue(self.found(answers, [self.certificate(card)]))
                self.assertEqual(self.found(answers, secrets), [])

    def test_controls_of_every_kind_neither_end_a_card_nor_find_its_secrets(self):
        secrets = self.secrets("cc-v1")
        self.assertTrue(self.verify("cc-v1"))
        attack = self.attacks("controls", FIRST)
        self.assertEqual(attack.wait(), 0)
        self.assert_unharmed()
        answers, count = self.seen()
        self.assertGreater(count, 50)
        self.assertEqual(self.found(answers, secrets), [])

    def test_who_keeps_a_card_for_himself_cannot_keep_its_owner_from_taking_it_out(self):
        """Others wait: SCardBeginTransaction is for that, and has no time limit."""
        holder = self.attacks("holds", FIRST, 600)
        select = ("opensc-tool", "--reader", FIRST, "--send-apdu", SELECT_MF.hex())
        self.assertEqual(self.ana.run("timeout", "2", *select, check=False).returncode, 124)
        self.assertIn("connected", self.ana.run("vicar", "status", "cc-v1").stdout)
        self.ana.run("vicar", "remove", "cc-v1")
        self.assert_present(SECOND)
        self.ana.run("vicar", "insert", "cc-v1")
        self.assert_present(FIRST, SECOND)
        self.assertIn("SW1=0x90", self.ana.run(*select).stdout)
        self.assertIsNone(holder.poll())


if __name__ == "__main__":
    machine.main()
