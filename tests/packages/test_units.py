#!/usr/bin/env python3
"""The systemd units that the packages install, under systemd's real programs, its user manager among
them: a card in its hands signs, with a key in a file and with one at the (simulated) service.

usage: tests/packages/test_units.py BUILD
"""

import os
import re
import shutil
import signal
import stat
import subprocess
import tempfile
import unittest

import machine
from machine import ROOT, VICAR, Machine, mount, pcsc, start_pcscd, stop_pcscd

from harness import ENTER, PHONE, Person, wait_for  # noqa: I100

UNITS = "/usr/lib/systemd/user"
FIRST = VICAR[0]
CGROUP = "/sys/fs/cgroup/vicar-test"

# design: hardened, and nothing that would bring a user namespace.
HARDENED = {
    "NoNewPrivileges": "yes", "MemoryDenyWriteExecute": "yes", "LockPersonality": "yes",
    "RestrictSUIDSGID": "yes", "LimitCORE": "0", "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX",
    "PrivateUsers": "no", "PrivateTmp": "no", "ProtectSystem": "no", "ProtectHome": "no",
}  # fmt: skip


class Made(unittest.TestCase):
    """In a root that has nothing but these files."""

    def test_the_group_and_the_directory_are_made(self):
        root = tempfile.mkdtemp(prefix="vicar-root-", dir="/tmp")
        self.addCleanup(shutil.rmtree, root)
        for file, place in (("sysusers", "sysusers.d"), ("tmpfiles", "tmpfiles.d")):
            os.makedirs(f"{root}/usr/lib/{place}")
            shutil.copy(f"{ROOT}/packaging/vicar.{file}", f"{root}/usr/lib/{place}/vicar.conf")
        os.mkdir(f"{root}/etc")
        subprocess.run(["systemd-sysusers", f"--root={root}", "vicar.conf"], check=True)
        subprocess.run(["systemd-tmpfiles", f"--root={root}", "--create", "vicar.conf"], check=True)
        with open(f"{root}/etc/group", encoding="ascii") as f:
            gid = int(re.search(r"^vicar:[^:]*:(\d+):$", f.read(), re.M)[1])
        made = os.stat(f"{root}/run/vicar")
        self.assertEqual((stat.S_IMODE(made.st_mode), made.st_uid, made.st_gid), (0o3775, 0, gid))


class UnitsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.machine = Machine()
        cls.addClassCleanup(cls.machine.__exit__)
        cls.machine.apt("install", *cls.machine.debs)
        cls.ana = cls.machine.user("ana", "vicar")
        cls.ana.run("vicar", "create", "--demo")

    def setUp(self):
        self.link = f"/run/vicar/{self.ana.uid}-demo.sock"
        self.addCleanup(stop_pcscd)

    def wait_present(self):
        wait_for("card in the first slot", lambda: self.present())

    def present(self):
        with pcsc.Client() as client:
            return client.state(FIRST)[0]

    def sign(self):
        self.ana.run("sh", "-c", "cd && echo hello > document && pkcs11-tool --login --pin 123456 --sign "
                     "-m SHA256-RSA-PKCS -i document -o signature")  # fmt: skip


