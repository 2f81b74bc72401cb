#!/usr/bin/env python3
"""What a second local user can do to somebody's card: what PC/SC lets him, and no more. He reads none of its files,
not its process, takes it neither in nor out, and through pcscd gets one question to its owner and then a pause.

usage: tests/packages/test_second_user.py BUILD
"""

import os
import re
import sys

import machine
from machine import pcsc
from people import FIRST, PeopleTest

import pinpad  # noqa: I100
from harness import wait_for  # noqa: I100

SERVICE_PIN, PHONE = "271828", "+351 912345678"
CANCELLED, PAUSE_S = "6401", 5.0

# Run as the stranger: each prints `no` when the kernel forbids it.
READS = """
import sys
for path in sys.argv[1:]:
    try:
        with open(path, "rb") as f:
            f.read(1)
        print("yes", path)
    except PermissionError:
        print("no", path)
"""
ATTACHES = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
pid = int(sys.argv[1])
attach, seize = 16, 0x4206
for request in (attach, seize):
    print("yes" if libc.ptrace(request, pid, None, None) == 0 else os.strerror(ctypes.get_errno()))
buffer = ctypes.create_string_buffer(8)
iov = (ctypes.c_void_p * 2)(ctypes.addressof(buffer), 8)
for call in (libc.process_vm_readv, libc.process_vm_writev):
    got = call(pid, iov, 1, iov, 1, 0)
    print("yes" if got >= 0 else os.strerror(ctypes.get_errno()))
try:
    os.kill(pid, 0)
    print("yes")
except PermissionError as reason:
    print(reason.strerror)
"""
# A reader that nobody has called: power, then a PIN request and a command, whatever is answered.
CALLS = """
import socket, sys
for message in ("81", "85" + sys.argv[2], "8400" + "00A4040000", "81"):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.settimeout(10)
    s.connect(sys.argv[1])
    try:
        s.send(bytes.fromhex(message))
        print(len(s.recv(100)))
    except (BrokenPipeError, ConnectionResetError):
        print(0)
