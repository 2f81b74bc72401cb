#!/usr/bin/env python3
"""The owner's use of a key through vicard's control socket: `sign` of tools/control.h. The bridge is a
test's own; test_sign.py has the real one.
"""

import os
import socket
import subprocess
import unittest

from harness import wait_for
from vicard_world import DIGESTINFO, PIN, POWER_ON, PSO, RESET, VERIFY, VicardTest, main

# cmdbridge/bridge.h
SIGN, ASK = 0, 4

# Types the PIN, then answers for the service.
TYPES = """
operation = request[3]
if operation == 4:
    progress(b"waiting for the PIN")
    result(0x9000, more=tlv(0x87, b"{pin}"))
"""
SIGNS = TYPES + """
else:
    assert start()
    outputs = b"".join(tlv(0x80, b"sig%d" % i) for i in range(request.count(b"doc-")))
    link.send(b"\\x83" + tlv(0x80, b"\\x90\\x00") + tlv(0x83, b"signed") + tlv(0xA8, outputs))
"""
REFUSES = TYPES + """
else:
    assert start()
    result(0x63C0)
"""


def tlv(tag, value):
    size = len(value)
    length = bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")
    return bytes([tag]) + length + value


def untlv(data):
    """Pairs of tag and value."""
    found = []
    while data:
        tag, size, data = data[0], data[1], data[2:]
        if size > 127:
            count = size - 128
            size, data = int.from_bytes(data[:count], "big"), data[count:]
        found.append((tag, data[:size]))
        data = data[size:]
    return found


def request(key="auth", documents=3, use=0, content=DIGESTINFO, name="doc-{}.pdf"):
    numbers = ((0x80, SIGN), (0x8C, use), (0x8D, 4), (0x8A, 0), (0x8B, 0), (0x8F, 0), (0x91, 0), (0x92, 0), (0x93, 0))
    members = b"".join(tlv(tag, bytes([value])) for tag, value in numbers)
    members += tlv(0x84, key.encode()) + tlv(0x86, b"vicar sign")
    members += tlv(0xAE, b"".join(
        tlv(0xA0, tlv(0x80, name.format(i).encode()) + tlv(0x81, content)) for i in range(documents)
    ))  # fmt: skip
    return b"sign\n\x01" + members


class Owner(VicardTest):
    def begin(self, behaviour, pin=PIN):
        self.bridge(behaviour.format(pin=pin))
        self.process = self.insert()

    def connect(self, message):
        client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.addCleanup(client.close)
        client.settimeout(20)
        client.connect(self.path("runtime", "vicar", "work.ctl"))
        client.send(message)
        return client

    def answer(self, client):
        """The reply, and what was said before it."""
        told = []
        while True:
            message = client.recv(140000)
            if not message.startswith(b"progress: "):
                return message, told
            told.append(message[10:].decode())

    def sign(self, **more):
        """Status word, text and outputs; or the sentence of an error."""
        reply, _ = self.answer(self.connect(request(**more)))
        if reply.startswith(b"error: "):
            return reply.decode()
        self.assertTrue(reply.startswith(b"ok\n\x83"), reply)
        members = dict(untlv(reply[4:]))
        outputs = [value for _, value in untlv(members.get(0xA8, b""))]
        return int.from_bytes(members[0x80], "big"), members.get(0x83, b"").decode(), outputs

    def operations(self):
        return [bytes.fromhex(line)[3] for line in self.requests()]


