"""People on one machine: the packages are installed, pcscd runs, ana and eve are in the group vicar and have a card
`demo` each, rui is not in the group."""

import contextlib
import os
import shutil
import subprocess
import sys
import unittest

from machine import ROOT, VICAR, Machine, pcsc, pcscd_pid

from harness import wait_for  # noqa: I100

FIRST, SECOND = VICAR


class PeopleTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.machine = Machine()
        cls.addClassCleanup(cls.machine.__exit__)
        cls.machine.apt("install", *cls.machine.debs)
        cls.ana = cls.machine.user("ana", "vicar")
        cls.eve = cls.machine.user("eve", "vicar")
        cls.rui = cls.machine.user("rui")
        cls.ana.run("vicar", "create", "--demo")
        cls.eve.run("vicar", "create", "--demo")

    def setUp(self):
        # A mount: what is in it is removed, it stays.
        self.addCleanup(self.clear)
        self.link = f"/run/vicar/{self.ana.uid}-demo.sock"
        self.machine.start_pcscd()
        self.addCleanup(os.unlink, "/run/pcscd.log")
        self.addCleanup(self.machine.stop_pcscd)

    @staticmethod
    def clear():
        for name in os.listdir("/run/vicar"):
            path = os.path.join("/run/vicar", name)
            os.rmdir(path) if os.path.isdir(path) and not os.path.islink(path) else os.unlink(path)

    def insert(self, user=None, name="demo"):
        user = user or self.ana
        user.run("vicar", "insert", name)
        self.addCleanup(user.run, "vicar", "remove", name, check=False)

    def present(self):
        """Which slots have a card for a client that comes now."""
        with pcsc.Client() as client:
            return [reader for reader in VICAR if client.state(reader)[0]]

    def assert_present(self, *readers):
        """pcscd tells its clients a moment after the card has heard of the reader."""
        wait_for(f"cards in {readers} and nowhere else", lambda: self.present() == list(readers))

    def program(self, name):
        """The program beside this file, where anybody may read it, with what it imports."""
        for path in (f"packages/{name}.py", "system/ifd_pcsc.py"):
            shutil.copy(os.path.join(ROOT, "tests", path), self.machine.dir)
        return [sys.executable, "-u", os.path.join(self.machine.dir, f"{name}.py")]

    def starts(self, user, *command):
        """A program of the user's that runs until the test ends, once it has said a line."""
        process = user.popen(*command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process, process.stdout.readline().strip()

    @staticmethod
    def pid(user, name="demo"):
        """Of the card's process."""
        said = user.run("vicar", "status", name).stdout
        return int(next(line.split()[-1] for line in said.splitlines() if "pid" in line))


class Pcscd:
    """What it holds and whether it is still the same one."""

    def __init__(self):
        self.pid = pcscd_pid()
        self.descriptors, self.threads, self.rss_kib = self.measure()

    def measure(self):
        with open(f"/proc/{self.pid}/status", encoding="ascii") as f:
            status = dict(line.split(":", 1) for line in f if ":" in line)
        return (len(os.listdir(f"/proc/{self.pid}/fd")), int(status["Threads"]), int(status["VmRSS"].split()[0]))

    def is_alive(self):
        return self.pid is not None and pcscd_pid() == self.pid

    def settles(self, what, measured, most):
        """It may still hold what its last clients left."""
        with contextlib.suppress(AssertionError):
            wait_for(what, lambda: measured() <= most, 5)
        return measured()
