#!/usr/bin/env python3
"""vicar doctor, with each trouble made for real: what it says, which command it gives, and how it ends."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402
from harness import World, wait_for  # noqa: E402

EXCLUSIVE = """
import sys
sys.path.insert(0, sys.argv[1])
import ifd_pcsc as pcsc
client = pcsc.Client()
card = pcsc.Card(client.context, sys.argv[2], 1, pcsc.T0 | pcsc.T1)
print("held", flush=True)
sys.stdin.read()
"""


class Doctor(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = World(harness.BUILD)
        cls.addClassCleanup(cls.world.close)
        cls.world.create("anna", "--card", "fineid-v2", "--role", "auth", "--key", "rsa2048")
        # What a machine with the packages has, for this user alone.
        cls.modules = cls.world.path("config", "pkcs11", "modules")
        os.makedirs(cls.modules)
        for name, text in (("vicar", cls.world.own_module()), ("opensc-pkcs11", "")):
            with open(os.path.join(cls.modules, f"{name}.module"), "w") as f:
                f.write(f"module: {text}\n")
        cls.conf = cls.world.path("pcscd", "conf")

    def setUp(self):
        self.world.start_pcscd()
        self.addCleanup(self.world.stop_pcscd)

    def insert(self):
        self.world.insert("anna")
        self.addCleanup(self.world.vicar, "remove", "anna", check=False)
        self.world.wait_card()

    def look(self, *arguments, env=()):
        """What it found, by check; and its exit code."""
        done = self.world.vicar("doctor", "--json", "--reader-conf", self.conf, *arguments, check=False, env=env)
        return {entry["check"]: entry for entry in json.loads(done.stdout)}, done.returncode

    def finds(self, check, state, words, command=None, *arguments, env=()):
        found, code = self.look(*arguments, env=env)
        entry = found[check]
        self.assertEqual(entry["state"], state, entry)
        self.assertIn(words, entry["reason"])
        if command:
            self.assertIn(command, entry["command"])
        if state == "bad":
            self.assertEqual(code, 1)
        return entry

    def entry(self, name, text):
        path = os.path.join(self.conf, name)
        with open(path, "w") as f:
            f.write(text)
        self.addCleanup(lambda: os.path.exists(path) and os.unlink(path))
        return path

    # All is well

    def test_when_all_is_well_it_says_so_line_by_line_and_ends_with_0(self):
        self.insert()
        found, code = self.look()
        self.assertEqual({entry["state"] for entry in found.values()}, {"ok"}, found)
        self.assertEqual(code, 0)
        done = self.world.vicar("doctor", "--reader-conf", self.conf)
        self.assertEqual(len(done.stdout.splitlines()), len(found))
        self.assertRegex(done.stdout, r"(?m)^ok   card anna, vicard: ")

    # pcscd and its readers

    def test_pcscd_that_does_not_run(self):
        self.world.stop_pcscd()
        self.finds("pcscd", "bad", "does not run", "systemctl enable --now pcscd.socket")

    def test_pcscd_that_ended_and_left_its_socket(self):
        with contextlib.closing(socket.socket(socket.AF_UNIX)) as left:
            left.bind(self.world.path("left.comm"))
        self.finds("pcscd", "bad", "cannot be reached", "systemctl start pcscd.socket",
                   env={"PCSCLITE_CSOCK_NAME": self.world.path("left.comm")})  # fmt: skip

    def test_pcscd_that_is_not_installed(self):
        """Nobody can execute it, in a mount namespace of the doctor's own."""
        unshare = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-Urm"]
        done = self.world.run(
            *unshare, "sh", "-c", 'mount --bind /dev/null /usr/sbin/pcscd && exec "$0" doctor',
            self.world.tool("vicar"), check=False, env={"PCSCLITE_CSOCK_NAME": "/nonexistent/pcscd.comm"},
        )  # fmt: skip
        self.assertIn("BAD  pcscd: it is not installed; type: sudo apt install pcscd", done.stdout)

    def test_pcscd_whose_polkit_refuses_this_user(self):
        """As pcscd 2.x answers: the version is taken, the context refused."""
        path = self.world.path("polkit.comm")
        listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(listener.close)
        listener.bind(path)
        listener.listen(4)

        def serve():
            client, _ = listener.accept()
            with client:
                for _ in range(2):
                    size, command = struct.unpack("=II", client.recv(8, socket.MSG_WAITALL))
                    body = bytearray(client.recv(size, socket.MSG_WAITALL))
                    if command == 0x01:
                        body[-4:] = struct.pack("=I", 0x8010006A)
                    client.sendall(body)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        self.finds("pcscd", "bad", "pcscd refuses this user (polkit)", env={"PCSCLITE_CSOCK_NAME": path})

    def test_an_entry_of_anybody_whose_library_is_gone_keeps_pcscd_from_starting(self):
        path = self.entry("other", 'FRIENDLYNAME "X"\nDEVICENAME x:1\nLIBPATH /nonexistent/libifdx.so\n')
        self.world.stop_pcscd()
        started = self.world.run(
            os.path.join(harness.ROOT, "tests/system/private-pcscd.sh"), "start", self.world.path("pcscd"), check=False
        )
        self.assertNotEqual(started.returncode, 0, "pcscd took it")
        self.finds("reader entry", "bad", f"{path}: LIBPATH /nonexistent/libifdx.so does not exist",
                   "systemctl restart pcscd")  # fmt: skip

    def test_a_leftover_of_an_editor_that_pcscd_reads_as_an_entry(self):
        path = shutil.copy(os.path.join(self.conf, "vicar"), os.path.join(self.conf, "vicar~"))
        self.addCleanup(os.unlink, path)
        self.finds("reader entry", "bad", "a leftover that pcscd reads", f"rm {path}")

    def test_a_driver_that_pcscd_cannot_load(self):
        self.world.stop_pcscd()
        with open(os.path.join(self.conf, "vicar")) as f:
            ours = f.read()
        library = self.world.path("libifdvicar.so")
        with open(library, "w") as f:
            f.write("no library")
        self.entry("vicar", re.sub("LIBPATH.*", f"LIBPATH {library}", ours))
        self.world.run(os.path.join(harness.ROOT, "tests/system/private-pcscd.sh"), "start", self.world.path("pcscd"))
        found, code = self.look()
        self.assertEqual((found["handler"]["state"], found["reader"]["state"], code), ("bad", "bad", 1))
        self.assertIn("is no shared library", found["handler"]["reason"])
        self.assertIn("could not load its driver", found["reader"]["reason"])

    def test_sixteen_readers_are_all_that_pcscd_takes(self):
        self.world.stop_pcscd()
        other = shutil.copy(self.world.driver, self.world.path("libifdother.so"))
        os.makedirs(self.world.path("others"), exist_ok=True)
        with open(os.path.join(self.conf, "vicar")) as f:
            ours = f.read()
        self.entry("vicar", f'FRIENDLYNAME "Other"\nDEVICENAME vicar:{self.world.path("others")}:15\n'
                            f"LIBPATH {other}\n{ours}")  # fmt: skip
        self.world.run(os.path.join(harness.ROOT, "tests/system/private-pcscd.sh"), "start", self.world.path("pcscd"))
        self.finds("reader", "bad", "has 15 without ours, which needs 2", "systemctl restart pcscd")

    # The directory of the sockets

    def test_a_directory_that_is_missing(self):
        self.world.configure(card={"socket-directory": "/nonexistent/sockets"})
        self.addCleanup(self.world.configure)
        self.finds("socket directory", "bad", "/nonexistent/sockets", "systemd-tmpfiles --create vicar.conf")

    @unittest.skipUnless(os.geteuid() == 0, "only root can be another user")
    def test_a_user_who_is_not_in_the_group_of_the_directory(self):
        group, conf = self.world.path("group"), self.world.path("empty.conf")
        shutil.copy("/etc/group", group)
        with open(group, "r+") as f:
            text = "".join(line for line in f if not line.startswith("vicar:"))
            f.seek(0)
            f.truncate()
            f.write(text + "vicar:x:61233:\n")
        with open(conf, "w"):
            pass
        for path in (group, conf):
            os.chmod(path, 0o644)
        tools = self.world.path("tools")
        os.makedirs(tools, exist_ok=True)
        vicar = shutil.copy(self.world.tool("vicar"), tools)
        done = self.world.run(
            "unshare", "-m", "sh", "-c",
            'mount --bind "$1" /etc/group && mount -t tmpfs -o mode=755 tmpfs /run && mkdir -m 755 /run/vicar && '
            "chgrp vicar /run/vicar && chmod 3775 /run/vicar && "
            'exec setpriv --reuid=65534 --regid=65534 --clear-groups "$2" doctor',
            "sh", group, vicar, check=False,
            env={"VICAR_CONF": conf, "HOME": "/nonexistent", "XDG_DATA_HOME": "", "XDG_CONFIG_HOME": "",
                 "XDG_RUNTIME_DIR": "/nonexistent"},
        )  # fmt: skip
        self.assertRegex(done.stdout, r"BAD  socket directory: .*sudo adduser \$USER vicar; then log in again")

    # A card

    def test_a_card_that_is_out_and_one_whose_process_died(self):
        found, _ = self.look()
        self.assertIn("vicar insert anna", found["vicard"]["reason"])
        self.insert()
        status = self.world.vicar("status", "anna").stdout
        os.kill(int(re.search(r"^pid: (\d+)", status, re.M)[1]), signal.SIGKILL)
        wait_for("end of the card", lambda: self.world.vicar("status", "anna", check=False).returncode == 1)
        self.finds("vicard", "bad", "the process of the card died", "vicar insert anna")

    def test_a_pin_that_is_blocked_or_nearly(self):
        self.world.create("bert", "--card", "fineid-v2", "--role", "auth", "--key", "rsa2048")
        self.addCleanup(self.world.vicar, "forget", "bert", "--yes")
        wrong = self.world.write_private("wrong", "old = 9999\nnew = 5678\n")
        states, commands = [], []
        for _ in range(5):
            self.world.vicar("pin", "change", "bert", "--pin-file", wrong, check=False)
            found, code = self.look("bert")
            states.append(found["tries"]["state"])
            commands.append(found["tries"]["command"])
        self.assertEqual(states, ["ok", "ok", "ok", "warning", "bad"])
        self.assertEqual(commands[-1], "vicar pin unblock bert --pin pin1")
        self.assertEqual(code, 1)
        right = self.world.write_private("right", f"puk = {harness.LOCAL_PUK}\nnew = 5678\n")
        self.world.vicar(*commands[-1].split()[1:], "--pin-file", right)
        self.assertEqual(self.look("bert")[0]["tries"]["state"], "ok")

    def certificate(self, days):
        """Puts one that ends in so many days into the card, of a key that is not the card's."""
        path = self.world.path("data", "vicar", "cards", "anna", "certificates", "auth.der")
        keep = shutil.copy(path, self.world.path("keep.der"))
        self.addCleanup(shutil.copy, keep, path)
        self.world.run("openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=ANNA",
                       "-keyout", self.world.path("key.pem"), "-out", self.world.path("req.pem"))  # fmt: skip
        self.world.run("openssl", "x509", "-req", "-days", str(days), "-signkey", self.world.path("key.pem"),
                       "-in", self.world.path("req.pem"), "-outform", "DER", "-out", path)  # fmt: skip

    def test_a_certificate_that_ended(self):
        self.certificate(-1)
        self.finds("certificate", "bad", "that of ANNA ended on", "vicar forget anna")

    def test_a_certificate_that_is_about_to_end(self):
        self.certificate(10)
        self.finds("certificate", "warning", "that of ANNA ends on", "vicar forget anna")

    def test_a_clock_that_is_behind_what_was_written(self):
        path = self.world.path("data", "vicar", "cards", "anna", "card.conf")
        os.utime(path, (time.time() + 86400,) * 2)
        self.addCleanup(os.utime, path)
        self.finds("clock", "bad", "card.conf was written later", "timedatectl set-ntp true")

    # Programs beside

    def test_a_program_that_has_the_card_for_itself(self):
        self.insert()
        holder = self.world.popen("/usr/bin/python3", "-c", EXCLUSIVE, os.path.dirname(os.path.abspath(__file__)),
                                  World.reader_name, stdin=subprocess.PIPE)  # fmt: skip
        self.addCleanup(holder.communicate)
        self.assertEqual(holder.stdout.readline(), "held\n")
        self.finds("alone with the card", "bad", "has the card in", "lsof")

    def test_the_scdaemon_of_gnupg(self):
        program = shutil.copy("/usr/bin/sleep", self.world.path("scdaemon"))
        process = self.world.popen(program, "60")
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        self.finds("alone with the card", "warning", f"(pid {process.pid})", "gpgconf --kill scdaemon")

    def test_a_module_that_is_not_registered(self):
        os.rename(self.modules, self.modules + ".away")
        self.addCleanup(os.rename, self.modules + ".away", self.modules)
        self.finds("module", "warning", "does not know vicar-pkcs11.so", "apt install vicar-pkcs11")

    def test_another_module_that_shows_the_same_cards(self):
        path = os.path.join(self.modules, "another.module")
        with open(path, "w") as f:
            f.write(f"module: {harness.opensc_module()}\n")
        self.addCleanup(os.unlink, path)
        self.finds("other modules", "warning", "programs see each card twice",
                   "sudo tee /etc/pkcs11/modules/another.module")  # fmt: skip


