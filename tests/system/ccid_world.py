"""A world whose reader is not ours: ccid-simulator on a pseudo terminal, driven by Debian's libccidtwin
under the private pcscd. Everything else is as in harness.py."""

import os
import re
import signal
import subprocess

from harness import ROOT, World, wait_for


class CcidWorld(World):
    """A card that is inserted goes into the first slot that is free."""

    reader_name = "CCID simulator 00 00"

    def __init__(self, build, model="SEC1210"):
        super().__init__(build)
        self.model = model
        self.pcscd_options = ()
        self.reader = None

    def start_reader(self, *cards):
        os.makedirs(self.path("pcscd", "conf"), exist_ok=True)
        # A log of its own each time.
        if os.path.exists(self.path("reader.log")):
            os.unlink(self.path("reader.log"))
        with open(self.path("reader.log"), "w") as log:
            self.reader = self.popen(
                self.tool("ccid-simulator"), "--verbose", "--model", self.model,
                "--link", self.path("reader"), "--reader-conf", self.path("pcscd", "conf", "ccid"),
                *(cards or ("--empty",)), stdin=subprocess.PIPE, stdout=log,
            )  # fmt: skip
        self.wait_reader("ready")

    def wait_reader(self, line, seconds=20):
        """Until the simulator has said this line."""

        def said():
            if self.reader.poll() is not None:
                raise AssertionError(self.log())
            return re.search(rf"^{line}$", self.log(), re.M)

        wait_for(f"line `{line}`", said, seconds)

    def stop_reader(self):
        if self.reader:
            self.reader.send_signal(signal.SIGTERM)
            self.reader.stdin.close()
            self.reader.wait(timeout=20)
            self.reader = None

    def log(self):
        with open(self.path("reader.log")) as f:
            return f.read()

    def is_without_power(self):
        """Of slot 0."""
        powers = re.findall(r"^slot 0 > (IccPower\w+)", self.log(), re.M)
        return powers[-1:] == ["IccPowerOff"]

    def tell(self, command):
        self.reader.stdin.write(command + "\n")
        self.reader.stdin.flush()

    def start_pcscd(self):
        if not self.reader:
            self.start_reader()
        self.run(
            os.path.join(ROOT, "tests/system/private-pcscd.sh"), "start", self.path("pcscd"),
            *self.pcscd_options, env={"LIBCCID_ifdLogLevel": "0x0007"},
        )  # fmt: skip

    def close(self):
        self.stop_pcscd()
        self.stop_reader()
        super().close()

    def insert(self, name):
        before = self.log().count(f"card {name} is in slot")
        self.tell(f"insert {name}")
        wait_for("card in the reader", lambda: self.log().count(f"card {name} is in slot") > before)

    def remove(self, name):
        before = self.log().count(f"card {name} is out")
        self.tell(f"remove {name}")
        wait_for("empty reader", lambda: self.log().count(f"card {name} is out") > before)

    def cards(self):
        listed = self.run("opensc-tool", "-l", check=False).stdout
        return len(re.findall(r"^\d+ +Yes .*CCID simulator", listed, re.M))
