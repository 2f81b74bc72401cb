#!/usr/bin/env python3
"""vicard towards the reader and towards `vicar`: messages in and out of order, other users, the
control socket."""

import os
import socket
import stat
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import wait_for  # noqa: E402
from vicard_world import (  # noqa: E402
    BUSY,
    DONE,
    FULL,
    HELLO,
    PIN,
    POWERED,
    POWER_OFF,
    POWER_ON,
    PSO,
    PUK,
    RESET,
    TRANSMIT,
    VERIFY,
    Reader,
    VicardTest,
    main,
)


class TheLink(VicardTest):
    remote = False

    def test_a_reader_is_greeted_powered_and_answered(self):
        self.insert()
        reader = Reader(self.link)
        self.addCleanup(reader.close)
        atr = reader.hello()
        self.assertEqual(reader.ask(POWER_ON), bytes([POWERED]) + atr)
        self.assertEqual(reader.transmit(bytes.fromhex("00A4000C023F00")), b"\x90\x00")
        self.assertEqual(reader.ask(RESET), bytes([POWERED]) + atr)
        self.assertEqual(reader.ask(POWER_OFF), bytes([DONE]))

    def test_the_socket_may_be_opened_by_everybody(self):
        self.insert()
        self.assertEqual(stat.S_IMODE(os.stat(self.link).st_mode), 0o666)

    def test_a_signature_with_a_local_key_is_made_and_in_the_journal(self):
        self.insert()
        reader = self.reader()
        reader.ready_to_sign()
        self.assertEqual(len(reader.whole(PSO + b"\0")), 256)
        self.assertRegex(self.journal(), r" open 1 key=auth operation=sign-pkcs1 hash=c0ffee11 card=work service=file\n")
        self.assertRegex(self.journal(), r" done 1 9000 ")

    def test_a_wrong_local_pin_costs_a_try(self):
        self.insert()
        reader = self.reader()
        reader.ask(POWER_ON)
        self.assertEqual(reader.transmit(VERIFY[:5] + b"99999999"), b"\x63\xc4")
        self.assertEqual(self.tries(), 4)

    def test_power_off_ends_the_verified_state(self):
        self.insert()
        reader = self.reader()
        reader.ready_to_sign()
        reader.ask(POWER_OFF)
        reader.ask(POWER_ON)
        self.assertEqual(reader.transmit(bytes.fromhex("0020000100"))[:1], b"\x63")

    def test_another_connection_does_not_get_the_verified_state(self):
        self.insert()
        reader = self.reader()
        reader.ready_to_sign()
        reader.close()
        again = self.reader()
        again.ask(POWER_ON)
        self.assertEqual(again.transmit(bytes.fromhex("0020000100"))[:1], b"\x63")

    def test_a_malformed_message_closes_the_connection_and_is_logged(self):
        self.insert()
        for message, why in (
            (bytes([0x77]), "unknown kind"),
            (bytes([BUSY]), "only a card sends"),
            (bytes([TRANSMIT, 0]) + VERIFY, "without power"),
            (bytes([POWER_ON, 0]), "longer than its kind"),
            (bytes([TRANSMIT]) + bytes(66000), "too long"),
        ):
            with self.subTest(why):
                reader = self.reader()
                self.assertEqual(reader.ask(message), b"")
                wait_for("log line", lambda why=why: why in self.log())
        self.reader().ask(POWER_ON)

    def test_no_bytes_of_a_command_are_logged(self):
        self.insert()
        reader = self.reader()
        self.assertEqual(reader.ask(TRANSMIT, 0, VERIFY), b"")
        text = self.log().lower()
        self.assertNotIn(VERIFY.hex(), text)
        self.assertNotIn(PIN, text)

    def test_a_second_reader_is_sent_away_and_the_first_stays(self):
        self.insert()
        first = self.reader()
        second = Reader(self.link)
        self.addCleanup(second.close)
        self.assertEqual(second.answer(), b"")
        self.assertEqual(first.ask(POWER_ON)[:1], bytes([POWERED]))
        self.assertIn("second reader", self.log())

    def test_a_reader_may_come_back(self):
        self.insert()
        for _ in range(20):
            reader = self.reader()
            self.assertEqual(reader.ask(POWER_ON)[:1], bytes([POWERED]))
            reader.close()

    def test_a_full_reader_is_remembered(self):
        self.insert()
        reader = self.reader()
        self.assertEqual(reader.ask(FULL), b"")
        self.assertEqual(self.status("reader"), "no-free-slot")
        self.reader()
        self.assertEqual(self.status("reader"), "connected")

    @unittest.skipUnless(os.geteuid() == 0, "only root can be somebody else")
    def test_a_program_of_another_user_is_sent_away(self):
        self.insert()
        source = (
            "import socket,sys; s=socket.socket(socket.AF_UNIX,socket.SOCK_SEQPACKET);"
            "s.settimeout(5); s.connect(sys.argv[1]); print(s.recv(100))"
        )
        seen = subprocess.run(
            ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", sys.executable, "-c",
             source, self.link],
            text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=30, check=False,
        )  # fmt: skip
        self.assertTrue(seen.stdout.strip() == "b''" or "reset" in seen.stdout, seen.stdout)
        self.assertIn("user 65534", self.log())

    @unittest.skipUnless(os.geteuid() == 0, "only root can be somebody else")
    def test_a_stranger_who_keeps_knocking_does_not_fill_the_log(self):
        self.insert()
        source = (
            "import socket,sys\n"
            "for i in range(300):\n"
            "    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)\n"
            "    s.connect(sys.argv[1])\n"
            "    s.close()\n"
        )
        subprocess.run(
            ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", sys.executable, "-c",
             source, self.link],
            timeout=30, check=True,
        )  # fmt: skip
        self.reader()
        self.assertLess(self.log().count("user 65534"), 3)

    @unittest.skipUnless(os.geteuid() == 0, "only root can be somebody else")
    def test_the_configured_pcscd_user_is_served(self):
        self.configure(pcscd_user="nobody")
        self.insert()
        source = (
            "import socket,sys; s=socket.socket(socket.AF_UNIX,socket.SOCK_SEQPACKET);"
            "s.settimeout(5); s.connect(sys.argv[1]); print(s.recv(100)[:2])"
        )
        seen = subprocess.run(
            ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", sys.executable, "-c",
             source, self.link],
            text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=30, check=False,
        )  # fmt: skip
        self.assertEqual(seen.stdout.strip(), repr(bytes([HELLO, 1])))


