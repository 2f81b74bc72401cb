#!/usr/bin/env python3
"""vicar create, import, pin, cert add and forget with calls that fail: the card is as before or as it
was to become, never anything else, and only status 0 says that it has become so.
"""

import os
import re
import subprocess

import rounds
from harness import LOCAL_PIN, LOCAL_PUK

NEW_PIN, WRONG_PIN = "86420", "99999"
TRIES, TRIES_BEFORE = 5, 3
FILES = {"card.conf", "certificates/auth.der", "keys/auth.pin", "keys/auth.puk"}


class Cards(rounds.FaultedWorld):
    """With a card "card", three of whose tries are left."""

    def __init__(self, build):
        super().__init__(build)
        self.rarity = (30, 120, 500, 2000)
        self.pins = self.write_private("pins", f"pin = {LOCAL_PIN}\npuk = {LOCAL_PUK}\n")
        self.change = self.write_private("change", f"old = {LOCAL_PIN}\nnew = {NEW_PIN}\n")
        self.wrong = self.write_private("wrong", f"old = {WRONG_PIN}\nnew = {NEW_PIN}\n")
        self.unblock = self.write_private("unblock", f"puk = {LOCAL_PUK}\nnew = {NEW_PIN}\n")
        self.passphrase = self.write_private("passphrase", "sesame\n")
        self.vicar(*self.creation("card"))
        while self.tries() > TRIES_BEFORE:
            self.vicar("pin", "change", "card", "--pin-file", self.wrong, check=False)
        self.other = self.path("other.pem")
        self.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384",
                 "-nodes", "-keyout", self.path("key.pem"), "-out", self.other, "-subj", "/CN=Other",
                 "-addext", "keyUsage=digitalSignature")  # fmt: skip
        self.run("openssl", "pkcs12", "-export", "-inkey", self.path("key.pem"), "-in", self.other,
                 "-passout", "pass:sesame", "-out", self.path("key.p12"))  # fmt: skip
        self.keep()

    def creation(self, name):
        return "create", name, "--card", "fineid-v4", "--role", "auth", "--pin-file", self.pins

    def card(self, *parts, name="card"):
        return self.path("data", "vicar", "cards", name, *parts)

    def tries(self, name="card"):
        """As the card's own file says, which holds only what is not full."""
        try:
            with open(self.card("state", name=name)) as f:
                left = re.search(r"^pin1 = (\d)$", f.read(), re.M)
        except FileNotFoundError:
            left = None
        return int(left[1]) if left else TRIES

    def opens(self, file, secret, name="card"):
        done = subprocess.run(
            ["openssl", "pkey", "-inform", "DER", "-in", self.card("keys", file, name=name),
             "-passin", f"pass:{secret}", "-noout"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False, timeout=60,
        )  # fmt: skip
        return done.returncode == 0

    def pin(self, name="card"):
        """The PIN that opens the card's key; the PUK opens it in any case."""
        pins = [pin for pin in (LOCAL_PIN, NEW_PIN, WRONG_PIN) if self.opens("auth.pin", pin, name)]
        assert len(pins) == 1, f"the key is opened by {pins}"
        assert self.opens("auth.puk", LOCAL_PUK, name), "the PUK opens no key"
        return pins[0]

    def works(self, pin, name="card"):
        """By the card's own word, without faults: it is loaded, and takes its PIN."""
        again = self.write_private("again", f"old = {pin}\nnew = 135790\n")
        self.vicar("cert", "list", name)
        self.vicar("pin", "change", name, "--pin-file", again)

    def files(self, name):
        where = self.card(name=name)
        return {
            os.path.relpath(os.path.join(directory, file), where)
            for directory, _, files in os.walk(where) for file in files
        }  # fmt: skip


def comes_to_be(world, seed, *command):
    """There is a whole card "new", or none; in the end there can be one."""
    done = world.faulted(seed, "vicar", world.tool("vicar"), *command)
    made = os.path.exists(world.card(name="new"))
    assert made == (done.returncode == 0), f"exit {done.returncode}, card: {made}: {done.stdout}"
    if not made:
        world.vicar(*command)
    names = [entry for entry in os.listdir(world.card("..")) if not entry.startswith(".tmp")]
    assert sorted(names) == ["card", "new"], names
    assert world.files("new") == FILES, world.files("new")
    assert world.pin("new") == LOCAL_PIN
    world.works(LOCAL_PIN, "new")
    return done.returncode == 0


def create(world, seed):
    return comes_to_be(world, seed, *world.creation("new"))


def import_(world, seed):
    return comes_to_be(
        world, seed, "import", "new", world.path("key.p12"), "--card", "fineid-v4", "--role", "auth",
        "--pin-file", world.pins, "--passphrase-file", world.passphrase,
    )  # fmt: skip


def pin_change(world, seed):
    done = world.faulted(seed, "vicar,vicard", world.tool("vicar"), "pin", "change", "card",
                         "--pin-file", world.change)  # fmt: skip
    pin = world.pin()
    if done.returncode == 0:
        assert pin == NEW_PIN, f"the PIN is {pin}: {done.stdout}"
        assert world.tries() > TRIES_BEFORE, world.tries()
    world.works(pin)
    return done.returncode == 0


def pin_unblock(world, seed):
    done = world.faulted(seed, "vicar,vicard", world.tool("vicar"), "pin", "unblock", "card",
                         "--pin-file", world.unblock)  # fmt: skip
    pin = world.pin()
    if done.returncode == 0:
        assert pin == NEW_PIN, f"the PIN is {pin}: {done.stdout}"
    world.works(pin)
    return done.returncode == 0


def wrong_pin(world, seed):
    """It is never taken, and no try that it has cost is given back."""
    done = world.faulted(seed, "vicar,vicard", world.tool("vicar"), "pin", "change", "card",
                         "--pin-file", world.wrong)  # fmt: skip
    left = world.tries()
    assert done.returncode != 0, done.stdout
    assert world.pin() == LOCAL_PIN
    assert left in (TRIES_BEFORE, TRIES_BEFORE - 1), f"{left} tries left: {done.stdout}"
    said = re.search(r"tries left: (\d)", done.stdout)
    assert not said or int(said[1]) == left, f"{left} tries left: {done.stdout}"
    world.works(LOCAL_PIN)
    return said is not None


def cert_add(world, seed):
    done = world.faulted(seed, "vicar", world.tool("vicar"), "cert", "add", "card", world.other)
    listed = "Other" in world.vicar("cert", "list", "card").stdout
    assert listed or done.returncode != 0, done.stdout
    world.works(world.pin())
    return done.returncode == 0


def cert_export(world, seed):
    """What is there is replaced by the certificate, or stays."""
    path = world.path("exported")
    with open(path, "w") as f:
        f.write("what was there\n")
    done = world.faulted(seed, "vicar", world.tool("vicar"), "cert", "export", "card", "auth",
                         "--output", path)  # fmt: skip
    with open(path) as f:
        text = f.read()
    if done.returncode == 0:
        assert text == world.vicar("cert", "export", "card", "auth").stdout, text
    else:
        assert text == "what was there\n", f"exit {done.returncode}, and: {text}"
    return done.returncode == 0


def cert_print(world, seed):
    """Onto a pipe: with status 0 nothing is missing."""
    done = world.faulted(seed, "vicar", world.tool("vicar"), "cert", "export", "card", "auth",
                         stderr=subprocess.PIPE)  # fmt: skip
    if done.returncode == 0:
        assert done.stdout == world.vicar("cert", "export", "card", "auth").stdout, done.stdout
    return done.returncode == 0


def forget(world, seed):
    done = world.faulted(seed, "vicar", world.tool("vicar"), "forget", "card", "--yes")
    there = os.path.exists(world.card())
    assert not there or done.returncode != 0, done.stdout
    if there:
        world.vicar("forget", "card", "--yes")
        assert not os.path.exists(world.card())
    left = [name for name in world.files("") if "auth." in name]
    assert done.returncode != 0 or not left, f"left behind: {left}"
    return done.returncode == 0


CASES = {
    "create": create,
    "import": import_,
    "pin-change": pin_change,
    "pin-unblock": pin_unblock,
    "wrong-pin": wrong_pin,
    "cert-add": cert_add,
    "cert-export": cert_export,
    "cert-print": cert_print,
    "forget": forget,
}

if __name__ == "__main__":
    rounds.main("cards", Cards, CASES, "1-8")
