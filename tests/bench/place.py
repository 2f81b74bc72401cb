"""Where the figures that go through pcscd are measured: a world of tests/system with more than one reader in
its pcscd, and with the cards of tests/bench."""

import os
import shutil
import socket

from frame import ROOT, Bench
from harness import LOCAL_PIN, World, wait_for

SELECT = "00A404040EE828BD080FD2504543432D65494400"  # the application of an IAS-ECC card
SELECT_ANSWER = 34  # iasecc.md 8.2: its FCP
CHALLENGE = "0084000008"
CHALLENGE_ANSWER = 8
NULL_ANSWERS = f"A4={SELECT_ANSWER}:84={CHALLENGE_ANSWER}"


def free_ports():
    """Two of this machine, one after the other."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            return port


def memory(pid, *fields):
    """Bytes of the named fields of smaps_rollup."""
    with open(f"/proc/{pid}/smaps_rollup") as f:
        lines = dict(line.split(":", 1) for line in f if line.rstrip().endswith("kB"))
    return sum(int(lines[field].split()[0]) * 1024 for field in fields)


def switches(pid):
    """How often the threads of a process were put on a CPU, since they began."""
    total = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/status") as f:
            total += sum(int(line.split()[1]) for line in f if "ctxt_switches" in line)
    return total


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

    def bare_pcscd(self):
        """What is in no reader is in the way of no reader."""
        os.makedirs(self.path("pcscd", "conf"), exist_ok=True)
        with open(self.path("pcscd", "conf", "none"), "w") as f:
            f.write("# no reader\n")

    def start(self, *argv, **more):
        """A program that runs until the place is closed."""
        process = self.popen(*argv, **more)
        self.processes.append(process)
        return process

    def put_in(self, name, *argv):
        """A card by the program that is the card; says its pid."""
        with open(self.path(f"{name}.log"), "a") as log:
            process = self.start(*argv, stdout=log)
        path = self.path("sockets", f"{os.getuid()}-{name}.sock")
        wait_for(f"socket of {name}", lambda: os.path.exists(path))
        return process.pid

    def vicard(self, name):
        return self.put_in(name, self.tool("vicard"), "--foreground", name)

    def status(self, name):
        """What vicard itself says, of tools/vicard/attend.c."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as control:
            control.connect(self.path("runtime", "vicar", f"{name}.ctl"))
            control.send(b"status")
            return control.recv(65536).decode()

    def bench_card(self, program, name, *arguments):
        """A card of tests/bench that listens for our reader."""
        return self.put_in(name, self.bench.tool(program), self.path("sockets"), name, *arguments)

    def null_card(self, name, answers=NULL_ANSWERS):
        self.bench_card("null-card", name, answers)

    def make_card(self, name):
        """An IAS-ECC card with one key, which speaks T=1."""
        self.create(name, "--card", "iasecc", "--role", "auth", "--key", "rsa2048")

    def copy_card(self, name, copy):
        """The same keys and PINs under another name."""
        cards = self.path("data", "vicar", "cards")
        shutil.copytree(os.path.join(cards, name), os.path.join(cards, copy))

    def sign(self):
        """With our module, as a program would."""
        self.write_private("hash", "x" * 32)
        self.module = self.own_module()
        self.pkcs11("--login", "--pin", LOCAL_PIN, "--sign", "-m", "RSA-PKCS", "-i",
                    self.path("hash"), "-o", self.path("signature"))  # fmt: skip

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

    def cards(self):
        """In all readers."""
        return self.run("opensc-tool", "-l", check=False).stdout.count(" Yes ")

    def wait_cards(self, count):
        wait_for(f"{count} cards", lambda: self.cards() >= count, 30)
