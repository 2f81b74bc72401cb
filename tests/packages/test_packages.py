#!/usr/bin/env python3
"""The Debian packages: installed, upgraded, removed, installed again and purged, and after each pcscd
works, with the reader of another package beside ours.

usage: tests/packages/test_packages.py BUILD
"""

import os
import re
import subprocess

import machine
from machine import VICAR, VPCD, MachineTest, pcsc, pcscd_pid

from harness import wait_for  # noqa: I100

ENTRY = "/etc/reader.conf.d/vicar"
NAMES = ("vicar", "vicar-ifd", "vicar-pkcs11")


class Packages(MachineTest):
    systemd = True

    def install(self, *debs):
        self.machine.apt("install", *(debs or self.machine.debs))

    def assert_works(self, readers):
        """With the pcscd that runs, and with one that starts now."""
        self.assertEqual(self.machine.readers(), sorted(readers))
        self.machine.stop_pcscd()
        self.assertEqual(self.machine.readers(), sorted(readers))

    def entry(self):
        with open(ENTRY, encoding="utf-8") as f:
            return f.read()

    def test_the_whole_life(self):
        self.assert_works(VPCD)
        self.install()
        self.assert_works(VPCD + VICAR)
        self.assertTrue(os.path.exists(re.search(r"^LIBPATH +(\S+)$", self.entry(), re.M)[1]))
        self.install(*[self.machine.newer(deb) for deb in self.machine.debs])
        self.assert_works(VPCD + VICAR)
        self.machine.apt("remove", *NAMES)
        self.assert_works(VPCD)
        self.assertFalse(os.path.exists(ENTRY))
        self.install()
        self.assert_works(VPCD + VICAR)
        self.machine.apt("purge", *NAMES)
        self.assert_works(VPCD)
        # Nothing of ours is left but the group, as Debian does not delete those.
        for path in ("/etc/vicar", "/var/lib/vicar-ifd", "/usr/share/vicar", "/usr/libexec/vicar"):
            self.assertFalse(os.path.exists(path), path)
        self.assertEqual([p for p in os.listdir("/etc/reader.conf.d") if "vicar" in p], [])

    def test_pcscd_is_restarted_when_its_readers_change_and_not_when_others_do(self):
        driver, others = self.debs("vicar-ifd"), self.debs("vicar", "vicar-pkcs11")
        for what, restarts in (
            (lambda: self.install(*driver), 1),
            (lambda: self.install(*others), 0),
            (lambda: self.install(*map(self.machine.newer, self.machine.debs)), 1),
            (lambda: self.machine.apt("remove", "vicar-pkcs11"), 0),
            (lambda: self.machine.apt("remove", "vicar-ifd"), 1),
            (lambda: self.machine.apt("purge", *NAMES), 0),
        ):
            self.machine.readers()
            before, pid = len(self.machine.restarts()), pcscd_pid()
            what()
            self.assertEqual(
                self.machine.restarts()[before:], ["try-restart pcscd.service"] * restarts
            )
            self.assertEqual(pcscd_pid() != pid, restarts > 0)

    def debs(self, *names):
        return [deb for deb in self.machine.debs if os.path.basename(deb).split("_")[0] in names]

    def test_what_an_administrator_changed_stays_and_comes_back(self):
        self.install()
        with open(ENTRY, "a", encoding="utf-8") as f:
            f.write("# four of them\n")
        changed = self.entry()
        self.install(*[self.machine.newer(deb) for deb in self.machine.debs])
        self.assertEqual(self.entry(), changed)
        self.machine.apt("remove", *NAMES)
        self.assert_works(VPCD)
        self.install()
        self.assertEqual(self.entry(), changed)
        self.machine.apt("purge", *NAMES)
        self.install()
        self.assertNotEqual(self.entry(), changed)

    def test_an_entry_that_an_administrator_deleted_stays_away(self):
        self.install()
        os.unlink(ENTRY)
        self.install(*[self.machine.newer(deb) for deb in self.machine.debs])
        self.assertFalse(os.path.exists(ENTRY))
        self.assert_works(VPCD)

    def test_what_was_unpacked_and_never_configured_leaves_no_entry_without_a_library(self):
        self.install()
        self.assert_works(VPCD + VICAR)
        newer = [self.machine.newer(deb) for deb in self.debs("vicar-ifd")]
        self.machine.run("dpkg", "--unpack", "--force-depends", *newer)
        # dpkg runs no prerm for a package in this state.
        self.machine.run("dpkg", "--remove", *NAMES)
        self.assertFalse(os.path.exists(ENTRY))
        self.assert_works(VPCD)
        self.install()
        self.assert_works(VPCD + VICAR)

    def test_a_removal_that_fails_leaves_the_reader(self):
        self.install()
        self.assert_works(VPCD + VICAR)
        with open("/var/lib/dpkg/info/vicar-ifd.prerm", "a", encoding="utf-8") as f:
            f.write("exit 1\n")
        self.assertNotEqual(self.machine.run("dpkg", "--remove", "vicar", "vicar-ifd", check=False).returncode, 0)
        self.assert_works(VPCD + VICAR)

    def test_each_file_is_as_it_was_packed(self):
        self.install()
        self.assertEqual(self.machine.run("dpkg", "--verify", *NAMES).stdout, "")