"""
# Notes each question with its time; agrees only while the file `agrees` is there.
RECORDER = """#!/bin/sh
date +%s.%N >> $HOME/prompts
question=$(cat)
printf '%s\\n' "$question" >> $HOME/questions
[ -e $HOME/agrees ] || exit 1
case $question in
"question: consent"*) echo yes >&3 ;;
"question: code"*) tail -n 1 $HOME/sim/messages | grep -o '[0-9]\\{6\\}$' >&4 ;;
esac
"""
SIGNS = (
    "pkcs11-tool", "--login", "--pin", SERVICE_PIN, "--sign", "-m", "SHA256-RSA-PKCS", "-i", "/etc/hostname",
    "-o", "/dev/null",
)  # fmt: skip
PIN_VERIFY = pinpad.verify(bytes.fromhex("00200081"))


class SecondUser(PeopleTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Nobody's directories are closed but ours.
        cls.ana.run("sh", "-c", "chmod 755 ~ && cd && mkdir -p .config/vicar .local/state .cache sim && "
                    "chmod -R 755 .config .local/state .cache && chmod 755 .local .local/share; chmod 700 sim")  # fmt: skip
        cls.ana.write(".config/vicar/vicar.conf", "[prompt]\nprompt = command\ncommand = /home/ana/recorder\n")
        cls.ana.write("recorder", RECORDER)
        cls.ana.run("chmod", "700", "/home/ana/recorder")

    def setUp(self):
        super().setUp()
        self.addCleanup(self.ana.run, "sh", "-c", "cd && rm -f prompts questions agrees")

    def prompts(self):
        """When each question was asked."""
        done = self.ana.run("sh", "-c", "cat ~/prompts", check=False)
        return [float(line) for line in done.stdout.split()] if done.returncode == 0 else []

    def is_there(self):
        self.assertIn("connected", self.ana.run("vicar", "status", "demo").stdout)
        self.assert_present(FIRST)

    # Files

    def test_no_file_of_a_card_is_read_by_another(self):
        """Not even when its owner leaves home open and gives everybody everything that she makes."""
        open_hand = ("sh", "-c", 'umask 0; "$@"', "sh")
        self.ana.run(*open_hand, "vicar", "create", "--demo", "open")
        self.addCleanup(self.ana.run, "vicar", "forget", "--yes", "open")
        self.ana.run(*open_hand, "vicar", "insert", "open")
        self.addCleanup(self.ana.run, "vicar", "remove", "open", check=False)
        self.ana.run(*open_hand, "sh", "-c", "pkcs11-tool --module /usr/lib/*/pkcs11/vicar-pkcs11.so -O")
        runtime = f"/run/user/{self.ana.uid}"
        os.chmod(runtime, 0o755)
        self.addCleanup(os.chmod, runtime, 0o700)
        files = self.ana.run(
            "sh", "-c", f"find ~/.local/share/vicar ~/.cache/vicar {runtime}/vicar -type f"
        ).stdout.split()
        kinds = {"card.conf", "journal", "lock", "auth.pin", "auth.puk", "auth.der", "cache.key", "open.log"}
        self.assertLessEqual(kinds, {os.path.basename(path) for path in files})
        self.assertTrue([path for path in files if "/.cache/vicar/" in path])
        # So that it is the modes of the files that count.
        for path in self.ana.run("sh", "-c", f"find ~/.local/share/vicar ~/.cache/vicar {runtime}/vicar -type d"
                                 ).stdout.split():  # fmt: skip
            self.assertEqual(os.stat(path).st_mode & 0o777, 0o700, path)
            os.chmod(path, 0o755)
            self.addCleanup(os.chmod, path, 0o700)
        said = self.eve.run(sys.executable, "-c", READS, "/home/ana/.profile", *files).stdout.splitlines()
        self.assertEqual(said, ["yes /home/ana/.profile", *(f"no {path}" for path in files)])

    def test_credentials_that_others_may_read_are_refused(self):
        self.ana.write("given", "[credentials]\napplication-id = 7\nuser = U\npassword = swordfish\n")
        self.ana.run("chmod", "644", "/home/ana/given")
        self.ana.write("with.conf", "[service cmd]\ntype = cmd\ncredentials = /home/ana/given\n")
        done = self.ana.run("env", "VICAR_CONF=/home/ana/with.conf", "vicar", "service", "check", "cmd", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("/home/ana/given", done.stdout)
        self.assertIn("chmod 600", done.stdout)
        self.assertNotIn("swordfish", done.stdout)

    # Process

    def test_a_card_s_process_is_neither_read_nor_traced_nor_ended(self):
        self.insert()
        pid = self.pid(self.ana)
        files = [f"/proc/{pid}/{name}" for name in ("mem", "maps", "environ", "auxv", "syscall", "stack")]
        said = self.eve.run(sys.executable, "-c", READS, "/proc/self/maps", *files).stdout.splitlines()
        self.assertEqual(said, ["yes /proc/self/maps", *(f"no {path}" for path in files)])
        for directory in ("fd", "cwd", "root", "exe"):
            done = self.eve.run("ls", f"/proc/{pid}/{directory}/", check=False)
            self.assertIn("Permission denied", done.stdout)
        said = self.eve.run(sys.executable, "-c", ATTACHES, str(pid)).stdout.splitlines()
        self.assertEqual(said, ["Operation not permitted"] * 5)
        self.is_there()

    # In and out

    def test_nobody_puts_anothers_card_in(self):
        for data in ("/home/ana/.local/share", "/home/eve/link"):
            self.eve.run("ln", "-sfn", "/home/ana/.local/share", "/home/eve/link")
            done = self.eve.run("env", f"XDG_DATA_HOME={data}", "vicar", "insert", "demo", check=False)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("Permission denied", done.stdout)
        self.assertEqual(self.present(), [])

    def test_nobody_takes_anothers_card_out(self):
        self.insert()
        os.chmod(f"/run/user/{self.ana.uid}", 0o755)
        self.addCleanup(os.chmod, f"/run/user/{self.ana.uid}", 0o700)
        for words in (("remove", "demo"), ("status", "demo"), ("trace", "demo"), ("swap", "demo", "demo")):
            done = self.eve.run("env", f"XDG_RUNTIME_DIR=/run/user/{self.ana.uid}", "vicar", *words, check=False)
            self.assertNotEqual(done.returncode, 0, words)
            self.assertNotIn("personality", done.stdout)
        self.is_there()

    # Questions

    def test_who_connects_to_a_card_s_socket_makes_it_ask_nothing(self):
        self.insert()
        for stranger in (self.eve, self.rui):
            said = stranger.run(sys.executable, "-c", CALLS, self.link, PIN_VERIFY.hex()).stdout
            self.assertEqual(said.split(), ["0"] * 4)
        self.assertEqual(self.prompts(), [])
        # What was sent would have been a question, had it come through pcscd.
        with pcsc.Client() as client:
            card = client.connect(FIRST)
            code = pinpad.features(card.control(pinpad.GET_FEATURE_REQUEST))[pinpad.VERIFY_DIRECT]
            self.assertEqual(card.control(code, PIN_VERIFY).hex(), CANCELLED)
            self.assertEqual(len(self.prompts()), 1)

    def test_through_pcscd_another_user_gets_one_question_and_then_a_pause(self):
        self.starts_service()
        self.insert(name="cmd")

        def calls():
            return self.ana.run("sh", "-c", "grep -c SCMDSign ~/sim/calls", check=False).stdout.strip()

        self.ana.run("touch", "/home/ana/agrees")
        self.rui.run(*SIGNS)
        self.assertEqual(calls(), "1", "what follows would prove nothing")
        self.ana.run("rm", "/home/ana/agrees", "/home/ana/prompts")
        rounds = 0
        while len(asked := self.prompts()) < 2:
            done = self.rui.run(*SIGNS, check=False)
            self.assertNotEqual(done.returncode, 0)
            rounds += len(self.prompts()) < 2
        # The first of them is the question; those that follow get none, and an answer all the same.
        self.assertGreater(rounds, 1, "too slow a machine to tell")
        self.assertGreaterEqual(asked[1] - asked[0], PAUSE_S)
        self.assertEqual(calls(), "1")
        journal = self.ana.run("vicar", "log", "cmd").stdout
        self.assertIn(CANCELLED, journal)
        status = self.ana.run("vicar", "status", "cmd").stdout
        self.assertRegex(status, r"tries: .*sign-pin=2", "a cancel costs nothing")

    def starts_service(self):
        self.ana.write("sim/accounts.conf", f"[account ana]\nphone = {PHONE}\npin = {SERVICE_PIN}\nkey = rsa2048\n")
        _, said = self.starts(self.ana, "cmd-simulator", "--directory", "/home/ana/sim", "--strict")
        endpoint = wait_for("endpoint", lambda: self.ana.run(
            "sh", "-c", "cat ~/sim/endpoint 2>/dev/null", check=False).stdout.strip(), 60)  # fmt: skip
        self.assertTrue(re.match("https://", endpoint), said)
        conf = self.ana.run("cat", "/home/ana/.config/vicar/vicar.conf").stdout
        self.addCleanup(self.ana.write, ".config/vicar/vicar.conf", conf)
        self.ana.write(".config/vicar/vicar.conf", conf + (
            f"[service cmd]\ntype = cmd\nprofile = simulator\nendpoint = {endpoint}\n"
            "ca-file = /home/ana/sim/tls-ca.pem\nencryption-certificate = /home/ana/sim/cifra.pem\n"
            "credentials = /home/ana/sim/credentials\n"))  # fmt: skip
        self.ana.write("account", f"[account]\nphone = {PHONE}\n")
        self.ana.run("vicar", "enrol", "cmd", "--service", "cmd", "--account", "/home/ana/account")
        self.addCleanup(self.ana.run, "vicar", "forget", "--yes", "cmd")


if __name__ == "__main__":
    machine.main()
