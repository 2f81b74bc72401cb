#!/usr/bin/env python3
"""Cards that are not ours in our reader, DEVICENAME vpcd:PORT under the real pcscd: Debian's vicc, our own
vicard --vpcd, and callers that are no cards."""

import contextlib
import os
import re
import socket
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402
import ifd_pcsc as pcsc  # noqa: E402
from harness import LOCAL_PIN, ROOT, World, opensc_module, wait_for  # noqa: E402
from opensc_round import DOCUMENT, digestinfo  # noqa: E402

# The package has its modules where Debian's Python does not look, and wants a module `sha` that Python 3 does
# not have. Of its cards the ISO card works with Python 3, but for its SELECT.
VICC_MODULES = "/usr/lib/python3/site-packages/virtualsmartcard"
FIRST, SECOND = "Vicar 00 00", "Vicar 00 01"
GET_CHALLENGE = bytes.fromhex("0084000008")


def free_ports():
    """Two, one after the other."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = first.getsockname()[1]
            with contextlib.suppress(OSError, OverflowError):
                second.bind(("127.0.0.1", port + 1))
                return port


class PortWorld(World):
    """Our driver with a port in the directory's place."""

    device = "vpcd:{port}:2:silence=3000"

    def start_pcscd(self):
        self.port = free_ports()
        script = os.path.join(ROOT, "tests/system/private-pcscd.sh")
        device = self.device.format(port=self.port)
        self.run(script, "start", self.path("pcscd"), device, self.driver)

    def insert(self, name):
        with open(self.path("vicard.log"), "a") as log:
            self.run(self.tool("vicard"), "--vpcd", f"127.0.0.1:{self.port}", name, stdout=log)
        self.inserted.add(name)


