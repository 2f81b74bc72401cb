#!/usr/bin/env python3
"""The reader inside the real pcscd, with a fake card that does what it is told (tests/ifd/fake-card.h)
and a client that is nothing but libpcsclite.

usage: tests/system/test_ifdhandler.py BUILD
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
DIRECTORY = tempfile.mkdtemp(prefix="vicar-ifd-", dir="/tmp")
# libpcsclite reads it once, so all tests share one place.
os.environ["PCSCLITE_CSOCK_NAME"] = f"{DIRECTORY}/run/pcscd.comm"

import ifd_pcsc as pcsc  # noqa: E402

BUILD = "build"
# pcscd cannot host a sanitized reader; the plain one is named then.
DRIVER = os.environ.get("VICAR_DRIVER")
FIRST, SECOND = "Vicar 00 00", "Vicar 00 01"


def private_pcscd(*arguments):
    return subprocess.run(
        [f"{HERE}/private-pcscd.sh", *arguments],
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout


class FakeCard:
    def __init__(self, name, directory, user=None):
        as_user = ["setpriv", f"--reuid={user}", "--clear-groups"] if user else []
        self.process = subprocess.Popen(
            [*as_user, f"{BUILD}/tests/system/ifd-card", directory, name],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout.readline() == "listening\n"
        self.path = f"{directory}/{user or os.getuid()}-{name}.sock"

    def kill(self):
        """As a crash does: the socket stays behind."""
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def remove(self):
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.kill()


class Reader(unittest.TestCase):
    slots = 2

    def setUp(self):
        self.sockets = f"{DIRECTORY}/cards"
        self.cards = []
        shutil.rmtree(DIRECTORY)
        os.makedirs(self.sockets)
        os.chmod(DIRECTORY, 0o755)
        os.chmod(self.sockets, 0o1777)

    def tearDown(self):
        private_pcscd("stop", DIRECTORY)
        for card in self.cards:
            card.kill()

    def start(self, device=None):
        private_pcscd(
            "start",
            DIRECTORY,
            device or f"vicar:{self.sockets}:{self.slots}:silence=2000",
            DRIVER,
            "--",
            "--debug",
        )

    def insert(self, name, **more):
        return self.insert_at(name, self.sockets, **more)

    def insert_at(self, name, directory, **more):
        card = FakeCard(name, directory, **more)
        self.cards.append(card)
        return card

    def test_a_card_comes_and_goes_and_each_is_counted_once(self):
        self.start()
        with pcsc.Client() as client:
            self.assertEqual(client.state(FIRST), (False, 0, b""))
            card = self.insert("anna")
            present, changes, atr = client.wait_until(FIRST, pcsc.PRESENT)
            self.assertEqual((present, changes, atr.hex()), (True, 1, "3b8181016160"))
            card.remove()
            self.assertEqual(client.wait_until(FIRST, pcsc.EMPTY), (False, 2, b""))

    def test_a_card_that_is_there_is_there_for_the_first_call(self):
        self.insert("anna")
        self.start()
        with pcsc.Client() as client:
            self.assertTrue(client.state(FIRST)[0])

    def test_a_card_out_and_in_within_a_millisecond_counts_as_two_changes(self):
        self.insert("anna")
        self.start()
        with pcsc.Client() as client:
            before = client.wait_until(FIRST, pcsc.PRESENT)[1]
            card = client.connect(FIRST)
            with self.assertRaises(pcsc.Error) as caught:
                card.transmit(bytes.fromhex("80140000"))  # hang up and listen again
            self.assertEqual(caught.exception.code, pcsc.NOT_TRANSACTED)
            self.assertEqual(client.wait_changes(FIRST, before + 2), before + 2)
            self.assertTrue(client.state(FIRST)[0])
            card.disconnect()
            self.assertEqual(client.connect(FIRST).transmit(bytes.fromhex("00A40000")).hex(), "6d00")

    def test_the_longest_command_and_the_longest_answer_pass(self):
        self.insert("anna")
        self.start()
        with pcsc.Client() as client:
            card = client.connect(FIRST)
            longest = bytes.fromhex("80110000") + bytes(65540)
            self.assertEqual(card.transmit(longest).hex(), "000100089000")
            answer = card.transmit(bytes.fromhex("80100000"))
            self.assertEqual(len(answer), 65538)
            self.assertEqual(answer, b"\xA5" * 65536 + b"\x90\x00")

    def test_the_card_speaks_t1(self):
        self.insert("anna")
        self.start()
        with pcsc.Client() as client:
            card = client.connect(FIRST)
            self.assertEqual(card.protocol, pcsc.T1)
            self.assertEqual(card.transmit(bytes.fromhex("801D0000"))[0], 1)

    def test_a_card_killed_in_mid_command_is_an_error_within_a_second_and_the_next_works(self):
        card = self.insert("anna")
        self.start()
        with pcsc.Client() as client:
            handle = client.connect(FIRST)
            killed = []

            def kill():
                time.sleep(0.3)
                killed.append(time.monotonic())
                card.kill()

            killer = threading.Thread(target=kill)
            killer.start()
            with self.assertRaises(pcsc.Error) as caught:
                handle.transmit(bytes.fromhex("80127000"))  # busy for 28 s
            took = time.monotonic() - killed[0]
            killer.join()
            self.assertEqual(caught.exception.code, pcsc.NOT_TRANSACTED)
            self.assertLess(took, 1)
            client.wait_until(FIRST, pcsc.EMPTY)
            os.unlink(card.path)
            self.insert("anna")
            client.wait_until(FIRST, pcsc.PRESENT)
            self.assertEqual(client.connect(FIRST).transmit(bytes.fromhex("00A40000")).hex(), "6d00")

    def test_a_silent_card_is_given_up(self):
        self.insert("anna")
        self.start()
        with pcsc.Client() as client:
            handle = client.connect(FIRST)
            start = time.monotonic()
            with self.assertRaises(pcsc.Error):
                handle.transmit(bytes.fromhex("80137000"))
            self.assertLess(time.monotonic() - start, 3)  # silence=2000

    def test_a_client_may_ask_again_after_each_bad_answer(self):
        self.insert("anna")
        self.start()
        with pcsc.Client() as client:
            for command in ("80150000", "80160000", "80170000", "80180000", "801A0000"):
                with self.subTest(command):
                    changes = client.wait_until(FIRST, pcsc.PRESENT)[1]
                    with self.assertRaises(pcsc.Error) as caught:
                        client.connect(FIRST).transmit(bytes.fromhex(command))
                    self.assertEqual(caught.exception.code, pcsc.NOT_TRANSACTED)
                    client.wait_changes(FIRST, changes + 2)
                    self.assertEqual(
                        client.connect(FIRST).transmit(bytes.fromhex("00A40000")).hex(), "6d00"
                    )

    def test_the_card_stays_while_pcscd_restarts(self):
        card = self.insert("anna")
        for _ in range(3):
            self.start()
            with pcsc.Client() as client:
                self.assertTrue(client.state(FIRST)[0])
                self.assertEqual(
                    client.connect(FIRST).transmit(bytes.fromhex("801D0000")).hex(), "0101009000"
                )
            private_pcscd("stop", DIRECTORY)
        self.assertIsNone(card.process.poll())

    def test_pcscd_ends_at_once_during_a_command(self):
        card = self.insert("anna")
        self.start()
        with pcsc.Client() as client:
            handle = client.connect(FIRST)
            caught = []

            def transmit():
                try:
                    handle.transmit(bytes.fromhex("80127000"))
                except pcsc.Error as error:
                    caught.append(error)

            sender = threading.Thread(target=transmit)
            sender.start()
            time.sleep(0.3)
            start = time.monotonic()
            private_pcscd("stop", DIRECTORY)
            self.assertLess(time.monotonic() - start, 1)
            sender.join()
            self.assertEqual(len(caught), 1)
        self.start()
        with pcsc.Client() as client:
            self.assertTrue(client.state(FIRST)[0])
        self.assertIsNone(card.process.poll())

    def test_two_slots_are_filled_by_name_and_work_side_by_side(self):
        self.insert("berta")
        self.insert("anna")
        self.start()
        with pcsc.Client() as client, pcsc.Client() as other:
            # The historical byte is the last letter of the name: both a.
            self.assertEqual(client.readers(), [FIRST, SECOND])
            slow = client.connect(FIRST)
            sender = threading.Thread(target=slow.transmit, args=(bytes.fromhex("80120800"),))
            sender.start()  # busy for 2 s
            time.sleep(0.2)
            start = time.monotonic()
            quick = other.connect(SECOND)
            self.assertEqual(quick.transmit(bytes.fromhex("00A40000")).hex(), "6d00")
            self.assertLess(time.monotonic() - start, 1)
            sender.join()

    def test_a_slow_command_holds_up_nothing_but_its_own_slot(self):
        """Ten times as long as the card may be silent; with the 10 s that are usual it would be 100 s."""
        others = f"{DIRECTORY}/others"
        os.makedirs(others)
        os.makedirs(f"{DIRECTORY}/conf")
        with open(f"{DIRECTORY}/conf/more", "w", encoding="ascii") as more:
            more.write(f'FRIENDLYNAME "Other"\nDEVICENAME vicar:{others}\nLIBPATH {DRIVER}\n')
        self.insert("anna")
        self.insert("berta")
        self.start(f"vicar:{self.sockets}:2:silence=500")
        with pcsc.Client() as client, pcsc.Client() as patient:
            # Which of the entries is read first is the directory's business.
            names = client.readers()
            first, second = sorted(name for name in names if name.startswith("Vicar"))
            other = next(name for name in names if name.startswith("Other"))
            for name in (first, second):
                client.wait_until(name, pcsc.PRESENT)
            slow, begun, answers = patient.connect(first), threading.Event(), []

            def transmit():
                begun.set()
                answers.append(slow.transmit(bytes.fromhex("80121388")))  # busy for 5 s

            start = time.monotonic()
            sender = threading.Thread(target=transmit)
            sender.start()
            begun.wait()
            with pcsc.Client() as newcomer:
                self.assertEqual(sorted(newcomer.readers()), sorted(names))
            self.assertTrue(client.state(first)[0])
            quick = client.connect(second)
            card = self.insert_at("carla", others)
            client.wait_until(other, pcsc.PRESENT)
            for handle in (quick, client.connect(other)):
                self.assertEqual(handle.transmit(bytes.fromhex("00A40000")).hex(), "6d00")
            card.remove()
            client.wait_until(other, pcsc.EMPTY)
            self.assertEqual(answers, [])
            self.assertLess(time.monotonic() - start, 4)
            sender.join()
            self.assertEqual([answer.hex() for answer in answers], ["9000"])

    def test_two_entries_are_two_readers(self):
        os.makedirs(f"{DIRECTORY}/conf")
        with open(f"{DIRECTORY}/conf/more", "w", encoding="ascii") as more:
            more.write(f'FRIENDLYNAME "Second"\nDEVICENAME vicar:{self.sockets}\nLIBPATH {DRIVER}\n')
        self.insert("anna")
        self.insert("b")
        self.start(f"vicar:{self.sockets}")
        with pcsc.Client() as client:
            readers = client.readers()
            self.assertEqual(len(readers), 2)
            atrs = {client.state(reader)[2].hex() for reader in readers}
            self.assertEqual(atrs, {"3b8181016160", "3b8181016263"})

    def test_a_wrong_entry_leaves_the_other_readers_alone(self):
        os.makedirs(f"{DIRECTORY}/conf")
        with open(f"{DIRECTORY}/conf/aaa", "w", encoding="ascii") as wrong:
            wrong.write(f'FRIENDLYNAME "Wrong"\nDEVICENAME vicar:relative:99\nLIBPATH {DRIVER}\n')
        with open(f"{DIRECTORY}/conf/zzz", "w", encoding="ascii") as wrong:
            wrong.write(f'FRIENDLYNAME "Wrong"\nDEVICENAME vicar:/x:99\nLIBPATH {DRIVER}\n')
        self.insert("anna")
        self.start()
        with pcsc.Client() as client:
            self.assertEqual([r for r in client.readers() if "Wrong" in r], [])
            first = client.readers()[0]
            self.assertTrue(client.state(first)[0])
        with open(f"{DIRECTORY}/log", encoding="utf-8") as log:
            self.assertIn("DEVICENAME vicar:relative:99 in reader.conf: DIRECTORY must be absolute",
                          log.read())

    @unittest.skipUnless(os.getuid() == 0, "only root can make another user's socket")
    def test_a_socket_is_taken_only_from_the_user_it_is_named_after(self):
        stranger = self.insert("anna", user=65534)
        os.rename(stranger.path, f"{self.sockets}/0-anna.sock")
        forged = self.insert("berta", user=65534)
        os.rename(forged.path, f"{self.sockets}/0-berta.sock")
        os.chown(f"{self.sockets}/0-berta.sock", 0, 0)
        self.start()
        with pcsc.Client() as client:
            self.assertFalse(client.state(FIRST)[0])
            self.insert("carla", user=65534)
            client.wait_until(FIRST, pcsc.PRESENT)
            self.assertFalse(client.state(SECOND)[0])

    @unittest.skipUnless(os.getuid() == 0, "the drivers' directory is ours only in a namespace")
    def test_pcscd_has_nothing_to_say_of_the_bundle(self):
        bundle = f"{DIRECTORY}/no-usb/vicar.bundle/Contents"
        os.makedirs(f"{bundle}/Linux")
        shutil.copy(f"{HERE}/../../Info.plist", bundle)
        shutil.copy(DRIVER, f"{bundle}/Linux")
        self.start()
        with pcsc.Client():
            pass
        with open(f"{DIRECTORY}/log", encoding="utf-8") as log:
            text = log.read()
        self.assertNotIn("Info.plist", text)
        self.assertNotIn("vicar.bundle", text)

    def test_control_and_attributes_without_a_card(self):
        self.start()
        with pcsc.Client() as client:
            reader = client.connect(FIRST, pcsc.DIRECT, 0)
            self.assertEqual(reader.control(0x42000D48).hex(), "120442330012")
            self.assertEqual(reader.control(0x42330012).hex(), "0a0400000100")
            with self.assertRaises(pcsc.Error) as caught:
                reader.control(0x42000001)
            self.assertEqual(caught.exception.code, pcsc.UNSUPPORTED_FEATURE)
            self.assertEqual(reader.attribute(0x00010100), b"Vicar\0")
            self.assertEqual(reader.attribute(0x00090300), b"\0")
            self.assertEqual(reader.attribute(0x7FFF0003)[:11], FIRST.encode())

    def test_an_insertion_is_seen_within_five_milliseconds(self):
        self.start()
        done = subprocess.run(
            [f"{BUILD}/tests/system/ifd-latency", self.sockets, FIRST],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            timeout=120,
        )
        figures = {line.split()[0]: int(line.split()[1]) for line in done.stdout.splitlines()}
        print("microseconds:", ", ".join(f"{name} {n}" for name, n in figures.items()))
        self.assertLess(figures["insertion"], 5000)
        self.assertLess(figures["removal"], 5000)

    def test_nothing_of_a_command_is_in_the_readers_own_log_lines(self):
        self.insert("anna")
        self.start()
        with pcsc.Client() as client:
            card = client.connect(FIRST)
            card.transmit(bytes.fromhex("0020008104") + b"4711")
            with self.assertRaises(pcsc.Error):
                card.transmit(bytes.fromhex("80140000") + b"4711")
        with open(f"{DIRECTORY}/log", encoding="utf-8", errors="replace") as log:
            lines = [line for line in log if " vicar: " in line]
        self.assertTrue(lines)
        self.assertEqual([line for line in lines if "4711" in line or "34373131" in line], [])


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    BUILD = os.path.abspath(sys.argv.pop(1))
    DRIVER = os.path.abspath(DRIVER or f"{BUILD}/libifdvicar.so")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        unittest.main()
    finally:
        shutil.rmtree(DIRECTORY, ignore_errors=True)