class Remote(Owner):
    def test_three_documents_are_one_question_and_one_call(self):
        self.begin(SIGNS)
        reply, told = self.answer(self.connect(request()))
        self.assertTrue(reply.startswith(b"ok\n"), reply)
        self.assertIn("waiting for the PIN", told)
        self.assertEqual(self.operations(), [ASK, SIGN])
        self.assertEqual(self.tries(), 2)
        journal = self.journal()
        self.assertEqual(journal.count(" open "), 1)
        self.assertRegex(journal, r' item 1 number=3 hash=c0ffee11 document="doc-2.pdf"\n')
        self.assertRegex(
            journal,
            r' open 1 key=auth operation=sign-pkcs1 documents=3 card=work service=cmd program="vicar sign"\n',
        )
        self.assertRegex(journal, r' done 1 9000 text="signed"\n')

    def test_outputs_come_back_in_their_order(self):
        self.begin(SIGNS)
        self.assertEqual(self.sign(), (0x9000, "signed", [b"sig0", b"sig1", b"sig2"]))

    def test_a_hundred_documents_go_through(self):
        self.begin(SIGNS)
        sw, _, outputs = self.sign(documents=100, name="doc-{}" + "x" * 190)
        self.assertEqual((sw, len(outputs)), (0x9000, 100))

    def test_a_refused_pin_is_counted_and_never_sent_again(self):
        self.begin(REFUSES)
        sw, text, outputs = self.sign()
        self.assertEqual((sw, outputs), (0x63C1, []))
        self.assertIn("Tries left: 1", text)
        self.assertEqual(self.sign()[0], 0x63C1)
        self.assertEqual(self.operations(), [ASK, SIGN, ASK])
        self.assertEqual(self.tries(), 1)
        reader = self.reader()
        reader.ask(POWER_ON)
        reader.transmit(bytes.fromhex("00A4000C023F00"))
        self.assertEqual(reader.transmit(VERIFY), b"\x63\xc1")

    def test_a_blocked_pin_is_not_asked_for(self):
        self.begin(REFUSES)
        self.sign()
        self.bridge(REFUSES.format(pin="27182818"))
        sw, text, _ = self.sign()
        self.assertEqual(sw, 0x63C0)
        self.assertIn("blocked now; type: vicar pin unblock work", text)
        before = len(self.requests())
        self.assertIn("vicar pin unblock work", self.sign())
        self.assertEqual(len(self.requests()), before)

    def test_a_cancel_costs_nothing(self):
        self.begin("result(0x6401)")
        self.assertEqual(self.sign()[0], 0x6401)
        self.assertEqual(self.operations(), [ASK])
        self.assertEqual(self.tries(), 2)
        self.assertRegex(self.journal(), r" none 6401 key=auth .*documents=3 ")
        # Nor does it keep the owner from trying again at once.
        self.bridge(SIGNS.format(pin=PIN))
        self.assertEqual(self.sign()[0], 0x9000)

    def test_a_client_that_goes_while_the_pin_is_asked_for_ends_it(self):
        self.begin("time.sleep(30)")
        client = self.connect(request())
        wait_for("bridge", self.requests)
        client.close()
        wait_for("end of the use", lambda: " none 6401 " in self.journal())
        self.assertIn("vicar sign has gone", self.journal())
        self.assertEqual(self.status("state"), "idle")

    def test_a_client_that_goes_after_the_start_does_not_end_it(self):
        self.begin(SIGNS.replace("    outputs =", "    while not os.path.exists(here + '/go'): time.sleep(0.01)\n    outputs ="))
        client = self.connect(request())
        wait_for("start", lambda: " open 1 " in self.journal())
        client.close()
        self.status("state")  # answered after vicard has heard of the client's going
        open(self.path("bin", "go"), "w").close()
        wait_for("end of the use", lambda: " done 1 " in self.journal())
        self.assertRegex(self.journal(), r"done 1 9000 .*vicar sign had gone")
        self.assertEqual(self.tries(), 2)

    def test_a_reset_of_the_reader_does_not_end_it(self):
        self.begin(SIGNS.replace("    outputs =", "    while not os.path.exists(here + '/go'): time.sleep(0.01)\n    outputs ="))
        client = self.connect(request())
        wait_for("start", lambda: " open 1 " in self.journal())
        reader = self.reader()
        reader.ask(POWER_ON)
        reader.ask(RESET)
        reader.close()
        open(self.path("bin", "go"), "w").close()
        self.assertTrue(self.answer(client)[0].startswith(b"ok\n"))
        self.assertRegex(self.journal(), r"done 1 9000 ")

    def test_a_program_is_refused_meanwhile_and_served_afterwards(self):
        self.begin("""
if request[3] == 4:
    while not os.path.exists(here + "/go"): time.sleep(0.01)
    result(0x6401)
else:
    start(); result(0x9000, b"program")
""")
        client = self.connect(request())
        wait_for("question", self.requests)
        reader = self.reader()
        reader.ready_to_sign()
        self.assertEqual(reader.transmit(PSO), b"\x64\x00")
        self.assertRegex(self.journal(), r" none 6400 key=auth .*hash=c0ffee11 .*the owner is at work")
        open(self.path("bin", "go"), "w").close()
        self.answer(client)
        self.assertEqual(reader.whole(PSO), b"program")

    def test_the_owner_waits_for_a_program(self):
        self.begin("while not os.path.exists(here + '/go'): time.sleep(0.01)\nstart(); result(0x9000, b'program')")
        reader = self.reader()
        reader.ready_to_sign()
        reader.start(PSO)
        wait_for("question", self.requests)
        self.assertIn("card work is at work", self.sign())
        open(self.path("bin", "go"), "w").close()
        self.assertEqual(reader.answer()[0], 4)
        self.assertEqual(len(self.requests()), 1)

    def test_two_owners_are_one_after_the_other(self):
        self.begin("time.sleep(30)")
        self.connect(request())
        wait_for("question", self.requests)
        self.assertIn("card work is at work", self.sign())

    def test_a_card_taken_out_after_the_start_leaves_the_fate_unknown(self):
        self.begin(TYPES + "\nelse:\n    start(); time.sleep(30)")
        client = self.connect(request())
        wait_for("start", lambda: " open 1 " in self.journal())
        self.run_tool("vicar", "remove", "work")
        reply, _ = self.answer(client)
        self.assertEqual(int.from_bytes(dict(untlv(reply[4:]))[0x80], "big"), 0x6F17)
        self.assertRegex(self.journal(), r"done 1 6F17 .*the card was taken out")

    def test_a_bridge_that_dies_before_the_start_is_no_call(self):
        self.begin("os._exit(1)")
        self.assertEqual(self.sign()[0], 0x6F10)
        self.assertEqual(self.tries(), 2)

    def test_too_few_outputs_are_not_believed(self):
        self.begin(TYPES + "\nelse:\n    start(); result(0x9000, b'only one')")
        self.assertEqual(self.sign()[0], 0x6F17)

    def test_a_start_for_a_pin_alone_is_out_of_order(self):
        self.begin("start(); result(0x9000)")
        self.assertEqual(self.sign()[0], 0x6F10)
        self.assertNotIn(" open ", self.journal())

    def test_what_cannot_be_signed_is_not_asked_about(self):
        self.begin(SIGNS)
        self.assertIn("has no key nosuch", self.sign(key="nosuch"))
        self.assertIn("cannot sign in this way", self.sign(use=3, content=DIGESTINFO[-32:]))
        self.assertIn("not understood", self.sign(content=b"no DigestInfo"))
        self.assertIn("not understood", self.sign(documents=0))
        self.assertIn("not understood", self.sign(documents=101))
        self.assertIn("not understood", self.sign(name="doc-{}" + "x" * 200))
        self.assertEqual(self.requests(), [])

    def test_no_pin_is_written_anywhere(self):
        self.begin(REFUSES)
        self.sign()
        self.assertNotIn(PIN, self.journal() + self.log())


