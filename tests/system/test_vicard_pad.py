#!/usr/bin/env python3
"""The PIN pad at vicard's end of the link: who is asked what, and with which status word it ends. The
bridge is a test's own; test_pinpad.py has the real one, and the real pcscd.
"""

import os
import socket

from harness import wait_for
from pinpad import modify, verify
from test_vicard_owner import request as sign_request
from test_vicard_owner import untlv
from vicard_world import BUSY, MSE_SET, PIN, POWER_ON, PSO, PUK, RESET, RESPONSE, VERIFY, VicardTest, main

PIN_VERIFY, PIN_MODIFY = 0x85, 0x86
ASK = 4
VERIFY_EMPTY = bytes.fromhex("0020000108") + bytes(8)
VERIFY_BARE = bytes.fromhex("00200001")
CHANGE_EMPTY = bytes.fromhex("0024000110") + bytes(16)
UNBLOCK_EMPTY = bytes.fromhex("002C000110") + bytes(16)
NEW_PIN = "24682468"

# Types what stands in the list for the purpose (cmdbridge/bridge.h) and signs for the service.
TYPES = """
values = {values}
def tag(number):
    at = request.index(bytes([number, 1])) + 2
    return request[at]
if request[3] == 4:
    progress(b"waiting for the PIN")
    result(0x9000, more=tlv(0x87, values[tag(0x8F)].encode()))
else:
    assert start()
    result(0x9000, b"signature", b"signed")
"""
PINS = {0: PIN, 1: PIN, 2: NEW_PIN, 3: NEW_PIN, 4: PUK}


class Pad(VicardTest):
    def begin(self, behaviour=None, values=PINS, **prompt):
        self.bridge(behaviour or TYPES.format(values=values))
        if prompt:
            self.configure(**prompt)
        self.process = self.insert()
        self.card_reader = self.reader()
        self.card_reader.ask(POWER_ON)
        return self.card_reader

    def pad(self, kind, structure):
        answer = self.card_reader.ask(kind, structure)
        self.assertEqual((answer[:1], len(answer)), (bytes([RESPONSE]), 3))
        return answer[1:].hex()

    def verify(self, command=VERIFY_EMPTY, **more):
        return self.pad(PIN_VERIFY, verify(command, **more))

    def modify(self, command=CHANGE_EMPTY, **more):
        return self.pad(PIN_MODIFY, modify(command, **more))

    def member(self, tag):
        """That member of each request, of one byte."""
        return [dict(untlv(bytes.fromhex(line)[1:]))[tag][0] for line in self.requests()]

    def asked(self):
        return len(self.requests())

    def purposes(self):
        return self.member(0x8F)


