#!/usr/bin/env python3
"""vicard as a process: a reader that speaks the link, a bridge that fails in every way, signals,
second instances, other users. No pcscd, no service."""

import contextlib
import os
import shutil
import signal
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import time
import unittest

BUILD = "build"
PIN, PUK = "1234", "12345678"
HELLO, POWERED, DONE, RESPONSE, BUSY = 1, 2, 3, 4, 5
POWER_ON, RESET, POWER_OFF, TRANSMIT, FULL = 0x81, 0x82, 0x83, 0x84, 0x8F
# ifdhandler/link.h
LINK_BUSY_S = 2.0

DIGESTINFO = bytes.fromhex("3031300d060960864801650304020105000420") + bytes.fromhex("c0ffee11") * 8
VERIFY = bytes.fromhex("0020000108") + PIN.encode().ljust(8, b"\0")
MSE_SET = bytes.fromhex("002241B60780010281024B01")
PSO = bytes.fromhex("002A9E9A33") + DIGESTINFO

# The bridge that a test gives vicard. What it does stands in the file `behaviour` beside it; each
# request is appended to `requests`, so that uses can be counted.
BRIDGE = """#!{python}
import os, socket, sys, time
here = os.path.dirname(os.path.abspath(__file__))
link = socket.socket(fileno=3)
request = link.recv(65536)
with open(here + "/requests", "ab") as f:
    f.write(request.hex().encode() + b"\\n")
    f.write(("inside=" + os.environ.get("VICAR_INSIDE", "") + "\\n").encode())
with open(here + "/bridge-pid", "w") as f:
    f.write(str(os.getpid()))
def tlv(tag, value):
    length = bytes([len(value)]) if len(value) < 128 else b"\\x82" + len(value).to_bytes(2, "big")
    return bytes([tag]) + length + value
def start():
    link.send(b"\\x81")
    return link.recv(16) == b"\\x02"
def result(sw, signature=b"", text=b"the test says so", more=b""):
    link.send(b"\\x83" + tlv(0x80, sw.to_bytes(2, "big")) + tlv(0x83, text)
              + (tlv(0x85, signature) if signature else b"") + more)
def progress(text):
    link.send(b"\\x82" + tlv(0x80, b"P-17") + tlv(0x81, text))
with open(here + "/behaviour") as f:
    exec(f.read())
"""


def wait_for(what, condition, seconds=10):
    end = time.monotonic() + seconds
    while True:
        got = condition()
        if got:
            return got
        if time.monotonic() > end:
            raise AssertionError(f"no {what} within {seconds} s")
        time.sleep(0.01)


def gone(pid):
    """No such process, or one that nobody has waited for yet."""
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


class Reader:
    """The reader's end of the link."""

    def __init__(self, path, timeout=10):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.settimeout(timeout)
        self.socket.connect(path)
        self.busy = 0

    def close(self):
        self.socket.close()

    def receive(self):
        return self.socket.recv(70000)

    def answer(self):
        """The next message that is not BUSY; b"" when the card has hung up."""
        while True:
            try:
                message = self.receive()
            except ConnectionResetError:
                return b""
            if message[:1] != bytes([BUSY]):
                return message
            self.busy += 1

    def hello(self):
        message = self.answer()
        assert message[:2] == bytes([HELLO, 1]), message
        return message[2:]

    def ask(self, *message):
        self.socket.send(b"".join(bytes([m]) if isinstance(m, int) else m for m in message))
        return self.answer()

    def start(self, capdu):
        self.socket.send(bytes([TRANSMIT, 0]) + capdu)

    def transmit(self, capdu):
        answer = self.ask(TRANSMIT, 0, capdu)
        assert answer[:1] == bytes([RESPONSE]), answer
        return answer[1:]

    def ready_to_sign(self):
        """Power, PIN and security environment, as a middleware would."""
        self.ask(POWER_ON)
        for command in ("00A4000C023F00", "00A4080C0450154B01"):
            assert self.transmit(bytes.fromhex(command)) == b"\x90\x00", command
        assert self.transmit(VERIFY) == b"\x90\x00"
        assert self.transmit(MSE_SET) == b"\x90\x00"


