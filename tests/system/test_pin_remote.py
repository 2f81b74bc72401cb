#!/usr/bin/env python3
"""The rules of a remote PIN, one by one: the Portuguese card with its key at the simulated service,
asked over the link as a reader would.

design.md, "A remote PIN cannot be checked before it is used", "A start call consumes the verified
state". The commands are those of iasecc.md 9.2. What stock OpenSC makes of it: test_failures.py.
"""

import base64
import contextlib
import hashlib
import os
import re
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402
from harness import CANCEL, PIN, World, wait_for  # noqa: E402
from vicard_world import POWER_OFF, POWER_ON, RESET, Reader  # noqa: E402

WRONG, OTHER = "314159", "161803"
SELECT = bytes.fromhex("00A4040007604632FF00000200")
STATE = bytes.fromhex("0020008200")
SET = bytes.fromhex("002241B606800142840101")
OK, BLOCKED, NOT_VERIFIED, CONDITIONS = b"\x90\x00", b"\x69\x83", b"\x69\x82", b"\x69\x85"


def tries(left):
    return bytes([0x63, 0xC0 + left])


def padded(pin):
    return pin.encode().ljust(8, b"\xff")


def verify(pin):
    return bytes.fromhex("0020008208") + padded(pin)


class RemotePin(unittest.TestCase):
    CARD_SETTINGS = {}

    @classmethod
    def setUpClass(cls):
        cls.world = World(harness.BUILD)
        try:
            cls.world.start_simulator()
            cls.configure()
            cls.world.enrol("card")
            shutil.copytree(cls.image(), cls.world.path("new"))
        except BaseException:
            cls.world.close()
            raise

    @classmethod
    def tearDownClass(cls):
        cls.world.close()

    @classmethod
    def configure(cls):
        cls.world.configure(
            card=cls.CARD_SETTINGS, prompt={"refusal-pause-ms": 0, "repeat-window-ms": 0}
        )

    @classmethod
    def image(cls, *parts):
        return cls.world.path("data", "vicar", "cards", "card", *parts)

    def setUp(self):
        """An account that no test blocks, a person who agrees."""
        self.world.account(pin_tries=100)
        self.world.person.expect([self.world.agrees(), self.world.types_code()])
        self.insert_new()

    def insert_new(self):
        """A card as it was enrolled."""
        shutil.rmtree(self.image())
        shutil.copytree(self.world.path("new"), self.image())
        self.documents = 0
        self.before = len(self.world.calls())
        self.insert()

    def insert(self):
        self.card = self.world.popen(
            self.world.tool("vicard"), "--foreground", "card", stdout=subprocess.DEVNULL
        )
        self.addCleanup(self.take_out)
        self.reader = wait_for("card", self.listening)

    def listening(self):
        """The socket is there before it listens."""
        self.assertIsNone(self.card.poll())
        with contextlib.suppress(FileNotFoundError, ConnectionRefusedError):
            return self.connect()
        return None

    def take_out(self):
        self.card.terminate()
        self.assertEqual(self.card.wait(timeout=30), 0)

    def link(self):
        return self.world.path("sockets", f"{os.geteuid()}-card.sock")

    def connect(self):
        reader = Reader(self.link(), timeout=60)
        self.addCleanup(reader.close)
        reader.hello()
        reader.ask(POWER_ON)
        return reader

    def ask(self, capdu):
        return self.reader.transmit(capdu)

    def sign(self):
        """The status word of a signature over a document that was not signed before; 61xx, more of it
        waits to be fetched, counts as success."""
        self.documents += 1
        self.assertEqual(self.ask(SET), OK)
        digest = hashlib.sha256(b"%d" % self.documents).digest()
        self.assertEqual(self.ask(bytes.fromhex("002A90A0229020") + digest), OK)
        answer = self.ask(bytes.fromhex("002A9E9A80"))[-2:]
        return OK if answer[0] == 0x61 else answer

    def verify_and_sign(self, pin):
        self.assertEqual(self.ask(verify(pin)), OK)
        return self.sign()

    def starts(self):
        """The start calls for this card."""
        return sum("SCMDSign" in call.split() for call in self.world.calls()[self.before :])

    def on_disk(self):
        """The tries left as the image has them; None when nothing was ever counted."""
        if not os.path.exists(self.image("state")):
            return None
        with open(self.image("state")) as f:
            return int(re.search(r"^sign-pin = (\d+)$", f.read(), re.M)[1])


