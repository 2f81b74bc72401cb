#!/usr/bin/env python3
"""Our cards in a reader that is not ours: ccid-simulator, under the real pcscd with Debian's libccid. The
rounds are those of test_opensc.py, test_iasecc.py and test_pkcs11.py, with the same cards; so what passes
there and here is the card's doing, whoever's reader it is in.

Sections named here are those of the fact sheet ifdhandler.md.
"""

import os
import re
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402
import test_iasecc  # noqa: E402
import test_opensc  # noqa: E402
import test_pkcs11  # noqa: E402
from ccid_world import CcidWorld  # noqa: E402
from harness import LOCAL_PIN, World, wait_for  # noqa: E402

T0_COMMAND = r"^slot 0 >   00[0-9A-F]{8}$"
T1_COMMAND = r"^slot 0 >   I\([01],[01]\)"


class InCcid:
    """A round in this reader. PROTOCOL is what the card's answer to reset leads to."""

    MODEL = "SEC1210"

    @classmethod
    def make_world(cls):
        return CcidWorld(harness.BUILD, cls.MODEL)

    def test_the_card_speaks_the_protocol_of_its_atr(self):
        log = self.world.log()
        for protocol, command in enumerate((T0_COMMAND, T1_COMMAND)):
            self.assertEqual(bool(re.search(command, log, re.M)), protocol == self.PROTOCOL)


class FinnishCard(InCcid, test_opensc.FinnishCard):
    PROTOCOL = 0


class PortugueseCard(InCcid, test_opensc.PortugueseCard):
    PROTOCOL = 1
    MODEL = "GemPCTwin"


class Amos(InCcid, test_iasecc.Amos):
    PROTOCOL = 1


class Gemalto(InCcid, test_iasecc.Gemalto):
    PROTOCOL = 0
    MODEL = "GemPCTwin"


class Briefly:
    """The personality and the protocol of another class above, with another maker's ATR and files."""

    test_each_pin_can_be_changed_and_changed_back = None
    test_wrong_pins_block_each_pin_and_the_puk_unblocks_it = None
    test_one_blocked_pin_leaves_the_other_key_alone = None
    test_a_blocked_pin_is_seen_in_the_list_of_slots = None
    test_a_mechanism_that_is_offered_and_cannot_be_is_refused = None
    test_pkcs11_tool_tests_each_slot_to_the_end = None


class Oberthur(Briefly, InCcid, test_iasecc.Oberthur):
    PROTOCOL = 1


class Sagem(Briefly, InCcid, test_iasecc.Sagem):
    PROTOCOL = 0


class MinistryOfInterior(Briefly, InCcid, test_iasecc.MinistryOfInterior):
    """It offers both protocols."""

    PROTOCOL = 1
    MODEL = "GemCorePOSPro"

    def test_the_driver_chose_the_protocol_by_pps(self):
        self.assertRegex(self.world.log(), r"(?m)^slot 0 <   PPS FF11")


class OurFinnishCard(InCcid, test_pkcs11.FinnishCard):
    PROTOCOL = 0


class OurPortugueseCard(InCcid, test_pkcs11.PortugueseCard):
    PROTOCOL = 1


class OurIasEccCard(InCcid, test_pkcs11.IasEccCard):
    PROTOCOL = 1


class OneReader(unittest.TestCase):
    """What is not a round. Each test has a world of its own."""

    MODEL = "SEC1210"

    def setUp(self):
        self.world = CcidWorld(harness.BUILD, self.MODEL)
        self.addCleanup(self.world.close)

    def start(self, *card):
        self.world.start_pcscd()
        if card:
            self.world.create("card", "--card", *card, "--role", "auth")
            self.world.insert("card")
            self.world.wait_card()

    def scriptor(self, protocol, *commands):
        """The answers to these commands, of a client that asks for this protocol, without blanks."""
        with open(self.world.path("commands"), "w") as f:
            f.write("\n".join(commands) + "\n")
        # Another protocol than the last client's needs a card that has lost its power since.
        wait_for("card without power", self.world.is_without_power)
        done = self.world.run(
            "scriptor", "-r", self.world.reader_name, "-p", f"T={protocol}", "commands"
        )
        answers = re.findall(r"(?m)^< ([0-9A-F \n]+?) :", done.stdout)
        self.assertEqual(len(answers), len(commands), done.stdout)
        return [re.sub(r"\s", "", answer) for answer in answers]