class Services(unittest.TestCase):
    """A card at a service: nothing is sent without --services."""

    def setUp(self):
        self.world = World(harness.BUILD)
        self.addCleanup(self.world.close)
        self.world.start_simulator()
        self.world.enrol("maria")

    def state(self, check, *arguments):
        done = self.world.vicar("doctor", "--json", *arguments, check=False)
        entry = {entry["check"]: entry for entry in json.loads(done.stdout)}[check]
        return entry["state"], entry["reason"]

    def test_a_service_that_answers_one_that_refuses_the_credentials_and_one_that_is_gone(self):
        calls = self.world.calls()
        state, reason = self.state("service answers")
        self.assertEqual((state, "vicar doctor --services" in reason), ("ok", True), reason)
        self.assertEqual(self.world.calls(), calls, "it was asked all the same")
        state, reason = self.state("service answers", "--services")
        self.assertEqual((state, reason), ("ok", "cmd answers and knows the account"))
        self.assertEqual(self.world.messages(), [])
        path = self.world.path("sim", "credentials")
        with open(path) as f:
            text = f.read()
        wrong = self.world.write_private("wrong", re.sub("password = .*", "password = wrong", text))
        self.world.configure(service={"credentials": wrong})
        state, reason = self.state("service answers", "--services")
        self.assertEqual((state, "credentials" in reason), ("bad", True), reason)
        self.world.configure()
        self.world.stop_simulator()
        state, reason = self.state("service answers", "--services")
        self.assertEqual((state, "reached" in reason), ("bad", True), reason)

    def test_an_encryption_certificate_that_ends_soon(self):
        self.world.run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=cifra", "-days", "20",
                       "-keyout", self.world.path("key.pem"), "-out", self.world.path("cifra.pem"))  # fmt: skip
        self.world.configure(service={"encryption-certificate": self.world.path("cifra.pem")})
        state, reason = self.state("service")
        self.assertEqual((state, "get the next one soon" in reason), ("warning", True), reason)


if __name__ == "__main__":
    harness.main()
