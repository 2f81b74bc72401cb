#!/usr/bin/env python3
"""What stands in the memory of vicard, and of vicar and the bridge while they hold a PIN: read as root may,
whole. While a PIN is needed it is there, in memory that is not swapped; after that nowhere.

A build with sanitizers keeps freed memory and shadows of it: here the plain one is used.
"""

import contextlib
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import unittest

import test_vicard_owner
from harness import plain, wait_for
from memory import mappings, search
from person import Person
from pinpad import modify, verify
from test_vicard_pad import CHANGE_EMPTY, NEW_PIN, PIN_MODIFY, PIN_VERIFY, PINS, TYPES, VERIFY_EMPTY
from vicard_world import (
    DONE,
    PIN,
    POWER_OFF,
    POWER_ON,
    PSO,
    PUK,
    RESET,
    RESPONSE,
    TRANSMIT,
    VERIFY,
    VicardTest,
    main,
    may_lock,
)

SECRETS = (PIN, NEW_PIN, PUK)
CHANGE = bytes.fromhex("0024000110")
UNBLOCK = bytes.fromhex("002C000110")
SELECT_AID = bytes.fromhex("00A4040C0CA000000063504B43532D3135")
NOBODY = pwd.getpwnam("nobody")
ROOT_ONLY = unittest.skipIf(os.geteuid() != 0, "SKIP: reading a process that forbids it takes root")


def setUpModule():
    VicardTest.build = plain(VicardTest.build)