class Verified(UnitsTest):
    def test_systemd_has_nothing_to_say_of_them(self):
        said = self.ana.run(
            "systemd-analyze", "verify", "--user", f"{UNITS}/vicard@.service", f"{UNITS}/vicard@.socket"
        ).stdout
        self.assertEqual([line for line in said.splitlines() if "vicar" in line], [])

    def test_a_socket_that_systemd_listens_on_starts_the_card(self):
        activator = self.ana.popen(
            "systemd-socket-activate", "--seqpacket", "--listen", self.link, "--setenv=HOME",
            "--setenv=XDG_RUNTIME_DIR", "/usr/bin/vicard", "--foreground", "demo",
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip
        self.addCleanup(activator.stderr.close)
        self.addCleanup(activator.wait)
        self.addCleanup(activator.kill)
        wait_for("socket", lambda: os.path.exists(self.link))
        start_pcscd()
        self.wait_present()
        self.sign()
        self.ana.run("vicar", "remove", "demo")
        self.assertEqual(activator.wait(timeout=10), 0)
        # It is not vicard's to delete.
        self.assertTrue(os.path.exists(self.link))
        os.unlink(self.link)


class UserManager(UnitsTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        os.makedirs("/run/systemd/system")
        cls.machine.real_systemctl()
        mount("-t", "cgroup2", "cgroup2", "/sys/fs/cgroup")
        os.makedirs(CGROUP, exist_ok=True)
        for path in ("", "/cgroup.procs", "/cgroup.subtree_control", "/cgroup.threads"):
            os.chown(CGROUP + path, cls.ana.uid, cls.ana.uid)
        cls.addClassCleanup(cls.leave_cgroup)
        manager = cls.ana.popen(
            "/lib/systemd/systemd", "--user", "--log-target=console",
            before=("sh", "-c", f'echo $$ > {CGROUP}/cgroup.procs; exec "$@"', "sh"),
            stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT,
        )  # fmt: skip
        cls.addClassCleanup(manager.wait)
        cls.addClassCleanup(cls.systemctl, "exit", check=False)
        wait_for("user manager", lambda: cls.systemctl("is-system-running", check=False).stdout == "running\n")

    @staticmethod
    def leave_cgroup():
        for where, _, _ in os.walk(CGROUP, topdown=False):
            os.rmdir(where)
        subprocess.run(["umount", "/sys/fs/cgroup"], check=True)

    @classmethod
    def systemctl(cls, *arguments, **more):
        return cls.ana.run("systemctl", "--user", *arguments, **more)

    def property(self, name, unit="vicard@demo.service"):
        return self.systemctl("show", "--value", "--property", name, unit).stdout.strip()

    def test_what_is_inserted_is_a_hardened_service(self):
        start_pcscd()
        self.assertEqual(self.ana.run("vicar", "insert", "demo").stdout, "card demo is in\n")
        self.addCleanup(self.ana.run, "vicar", "remove", "demo", check=False)
        self.assertEqual(self.property("ActiveState"), "active")
        for name, value in HARDENED.items():
            self.assertEqual(self.property(name), value, name)
        with open(f"/proc/{self.property('MainPID')}/status", encoding="ascii") as f:
            status = f.read()
        self.assertRegex(status, r"\nNoNewPrivs:\t1\n(.*\n)*Seccomp:\t2\n")
        with open(f"/proc/{self.property('MainPID')}/uid_map", encoding="ascii") as f:
            self.assertEqual(f.read().split(), ["0", "0", "4294967295"])
        self.sign()
        self.assertEqual(self.ana.run("vicar", "remove", "demo").stdout, "card demo is out\n")
        self.assertEqual(self.property("ActiveState"), "inactive")
        self.assertFalse(os.path.exists(self.link))

    def test_a_socket_unit_keeps_the_card_in_until_it_is_removed(self):
        self.systemctl("enable", "--now", "vicard@demo.socket")
        self.addCleanup(self.systemctl, "disable", "--now", "vicard@demo.socket")
        self.assertEqual(stat.S_IMODE(os.stat(self.link).st_mode), 0o666)
        self.assertEqual(self.property("ActiveState"), "inactive")
        start_pcscd()
        self.wait_present()
        self.sign()
        # A card that died comes back at the reader's next look.
        before = self.property("MainPID")
        os.kill(int(before), signal.SIGKILL)
        wait_for("another process", lambda: self.property("MainPID") not in (before, "0"))
        self.wait_present()
        stop_pcscd()
        start_pcscd()
        self.wait_present()
        said = self.ana.run("vicar", "remove", "demo").stdout
        self.assertIn("systemctl --user disable vicard@demo.socket\n", said)
        wait_for("empty slot", lambda: not self.present())
        self.assertFalse(os.path.exists(self.link))

    def test_a_card_that_is_forgotten_has_no_socket_any_more(self):
        self.ana.run("vicar", "create", "--demo", "other")
        self.systemctl("enable", "--now", "vicard@other.socket")
        self.assertEqual(os.listdir("/run/vicar"), [f"{self.ana.uid}-other.sock"])
        self.ana.run("vicar", "forget", "--yes", "other")
        self.assertEqual(os.listdir("/run/vicar"), [])
        self.assertEqual(self.systemctl("is-enabled", "vicard@other.socket", check=False).stdout, "disabled\n")

    def test_a_signature_at_a_service_passes_the_hardening(self):
        person = Person()
        self.addCleanup(person.close)
        os.chown(person.tty, self.ana.uid, -1)
        simulator = self.ana.popen(
            "cmd-simulator", "--directory", "/home/ana/sim", "--quiet", stdout=subprocess.DEVNULL
        )
        self.addCleanup(simulator.wait)
        self.addCleanup(simulator.terminate)
        wait_for("endpoint", lambda: os.path.exists("/home/ana/sim/endpoint"))
        with open("/home/ana/sim/endpoint", encoding="ascii") as f:
            endpoint = f.read().strip()
        self.ana.write(
            ".config/vicar/vicar.conf",
            "[prompt]\npinentry = /usr/bin/pinentry-tty\n[service cmd]\ntype = cmd\nprofile = simulator\n"
            f"endpoint = {endpoint}\nca-file = ~/sim/tls-ca.pem\nencryption-certificate = ~/sim/cifra.pem\n"
            "credentials = ~/sim/credentials\n",
        )
        self.addCleanup(os.unlink, "/home/ana/.config/vicar/vicar.conf")
        self.ana.write("account", f"[account]\nphone = {PHONE}\n")
        self.ana.run("vicar", "enrol", "maria", "--service", "cmd", "--account", "/home/ana/account")
        start_pcscd()
        self.ana.env["GPG_TTY"] = person.tty
        self.ana.run("vicar", "insert", "maria")
        self.addCleanup(self.ana.run, "vicar", "remove", "maria", check=False)

        def code(_):
            with open("/home/ana/sim/messages", encoding="utf-8") as f:
                return re.findall(r"\b(\d{6})\b", f.read())[-1] + ENTER

        person.expect([(r"Sign with the card", "s"), ("[Cc]ode", code)])
        self.ana.run("sh", "-c", "cd && echo hello > document && pkcs11-tool --login --pin 1234 --sign "
                     "-m SHA256-RSA-PKCS -i document -o signature")  # fmt: skip
        self.assertEqual(person.unexpected, [])
        self.assertIn("Done. (9000)\n", self.ana.run("vicar", "log", "maria").stdout)


if __name__ == "__main__":
    machine.main()
