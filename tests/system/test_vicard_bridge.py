#!/usr/bin/env python3
"""vicard and the bridge: a bridge that works, refuses, dies, babbles and hangs; journal and counter
before the call; who ends it, and what is known afterwards."""

import os
import signal
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import ended, wait_for  # noqa: E402
from vicard_world import (  # noqa: E402
    BUSY,
    DIGESTINFO,
    LINK_BUSY_S,
    PIN,
    PSO,
    VicardTest,
    main,
)


class TheBridge(VicardTest):
    def sign(self, reader=None):
        reader = reader or self.reader()
        reader.ready_to_sign()
        return reader.transmit(PSO + b"\0")

    def test_a_signature_of_the_service_is_handed_on(self):
        self.insert()
        self.bridge("start() and result(0x9000, bytes(range(256)))")
        reader = self.reader()
        reader.ready_to_sign()
        self.assertEqual(reader.whole(PSO + b"\0"), bytes(range(256)))
        self.assertRegex(self.journal(), r' done 1 9000 text="the test says so"\n')

    def test_the_bridge_knows_that_it_is_inside(self):
        self.insert()
        self.bridge("result(0x6400)")
        self.sign()
        with open(self.path("bin", "requests")) as f:
            self.assertIn("inside=1\n", f.read())

    def test_one_signature_is_one_request_that_carries_pin_and_digestinfo(self):
        self.insert()
        self.bridge("result(0x6400)")
        self.sign()
        self.assertEqual(len(self.requests()), 1)
        self.assertIn(DIGESTINFO.hex(), self.requests()[0])
        self.assertIn(b"\x89\x08".hex() + PIN.encode().hex(), self.requests()[0])

    def test_the_journal_is_written_before_go(self):
        self.insert()
        self.bridge(
            "link.send(b'\\x81'); link.recv(16)\n"
            f"open(here + '/seen', 'w').write(open({self.card('journal')!r}).read())\n"
            "result(0x6400)"
        )
        self.sign()
        with open(self.path("bin", "seen")) as f:
            self.assertRegex(f.read(), r" open 1 key=auth .*hash=c0ffee11 card=work service=cmd\n$")

    def test_the_try_is_on_disk_before_go(self):
        self.insert()
        self.bridge(
            "link.send(b'\\x81'); link.recv(16)\n"
            f"open(here + '/seen', 'w').write(open({self.card('state')!r}).read())\n"
            "result(0x6400)"
        )
        self.sign()
        with open(self.path("bin", "seen")) as f:
            self.assertRegex(f.read(), r"= 1\n")
        self.assertEqual(self.tries(), 2)

    def test_a_refused_pin_is_counted(self):
        self.insert()
        self.bridge("start() and result(0x63c0)")
        self.assertEqual(self.sign(), b"\x63\xc1")
        self.assertEqual(self.tries(), 1)

    def test_a_refusal_that_may_be_one_of_the_pin_is_counted(self):
        self.insert()
        self.bridge("start() and result(0x6f1a, more=tlv(0x88, b'?'))")
        self.assertEqual(self.sign(), b"\x6f\x1a")
        self.assertEqual(self.tries(), 1)

    def test_a_refusal_by_the_owner_costs_nothing(self):
        self.insert()
        self.bridge("result(0x6401)")
        self.assertEqual(self.sign(), b"\x64\x01")
        self.assertEqual(self.tries(), 2)
        self.assertRegex(self.journal(), r" none 6401 key=auth ")

    def test_a_bridge_that_dies_before_start_costs_nothing(self):
        self.insert()
        self.bridge("os._exit(3)")
        self.assertEqual(self.sign(), b"\x6f\x10")
        self.assertRegex(self.journal(), r' none 6F10 .*text="vicar-bridge ended before')

    def test_a_bridge_that_dies_after_go_leaves_the_fate_unknown(self):
        self.insert()
        self.bridge("start() and os._exit(3)")
        self.assertEqual(self.sign(), b"\x6f\x17")
        self.assertRegex(self.journal(), r' done 1 6F17 text="fate unknown: ')
        self.assertEqual(self.tries(), 1)

    def test_what_a_bridge_must_not_say_ends_it(self):
        self.insert()
        for behaviour, sw in (
            ("link.send(b'\\x77')", b"\x6f\x10"),
            ("link.send(b'\\x83\\x80\\x7f')", b"\x6f\x10"),
            ("link.send(b'\\x01')", b"\x6f\x10"),
            ("link.send(b'\\x81' + b'x')", b"\x6f\x10"),
            ("result(0x9000, bytes(256))", b"\x6f\x10"),
            ("result(0x63c0)", b"\x6f\x10"),
            ("result(0x6100)", b"\x6f\x10"),
            ("start() and start()", b"\x6f\x17"),
            ("start() and result(0x9000)", b"\x6f\x17"),
            ("start() and link.send(b'\\x83' + bytes(9000))", b"\x6f\x17"),
            ("start() and result(0x9000, bytes(256), more=b'\\x9e\\x00')", b"\x6f\x17"),
        ):
            with self.subTest(behaviour):
                self.bridge(behaviour + "\ntime.sleep(30)")
                # The tries that stayed counted would block the card.
                self.assertEqual(self.control("pin-unblock pin1"), "ok\n")
                reader = self.reader()
                self.assertEqual(self.sign(reader), sw)
                reader.close()
                wait_for("end of the bridge", lambda: ended(self.bridge_pid()), 3)

    def test_a_bridge_that_hangs_is_ended(self):
        self.insert()
        self.bridge("time.sleep(60)")
        began = time.monotonic()
        self.assertEqual(self.sign(), b"\x6f\x10")
        self.assertLess(time.monotonic() - began, 12)
        wait_for("end of the bridge", lambda: ended(self.bridge_pid()), 3)

    def test_without_a_bridge_nothing_is_asked(self):
        os.unlink(self.path("bin", "vicar-bridge"))
        os.mkdir(self.path("bin", "vicar-bridge"))
        self.insert()
        self.bridge("")
        os.rmdir(self.path("bin", "vicar-bridge"))
        self.assertEqual(self.sign(), b"\x6f\x10")

    def test_while_somebody_is_waited_for_the_reader_hears_of_it(self):
        self.insert()
        self.bridge(f"time.sleep({LINK_BUSY_S * 2}); result(0x6400)")
        reader = self.reader()
        reader.ready_to_sign()
        reader.start(PSO + b"\0")
        last, longest = time.monotonic(), 0
        while reader.receive()[:1] == bytes([BUSY]):
            now = time.monotonic()
            longest, last = max(longest, now - last), now
        self.assertLess(longest, LINK_BUSY_S)
        self.assertGreater(longest, 0)

    def test_status_answers_and_says_what_is_waited_for(self):
        self.insert()
        self.bridge("start(); progress(b'waiting for the code'); time.sleep(1); result(0x6400)")
        reader = self.reader()
        reader.ready_to_sign()
        reader.start(PSO + b"\0")
        wait_for("state", lambda: self.status("state") == "waiting for the code", 5)
        self.assertRegex(self.journal(), r' step 1 process="P-17" text="waiting for the code"\n')
        self.assertEqual(reader.answer()[1:], b"\x64\x00")
        self.assertEqual(self.status("state"), "idle")

    def steps(self):
        return [line.split(" step 1 ")[1] for line in self.journal().splitlines() if " step " in line]

    def test_the_journal_names_the_process_once(self):
        self.insert()
        self.bridge(
            "start(); progress(b'a code is sent'); progress(b'waiting for the code')\n"
            "result(0x6400, more=tlv(0x82, b'P-17'))"
        )
        self.sign()
        self.assertEqual(
            self.steps(), ['process="P-17" text="a code is sent"', 'text="waiting for the code"']
        )

    def test_a_process_that_only_the_result_names_is_in_the_journal(self):
        self.insert()
        self.bridge("start(); result(0x6400, more=tlv(0x82, b'P-17'))")
        self.sign()
        self.assertEqual(self.steps(), ['process="P-17" text="the service has named the process"'])

    def test_a_bridge_that_cannot_even_read_its_request_is_heard(self):
        self.insert()
        with open(self.path("bin", "vicar-bridge"), "w") as f:
            f.write(
                f"#!{sys.executable}\n"
                "import os, signal, socket, time\n"
                "link = socket.socket(fileno=3)\n"
                "vicard = os.getppid()\n"
                "os.kill(vicard, signal.SIGSTOP)\n"  # it looks when the bridge has gone
                "link.send(bytes.fromhex('8380026f1f8307') + b'no room')\n"
                "if os.fork() == 0:\n"
                "    link.close()\n"
                "    time.sleep(0.3)\n"
                "    os.kill(vicard, signal.SIGCONT)\n"
            )
        self.assertEqual(self.sign(), b"\x6f\x1f")
        self.assertRegex(self.journal(), r' none 6F1F .*text="no room"')

    def test_a_bridge_that_babbles_is_ended(self):
        self.insert()
        self.bridge("start()\nwhile True: progress(b'still here')")
        self.assertEqual(self.sign(), b"\x6f\x17")
        wait_for("the end of the bridge", lambda: ended(self.bridge_pid()))
        self.assertLess(self.journal().count("still here"), 100)
        self.assertRegex(self.journal(), r" done 1 6F17 .*does not stop talking")

    def test_a_reader_that_hangs_up_ends_the_bridge(self):
        self.insert()
        self.bridge("start(); progress(b'x'); link.recv(16)")
        reader = self.reader()
        reader.ready_to_sign()
        reader.start(PSO + b"\0")
        wait_for("step", lambda: " step 1 " in self.journal())
        reader.close()
        wait_for("end of the bridge", lambda: ended(self.bridge_pid()), 3)
        wait_for("journal", lambda: " done 1 6F17 " in self.journal(), 3)

    def test_a_bridge_that_does_not_end_is_killed(self):
        self.insert()
        self.bridge("import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32))\n"
                    "time.sleep(60)")  # fmt: skip
        reader = self.reader()
        reader.ready_to_sign()
        reader.start(PSO + b"\0")
        wait_for("bridge", self.bridge_pid)
        reader.close()
        wait_for("end of the bridge", lambda: ended(self.bridge_pid()), 3)
        self.assertIn("was killed", self.log())

    def test_remove_ends_the_bridge_and_the_process(self):
        process = self.insert()
        self.bridge("start(); progress(b'x'); link.recv(16)")
        reader = self.reader()
        reader.ready_to_sign()
        reader.start(PSO + b"\0")
        wait_for("step", lambda: " step 1 " in self.journal())
        self.assertEqual(self.control("remove"), "ok\n")
        self.assertEqual(process.wait(timeout=5), 0)
        self.assertEqual(reader.answer(), b"")
        self.assertTrue(ended(self.bridge_pid()))
        self.assertRegex(self.journal(), r" done 1 6F17 ")

    def test_sigterm_in_the_middle_of_a_request_is_a_clean_end(self):
        process = self.insert()
        self.bridge("time.sleep(60)")
        reader = self.reader()
        reader.ready_to_sign()
        reader.start(PSO + b"\0")
        wait_for("bridge", self.bridge_pid)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=5), 0)
        self.assertEqual(reader.answer(), b"")
        self.assertTrue(ended(self.bridge_pid()))
        self.assertFalse(os.path.exists(self.link))
        self.assertEqual(os.listdir(self.path("runtime", "vicar")), [])
        self.assertRegex(self.journal(), r" none 6401 .*the card was taken out")

    def test_killed_after_go_the_next_start_says_fate_unknown(self):
        process = self.insert()
        self.bridge("start(); progress(b'x'); link.recv(16)")
        reader = self.reader()
        reader.ready_to_sign()
        reader.start(PSO + b"\0")
        wait_for("step", lambda: " step 1 " in self.journal())
        process.kill()
        process.wait()
        wait_for("end of the bridge", lambda: ended(self.bridge_pid()), 3)
        os.unlink(self.path("log"))
        self.insert()
        self.assertIn("fate unknown of 1 use", self.log())
        self.assertRegex(self.journal(), r" done 1 6F17 ")
        self.assertEqual(self.tries(), 1)

    def test_after_a_cancel_nobody_is_asked_for_a_while(self):
        self.configure(refusal_pause_ms=60000)
        self.insert()
        self.bridge("result(0x6401)")
        reader = self.reader()
        self.assertEqual(self.sign(reader), b"\x64\x01")
        self.assertEqual(self.sign(reader), b"\x64\x01")
        self.assertEqual(len(self.requests()), 1)

    def test_the_same_signature_right_after_a_failure_is_not_asked_again(self):
        self.configure(repeat_window_ms=60000)
        self.insert()
        self.bridge("start() and result(0x6f10)")
        reader = self.reader()
        for _ in range(4):
            self.assertEqual(self.sign(reader), b"\x6f\x10")
        self.assertEqual(len(self.requests()), 1)

    def test_the_pin_is_not_in_log_or_journal(self):
        self.insert()
        self.bridge("start() and result(0x63c0)")
        self.sign()
        for text in (self.log(), self.journal()):
            self.assertNotIn(PIN, text)

    def test_a_blocked_pin_is_unblocked_by_its_owner(self):
        self.insert()
        self.bridge("start() and os._exit(1)")
        reader = self.reader()
        self.sign(reader)
        self.sign(reader)
        self.assertEqual(self.tries(), 0)
        self.assertEqual(self.control("pin-unblock pin1"), "ok\n")
        self.assertEqual(self.tries(), 2)

    def test_a_remote_pin_is_changed_at_its_service(self):
        self.insert()
        self.assertIn(
            "belongs to the service cmd, which alone can change it",
            self.control("pin-change pin1\n1234\n4321"),
        )

    def test_an_unknown_counter_cannot_be_unblocked(self):
        self.insert()
        self.assertRegex(self.control("pin-unblock pin9"), "^error: card work has no PIN pin9")


if __name__ == "__main__":
    main()