class Local(Pad):
    remote = False

    def test_what_is_typed_is_verified_by_the_card(self):
        reader = self.begin()
        self.assertEqual(self.verify(), "9000")
        self.assertEqual(reader.transmit(VERIFY_BARE + b"\0"), b"\x90\x00")
        self.assertEqual(self.purposes(), [0])

    def test_a_command_without_data_is_filled_and_padded(self):
        self.begin()
        self.assertEqual(self.verify(VERIFY_BARE), "9000")

    def test_a_wrong_pin_is_a_try_and_the_card_says_so(self):
        self.begin(values={0: "1111"})
        self.assertEqual(self.verify(), "63c4")
        self.assertEqual(self.tries(), 4)

    def test_a_blocked_pin_is_not_asked_for(self):
        self.begin(values={0: "1111"})
        for _ in range(5):
            self.verify()
        self.assertEqual(self.verify(), "6983")
        self.assertEqual(self.asked(), 5)

    def test_a_pin_is_changed_and_the_new_one_asked_for_twice(self):
        reader = self.begin()
        self.assertEqual(self.modify(), "9000")
        self.assertEqual(self.purposes(), [1, 2, 3])
        self.assertEqual(reader.transmit(bytes.fromhex("0020000108") + NEW_PIN.encode()), b"\x90\x00")

    def test_without_bit_0_of_bconfirmpin_it_is_asked_for_once(self):
        self.begin()
        self.assertEqual(self.modify(confirm=2), "9000")
        self.assertEqual(self.purposes(), [1, 2])

    def test_without_bit_1_the_old_one_is_in_the_structure(self):
        self.begin()
        command = bytes.fromhex("0024000110") + PIN.encode() + bytes(8)
        self.assertEqual(self.modify(command, confirm=1), "9000")
        self.assertEqual(self.purposes(), [2, 3])

    def test_two_new_pins_that_differ_change_nothing(self):
        reader = self.begin(values={**PINS, 3: "13571357"})
        self.assertEqual(self.modify(), "6402")
        self.assertEqual(reader.transmit(VERIFY), b"\x90\x00")
        self.assertEqual(self.tries(), 5)
        self.assertRegex(self.journal(), r" none 6402 key=auth operation=pin-change .*two ways")

    def test_a_puk_unblocks(self):
        reader = self.begin(values={**PINS, 0: "1111"})
        for _ in range(5):
            self.verify()
        before = self.asked()
        self.assertEqual(self.modify(UNBLOCK_EMPTY), "9000")
        self.assertEqual(self.purposes()[before:], [4, 2, 3])
        self.assertEqual(reader.transmit(bytes.fromhex("0020000108") + NEW_PIN.encode()), b"\x90\x00")

    def test_a_pin_used_once_is_asked_for_again_and_an_unused_one_is_not(self):
        reader = self.begin()
        for command in ("00A4000C023F00", "00A4080C0450154B01"):
            self.assertEqual(reader.transmit(bytes.fromhex(command)), b"\x90\x00")
        self.assertEqual([self.verify(), self.verify()], ["9000", "9000"])
        self.assertEqual(self.asked(), 1)
        self.assertEqual(reader.transmit(MSE_SET), b"\x90\x00")
        self.assertEqual(len(reader.whole(PSO)), 256)
        self.assertEqual(self.verify(), "9000")
        self.assertEqual(self.asked(), 2)

    def test_a_pin_that_a_program_sent_is_asked_for_at_the_pad(self):
        reader = self.begin()
        self.assertEqual(self.verify(), "9000")
        self.assertEqual(reader.transmit(VERIFY), b"\x90\x00")
        self.assertEqual(self.verify(), "9000")
        self.assertEqual(self.asked(), 2)

    def test_a_reset_forgets_what_was_typed(self):
        reader = self.begin()
        self.verify()
        reader.ask(RESET)
        self.assertEqual(self.verify(), "9000")
        self.assertEqual(self.asked(), 2)

    def test_tries_lengths_and_digits_reach_the_prompt(self):
        self.begin()
        self.verify(least=5, most=6)
        self.assertEqual([self.member(t) for t in (0x8A, 0x91, 0x92, 0x93)], [[5], [5], [6], [1]])

    def test_what_is_no_pin_command_is_refused_and_nobody_asked(self):
        self.begin()
        for command in ("00D6000008", "00DA010008", "0020FF0108", "1020000108", "8020000108", "0024000110"):
            with self.subTest(command):
                data = bytes(bytes.fromhex(command)[4])
                self.assertIn(self.verify(bytes.fromhex(command) + data), ("6b80", "6a86"))
        self.assertEqual(self.verify(bytes.fromhex("0020007708") + bytes(8)), "6a88")
        self.assertEqual(self.modify(VERIFY_EMPTY), "6b80")
        self.assertEqual(self.asked(), 0)

    def test_bad_structures_are_refused_and_nobody_asked(self):
        self.begin()
        good = verify(VERIFY_EMPTY)
        for name, structure in (
            ("ulDataLength", good[:15] + b"\x0e" + good[16:]),
            ("binary", verify(VERIFY_EMPTY, form=0x80)),
            ("BCD", verify(VERIFY_EMPTY, form=0x81)),
            ("Lc", verify(VERIFY_EMPTY[:-1])),
            ("half a byte", verify(VERIFY_EMPTY, form=0x22)),
        ):
            with self.subTest(name):
                self.assertEqual(self.pad(PIN_VERIFY, structure), "6b80")
        self.assertEqual(self.verify(least=9, most=12), "6403")
        self.assertEqual(self.asked(), 0)

    def test_both_byte_orders_of_the_length_are_taken(self):
        self.begin()
        self.assertEqual(self.verify(order=">"), "9000")

    def test_a_pin_is_not_put_beside_what_the_program_has_written(self):
        """Else the program would choose a part of the new PIN."""
        reader = self.begin(values={**PINS, 2: "2468", 3: "2468"})
        command = bytes.fromhex("0024000110") + bytes(12) + b"9999"
        self.assertEqual(self.modify(command, block=0), "6b80")
        self.assertEqual(reader.transmit(VERIFY), b"\x90\x00")

    def test_a_message_of_a_length_that_none_has_ends_the_connection(self):
        reader = self.begin()
        self.assertEqual(reader.ask(PIN_VERIFY, bytes(22)), b"")
        self.assertIn("a PIN request of a length that none has", self.log())

    def test_three_answers_that_cannot_be_a_pin_are_6403(self):
        self.begin("result(0x6A80)")
        self.assertEqual(self.verify(), "6403")
        self.assertEqual(self.tries(), 5)

    def test_nobody_at_the_prompt_is_6400(self):
        self.begin("result(0x6400, text=b'There is no way to ask.')")
        self.assertEqual(self.verify(), "6400")
        self.assertRegex(self.journal(), r' none 6400 key=auth operation=pin-verify .*text="There is no way to ask."')

    def test_a_bridge_that_dies_is_6400(self):
        self.begin("os._exit(1)")
        self.assertEqual(self.verify(), "6400")
        self.assertIn(" none 6400 ", self.journal())

    def test_a_cancel_is_6401_and_nobody_is_asked_again_for_a_while(self):
        self.begin("result(0x6401)", refusal_pause_ms=600000)
        self.assertEqual([self.verify(), self.verify(), self.modify(), self.verify()], ["6401"] * 4)
        self.assertEqual(self.asked(), 1)
        self.assertEqual(self.journal().count(" none 6401 "), 2)  # the cancel, and that it is in force
        self.assertEqual(self.tries(), 5)

    def test_the_reader_hears_busy_while_the_owner_types(self):
        reader = self.begin("while not os.path.exists(here + '/go'): time.sleep(0.01)\n" + TYPES.format(values=PINS))
        reader.socket.send(bytes([PIN_VERIFY]) + verify(VERIFY_EMPTY))
        for _ in range(2):
            self.assertEqual(reader.receive(), bytes([BUSY]))
        self.assertEqual(self.status("state"), "waiting for the owner")
        open(self.path("bin", "go"), "w").close()
        self.assertEqual(reader.answer(), b"\x04\x90\x00")

    def asking(self):
        """A prompt that stays; vicard has begun it."""
        reader = self.begin("time.sleep(60)")
        reader.socket.send(bytes([PIN_VERIFY]) + verify(VERIFY_EMPTY))
        wait_for("question", self.requests)
        return reader, wait_for("bridge", self.bridge_pid)

    def gone(self, pid):
        wait_for("end of the prompt", lambda: not os.path.exists(f"/proc/{pid}"))

    def test_a_reader_that_hangs_up_ends_the_prompt(self):
        reader, bridge = self.asking()
        reader.close()
        self.gone(bridge)
        self.assertRegex(self.journal(), r" none 6401 .*because the reader has gone")
        self.assertEqual(self.status("state"), "idle")

    def test_a_reset_in_the_middle_ends_the_prompt(self):
        reader, bridge = self.asking()
        self.assertEqual(reader.ask(RESET), b"")
        self.gone(bridge)

    def test_vicar_remove_ends_the_prompt(self):
        _, bridge = self.asking()
        self.run_tool("vicar", "remove", "work")
        self.gone(bridge)
        self.assertIsNotNone(self.process.wait(timeout=10))

    def test_vicar_sign_waits_for_the_pad(self):
        self.asking()
        client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.addCleanup(client.close)
        client.settimeout(20)
        client.connect(self.path("runtime", "vicar", "work.ctl"))
        client.send(sign_request())
        self.assertIn(b"card work is at work", client.recv(5000))

    def test_no_pin_is_written_anywhere_nor_sent_to_the_reader(self):
        reader = self.begin()
        seen = []
        receive = reader.receive
        reader.receive = lambda: seen.append(receive()) or seen[-1]
        self.assertEqual(self.verify(), "9000")
        self.assertEqual(self.modify(), "9000")
        written = self.journal() + self.log()
        for secret in (PIN, NEW_PIN):
            self.assertNotIn(secret, written)
            self.assertNotIn(secret.encode(), b"".join(seen))
        # A slow machine's card says in between that it is busy.
        self.assertEqual([message for message in seen if message != bytes([BUSY])], [b"\x04\x90\x00"] * 2)