class TheControlSocket(VicardTest):
    remote = False

    def test_status_has_every_line(self):
        process = self.insert()
        text = self.control("status")
        self.assertEqual(text.splitlines()[0], "ok")
        keys = [line.split(":")[0] for line in text.splitlines()[1:]]
        self.assertEqual(
            keys,
            ["name", "personality", "pid", "socket", "reader", "powered", "state", "tries", "last"],
        )
        self.assertEqual(self.status("pid"), str(process.pid))
        self.assertEqual(self.status("reader"), "waiting")
        self.assertEqual(self.status("state"), "idle")

    def test_power_is_told(self):
        self.insert()
        reader = self.reader()
        reader.ask(POWER_ON)
        self.assertEqual(self.status("powered"), "yes")
        reader.ask(POWER_OFF)
        self.assertEqual(self.status("powered"), "no")

    def test_an_unknown_request_is_answered_with_those_that_are_known(self):
        self.insert()
        self.assertIn("status, remove, swap, trace, pin-change COUNTER, pin-unblock COUNTER and sign", self.control("hello"))

    def test_a_local_pin_cannot_be_unblocked_without_its_puk(self):
        self.insert()
        self.assertRegex(self.control("pin-unblock pin1"), "^error: .*nothing was tried")
        self.assertIn("puk=5", self.status("tries"))

    def test_a_local_pin_is_changed_by_its_owner_and_wrong_values_are_counted(self):
        self.insert()
        reader = self.reader()
        reader.ask(POWER_ON)
        self.assertRegex(self.control(f"pin-change pin1\n99999999\n{PUK}"), "wrong, tries left: 4")
        self.assertEqual(self.tries(), 4)
        self.assertEqual(self.control(f"pin-change pin1\n{PIN}\n1357"), "ok\n")
        self.assertEqual(self.tries(), 5)
        self.assertEqual(reader.transmit(VERIFY), b"\x63\xc4")
        self.assertEqual(
            reader.transmit(bytes.fromhex("0020000108 3133353700000000")), b"\x90\x00"
        )
        for text in (self.log(), self.journal()):
            self.assertIn("changed by its owner", text)
            self.assertNotIn("1357", text)
            self.assertNotIn(PIN, text)

    def test_a_request_that_is_too_long_closes_the_connection(self):
        self.insert()
        self.assertEqual(self.control("x" * 300), "")

    def test_clients_that_say_nothing_keep_nobody_out(self):
        self.insert()
        silent = []
        for _ in range(12):
            client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            self.addCleanup(client.close)
            client.connect(self.path("runtime", "vicar", "work.ctl"))
            silent.append(client)
        self.assertEqual(self.control("status").splitlines()[0], "ok")

    def test_vicar_itself_understands(self):
        self.insert()
        self.assertIn("work", self.run_tool("vicar", "status", "work").stdout)
        self.run_tool("vicar", "remove", "work")


if __name__ == "__main__":
    main()
