"""What the tests of vicard share: a directory with a copied vicard, a card `work`, a reader that
speaks the link, a bridge whose behaviour a test chooses. No pcscd, no service.
"""

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest

from harness import findings, wait_for

PIN, PUK = "90817263", "38271605"
HELLO, POWERED, DONE, RESPONSE, BUSY = 1, 2, 3, 4, 5
POWER_ON, RESET, POWER_OFF, TRANSMIT, FULL = 0x81, 0x82, 0x83, 0x84, 0x8F
# ifdhandler/link.h
LINK_BUSY_S = 2.0

DIGESTINFO = bytes.fromhex("3031300d060960864801650304020105000420") + bytes.fromhex("c0ffee11") * 8
VERIFY = bytes.fromhex("0020000108") + PIN.encode()
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
              + (tlv(0xA8, tlv(0x80, signature)) if signature else b"") + more)
def progress(text):
    link.send(b"\\x82" + tlv(0x82, b"P-17") + tlv(0x83, text))
with open(here + "/behaviour") as f:
    exec(f.read())
"""


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

    def whole(self, capdu):
        """The response data, fetched with GET RESPONSE where T=0 asks for it."""
        answer = self.transmit(capdu)
        if answer[-2] == 0x61:
            answer = self.transmit(bytes.fromhex("00C0000000"))
        assert answer[-2:] == b"\x90\x00", answer[-2:]
        return answer[:-2]

    def ready_to_sign(self):
        """Power, PIN and security environment, as a middleware would."""
        self.ask(POWER_ON)
        for command in ("00A4000C023F00", "00A4080C0450154B01"):
            assert self.transmit(bytes.fromhex(command)) == b"\x90\x00", command
        assert self.transmit(VERIFY) == b"\x90\x00"
        assert self.transmit(MSE_SET) == b"\x90\x00"


def may_lock(size):
    """What starts a program whose memory may be locked up to this size: root may lock all of it."""
    as_anybody = ["setpriv", "--bounding-set=-ipc_lock", "--inh-caps=-ipc_lock", "--"]
    return [*(as_anybody if os.geteuid() == 0 else []), "prlimit", f"--memlock={size}:{size}"]


class VicardTest(unittest.TestCase):
    """A directory of its own with a copied vicard, a card `work`, and processes that end."""

    build = "build"
    remote = True

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="vicard-", dir="/tmp")
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        os.chmod(self.dir, 0o755)
        for name in ("bin", "home", "data", "runtime", "sockets"):
            os.mkdir(self.path(name), 0o755 if name == "sockets" else 0o700)
        for name in ("vicard", "vicar"):
            shutil.copy2(os.path.join(VicardTest.build, name), self.path("bin", name))
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
        self.addCleanup(self.assert_no_findings)
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
            self.env[name] = os.environ.get(name, "") + ":log_path=" + self.path("sanitizer")
        self.configure()
        self.make_card()

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def card(self, *parts):
        return self.path("data", "vicar", "cards", "work", *parts)

    @property
    def link(self):
        return self.path("sockets", f"{os.geteuid()}-work.sock")

    def configure(self, pcscd_user=None, **prompt):
        card = {"socket-directory": self.path("sockets"), "pcscd-user": pcscd_user}
        if pcscd_user is None and os.geteuid() != 0:
            card["pcscd-user"] = pwd.getpwuid(os.geteuid()).pw_name
        keys = {"timeout-s": 1, "refusal-pause-ms": 0, "repeat-window-ms": 0}
        keys.update({key.replace("_", "-"): value for key, value in prompt.items()})
        service = {
            "type": "cmd", "profile": "simulator", "endpoint": "https://localhost:1/", "connect-timeout-ms": 1,
            "transfer-timeout-ms": 1, "code-lifetime-s": 1,
        }  # fmt: skip
        with open(self.path("vicar.conf"), "w") as f:
            for section, values in (("card", card), ("prompt", keys), ("service cmd", service)):
                f.write(f"[{section}]\n")
                f.writelines(f"{key} = {value}\n" for key, value in values.items() if value is not None)

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

    def insert(self, *arguments, env=(), ready=True, under=(), **more):
        """vicard in the foreground, started by `under`; its log is in the file `log`."""
        with open(self.path("log"), "a") as log:
            process = subprocess.Popen(
                [*under, self.path("bin", "vicard"), "--foreground", *arguments, "work"],
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
        """In order, since only then a sanitized program says what it has lost, and a coverage build what it
        has run."""
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def assert_no_findings(self):
        self.assertEqual(findings(self.path("sanitizer")), "")

    def take_out(self, process, reader):
        """Ends them; the next vicard begins a log of its own."""
        reader.close()
        self.end(process)
        os.unlink(self.path("log"))

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

    def tries(self):
        """What is left of PIN1."""
        return int(dict(word.split("=") for word in self.status("tries").split())["pin1"])


def main():
    """Runs a test file: test_vicard_x.py BUILD [unittest arguments]."""
    if len(sys.argv) < 2:
        sys.exit(f"usage: {sys.argv[0]} BUILD [TEST...]")
    VicardTest.build = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