class LibccidsReader(MachineTest):
    """A CCID reader on a pseudo terminal, driven by Debian's libccid, with a card in it all the time."""

    systemd = True
    reader = "CCID simulator 00 00"

    def start_reader(self):
        env = {**os.environ, "XDG_DATA_HOME": f"{self.machine.dir}/cards"}
        self.machine.run(f"{machine.BUILD}/vicar", "create", "--demo", env=env)
        simulator = subprocess.Popen(
            [f"{machine.BUILD}/ccid-simulator", "--reader-conf", "/etc/reader.conf.d/ccid", "demo"],
            env=env, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        self.addCleanup(simulator.wait)
        self.addCleanup(simulator.terminate)
        self.addCleanup(simulator.stdin.close)
        wait_for("entry of the reader", lambda: os.path.exists("/etc/reader.conf.d/ccid"))

    def assert_its_card_answers(self):
        self.assertIn(self.reader, self.machine.readers())
        with pcsc.Client() as client:
            client.wait_until(self.reader, pcsc.PRESENT)
            card = client.connect(self.reader)
            self.assertEqual(card.transmit(bytes.fromhex("00A4000C023F00")).hex(), "9000")
            card.disconnect()

    def test_it_is_unharmed_by_all_that_happens_to_ours(self):
        self.start_reader()
        self.assert_its_card_answers()
        for step in (("install", *self.machine.debs), ("remove", *NAMES), ("purge", *NAMES)):
            self.machine.apt(*step)
            self.assert_its_card_answers()
            self.machine.stop_pcscd()
            self.assert_its_card_answers()
        self.assertEqual(self.machine.run("dpkg", "--verify", "libccid", "pcscd").stdout, "")


class WithoutSystemd(MachineTest):
    def test_nothing_is_restarted_and_nothing_fails(self):
        self.machine.apt("install", *self.machine.debs)
        self.assertEqual(self.machine.readers(), sorted(VPCD + VICAR))
        self.machine.stop_pcscd()
        self.machine.apt("purge", *NAMES)
        self.assertEqual(self.machine.readers(), VPCD)
        self.assertEqual(self.machine.restarts(), [])


class TheDirectory(MachineTest):
    def test_it_belongs_to_the_group_and_to_pcscd_s_own_user_where_there_is_one(self):
        self.machine.run("useradd", "--system", "pcscd")
        self.machine.apt("install", *self.machine.debs)
        self.assertEqual(self.machine.run("stat", "-c", "%a %U:%G", "/run/vicar").stdout, "3775 root:vicar\n")
        self.assertIn("vicar", self.machine.run("id", "-nG", "pcscd").stdout.split())

    def test_no_user_is_made_for_pcscd(self):
        self.machine.apt("install", *self.machine.debs)
        self.assertNotEqual(self.machine.run("getent", "passwd", "pcscd", check=False).returncode, 0)


if __name__ == "__main__":
    machine.main()