class Remote(Pad):
    def sign(self, reader):
        for command in ("00A4000C023F00", "00A4080C0450154B01"):
            self.assertEqual(reader.transmit(bytes.fromhex(command)), b"\x90\x00")
        self.assertEqual(self.verify(), "9000")
        self.assertEqual(reader.transmit(MSE_SET), b"\x90\x00")
        return reader.whole(PSO)

    def test_what_is_typed_is_the_consent_to_the_next_use(self):
        reader = self.begin()
        self.assertEqual(self.sign(reader), b"signature")
        self.assertEqual([bytes.fromhex(line)[3] for line in self.requests()], [ASK, 0])
        self.assertEqual(self.member(0x8B), [0, 1])

    def test_what_a_program_sends_after_it_is_not(self):
        reader = self.begin()
        for command in ("00A4000C023F00", "00A4080C0450154B01"):
            reader.transmit(bytes.fromhex(command))
        self.assertEqual(self.verify(), "9000")
        self.assertEqual(reader.transmit(VERIFY), b"\x90\x00")
        reader.transmit(MSE_SET)
        reader.whole(PSO)
        self.assertEqual(self.member(0x8B), [0, 0])

    def test_a_use_consumes_it(self):
        reader = self.begin()
        self.sign(reader)
        self.assertEqual(self.verify(), "9000")
        self.assertEqual([bytes.fromhex(line)[3] for line in self.requests()], [ASK, 0, ASK])

    def test_a_remote_pin_is_not_changed_here_and_nobody_asked(self):
        self.begin()
        self.assertEqual(self.modify(), "6985")
        self.assertEqual(self.asked(), 0)

    def test_a_cancel_at_the_pad_stops_questions_about_signatures_too(self):
        reader = self.begin("result(0x6401)", refusal_pause_ms=600000)
        self.assertEqual(self.verify(), "6401")
        reader.ready_to_sign()
        self.assertEqual(reader.transmit(PSO), b"\x64\x01")
        self.assertEqual(self.asked(), 1)


if __name__ == "__main__":
    main()
