#!/usr/bin/env python3
"""A second user in /run/vicar: what he plants there, squats on or connects to gets him nowhere. Two real
users of the group vicar, a third who is not, the installed packages and the real pcscd.

usage: tests/packages/test_strangers.py BUILD
"""

import os
import re
import sys
import time

import machine
from machine import VICAR, pcsc
from people import FIRST, PeopleTest

from harness import wait_for  # noqa: I100

# The first letter of a planted name comes before those of honest cards, so that it would get the first slot.
EVIL = "aaa"

# Each of these is run as the stranger: PROGRAM PATH [TARGET].
BAIT = "3b8181016160"
LISTENER = f"""
import socket, sys
answers = dict.fromkeys((0x81, 0x82), bytes.fromhex("02{BAIT}"))
answers.update({{0x83: bytes([3]), 0x84: bytes([4, 0x90, 0])}})
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.bind(sys.argv[1])
s.listen(8)
print("listening", flush=True)
while True:
    reader, _ = s.accept()
    try:
        reader.send(bytes.fromhex("0101{BAIT}"))
        while asked := reader.recv(70000):
            reader.send(answers[asked[0]])
    except OSError:
        pass
    reader.close()
"""
CLIENT = """
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.settimeout(10)
try:
    s.connect(sys.argv[1])
    print(len(s.recv(100)))
except ConnectionResetError:
    print(0)
except PermissionError:
    print("forbidden")
"""

# Connects as often as it can, and keeps what it gets.
FLOOD = """
import socket, sys
kept = []
print("floods", flush=True)
while True:
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.settimeout(1)
    try:
        s.connect(sys.argv[1])
        kept.append(s)
    except OSError:
        s.close()
    kept = kept[-200:]
"""