class Memory(VicardTest):
    def begin(self, *arguments):
        self.process = self.insert(*arguments)
        self.card_reader = self.reader()
        self.card_reader.ask(POWER_ON)
        return self.card_reader

    def assert_nowhere(self, *secrets):
        self.assertEqual(search(self.process.pid, *(secrets or SECRETS)), [])

    def assert_only_locked(self, *secrets, pid=None):
        found = search(pid or self.process.pid, *secrets)
        for secret in secrets:
            self.assertIn(secret.encode(), [place.form for place in found])
        self.assertEqual([place for place in found if not place.locked], [])

    @contextlib.contextmanager
    def stopped(self, pid):
        os.kill(pid, signal.SIGSTOP)
        try:
            wait_for("stop", lambda: re.search(r"\) [Tt] ", open(f"/proc/{pid}/stat").read()))
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def prime(self):
        """Of the card's RSA key, as OpenSSL has it in memory."""
        text = subprocess.run(
            ["openssl", "pkey", "-inform", "DER", "-in", self.card("keys", "auth.pin"), "-passin",
             f"pass:{PIN}", "-text", "-noout"],
            stdout=subprocess.PIPE, text=True, check=True,
        ).stdout  # fmt: skip
        digits = re.search(r"^prime1:\s+((?:[0-9a-f]{2}:?\s*)+)", text, re.M)[1]
        number = int(re.sub(r"[:\s]", "", digits), 16)
        return number.to_bytes(number.bit_length() // 8, "little")

    def change(self, old, new):
        return self.card_reader.transmit(CHANGE + old.encode() + new.encode())


@ROOT_ONLY
class Local(Memory):
    remote = False

    def test_a_pin_is_found_while_it_is_verified_and_only_in_locked_memory(self):
        """The control of all others: the search finds what is there."""
        reader = self.begin()
        self.assert_nowhere()
        self.assertEqual(reader.transmit(VERIFY), b"\x90\x00")
        self.assert_only_locked(PIN)
        reader.ask(RESET)
        self.assert_nowhere()

    def test_a_pin_that_opens_its_file_is_in_locked_memory_in_every_copy(self):
        reader = self.begin()
        reader.start(VERIFY)
        # The try is counted on disk first.
        wait_for("try", lambda: os.path.exists(self.card("state")))
        with self.stopped(self.process.pid):
            self.assert_only_locked(PIN)
        self.assertEqual(reader.answer(), bytes([RESPONSE]) + b"\x90\x00")

    def test_nothing_is_left_of_values_that_were_changed_refused_or_malformed(self):
        reader = self.begin()
        self.assertEqual(self.change(PIN, NEW_PIN), b"\x90\x00")
        self.assert_nowhere()
        self.assertEqual(reader.transmit(UNBLOCK + PUK.encode() + PIN.encode()), b"\x90\x00")
        self.assert_nowhere()
        for command, sw in (
            ("0020000108", "63c4"),  # wrong
            ("0020007708", "6a88"),  # of no PIN
            ("1020000108", "6884"),  # in a chain
            ("002000010A", "6700"),  # with a wrong Lc
            ("00200001", "6700"),  # with none
            ("00FF000008", "6d00"),  # to a command that there is not
        ):
            with self.subTest(command):
                self.assertEqual(reader.transmit(bytes.fromhex(command) + NEW_PIN.encode()).hex(), sw)
                self.assert_nowhere()
        self.assertEqual(reader.ask(0x99, NEW_PIN.encode()), b"")  # breaks the link's rules
        self.assert_nowhere()

    def test_a_key_is_open_while_its_pin_is_verified_and_only_in_locked_memory(self):
        prime = self.prime()
        reader = self.begin()
        commands = (VERIFY[:5] + NEW_PIN.encode(), CHANGE + (PIN + PIN).encode(), UNBLOCK + (PUK + PIN).encode(),
                    SELECT_AID)  # fmt: skip
        for end in ((POWER_OFF,), (RESET,), *((TRANSMIT, 0, command) for command in commands)):
            with self.subTest(end=end):
                reader.ready_to_sign()
                self.assertEqual(reader.transmit(PSO)[0], 0x61)
                found = search(self.process.pid, prime)
                self.assertNotEqual(found, [])
                self.assertEqual([place for place in found if not place.locked], [])
                reader.ask(*end)
                # The answer comes first.
                wait_for("end of the key", lambda: search(self.process.pid, prime) == [])

    def test_nothing_is_left_of_a_verified_pin_when_the_power_goes(self):
        for how in ("off", "gone"):
            with self.subTest(how):
                reader = self.begin()
                self.assertEqual(reader.transmit(VERIFY), b"\x90\x00")
                if how == "off":
                    self.assertEqual(reader.ask(POWER_OFF), bytes([DONE]))
                else:
                    reader.close()
                    wait_for("end of the reader", lambda: "the reader has gone" in self.log())
                self.assert_nowhere()
                self.take_out(self.process, reader)

    def test_nothing_is_left_of_what_was_typed_at_the_pad(self):
        self.bridge(TYPES.format(values=PINS))
        reader = self.begin()
        self.assertEqual(reader.ask(PIN_VERIFY, verify(VERIFY_EMPTY)), b"\x04\x90\x00")
        self.assert_only_locked(PIN)
        self.assertEqual(reader.ask(PIN_MODIFY, modify(CHANGE_EMPTY)), b"\x04\x90\x00")
        self.assert_nowhere()

    def test_nothing_is_left_of_an_old_pin_in_a_programs_structure(self):
        self.bridge(TYPES.format(values=PINS))
        reader = self.begin()
        structure = modify(CHANGE + PIN.encode() + bytes(8), confirm=1)
        self.assertEqual(reader.ask(PIN_MODIFY, structure), b"\x04\x90\x00")
        self.assert_nowhere()
        # One that is refused before anybody is asked.
        self.assertEqual(reader.ask(PIN_MODIFY, modify(CHANGE + PIN.encode() + bytes(8), form=0x80)), b"\x04\x6b\x80")
        self.assert_nowhere()

    def test_nothing_is_left_of_what_vicar_pin_change_brings(self):
        self.begin()
        path = self.path("values")
        for old, code in ((PIN, 0), (PUK, 1)):
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as f:
                f.write(f"old = {old}\nnew = {NEW_PIN}\n")
            done = self.run_tool("vicar", "pin", "change", "work", "--pin-file", path, check=False)
            self.assertEqual(done.returncode, code, done.stdout)
            self.assert_nowhere()

    def test_nothing_is_left_in_the_reader_of_vsmartcards_protocol(self):
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        self.process = self.insert("--vpcd", f"127.0.0.1:{listener.getsockname()[1]}", ready=False)
        listener.settimeout(10)
        reader, _ = listener.accept()
        self.addCleanup(reader.close)
        reader.settimeout(10)

        def send(body):
            reader.sendall(len(body).to_bytes(2, "big") + body)

        def transmit(body):
            send(body)
            size = int.from_bytes(reader.recv(2, socket.MSG_WAITALL), "big")
            return reader.recv(size, socket.MSG_WAITALL)

        self.assertEqual(transmit(VERIFY), b"\x90\x00")
        self.assert_only_locked(PIN)
        send(b"\x02")  # reset
        self.assertEqual(transmit(b"\x04")[:1], b"\x3b")
        self.assert_nowhere()

    def test_a_pin_that_vicar_asks_for_is_in_locked_memory(self):
        """vicar pin change at its second question, when it has the old value."""
        person = Person()
        self.addCleanup(person.close)
        asking = subprocess.Popen(
            ["setsid", "--ctty", self.path("bin", "vicar"), "pin", "change", "work"],
            env=self.env, stdin=person.slave, stdout=person.slave, stderr=person.slave,
        )  # fmt: skip
        self.addCleanup(self.end, asking)
        wait_for("question", lambda: re.search(r"Old PIN: $", person.screen))
        os.write(person.master, PIN.encode() + b"\n")
        wait_for("second question", lambda: re.search(r"New PIN .*: $", person.screen))
        self.assert_only_locked(PIN, pid=asking.pid)


class Limits(Memory):
    def test_heap_and_stack_are_locked_where_8_mib_may_be(self):
        """As Debian allows everybody."""
        process = self.insert(under=may_lock(8 * 1024 * 1024))
        with open(f"/proc/{process.pid}/status") as f:
            locked = int(re.search(r"VmLck:\s+(\d+) kB", f.read())[1])
        self.assertGreater(locked, 64 + 1024 + 500)


@ROOT_ONLY
class Owner(test_vicard_owner.Owner):
    def test_the_stack_does_not_grow_beyond_what_is_locked(self):
        """When a service is asked for the owner, the PIN stands at the stack's end."""
        self.begin(test_vicard_owner.SIGNS)
        self.assertEqual(self.sign()[0], 0x9000)
        stack = [mapping for mapping in mappings(self.process.pid) if "gd" in mapping.flags]
        self.assertTrue(any(mapping.locked for mapping in stack))
        # The lowest page must not be.
        self.assertEqual([m.size for m in stack if not m.locked], [os.sysconf("SC_PAGESIZE")])


@ROOT_ONLY
class Remote(Memory):
    def test_a_pin_waits_for_the_service_in_locked_memory_and_is_wiped_after_its_use(self):
        self.bridge("while not os.path.exists(here + '/go'): time.sleep(0.01)\n"
                    "assert start()\nresult(0x9000, b'signature', b'signed')")  # fmt: skip
        reader = self.begin()
        reader.ready_to_sign()
        reader.start(PSO)
        wait_for("question", self.requests)
        self.assert_only_locked(PIN)
        open(self.path("bin", "go"), "w").close()
        self.assertEqual(reader.answer()[-2:], b"\x61\x09")
        self.assert_nowhere()

    def test_nothing_is_left_when_the_reader_hangs_up_in_the_middle_of_a_use(self):
        self.bridge("time.sleep(60)")
        reader = self.begin()
        reader.ready_to_sign()
        reader.start(PSO)
        wait_for("question", self.requests)
        reader.close()
        wait_for("end of the use", lambda: " none 6401 " in self.journal())
        self.assert_nowhere()


@unittest.skipIf(os.geteuid() != 0, "SKIP: being another user takes root")
class Undumpable(VicardTest):
    """As a user who is not root: the kernel gives the files of a process that cannot be dumped to root."""

    remote = False

    def setUp(self):
        super().setUp()
        for where, directories, files in os.walk(self.dir):
            for name in (".", *directories, *files):
                os.chown(os.path.join(where, name), NOBODY.pw_uid, NOBODY.pw_gid)
        self.as_nobody = {"user": NOBODY.pw_uid, "group": NOBODY.pw_gid, "extra_groups": []}

    def start(self, *argv, **more):
        process = subprocess.Popen(argv, env=self.env, **self.as_nobody, **more)
        self.addCleanup(self.end, process)
        return process

    def protected(self, pid):
        return os.stat(f"/proc/{pid}/mem").st_uid == 0

    def assert_protected(self, pid):
        wait_for("protection", lambda: self.protected(pid))
        with open(f"/proc/{pid}/limits") as f:
            self.assertRegex(f.read(), r"Max core file size +0 +0 ")

    def test_any_other_program_can_be_looked_into_by_its_user(self):
        """The control."""
        process = self.start("sleep", "60")
        wait_for("sleep", lambda: os.readlink(f"/proc/{process.pid}/exe").endswith("/sleep"))
        self.assertFalse(self.protected(process.pid))

    def test_vicard_cannot_be_looked_into_nor_dumped(self):
        self.assert_protected(self.insert(**self.as_nobody).pid)

    def test_the_bridge_cannot_be_looked_into_nor_dumped(self):
        bridge = self.path("bin", "bridge")
        shutil.copy2(os.path.join(VicardTest.build, "vicar-bridge"), bridge)
        os.chmod(bridge, 0o755)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.addCleanup(ours.close)
        with theirs:
            # The bridge has it as number 3.
            process = self.start(
                "sh", "-c", f'exec "$0" 3<&{theirs.fileno()}', bridge, pass_fds=[theirs.fileno()],
            )  # fmt: skip
        self.assert_protected(process.pid)

    def test_vicar_cannot_be_looked_into_nor_dumped_while_it_asks_for_a_pin(self):
        person = Person()
        self.addCleanup(person.close)
        process = self.start(
            "setsid", "--ctty", self.path("bin", "vicar"), "pin", "change", "work",
            stdin=person.slave, stdout=person.slave, stderr=person.slave,
        )  # fmt: skip
        wait_for("question", lambda: re.search(r"Old PIN: $", person.screen))
        self.assert_protected(process.pid)


if __name__ == "__main__":
    main()
