#!/usr/bin/env python3
"""A remote key with calls that fail in vicar, vicard and vicar-bridge: status 0 only with a signature that
verifies, at most one start call for one use, and none that the journal does not know.
"""

import os
import re

import rounds
from harness import ENTER, PIN

START_CALLS = ("SCMDSign", "SCMDMultipleSign", "CCMovelSign", "CCMovelMultipleSign")


class Service(rounds.FaultedWorld):
    """With a card "maria" of the simulated service."""

    def __init__(self, build):
        super().__init__(build)
        self.rarity = (100, 300, 1000, 3000)
        self.start_simulator()
        self.enrol("maria")
        self.document = self.path("document")
        with open(self.document, "w") as f:
            f.write("a document that deserves a signature\n")
        self.keep()

    def authorities(self):
        """Of the card as it was made, which is trusted here."""
        directory = self.path("kept", "vicar", "cards", "maria", "certificates")
        path = self.path("authorities.pem")
        with open(path, "w") as f:
            for name in sorted(os.listdir(directory)):
                f.write(self.run("openssl", "x509", "-inform", "DER", "-in",
                                 os.path.join(directory, name)).stdout)  # fmt: skip
        return path

    def verifies(self, signature):
        done = self.run(
            "openssl", "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", signature,
            "-content", self.document, "-CAfile", self.authorities(), "-partial_chain", "-purpose",
            "any", "-out", "/dev/null", check=False,
        )  # fmt: skip
        return done.returncode == 0


def sign(world, seed):
    world.account()
    world.person.expect([(r"PIN: $", PIN + ENTER), world.types_code(), world.agrees()])
    before = len(world.calls())
    signature = world.document + ".p7s"
    with world.vicard("maria", env=world.faulted_env(seed, "vicard,vicar-bridge")):
        done = world.faulted(seed, "vicar", world.tool("vicar"), "sign", "--card", "maria", "--cms",
                             world.document)  # fmt: skip
    starts = [
        line for line in world.calls()[before:] if any(name in line.split() for name in START_CALLS)
    ]
    there = os.path.exists(signature)
    try:
        assert len(starts) <= 1, starts
        assert there or done.returncode != 0, done.stdout
        assert not there or world.verifies(signature), f"exit {done.returncode}: {done.stdout}"
        assert not starts or "card=maria" in world.journal("maria"), "a start without its line"
    finally:
        if there:
            os.unlink(signature)
    return done.returncode == 0


def enrol(world, seed):
    account = world.write_private("account", "[account]\nphone = +351 912345678\n")
    command = "enrol", "new", "--service", "cmd", "--account", account
    done = world.faulted(seed, "vicar,vicar-bridge", world.tool("vicar"), *command)
    cards = world.path("data", "vicar", "cards")
    made = "new" in os.listdir(cards)
    assert made == (done.returncode == 0), f"exit {done.returncode}, card: {made}: {done.stdout}"
    if not made:
        world.vicar(*command)
    listed = world.vicar("cert", "list", "new").stdout
    assert re.search(r"\bsign\b", listed), listed
    return done.returncode == 0


def renew(world, seed):
    done = world.faulted(seed, "vicar,vicar-bridge", world.tool("vicar"), "renew", "maria")
    before, after = (
        world.run("cat", world.path(where, "vicar", "cards", "maria", "certificates", "sign.der")).stdout
        for where in ("kept", "data")
    )
    assert before == after, done.stdout
    world.vicar("renew", "maria")
    return done.returncode == 0


CASES = {"sign": sign, "enrol": enrol, "renew": renew}

if __name__ == "__main__":
    rounds.main("service", Service, CASES, "1-8")
