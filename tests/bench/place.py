"""Where the figures that go through pcscd are measured: a world of tests/system with more than one reader in
its pcscd, and with the cards of tests/bench."""

import os
import subprocess

from frame import ROOT, Bench
from harness import World, wait_for

SELECT = "00A404040EE828BD080FD2504543432D65494400"  # the application of an IAS-ECC card
SELECT_ANSWER = 34  # iasecc.md 8.2: its FCP
CHALLENGE = "0084000008"
CHALLENGE_ANSWER = 8
NULL_ANSWERS = f"A4={SELECT_ANSWER}:84={CHALLENGE_ANSWER}"


class Place(World):
    def __init__(self, bench: Bench):
        super().__init__(bench.build)
        self.bench = bench
        self.readers = {}
        self.processes = []

    def close(self):
        for process in self.processes:
            process.kill()
            process.communicate()
        super().close()

    def reader(self, friendly, device, driver):
        """An entry of reader.conf for the pcscd that is started next."""
        os.makedirs(self.path("pcscd", "conf"), exist_ok=True)
        with open(self.path("pcscd", "conf", friendly), "w") as f:
            f.write(f'FRIENDLYNAME "{friendly}"\nDEVICENAME {device}\nLIBPATH {driver}\n')

    def vicar_reader(self, slots=2):
        self.reader("Vicar", f"vicar:{self.path('sockets')}:{slots}", self.driver)

    def null_reader(self, answers=NULL_ANSWERS):
        self.reader("Null", f"null:{answers}", self.bench.tool("null-handler.so"))

    def start_pcscd(self, words=""):
        """With the readers that were named; says its pid."""
        done = self.run(
            os.path.join(ROOT, "tests/system/private-pcscd.sh"), "start", self.path("pcscd")
        )
        return int(done.stdout)

    def start(self, *argv, **more):
        """A program that runs until the place is closed."""
        process = self.popen(*argv, **more)
        self.processes.append(process)
        return process

    def null_card(self, name, answers=NULL_ANSWERS):
        self.start(self.bench.tool("null-card"), self.path("sockets"), name, answers)
        path = self.path("sockets", f"{os.getuid()}-{name}.sock")
        wait_for("null card", lambda: os.path.exists(path))

    def card(self, name):
        """Makes an IAS-ECC card of one key and puts it in."""
        self.create(name, "--card", "iasecc", "--role", "auth", "--key", "rsa2048")
        self.insert(name)

    def times(self, blocks, count, apdu, length, readers):
        """{name of a series: seconds} of `readers`, {name: reader}, measured in turn."""
        done = self.run(
            self.bench.tool("pcsc-times"), str(blocks), str(count), apdu, str(length), *readers.values()
        )
        taken = {name: [] for name in readers}
        names = list(readers)
        for line in done.stdout.splitlines():
            number, *samples = line.split()
            taken[names[int(number)]] += [int(sample) / 1e9 for sample in samples]
        return taken

    def wait_cards(self, count):
        wait_for(f"{count} cards", lambda: self.cards() >= count, 30)