class TwoTries(RemotePin):
    """What a card does that nobody gave the option pin-tries."""

    # Its life

    def test_verify_checks_the_form_only_and_nobody_is_called(self):
        for pin in (PIN, WRONG, "1234"):
            self.assertEqual(self.ask(verify(pin)), OK)
        self.assertEqual(self.ask(bytes.fromhex("0020008208") + b"12a4\xff\xff\xff\xff"), b"\x6a\x80")
        self.assertEqual((self.world.calls()[self.before :], self.on_disk()), ([], None))

    def assert_ended(self, left=2):
        self.assertEqual(self.ask(STATE), tries(left))
        starts = self.starts()
        self.assertEqual(self.sign(), NOT_VERIFIED)
        self.assertEqual(self.starts(), starts)

    def test_it_lives_until_it_is_used(self):
        self.assertEqual(self.ask(verify(PIN)), OK)
        self.assertEqual(self.ask(SET), OK)
        self.assertEqual(self.ask(STATE), OK)
        self.assertEqual(self.sign(), OK)

    def test_power_down_ends_it(self):
        self.assertEqual(self.ask(verify(PIN)), OK)
        self.reader.ask(POWER_OFF)
        self.reader.ask(POWER_ON)
        self.assert_ended()

    def test_a_reset_ends_it(self):
        self.assertEqual(self.ask(verify(PIN)), OK)
        self.reader.ask(RESET)
        self.assert_ended()

    def test_selecting_the_application_ends_it(self):
        self.assertEqual(self.ask(verify(PIN)), OK)
        self.assertEqual(self.ask(SELECT)[-2:], OK)
        self.assert_ended()

    def test_a_lost_link_ends_it(self):
        self.assertEqual(self.ask(verify(PIN)), OK)
        self.reader.close()
        self.reader = self.connect()
        self.assert_ended()

    def test_a_signature_ends_it(self):
        self.assertEqual(self.verify_and_sign(PIN), OK)
        self.assert_ended()

    def test_a_start_call_that_came_to_nothing_ends_it(self):
        self.world.person.expect([self.world.agrees(), ("[Cc]ode", CANCEL)])
        self.assertEqual(self.verify_and_sign(PIN), b"\x64\x01")
        self.assertEqual(self.starts(), 1)
        self.assert_ended()

    def test_a_refusal_by_the_owner_before_the_start_call_does_not_end_it(self):
        self.world.person.expect([("Sign with", "c")])
        self.assertEqual(self.verify_and_sign(PIN), b"\x64\x01")
        self.assertEqual((self.ask(STATE), self.starts(), self.on_disk()), (OK, 0, None))

    # A refused one

    def test_a_refused_one_is_told_by_the_signature_and_counted(self):
        self.assertEqual(self.verify_and_sign(WRONG), tries(1))
        self.assertEqual((self.ask(STATE), self.on_disk()), (tries(1), 1))

    def test_a_refused_one_is_known_again_uncounted_as_long_as_the_process_lives(self):
        self.assertEqual(self.verify_and_sign(WRONG), tries(1))
        for _ in range(3):
            self.assertEqual(self.ask(verify(WRONG)), tries(1))
        self.reader.ask(RESET)
        self.assertEqual(self.ask(verify(WRONG)), tries(1))
        self.reader.ask(POWER_OFF)
        self.reader.close()
        self.reader = self.connect()
        self.assertEqual(self.ask(verify(WRONG)), tries(1))
        self.assertEqual((self.starts(), self.on_disk()), (1, 1))

    def test_a_refused_one_is_forgotten_by_the_next_process_and_its_count_is_not(self):
        self.assertEqual(self.verify_and_sign(WRONG), tries(1))
        self.take_out()
        self.insert()
        self.assertEqual(self.ask(STATE), tries(1))
        self.assertEqual(self.ask(verify(WRONG)), OK)

    def test_after_a_refused_one_another_is_taken_and_a_signature_restores_the_tries(self):
        self.assertEqual(self.verify_and_sign(WRONG), tries(1))
        self.assertEqual(self.verify_and_sign(PIN), OK)
        self.assertEqual((self.ask(STATE), self.on_disk(), self.starts()), (tries(2), 2, 2))

    # The block

    def block(self):
        for left, pin in ((1, WRONG), (0, OTHER)):
            self.assertEqual(self.verify_and_sign(pin), tries(left))

    def test_two_refused_ones_block_the_card(self):
        self.block()
        for pin in (PIN, WRONG):
            self.assertEqual(self.ask(verify(pin)), BLOCKED)
        self.assertEqual((self.ask(STATE), self.on_disk()), (BLOCKED, 0))
        self.assertEqual(self.sign(), NOT_VERIFIED)
        self.assertEqual(self.starts(), 2)

    def test_the_block_outlives_the_process(self):
        self.block()
        self.take_out()
        self.insert()
        self.assertEqual(self.ask(verify(PIN)), BLOCKED)

    def test_the_card_blocks_before_the_account_and_its_owner_unblocks_it(self):
        self.restart_simulator()
        self.block()
        self.world.vicar("pin", "unblock", "card")
        self.assertEqual((self.ask(STATE), self.on_disk()), (tries(2), 2))
        self.assertEqual(self.verify_and_sign(PIN), OK)

    def restart_simulator(self):
        """An account of the usual number of tries, none of them used."""
        self.take_out()
        self.world.stop_simulator()
        self.world.start_simulator()
        self.configure()
        self.insert()

    # Only the service may change it

    def test_change_and_unblock_by_puk_are_refused_whatever_the_state(self):
        new, puk = padded(OTHER), padded("12345678")
        commands = (
            bytes.fromhex("0024008210") + padded(PIN) + new,
            bytes.fromhex("002C008210") + puk + new,
            bytes.fromhex("002C018208") + puk,
        )
        for command in commands:
            self.assertEqual(self.ask(command), CONDITIONS)
        self.assertEqual(self.ask(verify(PIN)), OK)
        for command in commands:
            self.assertEqual(self.ask(command), CONDITIONS)
        self.block()
        for command in commands:
            self.assertEqual(self.ask(command), CONDITIONS)
        self.assertEqual(self.on_disk(), 0)

    # What stays on disk

    def files(self):
        """The image's files; in the journal, times and the service's names of its processes differ
        each time."""
        found = {}
        for where, _, names in os.walk(self.image()):
            for name in names:
                with open(os.path.join(where, name), "rb") as f:
                    found[os.path.relpath(f.name, self.image())] = f.read()
        found["journal"] = re.sub(rb'(?m)^\S+ |process="[^"]*"', b"", found["journal"])
        found["lock"] = b""  # the pid
        return found

    def test_the_image_is_the_same_whatever_the_pin_was(self):
        images = []
        for first, second in ((WRONG, OTHER), (OTHER, WRONG)):
            with self.subTest(first):
                self.assertEqual(self.verify_and_sign(first), tries(1))
                self.assertEqual(self.ask(verify(first)), tries(1))
                self.assertEqual(self.ask(verify(second)), OK)
                images.append(self.files())
                self.take_out()
                self.insert_new()
        self.assertIn("state", images[0])
        self.assertEqual(images[0], images[1])

    def test_no_form_and_no_hash_of_a_pin_is_in_the_image(self):
        self.assertEqual(self.verify_and_sign(PIN), OK)
        self.block()
        files = [
            os.path.join(where, name) for where, _, names in os.walk(self.image()) for name in names
        ]
        self.assertIn(self.image("state"), files)
        for path in files:
            with open(path, "rb") as f:
                content = f.read()
            for pin in (PIN, WRONG, OTHER):
                for form in derived(pin):
                    self.assertNotIn(form, content, path)
        self.assertTrue(any(form in b"pin = " + PIN.encode() for form in derived(PIN)))


def derived(pin):
    """A PIN as it could stand in a file: itself, coded, and the digests of what is sent to a card."""
    values = [pin.encode(), padded(pin), pin.encode().ljust(8, b"\0")]
    values += [
        hashlib.new(name, value).digest()
        for name in ("md5", "sha1", "sha224", "sha256", "sha384", "sha512")
        for value in values[:3]
    ]
    for value in values:
        yield value
        yield value.hex().encode()
        yield value.hex().upper().encode()
        yield base64.b64encode(value).rstrip(b"=")
    yield pin.encode("utf-16-le")


class FiveTries(RemotePin):
    CARD_SETTINGS = {"pin-tries": 5}

    def test_the_option_pin_tries_is_how_many_there_are(self):
        self.assertEqual(self.ask(STATE), tries(5))
        for left in (4, 3):
            self.assertEqual(self.verify_and_sign(f"99990{left}"), tries(left))
        self.assertEqual(self.verify_and_sign(PIN), OK)
        self.assertEqual(self.ask(STATE), tries(5))


if __name__ == "__main__":
    harness.main()