class Strangers(PeopleTest):
    def plants(self, path, user=None):
        """A listening socket of the stranger's, which is a card for everybody who connects (ifdhandler/link.h)."""
        process, said = self.starts(user or self.eve, sys.executable, "-c", LISTENER, path)
        self.assertEqual(said, "listening")
        return process

    def connects(self, user, path):
        return user.run(sys.executable, "-c", CLIENT, path).stdout.strip()

    def assert_refused(self, *names):
        """The reader has looked at each and left it alone; the card of the first slot is the honest one."""
        for name in names:
            wait_for(f"word on {name}", lambda: re.search(
                rf"vicar: .*{re.escape(name)}.*left alone", self.machine.log()))  # fmt: skip
        self.assert_present(FIRST)
        with pcsc.Client() as client:
            self.assertNotEqual(client.state(FIRST)[2].hex(), BAIT)

    # Who plants

    def test_under_his_own_number_it_would_be_a_card(self):
        self.plants(f"/run/vicar/{self.eve.uid}-{EVIL}.sock")
        self.assert_present(FIRST)

    def test_a_socket_under_anothers_number_is_no_card(self):
        self.plants(f"/run/vicar/{self.ana.uid}-{EVIL}.sock")
        self.plants(f"/run/vicar/0-{EVIL}.sock")
        self.insert()
        self.assert_refused(f"{self.ana.uid}-{EVIL}", f"0-{EVIL}")

    def test_a_link_to_anothers_card_is_no_card(self):
        self.insert()
        for name in (f"{self.ana.uid}-{EVIL}", f"{self.eve.uid}-{EVIL}"):
            self.eve.run("ln", "-s", self.link, f"/run/vicar/{name}.sock")
        self.assert_refused(f"{self.ana.uid}-{EVIL}", f"{self.eve.uid}-{EVIL}")

    def test_another_name_of_anothers_card_is_no_card(self):
        self.insert()
        # The kernel forbids it to the stranger, unless fs.protected_hardlinks is 0.
        os.link(self.link, f"/run/vicar/{self.eve.uid}-{EVIL}.sock")
        self.assert_refused(f"{self.eve.uid}-{EVIL}")

    def test_a_link_of_anothers_number_to_the_strangers_own_socket_is_no_card(self):
        self.plants(f"/run/user/{self.eve.uid}/mine")
        self.eve.run("ln", "-s", f"/run/user/{self.eve.uid}/mine", f"/run/vicar/{self.ana.uid}-{EVIL}.sock")
        self.insert()
        self.assert_refused(f"{self.ana.uid}-{EVIL}")

    def test_what_is_no_socket_keeps_nobody_waiting(self):
        names = {command: f"{self.eve.uid}-{EVIL}{command}" for command in ("mkfifo", "mkdir", "touch")}
        for command, name in names.items():
            self.eve.run(command, f"/run/vicar/{name}.sock")
        self.insert()
        self.assert_refused(*names.values())
        wait_for("all readers", lambda: self.machine.readers() == sorted(VICAR + machine.VPCD))

    def test_who_is_not_in_the_group_plants_nothing(self):
        done = self.rui.run("touch", f"/run/vicar/{self.rui.uid}-{EVIL}.sock", check=False)
        self.assertIn("Permission denied", done.stdout)
        self.assertEqual(os.listdir("/run/vicar"), [])

    # Who squats

    def test_a_squatter_is_named_and_takes_no_card_over(self):
        squatter = self.plants(self.link)
        wait_for("word on it", lambda: "left alone" in self.machine.log())
        done = self.ana.run("vicar", "insert", "demo", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"{self.link} is in the way: it is not a socket of yours", done.stdout)
        self.assertEqual(self.present(), [])
        squatter.kill()
        os.unlink(self.link)
        self.insert()
        self.assert_present(FIRST)

    def test_nobody_takes_anothers_socket_away(self):
        self.insert()
        for command in (
            ("rm", "-f", self.link), ("mv", self.link, f"/run/vicar/{EVIL}"),
            ("mv", "-f", f"/home/eve/{EVIL}", self.link), ("chmod", "0", self.link),
            ("rmdir", "/run/vicar"), ("mv", "/run/vicar", "/run/vicar2"), ("chmod", "777", "/run/vicar"),
        ):  # fmt: skip
            with self.subTest(command):
                self.eve.run("touch", f"/home/eve/{EVIL}")
                self.assertNotEqual(self.eve.run(*command, check=False).returncode, 0)
        self.assert_present(FIRST)

    def test_two_users_have_a_slot_each_and_the_third_card_is_told(self):
        self.insert()
        self.insert(self.eve)
        self.assert_present(*VICAR)
        self.ana.run("vicar", "create", "--demo", "second", "--role", "auth")
        self.addCleanup(self.ana.run, "vicar", "forget", "--yes", "second")
        done = self.ana.run("vicar", "insert", "second", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("no free slot", done.stdout)
        self.assert_present(*VICAR)

    # Who connects

    def test_a_stranger_who_connects_to_a_card_is_sent_away_unheard(self):
        self.insert()
        for stranger in (self.eve, self.rui):
            self.assertEqual(self.connects(stranger, self.link), "0")
        # And so is the card's owner: it serves pcscd alone.
        self.assertEqual(self.connects(self.ana, self.link), "0")
        self.assert_present(FIRST)

    def test_a_stranger_who_keeps_connecting_keeps_the_reader_from_no_card(self):
        for _ in range(3):
            self.assertEqual(self.starts(self.rui, sys.executable, "-c", FLOOD, self.link)[1], "floods")
        self.insert()
        self.assert_present(FIRST)
        start = time.monotonic()
        with pcsc.Client() as client:
            card = client.connect(FIRST)
            for _ in range(50):
                self.assertEqual(card.transmit(bytes.fromhex("00A4000C023F00")), b"\x90\x00")
        self.assertLess(time.monotonic() - start, 5)
        self.assertIn("idle", self.ana.run("vicar", "status", "demo").stdout)
        with open(f"/run/user/{self.ana.uid}/vicar/demo.log", encoding="utf-8") as f:
            self.assertLess(len(f.read().splitlines()), 10)

    def test_a_stranger_does_not_reach_the_control_socket(self):
        self.insert()
        control = f"/run/user/{self.ana.uid}/vicar/demo.ctl"
        self.assertTrue(os.path.exists(control))
        self.assertEqual(self.connects(self.eve, control), "forbidden")
        # Not even where the directories let him.
        os.chmod(f"/run/user/{self.ana.uid}", 0o755)
        os.chmod(f"/run/user/{self.ana.uid}/vicar", 0o755)
        self.addCleanup(os.chmod, f"/run/user/{self.ana.uid}", 0o700)
        self.assertEqual(self.connects(self.eve, control), "forbidden")
        os.chmod(control, 0o666)
        self.assertEqual(self.connects(self.eve, control), "0")
        self.assertIn("idle", self.ana.run("vicar", "status", "demo").stdout)

    def test_a_card_s_files_are_its_owner_s_alone(self):
        for path in (".local/share/vicar/cards", ".local/share/vicar/cards/demo/card.conf"):
            done = self.eve.run("ls", f"/home/ana/{path}", check=False)
            self.assertIn("Permission denied", done.stdout)


if __name__ == "__main__":
    machine.main()