class VicardTest(unittest.TestCase):
    """A directory of its own with a copied vicard, a card `work`, and processes that end."""

    remote = True

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="vicard-", dir="/tmp")
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        os.chmod(self.dir, 0o755)
        for name in ("bin", "home", "data", "runtime", "sockets"):
            os.mkdir(self.path(name), 0o755 if name == "sockets" else 0o700)
        for name in ("vicard", "vicar"):
            shutil.copy2(os.path.join(BUILD, name), self.path("bin", name))
        with open(self.path("bin", "vicar-bridge"), "w") as f:
            f.write(BRIDGE.format(python=sys.executable))
        os.chmod(self.path("bin", "vicar-bridge"), 0o755)
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": self.path("home"),
            "XDG_DATA_HOME": self.path("data"),
            "XDG_RUNTIME_DIR": self.path("runtime"),
            "VICAR_CONF": self.path("vicar.conf"),
            "LC_ALL": "C.UTF-8",
        }
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
            if name in os.environ:
                self.env[name] = os.environ[name]
        # LeakSanitizer attaches to the process, which vicard forbids.
        self.env["ASAN_OPTIONS"] = self.env.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
        self.configure()
        self.make_card()

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def card(self, *parts):
        return self.path("data", "vicar", "cards", "work", *parts)

    @property
    def link(self):
        return self.path("sockets", f"{os.geteuid()}-work.sock")

    def configure(self, **prompt):
        keys = {"timeout-s": 1, "refusal-pause-ms": 0, "repeat-window-ms": 0}
        keys.update({key.replace("_", "-"): value for key, value in prompt.items()})
        with open(self.path("vicar.conf"), "w") as f:
            f.write(f"[card]\nsocket-directory = {self.path('sockets')}\n[prompt]\n")
            f.writelines(f"{key} = {value}\n" for key, value in keys.items())
            f.write(
                "[service cmd]\ntype = cmd\nendpoint = https://localhost:1/\n"
                "connect-timeout-ms = 1\ntransfer-timeout-ms = 1\ncode-lifetime-s = 1\n"
            )

    def make_card(self):
        """Made once for all tests: a key pair takes its time."""
        if not hasattr(VicardTest, "kept"):
            VicardTest.kept = tempfile.mkdtemp(prefix="vicard-card-", dir="/tmp")
            unittest.addModuleCleanup(shutil.rmtree, VicardTest.kept, ignore_errors=True)
            pins = os.path.join(VicardTest.kept, "pins")
            with open(os.open(pins, os.O_WRONLY | os.O_CREAT, 0o600), "w") as f:
                f.write(f"pin = {PIN}\npuk = {PUK}\n")
            self.run_tool("vicar", "create", "work", "--card", "fineid-v2", "--role", "auth",
                          "--pin-file", pins)  # fmt: skip
            shutil.copytree(self.card(), os.path.join(VicardTest.kept, "work"))
        else:
            shutil.copytree(os.path.join(VicardTest.kept, "work"), self.card())
        if self.remote:
            self.edit_card("service = file", "service = cmd")

    def edit_card(self, old, new):
        with open(self.card("card.conf")) as f:
            text = f.read()
        self.assertIn(old, text)
        with open(self.card("card.conf"), "w") as f:
            f.write(text.replace(old, new))

    def run_tool(self, name, *arguments, check=True, env=(), **more):
        done = subprocess.run(
            [self.path("bin", name), *arguments], env={**self.env, **dict(env)}, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=60, check=False, **more,
        )  # fmt: skip
        if check and done.returncode != 0:
            raise AssertionError(f"{name} {arguments}: exit {done.returncode}: {done.stdout}")
        return done

    def insert(self, *arguments, env=(), ready=True, **more):
        """vicard in the foreground; its log is in the file `log`."""
        with open(self.path("log"), "a") as log:
            process = subprocess.Popen(
                [self.path("bin", "vicard"), "--foreground", *arguments, "work"],
                env={**self.env, **dict(env)}, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                **more,
            )  # fmt: skip
        self.addCleanup(self.end, process)
        if ready:
            wait_for("vicard", lambda: "is in;" in self.log() or process.poll() is not None)
            self.assertIsNone(process.poll(), self.log())
        return process

    @staticmethod
    def end(process):
        if process.poll() is None:
            process.kill()
        process.wait()

    def reader(self):
        reader = Reader(self.link)
        self.addCleanup(reader.close)
        reader.hello()
        return reader

    def log(self):
        with contextlib.suppress(FileNotFoundError), open(self.path("log")) as f:
            return f.read()
        return ""

    def journal(self):
        with contextlib.suppress(FileNotFoundError), open(self.card("journal")) as f:
            return f.read()
        return ""

    def bridge(self, behaviour):
        with open(self.path("bin", "behaviour"), "w") as f:
            f.write(behaviour)

    def requests(self):
        with contextlib.suppress(FileNotFoundError), open(self.path("bin", "requests")) as f:
            return [line for line in f.read().splitlines() if not line.startswith("inside=")]
        return []

    def bridge_pid(self):
        with contextlib.suppress(FileNotFoundError), open(self.path("bin", "bridge-pid")) as f:
            return int(f.read() or 0)
        return 0

    def control(self, request):
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as client:
            client.settimeout(10)
            client.connect(self.path("runtime", "vicar", "work.ctl"))
            client.send(request.encode())
            return client.recv(5000).decode()

    def status(self, key):
        lines = dict(line.split(": ", 1) for line in self.control("status").splitlines()[1:])
        return lines[key]


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
        self.assertEqual(len(reader.transmit(PSO + b"\0")) - 2 or 256, 256)
        self.assertRegex(self.journal(), r" open 1 key=auth operation=sign-pkcs1 hash=c0ffee11\n")
        self.assertRegex(self.journal(), r" done 1 9000 ")

    def test_a_wrong_local_pin_costs_a_try(self):
        self.insert()
        reader = self.reader()
        reader.ask(POWER_ON)
        self.assertEqual(reader.transmit(VERIFY.replace(b"1234", b"9999")), b"\x63\xc4")
        self.assertIn("=4", self.status("tries"))

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
    def test_the_configured_pcscd_user_is_served(self):
        with open(self.path("vicar.conf")) as f:
            text = f.read()
        with open(self.path("vicar.conf"), "w") as f:
            f.write(text.replace("[card]\n", "[card]\npcscd-user = nobody\n"))
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