class ShortAndChained(OneReader):
    def test_a_long_command_and_a_long_response_are_chained_at_t1(self):
        self.start("iasecc")
        answers = self.scriptor(1, "00 84 00 00 00 01 00", "00 A4 04 00 00 01 2C" + " 41" * 300)
        self.assertRegex(answers[0], "^[0-9A-F]{512}9000$")
        self.assertRegex(answers[1], "^6[0-9A-F]{3}$")
        log = self.world.log()
        for direction, rest in ((">", 53), ("<", 4)):
            self.assertRegex(
                log,
                rf"(?m)^slot 0 {direction}   I\([01],1\) 254 bytes\n(.*\n)*?"
                rf"slot 0 {direction}   I\([01],0\) {rest} bytes$",
            )

    def test_t0_fetches_a_response_and_corrects_a_length(self):
        """ISO/IEC 7816-3:2006, 12.2.1: 61xx and GET RESPONSE; 6Cxx and the command again."""
        self.start("fineid-v2")
        select, whole = self.scriptor(0, "00 A4 00 00 02 3F 00", "00 C0 00 00 00")
        self.assertRegex(select, "^61[0-9A-F]{2}$")
        length = int(select[2:], 16)
        self.assertEqual(len(whole), 2 * (length + 2))
        wrong = self.scriptor(0, "00 A4 00 00 02 3F 00", f"00 C0 00 00 {length + 1:02X}")[1]
        self.assertEqual(wrong, f"6C{length:02X}")

    def test_a_card_of_both_protocols_speaks_the_one_that_the_client_asks_for(self):
        self.start("iasecc", "--option", "variant=mi")
        for protocol, command in enumerate((T0_COMMAND, T1_COMMAND)):
            with self.subTest(protocol):
                before = len(re.findall(command, self.world.log(), re.M))
                self.assertRegex(self.scriptor(protocol, "00 A4 00 0C 02 3F 00")[0], "9000$")
                self.assertGreater(len(re.findall(command, self.world.log(), re.M)), before)


class Events(OneReader):
    def test_a_card_that_goes_and_comes_is_seen_and_may_be_in_our_reader_meanwhile(self):
        self.start("cc-v1")
        done = self.world.vicar("insert", "card", check=False)
        self.assertIn(f"served by process {self.world.reader.pid}", done.stdout)
        self.world.remove("card")
        self.world.wait_card(present=False)
        self.world.inserted.add("card")
        self.world.vicar("insert", "--wait", "0", "card")
        self.world.tell("insert")
        wait_for("refusal", lambda: "is served by process" in self.world.log())
        World.remove(self.world, "card")
        self.world.insert("card")
        self.world.wait_card()
        self.assertIn("GemSAFE V1", self.world.run("opensc-tool", "-n").stdout)

    def test_two_cards_are_in_two_slots(self):
        self.start("cc-v1")
        self.world.create("other", "--card", "fineid-v2", "--role", "auth")
        self.world.insert("other")
        wait_for("both cards", lambda: self.world.cards() == 2)
        listed = self.world.run("pkcs11-tool", "--module", harness.opensc_module(), "-L").stdout
        for slot in ("00 00", "00 01"):
            self.assertIn(f"CCID simulator {slot}", listed)

    def test_a_reader_that_tells_of_movements_does(self):
        """Each is told by two bytes before the next frame, which the driver notes in its log."""
        self.world.model, self.world.pcscd_options = "GemPCTwin", ("--", "--debug")
        self.start("fineid-v2")
        self.world.remove("card")
        self.world.wait_card(present=False)
        self.world.insert("card")
        self.world.wait_card()
        for text in ("Card removed", "Card inserted"):
            with self.subTest(text), open(self.world.path("pcscd", "log")) as f:
                self.assertIn(text, f.read())

    def test_a_card_that_is_there_from_the_start_is_seen_and_all_is_tidy_after_quit(self):
        self.world.create("card", "--card", "iasecc", "--role", "auth")
        self.world.start_reader("card")
        self.world.start_pcscd()
        self.world.wait_card()
        self.world.tell("nonsense")
        wait_for("word about it", lambda: "commands are: insert" in self.world.log())
        self.assertTrue(os.path.islink(self.world.path("reader")))
        self.world.tell("quit")
        self.assertEqual(self.world.reader.wait(timeout=20), 0)
        self.assertFalse(os.path.lexists(self.world.path("reader")))
        self.assertEqual(os.listdir(self.world.path("pcscd", "conf")), [])
        self.world.reader.stdin.close()
        self.world.reader = None

    def test_a_card_with_a_key_at_a_service_is_refused(self):
        self.world.start_simulator()
        self.world.enrol("card")
        done = self.world.run(self.world.tool("ccid-simulator"), "card", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, r"key at the service cmd.*vicar insert card")


