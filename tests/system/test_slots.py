#!/usr/bin/env python3
"""Several cards and several readers at once: which card is in which slot, what programs see when one replaces
another, and what is said when there is no room."""

import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402
import ifd_pcsc as pcsc  # noqa: E402
from harness import ROOT, World  # noqa: E402

FIRST, SECOND = "Vicar 00 00", "Vicar 00 01"
CARDS = (("anna", "fineid-v2"), ("berta", "cc-v1"), ("carla", "iasecc"))


class Slots(unittest.TestCase):
    """One world for all: libpcsclite reads where pcscd is once a process."""

    @classmethod
    def setUpClass(cls):
        cls.world = World(harness.BUILD)
        try:
            os.environ["PCSCLITE_CSOCK_NAME"] = cls.world.env["PCSCLITE_CSOCK_NAME"]
            for name, kind in CARDS:
                cls.world.create(name, "--card", kind, "--key", "rsa2048", "--role", "auth")
        except BaseException:
            cls.world.close()
            raise

    @classmethod
    def tearDownClass(cls):
        cls.world.close()

    def setUp(self):
        conf = self.world.path("pcscd", "conf")
        if os.path.isdir(conf):
            for name in os.listdir(conf):
                os.unlink(os.path.join(conf, name))
        self.addCleanup(self.world.stop_pcscd)
        self.addCleanup(self.take_all_out)

    def take_all_out(self):
        for name in list(self.world.inserted):
            self.world.remove(name)

    def insert(self, name):
        self.assertIn(f"card {name} is in", self.world.insert(name).stdout)

    def swap(self, out, come, **more):
        done = self.world.vicar("swap", out, come, check=False, **more)
        self.world.inserted.add(come)
        return done

    def pid(self, name):
        status = self.world.vicar("status", name).stdout
        return next(line for line in status.splitlines() if "pid" in line).split()[-1]

    @staticmethod
    def read(path):
        with open(path) as f:
            return f.read()

    @staticmethod
    def write(path, text):
        with open(path, "w") as f:
            f.write(text)

    def entry(self, name, device):
        """One more reader of our driver."""
        os.makedirs(self.world.path("pcscd", "conf"), exist_ok=True)
        self.write(
            self.world.path("pcscd", "conf", name),
            f'FRIENDLYNAME "{name}"\nDEVICENAME {device}\nLIBPATH {self.world.driver}\n',
        )

    def start_entries(self):
        script = os.path.join(ROOT, "tests/system/private-pcscd.sh")
        self.world.run(script, "start", self.world.path("pcscd"))

    def test_programs_see_one_card_go_and_the_other_come_in_the_same_slot(self):
        self.world.start_pcscd()
        with pcsc.Client() as client:
            self.insert("anna")
            self.insert("carla")
            _, changes, anna = client.wait_until(FIRST, pcsc.PRESENT)
            second = client.wait_until(SECOND, pcsc.PRESENT)
            handle = client.connect(FIRST)
            done = self.swap("anna", "berta")
            self.assertEqual(done.stdout, "card anna is out\ncard berta is in\n")
            self.assertEqual(client.wait_changes(FIRST, changes + 2), changes + 2)
            present, _, berta = client.wait_until(FIRST, pcsc.PRESENT)
            self.assertTrue(present)
            self.assertNotEqual(anna, berta)
            self.assertEqual(client.state(SECOND), second)
            with self.assertRaises(pcsc.Error):
                handle.transmit(bytes.fromhex("00A4000C023F00"))
            handle.disconnect()
            client.connect(FIRST).transmit(bytes.fromhex("00A4000C023F00"))
        self.world.inserted.discard("anna")

    def test_the_second_slots_card_is_swapped_there_though_the_first_slot_is_free(self):
        self.world.start_pcscd()
        with pcsc.Client() as client:
            self.insert("anna")
            self.insert("carla")
            client.wait_until(SECOND, pcsc.PRESENT)
            self.world.remove("anna")
            client.wait_until(FIRST, pcsc.EMPTY)
            changes = client.state(SECOND)[1]
            self.assertEqual(self.swap("carla", "berta").returncode, 0)
            self.assertEqual(client.wait_changes(SECOND, changes + 2), changes + 2)
            self.assertTrue(client.wait_until(SECOND, pcsc.PRESENT)[0])
            self.assertFalse(client.state(FIRST)[0])
        self.world.inserted.discard("carla")

    def test_without_a_swap_a_card_takes_the_first_free_slot_whichever_was_left_last(self):
        self.world.start_pcscd()
        with pcsc.Client() as client:
            self.insert("anna")
            self.insert("carla")
            client.wait_until(SECOND, pcsc.PRESENT)
            for name, reader in (("anna", FIRST), ("carla", SECOND)):
                self.world.remove(name)
                client.wait_until(reader, pcsc.EMPTY)
            self.insert("berta")
            self.assertTrue(client.wait_until(FIRST, pcsc.PRESENT)[0])
            self.assertFalse(client.state(SECOND)[0])
            # Nor is a slot that was kept for a card kept once it has been in.
            self.insert("carla")
            client.wait_until(SECOND, pcsc.PRESENT)
            self.assertEqual(self.swap("carla", "anna").returncode, 0)
            self.world.inserted.discard("carla")
            client.wait_until(SECOND, pcsc.PRESENT)
            for name, reader in (("berta", FIRST), ("anna", SECOND)):
                self.world.remove(name)
                client.wait_until(reader, pcsc.EMPTY)
            self.insert("carla")
            self.assertTrue(client.wait_until(FIRST, pcsc.PRESENT)[0])

    def test_what_cannot_be_swapped_leaves_the_card_in(self):
        self.world.start_pcscd()
        self.insert("anna")
        self.insert("carla")
        before = self.pid("anna")
        for out, come, text in (
            ("anna", "anna", "name two cards"),
            ("anna", "nobody", "there is no card nobody"),
            ("anna", "carla", "card carla is already in"),
            ("berta", "anna", "already in"),
        ):
            with self.subTest(out=out, come=come):
                done = self.world.vicar("swap", out, come, check=False)
                self.assertEqual(done.returncode, 1)
                self.assertIn(text, done.stdout)
                self.assertEqual(self.pid("anna"), before)

    def test_a_card_that_is_not_in_is_not_swapped(self):
        done = self.world.vicar("swap", "anna", "berta", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("anna", done.stdout)

    def test_when_the_new_card_cannot_come_the_old_one_returns(self):
        self.world.start_pcscd()
        self.insert("anna")
        path = self.world.path("data", "vicar", "cards", "berta", "card.conf")
        good = self.read(path)
        self.addCleanup(self.write, path, good)
        self.write(path, good.replace("service = file", "service = nowhere"))
        done = self.world.vicar("swap", "anna", "berta", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("[service nowhere]", done.stdout)
        self.assertIn("card anna is in", done.stdout)
        self.pid("anna")

    def test_without_a_free_slot_what_to_do_is_told(self):
        self.world.start_pcscd()
        self.insert("anna")
        self.insert("berta")
        done = self.world.vicar("insert", "carla", check=False)
        self.assertEqual(done.returncode, 1)
        for words in ("carla found no free slot", "vicar swap", "DEVICENAME", "16 slots"):
            self.assertIn(words, done.stdout)

    def test_two_entries_with_two_names_and_two_directories_do_not_mix(self):
        other = self.world.path("other")
        os.makedirs(other, exist_ok=True)
        self.entry("Home", f"vicar:{self.world.path('sockets')}:2")
        self.entry("Office", f"vicar:{other}:1")
        self.start_entries()
        with pcsc.Client() as client:
            names = client.readers()
            home = sorted(name for name in names if name.startswith("Home"))
            office = [name for name in names if name.startswith("Office")]
            self.assertEqual((len(home), len(office), len(names)), (2, 1, 3))
            self.insert("anna")
            self.world.configure(card={"socket-directory": other})
            self.addCleanup(self.world.configure)
            self.insert("berta")
            anna = client.wait_until(home[0], pcsc.PRESENT)
            berta = client.wait_until(office[0], pcsc.PRESENT)
            self.assertNotEqual(anna[2], berta[2])
            self.assertFalse(client.state(home[1])[0])
            for name in (home[0], office[0]):
                client.connect(name).transmit(bytes.fromhex("00A4000C023F00"))

    def test_a_reader_beyond_pcscds_sixteen_slots_is_told_and_the_other_works(self):
        other = self.world.path("other")
        os.makedirs(other, exist_ok=True)
        self.entry("Home", f"vicar:{self.world.path('sockets')}:10")
        self.entry("Office", f"vicar:{other}:10")
        self.start_entries()
        with pcsc.Client() as client:
            names = client.readers()
            if len(names) == 20:
                self.skipTest("SKIP: this pcscd has no limit")
            self.assertEqual(len({name.split()[0] for name in names}), 1, names)
            self.assertEqual(len(names), 10)
        self.assertRegex(self.read(self.world.path("pcscd", "log")), "vicar:/.*: pcscd has no room for its 10 slots, it takes 16")


if __name__ == "__main__":
    harness.main()