class TheBridge(VicardTest):
    def sign(self, reader=None):
        reader = reader or self.reader()
        reader.ready_to_sign()
        return reader.transmit(PSO + b"\0")

    def test_a_signature_of_the_service_is_handed_on(self):
        self.insert()
        self.bridge("start() and result(0x9000, bytes(range(256)))")
        reader = self.reader()
        answer = self.sign(reader)
        if answer[:1] == b"\x61":
            answer = reader.transmit(bytes.fromhex("00C0000000"))
        self.assertEqual(answer, bytes(range(256)) + b"\x90\x00")
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
        self.assertIn(b"\x89\x04".hex() + PIN.encode().hex(), self.requests()[0])

    def test_the_journal_is_written_before_go(self):
        self.insert()
        self.bridge(
            "link.send(b'\\x81'); link.recv(16)\n"
            f"open(here + '/seen', 'w').write(open({self.card('journal')!r}).read())\n"
            "result(0x6400)"
        )
        self.sign()
        with open(self.path("bin", "seen")) as f:
            self.assertRegex(f.read(), r" open 1 key=auth .*hash=c0ffee11\n$")

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
        self.assertIn("=2", self.status("tries"))

    def test_a_refused_pin_is_counted(self):
        self.insert()
        self.bridge("start() and result(0x63c0)")
        self.assertEqual(self.sign(), b"\x63\xc1")
        self.assertIn("=1", self.status("tries"))

    def test_a_refusal_by_the_owner_costs_nothing(self):
        self.insert()
        self.bridge("result(0x6401)")
        self.assertEqual(self.sign(), b"\x64\x01")
        self.assertIn("=2", self.status("tries"))
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
        self.assertIn("=1", self.status("tries"))

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
                self.control("pin-unblock " + self.status("tries").split("=")[0])
                reader = self.reader()
                self.assertEqual(self.sign(reader), sw)
                reader.close()
                wait_for("end of the bridge", lambda: gone(self.bridge_pid()), 3)

    def test_a_bridge_that_hangs_is_ended(self):
        self.insert()
        self.bridge("time.sleep(60)")
        began = time.monotonic()
        self.assertEqual(self.sign(), b"\x6f\x10")
        self.assertLess(time.monotonic() - began, 12)
        wait_for("end of the bridge", lambda: gone(self.bridge_pid()), 3)

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

    def test_a_reader_that_hangs_up_ends_the_bridge(self):
        self.insert()
        self.bridge("start(); progress(b'x'); link.recv(16)")
        reader = self.reader()
        reader.ready_to_sign()
        reader.start(PSO + b"\0")
        wait_for("step", lambda: " step 1 " in self.journal())
        reader.close()
        wait_for("end of the bridge", lambda: gone(self.bridge_pid()), 3)
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
        wait_for("end of the bridge", lambda: gone(self.bridge_pid()), 3)
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
        self.assertTrue(gone(self.bridge_pid()))
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
        self.assertTrue(gone(self.bridge_pid()))
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
        wait_for("end of the bridge", lambda: gone(self.bridge_pid()), 3)
        os.unlink(self.path("log"))
        self.insert()
        self.assertIn("fate unknown of 1 use", self.log())
        self.assertRegex(self.journal(), r" done 1 6F17 ")
        self.assertIn("=1", self.status("tries"))

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
        counter, tries = self.status("tries").split("=")
        self.assertEqual(tries, "0")
        self.assertEqual(self.control("pin-unblock " + counter), "ok\n")
        self.assertEqual(self.status("tries"), counter + "=2")

    def test_an_unknown_counter_cannot_be_unblocked(self):
        self.insert()
        self.assertRegex(self.control("pin-unblock pin9"), "^error: pin9 cannot be unblocked")


