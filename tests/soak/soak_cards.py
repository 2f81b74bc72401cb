"""The cards of the soak test, and what each must answer: the commands of every kind of card, with the
answers that it gave when nothing disturbed it. Certificates must be those that the card was made with."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))
import ifd_pcsc as pcsc  # noqa: E402

PIN1, PIN2, PUK, WRONG = "1234", "654321", "12345678", "999999"
FINEID = "00A4040C0CA000000063504B43532D3135"
CHALLENGE = "0084000008"
READ_MAX = 0xE0


class Kind:
    """`choose` and `certificate` select the application and the file of the auth certificate; pin1 and
    pin2 are references of VERIFY, whose values are padded to `length` with `pad`."""

    def __init__(self, kind, choose, certificate, more, pin1, pin2, length=0, pad=b""):
        self.kind, self.choose, self.certificate, self.more = kind, choose, certificate, more
        self.pin1, self.pin2, self.length, self.pad = pin1, pin2, length, pad
        # Of the two counters, and of the lines of a PIN file.
        self.names = ("auth-pin", "sign-pin") if kind.startswith("cc-") else ("pin1", "pin2")

    def verify(self, value):
        data = value.encode()
        data += self.pad * (self.length - len(data))
        return f"002000{self.pin2:02X}{len(data):02X}{data.hex().upper()}"


KINDS = {
    "anna": Kind("fineid-v2", FINEID, "00A4080C0450154331",
                 ["00A408000450155031", "00C0000010", "00B000003C", "00A4040007627601FF000000"],
                 0x01, 0x82, 8, b"\0"),
    "berta": Kind("fineid-v3", FINEID, "00A4080C024331",
                  ["00A40800024331", "00C0000010", "00A4080C024B01"], 0x11, 0x82, 12, b"\0"),
    "carla": Kind("fineid-v4", FINEID, "00A4080C024331",
                  ["00A40800022F01", "00C000001A", "00A4080C024B01"], 0x11, 0x82, 12, b"\0"),
    "dora": Kind("cc-v1", "00A4040C07604632FF000002", "00A4080C045F00EF09",
                 ["00A40800045F00EF0D00", "00B0000075", "80CADF0308", CHALLENGE],
                 0x81, 0x82, 8, b"\xff"),
    "emma": Kind("cc-v2", "00A4040C07604632FF000004", "00A4080C045F00EF02",
                 ["00A40800045F00EF0200", "00CA9F7F2D", CHALLENGE], 0x81, 0x82, 8, b"\xff"),
    "fine": Kind("iasecc", "00A404040EE828BD080FD2504543432D65494400", "00A4020402B00100",
                 ["00A4020402700100", "00B0000004", CHALLENGE], 0x01, 0x85),
}  # fmt: skip


class Card:
    def __init__(self, world, number, name):
        self.world, self.number, self.name, self.kind = world, number, name, KINDS[name]
        world.create(name, "--card", self.kind.kind,
                     pins="{} = {}\n{} = {}\npuk = {}\n".format(
                         self.kind.names[0], PIN1, self.kind.names[1], PIN2, PUK))  # fmt: skip
        self.maxima = (0, 0)

    def path(self, *parts):
        return self.world.path("data", "vicar", "cards", self.name, *parts)

    def pid(self):
        with open(self.path("lock")) as f:
            return int(f.read())

    def counters(self):
        """(PIN1, PIN2) as the disk has them."""
        found = {}
        try:
            with open(self.path("state")) as f:
                found = dict(line.split(" = ") for line in f.read().splitlines() if " = " in line)
        except FileNotFoundError:
            pass
        return tuple(int(found.get(self.kind.names[i], self.maxima[i])) for i in range(2))

    def learn(self):
        """The lines of its script, and of the card's PIN for who signs; the card is in the reader."""
        tries = next(line for line in self.world.vicar("status", self.name).stdout.splitlines()
                     if line.startswith("tries: "))  # fmt: skip
        tries = dict(word.split("=") for word in tries.split()[1:])
        self.maxima = tuple(int(tries[name]) for name in self.kind.names)
        with open(self.path("certificates", "auth.der"), "rb") as f:
            certificate = f.read()
        with pcsc.Client() as client:
            reader = client.readers()[0]
            _, _, atr = client.wait_until(reader, pcsc.PRESENT)
            card = client.connect(reader)
            steps = self.record(card, certificate)
            self.try_pins(card)
            card.disconnect()
        probe = f"002000{self.kind.pin1:02X}"
        own = f"002000{self.kind.pin2:02X}"
        return [
            f"card {self.number} {self.name} {atr.hex()}",
            f"pin {self.maxima[0]} {probe}",
            f"own {self.maxima[1]} {own} {self.kind.verify(PIN2)} {self.kind.verify(WRONG)}",
            *steps,
        ]

    def record(self, card, certificate):
        steps, read = [], b""
        reads = [f"00B0{offset:04X}{min(READ_MAX, len(certificate) - offset):02X}"
                 for offset in range(0, len(certificate), READ_MAX)]  # fmt: skip
        for command in (self.kind.choose, self.kind.certificate, *reads, *self.kind.more):
            answer = card.transmit(bytes.fromhex(command))
            if command in reads:
                read += answer[:-2]
            if command == CHALLENGE:
                self.expect(len(answer) == 10 and answer.endswith(b"\x90\0"), command, answer)
                steps.append(f"random {command} 8")
            else:
                steps.append(f"exact {command.replace(' ', '')} {answer.hex()}")
        self.expect(read == certificate, "READ BINARY of the certificate", read)
        return steps

    def try_pins(self, card):
        """The commands are those of the card: else the model would be of something else."""
        for command, answer in (
            (self.kind.choose, None),
            (self.kind.verify(WRONG), bytes([0x63, 0xC0 + self.maxima[1] - 1])),
            (self.kind.verify(PIN2), b"\x90\0"),
            (self.kind.choose, None),
            (f"002000{self.kind.pin1:02X}", bytes([0x63, 0xC0 + self.maxima[0]])),
        ):
            got = card.transmit(bytes.fromhex(command))
            self.expect(answer in (None, got), command, got)

    def expect(self, right, what, answer):
        if not right:
            raise AssertionError(f"{self.name}: {what}: {answer.hex()}")

    def line(self):
        """For who signs."""
        certificate = self.path("certificates", "auth.der")
        return f"{self.number} {self.name} {self.maxima[0]} {PIN1} {certificate}"
