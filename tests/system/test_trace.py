#!/usr/bin/env python3
"""vicar trace: what passes between the reader and a card, in words and without secrets, live; what it
records plays in apdu-replay; nobody who watches can make the card wait."""

import os
import re
import signal
import socket
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402

from harness import LOCAL_PIN, ROOT, World, wait_for  # noqa: E402
from vicard_world import DIGESTINFO, MSE_SET, PIN, POWER_ON, PSO, TRANSMIT, VERIFY, VicardTest  # noqa: E402

WRONG = bytes.fromhex("0020000108") + b"11112222"
STATE = bytes.fromhex("00200001")


class Watching:
    """`vicar trace` with what it says in a file."""

    def __init__(self, test, program, env, path, *arguments):
        self.path = path
        with open(path, "w") as out:
            self.process = subprocess.Popen(
                [program, "trace", *arguments], env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=out
            )
        test.addCleanup(self.end)
        wait_for("trace", lambda: "watching" in self.text() or self.process.poll() is not None)
        test.assertIsNone(self.process.poll(), self.text())

    def text(self):
        with open(self.path) as f:
            return f.read()

    def wait(self, words):
        wait_for(words, lambda: words in self.text())

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        self.process.wait()


class Trace(VicardTest):
    remote = True

    def watch(self, *arguments):
        return Watching(self, self.path("bin", "vicar"), self.env, self.path("trace"), "work", *arguments)

    def replay(self, path):
        return subprocess.run(
            [os.path.join(VicardTest.build, "apdu-replay"), "--fixtures",
             os.path.join(ROOT, "tests/fixtures/replay"), path],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, check=False,
        )  # fmt: skip

    def test_commands_files_and_status_words_are_told_live_and_no_pin(self):
        self.insert()
        watching, reader = self.watch(), self.reader()
        reader.ready_to_sign()
        reader.transmit(STATE)
        watching.wait("is it verified")
        reader.transmit(bytes.fromhex("00A4080C0450155031"))
        reader.transmit(bytes.fromhex("00B0000010"))
        watching.wait("READ BINARY of EF.OD, the object directories from 0, up to 16 bytes")
        text = watching.text()
        for words in (
            "reset, ATR 3B7B94",
            "> SELECT file 3F00 (MF)",
            "> VERIFY 00 01, what it brings is hidden",
            "> MANAGE SECURITY ENVIRONMENT SET for signatures, algorithm 02, file 4B01",
            "< 9000 done",
        ):
            self.assertIn(words, text)
        self.assertNotIn(PIN.encode().hex().upper(), text.upper())

    def test_it_works_while_a_signature_waits_and_tells_when_the_service_was_asked(self):
        self.bridge("open(here + '/there', 'w').close()\n"
                    "while not os.path.exists(here + '/go'): time.sleep(0.01)\n"
                    "start()\nresult(0x6401)")  # fmt: skip
        self.insert()
        reader = self.reader()
        reader.ready_to_sign()
        reader.start(PSO)
        wait_for("bridge", lambda: os.path.exists(self.path("bin", "there")))
        watching = self.watch()
        with open(self.path("bin", "go"), "w"):
            pass
        self.assertEqual(reader.answer()[1:], b"\x64\x01")
        watching.wait("< 6401 cancelled by the user; the service was asked")

    def test_it_ends_when_the_card_is_taken_out(self):
        self.insert()
        watching = self.watch()
        self.run_tool("vicar", "remove", "work")
        self.assertEqual(watching.process.wait(timeout=10), 0)
        self.assertIn("card work was taken out", watching.text())

    def test_a_card_that_is_not_in_is_told_with_the_next_step(self):
        done = self.run_tool("vicar", "trace", "work", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("vicar insert work", done.stdout)

    def test_what_is_recorded_plays_and_holds_no_pin(self):
        """Wrong and right PINs, the service's refusal, the PIN that it refused, and one more."""
        self.bridge("start()\nresult(0x63C0)")
        self.insert()
        watching, reader = self.watch("--record", self.path("record.apdu")), self.reader()
        reader.ready_to_sign()
        self.assertEqual(reader.ask(TRANSMIT, 0, PSO)[1:2], b"\x63")
        self.assertEqual(reader.transmit(VERIFY)[:1], b"\x63", "the refused one")
        self.assertEqual(reader.transmit(WRONG), b"\x90\x00", "another one")
        self.bridge("result(0x6401)")
        reader.transmit(bytes.fromhex("0022F300"))
        reader.transmit(MSE_SET)
        self.assertEqual(reader.transmit(PSO), b"\x64\x01")
        reader.transmit(bytes.fromhex("00A4080C0450154404"))
        reader.transmit(bytes.fromhex("00B0000000"))
        reader.transmit(STATE)
        watching.wait("READ BINARY")
        watching.end()
        with open(self.path("record.apdu")) as f:
            record = f.read()
        self.assertIn("service 63C0\n", record)
        self.assertIn("service 6401 unstarted\n", record)
        for pin in (VERIFY[5:], WRONG[5:]):
            self.assertNotIn(pin.hex().upper(), record.upper())
        done = self.replay(self.path("record.apdu"))
        self.assertEqual(done.returncode, 0, done.stdout + record)
        self.assertIn("1 passed", done.stdout)
        # A replay that cannot fail would be worth nothing.
        with open(self.path("changed.apdu"), "w") as f:
            f.write(record.replace("service 63C0", "service 6400"))
        self.assertEqual(self.replay(self.path("changed.apdu")).returncode, 1)

    def test_a_recording_is_a_new_file(self):
        self.insert()
        with open(self.path("there.apdu"), "w") as f:
            f.write("mine")
        done = self.run_tool("vicar", "trace", "work", "--record", self.path("there.apdu"), check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("name a file that is not there yet", done.stdout)
        with open(self.path("there.apdu")) as f:
            self.assertEqual(f.read(), "mine")

    def raw(self):
        client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.addCleanup(client.close)
        client.settimeout(10)
        client.connect(self.path("runtime", "vicar", "work.ctl"))
        client.send(b"trace")
        return client, client.recv(100)

    def test_one_that_reads_too_slowly_misses_messages_and_the_card_does_not_wait(self):
        self.insert()
        client, said = self.raw()
        self.assertEqual(said, b"ok\n")
        reader = self.reader()
        reader.ask(POWER_ON)
        for _ in range(3000):
            reader.transmit(bytes.fromhex("00A4000C023F00"))
        got, lost = 0, 0
        client.setblocking(False)
        while True:
            try:
                client.recv(70000)
                got += 1
            except BlockingIOError:
                break
        client.settimeout(10)
        reader.transmit(STATE)
        lost = int.from_bytes(client.recv(70000)[2:6], "big")
        self.assertGreater(lost, 0)
        self.assertEqual(got + lost, 1 + 2 * 3000)

    def test_four_may_watch_and_one_that_goes_makes_room(self):
        self.insert()
        clients = [self.raw() for _ in range(4)]
        self.assertEqual([said for _, said in clients], [b"ok\n"] * 4)
        self.assertIn(b"end a `vicar trace`", self.raw()[1])
        clients[0][0].close()
        wait_for("room", lambda: self.raw()[1] == b"ok\n")


class LocalKey(VicardTest):
    """Deciphering and signing with the key in a file: nothing of the one, the beginning of the other."""

    remote = False

    def test_of_a_signature_the_beginning_is_shown(self):
        self.insert()
        watching = Watching(self, self.path("bin", "vicar"), self.env, self.path("trace"), "work")
        reader = self.reader()
        reader.ready_to_sign()
        signature = reader.whole(PSO)
        self.assertEqual(len(signature), 256)
        watching.wait("; 256 bytes, the rest hidden")
        shown = re.findall(r"< ([0-9A-F]+)\.\.$", watching.text(), re.M)
        self.assertEqual(shown, [signature[:8].hex().upper()])

    def test_of_what_was_deciphered_nothing_leaves_the_card_s_process(self):
        self.insert()
        client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.addCleanup(client.close)
        client.settimeout(10)
        client.connect(self.path("runtime", "vicar", "work.ctl"))
        client.send(b"trace")
        self.assertEqual(client.recv(100), b"ok\n")
        openssl = subprocess.run(
            ["openssl", "pkeyutl", "-encrypt", "-certin", "-keyform", "DER", "-inkey",
             self.card("certificates", "auth.der")], input=b"a secret that was sent", check=True,
            stdout=subprocess.PIPE)  # fmt: skip
        reader = self.reader()
        reader.ready_to_sign()
        self.assertEqual(reader.transmit(bytes.fromhex("002241B80780010281024B01")), b"\x90\x00")
        half = bytes([0]) + openssl.stdout
        reader.transmit(bytes.fromhex("102A8086") + bytes([200]) + half[:200])
        clear = reader.whole(bytes.fromhex("002A8086") + bytes([len(half) - 200]) + half[200:] + b"\x00")
        self.assertEqual(clear, b"a secret that was sent")
        reader.transmit(bytes.fromhex("00A4000C023F00"))
        seen = b""
        while not seen.endswith(bytes.fromhex("9000")) or b"\xA4\x00\x0C" not in seen:
            seen += client.recv(70000)
        self.assertNotIn(b"secret", seen)
        self.assertNotIn(PIN.encode(), seen)


class Middleware(unittest.TestCase):
    """What OpenSC and our module do with cards is recorded, and plays."""

    def test_what_programs_do_with_each_card_plays(self):
        with World(harness.BUILD) as world:
            world.start_pcscd()
            with open(world.path("digestinfo"), "wb") as f:
                f.write(DIGESTINFO)
            for card, module, mechanism in (
                ("fineid-v2", world.module, "RSA-PKCS"), ("iasecc", world.module, "RSA-PKCS"),
                ("fineid-v4", world.own_module(), "RSA-PKCS"), ("cc-v1", world.own_module(), "RSA-PKCS"),
            ):  # fmt: skip
                with self.subTest(card):
                    world.module = module
                    try:
                        self.one(world, card, mechanism)
                    finally:
                        world.vicar("remove", card, check=False)

    def one(self, world, card, mechanism):
        world.create(card, "--card", card, "--role", "auth", "--key", "rsa2048")
        world.insert(card)
        watching = Watching(self, world.tool("vicar"), world.env, world.path("trace"), card,
                            "--record", world.path(f"{card}.apdu"))  # fmt: skip
        world.wait_card()
        world.pkcs11("--login", "--pin", LOCAL_PIN, "--sign", "--mechanism", mechanism,
                     "--input-file", world.path("digestinfo"), "--output-file", world.path("signature"))  # fmt: skip
        world.remove(card)
        self.assertEqual(watching.process.wait(timeout=10), 0)
        text = watching.text()
        self.assertNotIn(LOCAL_PIN.encode().hex(), text)
        self.assertRegex(text, "COMPUTE DIGITAL SIGNATURE|INTERNAL AUTHENTICATE")
        done = world.run(world.tool("apdu-replay"), "--fixtures", os.path.join(ROOT, "tests/fixtures/replay"),
                         world.path(f"{card}.apdu"), check=False)  # fmt: skip
        with open(world.path(f"{card}.apdu")) as f:
            self.assertEqual(done.returncode, 0, done.stdout + f.read())
        self.assertRegex(done.stdout, r"[1-9]\d* passed, 0 failed")


if __name__ == "__main__":
    VicardTest.build = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else "build"
    harness.main()