class Local(Owner):
    remote = False

    def test_three_signatures_with_one_pin(self):
        self.begin(SIGNS)
        sw, _, outputs = self.sign()
        self.assertEqual((sw, len(outputs), len(set(outputs))), (0x9000, 3, 1))
        self.assertEqual(self.operations(), [ASK])
        self.assertEqual(self.tries(), 5)
        with open(self.path("signature"), "wb") as f:
            f.write(outputs[2])
        with open(self.path("hash"), "wb") as f:
            f.write(DIGESTINFO[-32:])
        certificate = os.listdir(self.card("certificates"))[0]
        subprocess.run(
            ["openssl", "pkeyutl", "-verify", "-certin", "-inkey", self.card("certificates", certificate),
             "-keyform", "DER", "-sigfile", self.path("signature"), "-in", self.path("hash"),
             "-pkeyopt", "digest:sha256"], check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        self.assertRegex(self.journal(), r" open 1 key=auth .*documents=3 card=work service=file ")

    def test_a_wrong_pin_is_counted_and_nothing_is_signed(self):
        self.begin(SIGNS, pin="11112222")
        sw, text, outputs = self.sign()
        self.assertEqual((sw, outputs), (0x63C4, []))
        self.assertIn("tries left: 4", text)
        self.assertEqual(self.tries(), 4)
        self.assertNotIn(" open ", self.journal())
        self.assertRegex(self.journal(), r" none 63C4 key=auth ")

    def test_the_last_wrong_pin_blocks(self):
        self.begin(SIGNS, pin="11112222")
        for _ in range(4):
            self.sign()
        sw, text, _ = self.sign()
        self.assertEqual(sw, 0x63C0)
        self.assertIn("vicar pin unblock work", text)
        self.assertIn("is blocked", self.sign())
        self.assertEqual(self.operations(), [ASK] * 5)

    def test_what_a_program_has_verified_stays(self):
        self.begin(SIGNS)
        reader = self.reader()
        reader.ready_to_sign()
        self.assertEqual(self.sign()[0], 0x9000)
        self.assertEqual(reader.transmit(bytes.fromhex("0020000100")), b"\x90\x00")


if __name__ == "__main__":
    main()