class Starting(VicardTest):
    def fails(self, *arguments, code=1, env=()):
        done = self.run_tool("vicard", "--foreground", *arguments, check=False, env=env)
        self.assertEqual(done.returncode, code, done.stdout)
        return done.stdout

    def test_help_and_version(self):
        self.assertIn("usage: vicard", self.run_tool("vicard", "--help").stdout)
        self.assertRegex(self.run_tool("vicard", "--version").stdout, r"^vicard \d")

    def test_wrong_usage_is_exit_2(self):
        self.assertIn("usage: vicard", self.fails(code=2))
        self.assertIn("usage: vicard", self.fails("--nothing", "work", code=2))
        self.assertIn("usage: vicard", self.fails("work", "home", code=2))

    def test_an_unknown_card(self):
        self.assertRegex(self.fails("home"), r"there is no card home in .*vicar list")

    def test_a_name_that_is_a_path(self):
        self.assertIn("no card's name", self.fails("../work"))

    def test_a_bad_configuration_is_told_with_file_and_line(self):
        with open(self.path("vicar.conf"), "a") as f:
            f.write("[card]\npin-tires = 2\n")
        self.assertRegex(self.fails("work"), r"vicar\.conf:\d+: pin-tires is no key of \[card\]")

    def test_another_configuration_may_be_named(self):
        self.assertIn("other.conf", self.fails("--config", self.path("other.conf"), "work"))

    def test_an_unknown_personality_is_told_with_those_that_are_known(self):
        self.edit_card("personality = fineid-v2", "personality = fineid-v9")
        self.assertRegex(self.fails("work"), r"fineid-v9.*cc-v1.*fineid-v2")

    def test_a_broken_image(self):
        self.edit_card("[card]", "[cart]")
        self.assertIn("card.conf", self.fails("work"))

    def test_a_service_that_is_not_configured(self):
        self.edit_card("service = cmd", "service = other")
        self.assertIn("add [service other]", self.fails("work"))

    def test_an_unknown_pcscd_user(self):
        with open(self.path("vicar.conf"), "a") as f:
            f.write("[card]\npcscd-user = nobody-at-all\n")
        self.assertIn("no user of this machine", self.fails("work"))

    def test_a_missing_socket_directory(self):
        os.rmdir(self.path("sockets"))
        self.assertRegex(self.fails("work"), r"its directory is missing; type `systemd-tmpfiles")

    def test_a_missing_runtime_directory(self):
        self.assertIn(
            "XDG_RUNTIME_DIR", self.fails("work", env={"XDG_RUNTIME_DIR": "/nonexistent"})
        )

    def test_a_second_vicard_names_the_first(self):
        first = self.insert()
        self.assertIn(str(first.pid), self.fails("work"))
        self.assertEqual(self.status("pid"), str(first.pid))

    def test_a_dead_socket_is_replaced(self):
        process = self.insert()
        process.kill()
        process.wait()
        self.assertTrue(os.path.exists(self.link))
        os.unlink(self.path("log"))
        self.insert()
        self.reader()

    def test_a_socket_on_which_somebody_listens_stays(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as other:
            other.bind(self.link)
            other.listen()
            self.assertIn("somebody already listens", self.fails("work"))
        self.assertTrue(os.path.exists(self.link))

    def test_a_file_in_the_way_stays(self):
        with open(self.link, "w") as f:
            f.write("precious")
        self.assertIn("is in the way", self.fails("work"))
        with open(self.link) as f:
            self.assertEqual(f.read(), "precious")

    def test_memory_that_cannot_be_locked(self):
        done = subprocess.run(
            ["setpriv", "--bounding-set=-ipc_lock", "--inh-caps=-ipc_lock", "--", "prlimit",
             "--memlock=0:0", self.path("bin", "vicard"), "-f", "work"],
            env=self.env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=30,
            check=False,
        )  # fmt: skip
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("cannot be locked", done.stdout)

    def test_no_core_no_debugger_of_the_same_user_and_files_for_the_owner(self):
        process = self.insert()
        with open(f"/proc/{process.pid}/limits") as f:
            self.assertRegex(f.read(), r"Max core file size +0 +0 ")
        with open(f"/proc/{process.pid}/status") as f:
            self.assertRegex(f.read(), r"Umask:\s+0077\n")
        mode = os.stat(self.path("runtime", "vicar", "work.ctl")).st_mode
        self.assertEqual(stat.S_IMODE(mode), 0o600)

    def test_without_foreground_it_returns_when_the_card_is_in(self):
        done = self.run_tool("vicard", "work")
        self.assertEqual(done.returncode, 0)
        pid = int(self.status("pid"))
        self.reader().ask(POWER_ON)
        self.assertEqual(self.control("remove"), "ok\n")
        wait_for("end of vicard", lambda: gone(pid), 5)

    def test_in_the_background_a_failure_is_still_told(self):
        done = self.run_tool("vicard", "home", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("there is no card home", done.stdout)

    def test_the_service_manager_is_told_when_the_card_is_ready(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.settimeout(10)
            manager.bind(self.path("notify"))
            self.insert(env={"NOTIFY_SOCKET": self.path("notify")})
            self.assertEqual(manager.recv(100), b"READY=1")

    def activated(self, listening, fds="1"):
        """vicard with `listening` as descriptor 3, as systemd hands it over."""

        def pass_socket():
            os.dup2(listening.fileno(), 3)
            os.environ["LISTEN_PID"] = str(os.getpid())

        source = (
            "import os,sys; os.dup2(int(sys.argv[1]),3); os.set_inheritable(3,True);"
            "os.environ.update(LISTEN_PID=str(os.getpid()),LISTEN_FDS=sys.argv[2]);"
            "os.execv(sys.argv[3],sys.argv[3:])"
        )
        log = open(self.path("log"), "a")
        process = subprocess.Popen(
            [sys.executable, "-c", source, str(listening.fileno()), fds,
             self.path("bin", "vicard"), "work"],
            env=self.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            pass_fds=(listening.fileno(),),
        )  # fmt: skip
        log.close()
        self.addCleanup(self.end, process)
        return process

    def test_a_socket_of_the_service_manager_is_used_and_left(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listening:
            listening.bind(self.link)
            listening.listen()
            process = self.activated(listening)
            self.reader().ask(POWER_ON)
            self.assertEqual(self.status("socket"), self.link)
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(timeout=5), 0)
        self.assertTrue(os.path.exists(self.link))

    def test_a_wrong_socket_of_the_service_manager_is_refused(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
            listening.bind(self.link)
            listening.listen()
            self.assertEqual(self.activated(listening).wait(timeout=10), 1)
        self.assertIn("ListenSequentialPacket", self.log())

    def test_two_sockets_of_the_service_manager_are_refused(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listening:
            listening.bind(self.link)
            listening.listen()
            self.assertEqual(self.activated(listening, fds="2").wait(timeout=10), 1)

    def test_for_the_journal_lines_have_priorities(self):
        # systemd.exec(5): device and inode of standard error.
        with open(self.path("log"), "a") as log:
            is_log = os.fstat(log.fileno())
        self.insert(env={"JOURNAL_STREAM": f"{is_log.st_dev}:{is_log.st_ino}"})
        self.assertTrue(self.log().startswith("<6>card work"), self.log())


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
        self.assertIn("status, remove and pin-unblock", self.control("hello"))

    def test_a_local_pin_cannot_be_unblocked_by_request(self):
        self.insert()
        counter = self.status("tries").split("=")[0]
        self.assertRegex(self.control("pin-unblock " + counter), "^error: ")

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


def peer_of(connection):
    return struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(f"usage: {sys.argv[0]} BUILD [TEST...]")
    BUILD = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
