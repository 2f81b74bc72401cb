#!/usr/bin/env python3
"""vicard is killed at every system call of every PIN command, by strace: no try is given back, one
of the two PINs opens the key, and the card can always be put in again.

design.md, "Local keys are real too": the counter is on disk before the PIN is tried.
"""

import hashlib
import os
import re
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from kills import Kills  # noqa: E402
from vicard_world import PIN, POWER_ON, PUK, Reader, VicardTest, main  # noqa: E402

NEW, WRONG = "11223344", "99999999"
OK = b"\x90\x00"
# Fewer than that and a command was not killed in its middle.
KILLS_MIN = 12


def command(header, *values):
    """A PIN command of fineid.md 4.5 to 4.7, each value padded to 8."""
    data = b"".join(value.encode().ljust(8, b"\0") for value in values)
    return bytes.fromhex(header) + bytes([len(data)]) + data


@unittest.skipUnless(os.geteuid() == 0, "SKIP: only root may trace a process that is not dumpable")
class KilledInAPinCommand(Kills, VicardTest):
    remote = False

    def setUp(self):
        super().setUp()
        self.judged = {}
        self.leftovers = 0
        self.public = self.openssl(
            "x509", "-inform", "DER", "-in", self.card("certificates", "auth.der"), "-noout", "-pubkey"
        )

    def openssl(self, *arguments):
        """What it prints, or None when it refuses."""
        done = subprocess.run(
            ["openssl", *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False,
            timeout=60,
        )  # fmt: skip
        return done.stdout if done.returncode == 0 else None

    def opens(self, name, secret):
        """OpenSSL's word on whether the secret opens the card's key in this file."""
        path = self.card("keys", name)
        with open(path, "rb") as f:
            known = (hashlib.sha256(f.read()).digest(), secret)
        if known not in self.judged:
            key = self.openssl(
                "pkey", "-inform", "DER", "-in", path, "-passin", f"pass:{secret}", "-pubout"
            )
            self.assertIn(key, (None, self.public))
            self.judged[known] = key is not None
        return self.judged[known]

    def ready(self):
        process = self.insert()
        reader = Reader(self.link)
        reader.hello()
        reader.ask(POWER_ON)
        return process, reader

    def counters(self):
        return {name: int(left) for name, left in
                (word.split("=") for word in self.status("tries").split())}  # fmt: skip

    def wear(self, wrong_pins):
        """A card some of whose tries are gone, kept as `before`; the counters it has."""
        process, reader = self.ready()
        full = self.counters()
        for _ in range(wrong_pins):
            reader.transmit(command("00200001", WRONG))
        reader.transmit(command("002C0001", WRONG, NEW))
        before = self.counters()
        self.take_out(process, reader)
        self.keep()
        return full, before

    def was_tried(self):
        """Whether the file that the value opens had been looked at."""
        return re.search(r'^openat\(.*/keys/auth\.p.[nk]",.* = \d', self.traced(), re.M) is not None

    def pin_that_opens(self):
        pins = [pin for pin in (PIN, NEW, WRONG) if self.opens("auth.pin", pin)]
        self.assertEqual(len(pins), 1, "neither PIN opens the key, or more than one")
        self.assertTrue(self.opens("auth.puk", PUK))
        return pins[0]

    def check_that_the_card_still_works(self, counters, pin):
        """By the card itself; a blocked one by its PUK."""
        process, reader = self.ready()
        self.assertEqual(self.counters(), counters)
        if counters["pin1"] == 0:
            self.assertEqual(reader.transmit(command("00200001", pin)), b"\x69\x83")
            self.assertEqual(reader.transmit(command("002C0001", PUK, pin)), OK)
        self.assertEqual(reader.transmit(command("00200001", pin)), OK)
        self.take_out(process, reader)

    def check_that_the_next_change_leaves_one_key_file_of_each_kind(self, pin):
        process, reader = self.ready()
        self.assertEqual(reader.transmit(command("00240001", pin, NEW)), OK)
        self.take_out(process, reader)
        self.assertEqual(sorted(os.listdir(self.card("keys"))), ["auth.pin", "auth.puk"])

    def look(self):
        """The counters and the PIN of the card as it is after the kill."""
        process, reader = self.ready()
        counters = self.counters()
        self.take_out(process, reader)
        pin = self.pin_that_opens()
        self.leftovers += len(os.listdir(self.card("keys"))) > 2
        self.check_that_the_card_still_works(counters, pin)
        if len(os.listdir(self.card("keys"))) > 2:
            self.check_that_the_next_change_leaves_one_key_file_of_each_kind(pin)
        return counters, pin

    def kill_everywhere(self, capdu, counter, sw, right, pins=(PIN,), wrong_pins=2):
        """`counter` is what the value is counted by; `pins` those that may open the key afterwards."""
        full, before = self.wear(wrong_pins)
        counted = {**before, counter: before[counter] - 1}
        order = [before, counted]
        if right:
            order += [{**before, counter: full[counter]}]
            order += [{**order[-1], "pin1": full["pin1"]}] if counter == "puk" else []
        calls = self.rehearse(capdu, sw)
        states = []
        for number in range(len(calls)):
            with self.subTest(kill=number, call=calls[number]):
                self.kill_at(number, calls, capdu)
                tried = self.was_tried()
                states.append(self.look())
                self.assertIn(states[-1][0], order)
                self.assertIn(states[-1][1], pins)
                if tried:
                    self.assertNotEqual(states[-1][0], before, "a value was tried and not counted")
        print(f"{self.id().rsplit('.', 1)[1]}: killed {len(calls)} times", file=sys.stderr)
        self.assertGreater(len(calls), KILLS_MIN)
        self.assertEqual(states[0], (before, PIN))
        self.assertIn(counted, [counters for counters, _ in states])
        self.assertEqual(states[-1], (order[-1], pins[-1]))
        self.assert_no_way_back(states, order, pins)
        self.assertEqual(self.leftovers > 0, len(pins) > 1, "files of an unfinished change")

    def assert_no_way_back(self, states, order, pins):
        """A kill one system call later leaves the card at least as far."""
        for earlier, later in zip(states, states[1:]):
            self.assertLessEqual(order.index(earlier[0]), order.index(later[0]))
            self.assertLessEqual(pins.index(earlier[1]), pins.index(later[1]))

    def test_verify_with_the_right_pin(self):
        self.kill_everywhere(command("00200001", PIN), "pin1", OK, right=True)

    def test_verify_with_a_wrong_pin(self):
        self.kill_everywhere(command("00200001", WRONG), "pin1", b"\x63\xc2", right=False)

    def test_change_with_the_right_pin(self):
        self.kill_everywhere(
            command("00240001", PIN, NEW), "pin1", OK, right=True, pins=(PIN, NEW)
        )  # fmt: skip

    def test_change_with_a_wrong_pin(self):
        self.kill_everywhere(command("00240001", WRONG, NEW), "pin1", b"\x63\xc2", right=False)

    def test_unblocking_with_the_right_puk(self):
        self.kill_everywhere(
            command("002C0001", PUK, NEW), "puk", OK, right=True, pins=(PIN, NEW), wrong_pins=5
        )  # fmt: skip

    def test_unblocking_with_a_wrong_puk(self):
        self.kill_everywhere(
            command("002C0001", WRONG, NEW), "puk", b"\x63\xc3", right=False, wrong_pins=5
        )


if __name__ == "__main__":
    main()