class InAPort(unittest.TestCase):
    """One world for all: libpcsclite reads where pcscd is once a process."""

    @classmethod
    def setUpClass(cls):
        cls.world = PortWorld(harness.BUILD)
        try:
            os.environ["PCSCLITE_CSOCK_NAME"] = cls.world.env["PCSCLITE_CSOCK_NAME"]
            cls.world.create("card", "--card", "fineid-v2", "--key", "rsa2048", "--role", "auth")
            cls.world.start_pcscd()
        except BaseException:
            cls.world.close()
            raise
        cls.client = pcsc.Client()

    @classmethod
    def tearDownClass(cls):
        cls.client.__exit__()
        cls.world.close()

    def setUp(self):
        self.client.wait_until(FIRST, pcsc.EMPTY)

    def call(self, slot=0, said=b""):
        caller = socket.create_connection(("127.0.0.1", self.world.port + slot), 10)
        self.addCleanup(caller.close)
        caller.sendall(said)
        return caller

    def vicc(self, kind, slot=0):
        with open(self.world.path("sha.py"), "w") as f:
            f.write("from hashlib import sha1 as new\n")
        environment = {"PYTHONPATH": f"{VICC_MODULES}:{self.world.dir}"}
        log = open(self.world.path("vicc.log"), "a")
        self.addCleanup(log.close)
        card = self.world.popen(
            "/usr/bin/python3", "/usr/bin/vicc", "--type", kind, "--hostname", "127.0.0.1",
            "--port", str(self.world.port + slot), env=environment, stdout=log,
        )  # fmt: skip
        self.addCleanup(lambda: (card.kill(), card.wait()))
        return card

    def hung_up(self, caller, seconds=10):
        """Whatever it is told before."""
        caller.settimeout(seconds)
        with contextlib.suppress(ConnectionResetError):
            while caller.recv(4096):
                pass
        return True

    def test_vicc_comes_answers_is_reset_and_goes(self):
        card = self.vicc("iso7816")
        self.client.wait_until(FIRST, pcsc.PRESENT, 30000)
        handle = self.client.connect(FIRST)
        took = []
        for _ in range(50):
            start = time.monotonic()
            answer = handle.transmit(GET_CHALLENGE)
            took.append(time.monotonic() - start)
            self.assertEqual((len(answer), answer[-2:].hex()), (10, "9000"))
        # Nagle's delay would be 40 ms each.
        self.assertLess(sorted(took)[len(took) // 2], 0.03)
        handle.disconnect(pcsc.RESET)
        self.assertEqual(self.client.connect(FIRST).transmit(GET_CHALLENGE)[-2:].hex(), "9000")
        card.kill()
        self.client.wait_until(FIRST, pcsc.EMPTY)

    def test_two_viccs_have_a_slot_each(self):
        self.vicc("iso7816")
        second = self.vicc("iso7816", slot=1)
        for name in (FIRST, SECOND):
            self.client.wait_until(name, pcsc.PRESENT, 30000)
            self.assertEqual(self.client.connect(name).transmit(GET_CHALLENGE)[-2:].hex(), "9000")
        second.kill()
        self.client.wait_until(SECOND, pcsc.EMPTY)
        self.assertTrue(self.client.state(FIRST)[0])

    def test_our_own_card_signs_through_it(self):
        world = self.world
        world.insert("card")
        self.addCleanup(world.remove, "card")
        self.client.wait_until(FIRST, pcsc.PRESENT)
        world.vicar("cert", "export", "card", "auth", "--output", "certificate.pem")
        world.run("openssl", "x509", "-in", "certificate.pem", "-noout", "-pubkey", "-out", "key.pem")
        for name, content in (("document", DOCUMENT), ("hash", digestinfo("sha1"))):
            with open(world.path(name), "wb") as f:
                f.write(content)
        for module in (world.own_module(), opensc_module()):
            with self.subTest(module):
                world.module = module
                world.pkcs11("--login", "--pin", LOCAL_PIN, "--sign", "-m", "RSA-PKCS", "-i", "hash",
                             "-o", "signature")  # fmt: skip
                verified = world.run("openssl", "dgst", "-sha1", "-verify", "key.pem",
                                     "-signature", "signature", "document")  # fmt: skip
                self.assertIn("Verified OK", verified.stdout)

    def test_callers_that_are_no_cards_are_hung_up_on_and_a_card_still_comes(self):
        for said in (b"GET / HTTP/1.1\r\n\r\n", b"\0\0", b"\0\3\x90\0\0", b"\xff" * 100000, b"\0\6\x3b", b""):
            with self.subTest(said[:8].hex()), contextlib.suppress(ConnectionResetError, BrokenPipeError):
                self.assertTrue(self.hung_up(self.call(said=said)))
        self.assertEqual(self.client.state(FIRST)[0], False)
        self.vicc("iso7816")
        self.client.wait_until(FIRST, pcsc.PRESENT, 30000)

    def test_a_card_that_says_nothing_holds_up_its_own_slot_and_not_for_ever(self):
        atr = bytes.fromhex("3B80800101")
        message = len(atr).to_bytes(2, "big") + atr
        silent = self.call(said=message)
        self.vicc("iso7816", slot=1)
        self.client.wait_until(SECOND, pcsc.PRESENT, 30000)

        def play():
            """Answers each question for the ATR, and no command."""
            asked = silent.recv(3)
            while asked:
                asked = silent.recv(6)
                if asked.endswith(b"\0\1\4"):
                    silent.sendall(message)

        player = threading.Thread(target=play, daemon=True)
        player.start()
        self.client.wait_until(FIRST, pcsc.PRESENT)
        caught, times = [], []

        def transmit():
            with pcsc.Client() as slow:
                handle = slow.connect(FIRST)
                times.append(time.monotonic())
                try:
                    handle.transmit(GET_CHALLENGE)
                except pcsc.Error as error:
                    caught.append(error)
                times.append(time.monotonic())

        sender = threading.Thread(target=transmit)
        sender.start()
        wait_for("begin of the command", lambda: times)
        start = time.monotonic()
        self.assertTrue(self.client.state(FIRST)[0])
        self.assertEqual(self.client.connect(SECOND).transmit(GET_CHALLENGE)[-2:].hex(), "9000")
        self.assertIn(FIRST, self.client.readers())
        self.assertLess(time.monotonic() - start, 2)
        sender.join(30)
        self.assertEqual([error.code for error in caught], [pcsc.NOT_TRANSACTED])
        self.assertLess(times[1] - times[0], 6)  # silence=3000
        self.client.wait_until(FIRST, pcsc.EMPTY)

    def test_a_flood_of_callers_leaves_pcscd_idle_enough(self):
        over = threading.Event()

        def annoy():
            while not over.is_set():
                with contextlib.suppress(OSError), socket.socket() as caller:
                    caller.setblocking(False)
                    caller.connect_ex(("127.0.0.1", self.world.port))
                time.sleep(0.0005)

        annoyer = threading.Thread(target=annoy)
        annoyer.start()
        try:
            self.vicc("iso7816", slot=1)
            self.client.wait_until(SECOND, pcsc.PRESENT, 30000)
            handle = self.client.connect(SECOND)
            for _ in range(200):
                self.assertEqual(handle.transmit(GET_CHALLENGE)[-2:].hex(), "9000")
        finally:
            over.set()
            annoyer.join()

    def test_only_this_machines_own_address_is_listened_on(self):
        with open("/proc/net/tcp") as f:
            lines = [line.split() for line in f]
        hosts = {
            fields[1].split(":")[0]
            for fields in lines
            if fields[3] == "0A" and fields[1].endswith(f":{self.world.port:04X}")
        }
        self.assertEqual(hosts, {"0100007F"})


class ThePackagedEntry(unittest.TestCase):
    def test_it_has_no_port(self):
        packaging = os.path.join(ROOT, "packaging")
        with open(os.path.join(packaging, "reader.conf.in")) as f:
            self.assertEqual(re.findall(r"^DEVICENAME +(\w+):", f.read(), re.M), ["vicar"])
        found = subprocess.run(["grep", "-rl", "vpcd:", packaging], stdout=subprocess.PIPE, check=False)
        self.assertEqual(found.stdout, b"")


if __name__ == "__main__":
    harness.main()
