#!/usr/bin/env python3
"""A card's process of a user who may put cards in, and who means ill: pcscd is the same one afterwards and as big, no
other reader's card waits for it, and the next honest card has the slot.

usage: tests/packages/test_hostile_card.py BUILD
"""

import time

import machine
from hostile_card import MANNERS
from machine import pcsc
from people import FIRST, SECOND, PeopleTest, Pcscd

LASTS_S = 0.8
# Of one command to the other card, and of a client that comes anew, while two cores are kept busy.
COMMAND_S, CLIENT_S = 2.0, 4.0
# Of the first client of a pcscd that begins.
START_S = 6.0
# What pcscd may have more of afterwards; a thousand connections that are lost, or a message's memory each
# time, are far above it.
DESCRIPTORS, THREADS, RSS_KIB = 4, 2, 2048
SELECT_MF = bytes.fromhex("00A4000C023F00")


class HostileCard(PeopleTest):
    def setUp(self):
        super().setUp()
        self.insert()
        self.assert_present(FIRST)
        self.pcscd = Pcscd()

    def plays(self, manner):
        hostile, said = self.starts(
            self.eve, *self.program("hostile_card"), manner, "/run/vicar", str(self.eve.uid))  # fmt: skip
        self.assertEqual(said, "listening")
        return hostile

    def used(self):
        """Somebody, no matter who, uses what is in the second slot."""
        return self.starts(self.rui, *self.program("any_client"), SECOND)[0]

    def answers_in_time(self):
        """The honest card, for a client that stays and for those that come."""
        end = time.monotonic() + LASTS_S
        worst_command = worst_client = count = 0
        with pcsc.Client() as client:
            card = client.connect(FIRST)
            while time.monotonic() < end:
                start = time.monotonic()
                self.assertEqual(card.transmit(SELECT_MF)[-2:], b"\x90\x00")
                worst_command = max(worst_command, time.monotonic() - start)
                count += 1
                if count % 50 == 1:
                    start = time.monotonic()
                    with pcsc.Client() as another:
                        self.assertIn(SECOND, another.readers())
                        self.assertTrue(another.state(FIRST)[0])
                        another.connect(FIRST).disconnect()
                    worst_client = max(worst_client, time.monotonic() - start)
        self.assertGreater(count, 10)
        self.assertLess(worst_command, COMMAND_S)
        self.assertLess(worst_client, CLIENT_S)

    def assert_unharmed(self):
        self.assertTrue(self.pcscd.is_alive(), "pcscd has ended")
        for place, what, before, more in (
            (0, "descriptors", self.pcscd.descriptors, DESCRIPTORS), (1, "threads", self.pcscd.threads, THREADS),
            (2, "KiB", self.pcscd.rss_kib, RSS_KIB),
        ):  # fmt: skip
            now = self.pcscd.settles(what, lambda place=place: self.pcscd.measure()[place], before + more)
            self.assertLessEqual(now, before + more, f"{what} of pcscd, {before} before")

    def ends(self, *processes):
        for process in processes:
            process.kill()
            process.wait()
        self.eve.run("sh", "-c", f"rm -f /run/vicar/{self.eve.uid}-aaa*")

    def test_each_manner(self):
        """The second slot is eve's, and used all the time."""
        for manner in (*MANNERS, "new_socket", "litter"):
            with self.subTest(manner):
                hostile, client = self.plays(manner), self.used()
                self.answers_in_time()
                self.assertIsNone(hostile.poll())
                self.ends(hostile, client)
                self.assert_unharmed()
                self.assert_present(FIRST)
        self.eve.run("vicar", "insert", "demo")
        self.addCleanup(self.eve.run, "vicar", "remove", "demo", check=False)
        self.assert_present(FIRST, SECOND)

    def test_when_pcscd_begins_nobody_waits_long_for_it(self):
        for manner in ("mute", "powerless", "rude", "hellos"):
            with self.subTest(manner):
                hostile = self.plays(manner)
                self.machine.stop_pcscd()
                start = time.monotonic()
                self.machine.start_pcscd()
                with pcsc.Client() as client:
                    self.assertEqual(client.connect(FIRST).transmit(SELECT_MF)[-2:], b"\x90\x00")
                self.assertLess(time.monotonic() - start, START_S)
                self.ends(hostile)

    def test_of_hundreds_of_cards_none_takes_a_slot_that_is_taken_and_others_are_told(self):
        """Eve's number is higher than ana's; so is that of the one who is told."""
        ana_was = self.pid(self.ana)
        hostile, client = self.plays("swarm"), self.used()
        self.answers_in_time()
        self.assertEqual(self.pid(self.ana), ana_was)
        self.assert_present(FIRST, SECOND)
        last = self.last_user()
        done = last.run("vicar", "insert", "demo", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("no free slot", done.stdout)
        self.ends(hostile, client)
        self.assert_unharmed()
        self.assert_present(FIRST)
        last.run("vicar", "insert", "demo")
        self.addCleanup(last.run, "vicar", "remove", "demo", check=False)
        self.assert_present(FIRST, SECOND)

    def last_user(self):
        last = self.machine.user("zita", "vicar")
        last.run("vicar", "create", "--demo")
        return last


if __name__ == "__main__":
    machine.main()
