#!/usr/bin/env python3
"""Files of a card that a program changes: they are on disk before the card says so, whatever ends it.

The notes of the Portuguese card: iasecc.md 9.3 item 7 and 9.4.
"""

import os
import shutil
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from kills import Kills  # noqa: E402
from vicard_world import PIN, POWER_OFF, POWER_ON, PSO, Reader, VicardTest, main  # noqa: E402

OK = b"\x90\x00"
NOTES = "5F00EF07"
NOTES_LEN = 1000
SELECT_NOTES = bytes.fromhex("00A4080C045F00EF07")
VERIFY_AUTH = bytes.fromhex("0020008108") + PIN.encode()
WRITTEN = b"lent until Sunday"
OLD, NEW = b"o" * 200, b"n" * 200
# Fewer than that and the command was not killed in its middle.
KILLS_MIN = 5


def update(offset, data):
    return bytes.fromhex("00D6") + offset.to_bytes(2, "big") + bytes([len(data)]) + data


def read(offset, length):
    return bytes.fromhex("00B0") + offset.to_bytes(2, "big") + bytes([length])


class JournalTest(VicardTest):
    remote = False

    def test_a_use_that_was_answered_is_told_as_done_however_vicard_ends(self):
        """Its line may not be on the disk yet, but is in the file."""
        process = self.insert()
        reader = self.reader()
        reader.ready_to_sign()
        self.assertEqual(reader.transmit(PSO)[0], 0x61)
        process.kill()
        process.wait()
        told = self.journal()
        self.assertRegex(told, r'^\S+ open 1 key=auth .*\n\S+ done 1 9000 text="[^"]*"\n$')
        os.unlink(self.path("log"))
        self.insert()
        self.assertEqual(self.journal(), told)


class NotesTest(VicardTest):
    remote = False

    def make_card(self):
        super().make_card()
        shutil.rmtree(self.card())
        self.run_tool("vicar", "create", "work", "--card", "cc-v1", "--role", "auth",
                      "--pin-file", os.path.join(VicardTest.kept, "pins"))  # fmt: skip

    def power_on(self):
        process = self.insert()
        reader = Reader(self.link)
        self.addCleanup(reader.close)
        reader.hello()
        self.select(reader)
        return process, reader

    def select(self, reader):
        reader.ask(POWER_ON)
        self.assertEqual(reader.transmit(SELECT_NOTES), OK)

    def write(self, reader, data, offset=0):
        self.assertEqual(reader.transmit(VERIFY_AUTH), OK)
        self.assertEqual(reader.transmit(update(offset, data)), OK)

    def saved(self):
        with open(self.card("files", NOTES), "rb") as f:
            return f.read()


class Notes(NotesTest):
    def test_what_was_written_is_read_after_a_power_off_and_by_a_new_process(self):
        process, reader = self.power_on()
        self.write(reader, WRITTEN)
        self.write(reader, b"end", NOTES_LEN - 3)
        self.assertEqual(len(self.saved()), NOTES_LEN)
        reader.ask(POWER_OFF)
        self.select(reader)
        self.assertEqual(reader.transmit(read(0, len(WRITTEN))), WRITTEN + OK)
        self.take_out(process, reader)
        _, reader = self.power_on()
        self.assertEqual(reader.transmit(read(0, len(WRITTEN) + 1)), WRITTEN + b"\0" + OK)
        self.assertEqual(reader.transmit(read(NOTES_LEN - 3, 3)), b"end" + OK)

    def test_nothing_is_written_without_the_pin(self):
        _, reader = self.power_on()
        self.assertEqual(reader.transmit(update(0, WRITTEN)), b"\x69\x82")
        self.assertFalse(os.path.exists(self.card("files")))

    def test_no_other_file_is_written(self):
        _, reader = self.power_on()
        self.assertEqual(reader.transmit(VERIFY_AUTH), OK)
        for fid in ("EF02", "EF05", "EF06", "EF09"):
            self.assertEqual(reader.transmit(bytes.fromhex("00A4080C045F00" + fid)), OK)
            self.assertEqual(reader.transmit(update(0, WRITTEN)), b"\x69\x82", fid)
        self.assertFalse(os.path.exists(self.card("files")))

    def test_what_cannot_be_saved_is_refused_and_not_read(self):
        _, reader = self.power_on()
        self.write(reader, b"old")
        os.rename(self.card("files"), self.card("aside"))
        with open(self.card("files"), "w"):
            pass
        self.assertEqual(reader.transmit(update(0, b"new")), b"\x65\x81")
        self.assertEqual(reader.transmit(read(0, 3)), b"old" + OK)
        self.assertIn("files", self.log())

    def test_forgetting_the_card_takes_them_away(self):
        process, reader = self.power_on()
        self.write(reader, WRITTEN)
        self.take_out(process, reader)
        self.run_tool("vicar", "forget", "--yes", "work")
        self.assertFalse(os.path.exists(self.card()))


@unittest.skipUnless(os.geteuid() == 0, "SKIP: only root may trace a process that is not dumpable")
class KilledInAnUpdate(Kills, NotesTest):
    """At every system call of UPDATE BINARY: the file is the old one or the new one, whole."""

    def ready(self):
        process, reader = self.power_on()
        self.assertEqual(reader.transmit(VERIFY_AUTH), OK)
        return process, reader

    def look(self):
        process, reader = self.power_on()
        answer = reader.transmit(read(0, len(OLD)))
        self.take_out(process, reader)
        self.assertEqual(answer[-2:], OK)
        return answer[:-2]

    def test_old_or_new_and_never_a_mixture(self):
        process, reader = self.power_on()
        self.write(reader, OLD)
        self.take_out(process, reader)
        self.keep()
        command = update(0, NEW)
        calls = self.rehearse(command, OK)
        found = []
        for number in range(len(calls)):
            with self.subTest(kill=number, call=calls[number]):
                self.kill_at(number, calls, command)
                found.append(self.look())
                self.assertIn(found[-1], (OLD, NEW))
        self.assertGreater(len(calls), KILLS_MIN)
        self.assertEqual((found[0], found[-1]), (OLD, NEW))
        self.assertEqual(found, sorted(found, key=lambda content: content == NEW))
        print(f"killed {len(calls)} times", file=sys.stderr)


if __name__ == "__main__":
    main()