class SlowKeys(unittest.TestCase):
    """A signature of 11.5 s; the programs sign at the same time, each in a reader of its own."""

    SLOW_S = 11.5
    CARDS = {"cc-v1": "SEC1210", "fineid-v2": "SEC1210", "iasecc variant=sagem": "GemPCTwin"}
    ASKED = {
        "cc-v1": r"^slot 0 <   S\(WTX request\) 1$",
        "fineid-v2": r"^slot 0 < DataBlock, time extension 1$",
        "iasecc variant=sagem": r"^slot 0 < time request$",
    }

    @classmethod
    def setUpClass(cls):
        cls.worlds = {}
        for card, model in cls.CARDS.items():
            world = CcidWorld(harness.BUILD, model)
            cls.addClassCleanup(world.close)
            world.pcscd_options = ("--", "--debug")
            world.start_pcscd()
            personality, *options = card.split()
            arguments = [word for option in options for word in ("--option", option)]
            world.create("card", "--card", personality, *arguments, "--role", "auth")
            world.insert("card")
            world.wait_card()
            cls.worlds[card] = world

    def setUp(self):
        self.programs = {}
        for card, world in self.worlds.items():
            world.tell("slow 0")
            world.wait_reader("keys take 0 ms longer")
            self.programs[card] = self.start(world)

    def start(self, world):
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pkcs11_program.py")
        program = world.popen(sys.executable, script, world.own_module(), stdin=subprocess.PIPE)
        self.addCleanup(program.stdout.close)
        self.addCleanup(program.wait)
        self.addCleanup(program.stdin.close)
        self.tell(program, f"login {LOCAL_PIN}")
        self.assertEqual(self.answer(program), "CKR_OK")
        return program

    @staticmethod
    def tell(program, line):
        program.stdin.write(line + "\n")
        program.stdin.flush()

    @staticmethod
    def answer(program):
        return program.stdout.readline().strip()

    def slow_down(self, milliseconds):
        for world in self.worlds.values():
            world.tell(f"slow {milliseconds}")
            world.wait_reader(f"keys take {milliseconds} ms longer")
        self.marks = {card: len(world.log()) for card, world in self.worlds.items()}

    def asked(self, card):
        """How often the host was asked for more time since then."""
        log = self.worlds[card].log()[self.marks[card] :]
        return len(re.findall(self.ASKED[card], log, re.M))

    def test_the_card_asks_for_time_as_often_as_it_needs_it(self):
        self.slow_down(int(1000 * self.SLOW_S))
        begun = time.monotonic()
        for program in self.programs.values():
            self.tell(program, "sign")
        for card, program in self.programs.items():
            self.assertEqual(self.answer(program), "CKR_OK", card)
        self.assertGreaterEqual(time.monotonic() - begun, self.SLOW_S)
        for card in self.CARDS:
            with self.subTest(card):
                # Waiting times are 1.4 s at most; a busy machine adds to them.
                self.assertGreater(self.asked(card), 5)
        # Without being asked the driver waits for less, at T=1 (13.4); at T=0 it is generous.
        with open(self.worlds["cc-v1"].path("pcscd", "log")) as f:
            (timeout, *_) = re.findall(r"Timeout: (\d+) ms", f.read())
        self.assertLess(int(timeout), 1000 * self.SLOW_S)

    def test_a_card_that_is_taken_out_meanwhile_is_missed_at_once(self):
        self.slow_down(600000)
        for program in self.programs.values():
            self.tell(program, "sign")
        for card, world in self.worlds.items():
            wait_for("card that asks for time", lambda card=card: self.asked(card))
            world.remove("card")
            self.assertIn(self.answer(self.programs[card]), ("CKR_DEVICE_REMOVED", "CKR_DEVICE_ERROR"))
        for world in self.worlds.values():
            world.insert("card")
            world.wait_card()


if __name__ == "__main__":
    harness.main()
