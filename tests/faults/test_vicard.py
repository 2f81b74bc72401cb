#!/usr/bin/env python3
"""vicard with calls that fail, from the reader's end of the link: a wrong PIN is never taken, a try that
was used is never given back, a signature answered 9000 is right and stands in the journal, and the
next vicard finds a whole card.
"""

import contextlib
import os
import re
import subprocess

import rounds
from harness import LOCAL_PIN, LOCAL_PUK
from vicard_world import POWER_ON, TRANSMIT, Reader

WRONG_PIN, NEW_PIN = "99999", "86420"
OK = b"\x90\x00"
TRIES, FIELD = 5, 48
HASH = bytes(16) + bytes.fromhex("c0ffee11") * 8


def command(header, *values):
    """A PIN command of fineid.md 4.5 to 4.7, each value padded to 12."""
    data = b"".join(value.encode().ljust(12, b"\0") for value in values)
    return bytes.fromhex(header) + bytes([len(data)]) + data


# fineid.md 8.2.2: PIN1, key 1, a hash of 48 bytes.
SELECT = bytes.fromhex("00A4040C0CA000000063504B43532D3135")
VERIFY, VERIFY_WRONG = command("00200011", LOCAL_PIN), command("00200011", WRONG_PIN)
CHANGE, RESET = command("00240011", LOCAL_PIN, NEW_PIN), command("002C0011", LOCAL_PUK, NEW_PIN)
SIGN = (bytes.fromhex("002241B606800154840101"), bytes.fromhex("002A90A0329030") + HASH,
        bytes.fromhex("002A9E9A60"))  # fmt: skip


def der(tag, content):
    return bytes([tag, len(content)]) + content


def integer(value):
    value = value.lstrip(b"\0")
    return der(2, b"\0" + value if value[:1] >= b"\x80" else value)


class Link(rounds.FaultedWorld):
    """A card with a local key, and vicard on it with faults or without."""

    def __init__(self, build):
        super().__init__(build)
        self.rarity = (60, 200, 600, 2000)
        pins = self.write_private("pins", f"pin = {LOCAL_PIN}\npuk = {LOCAL_PUK}\n")
        self.vicar("create", "card", "--card", "fineid-v4", "--key", "p384", "--role", "auth",
                   "--pin-file", pins)  # fmt: skip
        self.public = self.path("public.pem")
        self.run("openssl", "x509", "-inform", "DER", "-noout", "-pubkey", "-out", self.public, "-in",
                 self.card("certificates", "auth.der"))  # fmt: skip
        self.socket = self.path("sockets", f"{os.geteuid()}-card.sock")
        self.keep()

    def card(self, *parts):
        return self.path("data", "vicar", "cards", "card", *parts)

    def tries(self):
        """As the card's own file says, which holds only what is not full."""
        try:
            with open(self.card("state")) as f:
                left = re.search(r"^pin1 = (\d)$", f.read(), re.M)
        except FileNotFoundError:
            left = None
        return int(left[1]) if left else TRIES

    def answers(self, *commands):
        """One to each command; b"" from the one on at which vicard has hung up."""
        answers = []
        with contextlib.suppress(AssertionError, OSError), \
                contextlib.closing(Reader(self.socket, timeout=60)) as reader:  # fmt: skip
            reader.hello()
            reader.ask(POWER_ON)
            for one in (SELECT, *commands):
                answers.append(reader.ask(TRANSMIT, 0, one)[1:])
        return (answers + [b""] * (len(commands) + 1))[1 : len(commands) + 1]

    def faulted_answers(self, seed, *commands):
        with self.vicard("card", env=self.faulted_env(seed, "vicard")):
            return self.answers(*commands)

    def verifies(self, signature):
        def write(name, content):
            with open(self.path(name), "wb") as f:
                f.write(content)
            return self.path(name)

        pair = integer(signature[:FIELD]) + integer(signature[FIELD:])
        done = subprocess.run(
            ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", self.public, "-in",
             write("hash", HASH), "-sigfile", write("signature", der(0x30, pair))],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False, timeout=60,
        )  # fmt: skip
        return done.returncode == 0

    def works(self, *pins):
        """Without faults: one of the PINs opens the card, and it signs."""
        with self.vicard("card"):
            for pin in pins:
                answers = self.answers(command("00200011", pin), *SIGN)
                if answers[0] == OK:
                    assert answers[-1][-2:] == OK and self.verifies(answers[-1][:-2]), answers
                    return pin
        raise AssertionError(f"no PIN of {pins} opens the card")


def wrong_pin(world, seed):
    answers = world.faulted_answers(seed, VERIFY_WRONG, VERIFY_WRONG)
    assert OK not in answers, answers
    left = world.tries()
    counted = [answer[1] & 0xF for answer in answers if answer[:1] == b"\x63"]
    assert TRIES - 2 <= left <= min(counted, default=TRIES), f"{left} tries left: {answers}"
    world.works(LOCAL_PIN)
    return len(counted) == 2


def signature(world, seed):
    answers = world.faulted_answers(seed, VERIFY_WRONG, VERIFY, *SIGN)
    assert answers[0] != OK, answers
    made = answers[-1][-2:] == OK
    if made:
        assert answers[1] == OK, answers
        assert world.verifies(answers[-1][:-2]), answers
        assert "operation=sign-ecdsa" in world.journal("card"), "a signature without its line"
    world.works(LOCAL_PIN)
    return made


def no_verify(world, seed):
    """Whatever fails, there is no signature without the PIN."""
    answers = world.faulted_answers(seed, *SIGN, *SIGN)
    assert all(len(answer) <= 2 for answer in answers), answers
    assert OK not in (answers[2], answers[5]), answers
    return answers[5] == b"\x69\x82"


def change(world, seed):
    (answer,) = world.faulted_answers(seed, CHANGE)
    pin = world.works(NEW_PIN, LOCAL_PIN)
    assert answer != OK or pin == NEW_PIN, f"{answer}, and the PIN is {pin}"
    return answer == OK


def reset(world, seed):
    (answer,) = world.faulted_answers(seed, RESET)
    pin = world.works(NEW_PIN, LOCAL_PIN)
    assert answer != OK or pin == NEW_PIN, f"{answer}, and the PIN is {pin}"
    return answer == OK


CASES = {
    "wrong-pin": wrong_pin,
    "signature": signature,
    "no-verify": no_verify,
    "change": change,
    "reset": reset,
}

if __name__ == "__main__":
    rounds.main("vicard", Link, CASES, "1-8")
