#!/usr/bin/env python3
"""vicar create is killed at every system call that changes a file, by strace: there is no card, or
one with all its keys, and the next attempt leaves nothing of the one before."""

import os
import re
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402
from harness import LOCAL_PIN, LOCAL_PUK, World  # noqa: E402

CHANGES = (
    "mkdir", "mkdirat", "openat", "write", "fsync", "link", "linkat", "rename", "renameat",
    "unlink", "unlinkat",
)  # fmt: skip
FILES = {"card.conf", "certificates/auth.der", "keys/auth.pin", "keys/auth.puk"}
# Fewer than that and the command was not killed in its middle.
KILLS_MIN = 25


class CreateKilled(unittest.TestCase):
    def setUp(self):
        self.world = World(harness.BUILD)
        self.addCleanup(self.world.close)
        self.pins = self.world.write_private("pins", f"pin = {LOCAL_PIN}\npuk = {LOCAL_PUK}\n")
        self.cards = self.world.path("data", "vicar", "cards")
        os.makedirs(self.cards, mode=0o700)

    def command(self):
        return "create", "card", "--card", "cc-v2", "--role", "auth", "--pin-file", self.pins

    def create(self, *strace):
        """Whether it came to its end."""
        # Leaks are looked for by tracing, and a process has one tracer.
        leaks = {"ASAN_OPTIONS": self.world.env["ASAN_OPTIONS"] + ":detect_leaks=0"}
        done = self.world.run(
            "strace", "-o", "trace", *strace, self.world.tool("vicar"), *self.command(),
            check=False, env=leaks,
        )  # fmt: skip
        if "may not trace" in done.stdout or "PTRACE_TRACEME" in done.stdout:
            self.skipTest(f"SKIP: strace may not trace here: {done.stdout}")
        return done.returncode == 0

    def changes(self):
        """(system call, its number among those of its name), from the first file of the card on."""
        with open(self.world.path("trace")) as f:
            calls = re.findall(r"^(\w+)\((.*)", f.read(), re.M)
        # A coverage build writes its counters at exit: that is no change of a card.
        calls = calls[: next((i for i, (_, rest) in enumerate(calls) if ".gcda" in rest), None)]
        begin = next(i for i, (_, rest) in enumerate(calls) if self.cards + "/." in rest)
        return [
            (name, sum(other == name for other, _ in calls[: number + 1]))
            for number, (name, _) in enumerate(calls)
            if number >= begin and name in CHANGES
        ]

    def files(self):
        card = os.path.join(self.cards, "card")
        return {
            os.path.relpath(os.path.join(where, name), card)
            for where, _, names in os.walk(card) for name in names
        }  # fmt: skip

    def opens(self):
        """OpenSSL's word on every file of keys."""
        for name, secret in (("pin", LOCAL_PIN), ("puk", LOCAL_PUK)):
            path = os.path.join(self.cards, "card", "keys", f"auth.{name}")
            done = subprocess.run(
                ["openssl", "pkey", "-inform", "DER", "-in", path, "-passin", f"pass:{secret}",
                 "-noout"], check=False, timeout=60,
            )  # fmt: skip
            self.assertEqual(done.returncode, 0, path)

    def test_there_is_no_card_or_a_whole_one(self):
        self.assertTrue(self.create())
        changes = self.changes()
        shutil.rmtree(os.path.join(self.cards, "card"))
        found = []
        for name, number in changes:
            with self.subTest(call=name, number=number):
                self.assertFalse(self.create(f"--inject={name}:signal=KILL:when={number}"))
                found.append("card" in os.listdir(self.cards))
                if found[-1]:
                    self.assertEqual(self.files(), FILES)
                    self.opens()
                    shutil.rmtree(os.path.join(self.cards, "card"))
        self.assertGreater(len(changes), KILLS_MIN)
        self.assertEqual(found, sorted(found))
        self.assertEqual((found[0], found[-1]), (False, True))
        self.world.vicar(*self.command())
        self.assertEqual(os.listdir(self.cards), ["card"])
        print(f"killed {len(changes)} times", file=sys.stderr)


if __name__ == "__main__":
    harness.main()
