"""A client of pcscd that means ill: hostile_client.py commands|controls|holds READER FILE SECONDS. Every answer is
appended to FILE. Ends when the time is over; `holds` begins a transaction and says `held`.
"""

import random
import sys
import time

import ifd_pcsc as pcsc

RANDOM = random.Random(8)
# What the cards understand, to be spoilt. Values of PINs are of no length that counts as a try, so that the PIN is
# verified for most of the time.
SENSIBLE = [
    bytes.fromhex(command)
    for command in (
        "00A4040000", "00A4040C0CA000000063504B43532D3135", "00A4000C023F00", "00A4000C025015", "00A4080C045015EF0D",
        "00A4040007604C41432D0000", "00A40000024331", "00A408000450004331", "00B0000000", "00B000000000", "00B00000000000",
        "00B0000000FFFF", "00B07FFFFF", "00B1000004540200FF00", "00B2010400", "00C0000000", "00C000000000",
        "0084000008", "00840000000100", "00CA006E00", "00CADF7E00", "00CA9F7F00", "80CA9F7F00", "00CB3FFF0000000A5C00",
        "00CB3FFF0AB6038301827F4A02BF8A00", "0020000100", "00200081", "0020008109" + "FF" * 9,
        "0020000109" + "41" * 9, "0024000111" + "42" * 17, "002C000109" + "43" * 9, "00220000", "0022F301",
        "002241B606840182800102", "002241B60780010281024B01", "002241A406840182800102", "002A9E9A00",
        "002A9E9A33" + "3031300d060960864801650304020105000420" + "AB" * 32, "002A90A0229020" + "CD" * 32,
        "102A90A00490028000", "002A80860381" + "0102", "0088000020" + "EF" * 32, "0086000004" + "7C028100",
        "00D6000004" + "00" * 4, "00DA010004" + "00" * 4, "00E0000004" + "00" * 4, "00E4000000", "00440000", "0046000000",
    )
]  # fmt: skip


# Where certificates are: cc-v1 and fineid-v2.
PATHS = (("3F00", "5F00", "EF09"), ("3F00", "5015", "4331"), ("3F00", "5F00", "EF0D"))


def reading():
    """A good deal of a file, so that answers are more than errors."""
    for name in RANDOM.choice(PATHS):
        yield bytes.fromhex("00A4000C02" + name)
    for _ in range(4):
        yield bytes.fromhex("00B0") + RANDOM.randrange(0x800).to_bytes(2, "big") + b"\0"


def extended(command):
    """Four bytes, and a length and an end that may or may not belong together."""
    body = command[5:]
    said = RANDOM.choice((len(body), len(body) + 1, 0, 1, 0xFF, 0x100, 0x7FFF, 0xFFFF))
    return command[:4] + b"\0" + said.to_bytes(2, "big") + body + RANDOM.choice((b"", b"\0", b"\0\0", b"\xff\xff", b"\0\0\0"))


def spoilt():
    command = bytearray(RANDOM.choice(SENSIBLE))
    way = RANDOM.randrange(8)
    if way == 0:
        return bytes(command)
    if way == 1:
        return RANDOM.randbytes(RANDOM.choice((0, 1, 3, 4, 5, 6, 7, 20, 255, 261, 262, 300)))
    if way == 2:
        return extended(bytes(command))
    if way == 3:
        size = RANDOM.choice((65535, 65534, 32768, 65000))
        return bytes(command[:4]) + b"\0" + size.to_bytes(2, "big") + RANDOM.randbytes(size) + RANDOM.choice((b"", b"\0\0"))
    if way == 4:
        return bytes(command[: RANDOM.randrange(len(command) + 1)])
    if way == 5:
        return bytes(command) + RANDOM.randbytes(RANDOM.randrange(300))
    for _ in range(RANDOM.randrange(1, 4)):
        command[RANDOM.randrange(len(command))] = RANDOM.randrange(256)
    return bytes(command)


def structure():
    """PIN_VERIFY_STRUCTURE or PIN_MODIFY_STRUCTURE, more or less."""
    command = spoilt()[:300]
    head = RANDOM.choice((19, 24)) - 4
    length = RANDOM.choice((len(command), 0, 1, len(command) + 1, 0xFFFF, 0xFFFFFFFF)).to_bytes(4, "little")
    return RANDOM.randbytes(head) + length + command


def control(card):
    code = RANDOM.choice((
        0x42000D48, 0x00313520, 0x42330006, 0x42330007, 0x4233000A, 0x42330012, 0x42330000 + RANDOM.randrange(256),
        RANDOM.getrandbits(32), 0, 0xFFFFFFFF,
    ))  # fmt: skip
    data = RANDOM.choice((structure, spoilt, lambda: b"", lambda: RANDOM.randbytes(RANDOM.randrange(65000))))()
    return card.control(code, data)


def command(card):
    if RANDOM.random() < 0.05:
        return b"".join([card.transmit(command) for command in reading()])
    return card.transmit(spoilt())


def main():
    what, reader, path, seconds = sys.argv[1:]
    do = {"commands": command, "controls": control, "holds": None}[what]
    end = time.monotonic() + float(seconds)
    with open(path, "ab") as answers, pcsc.Client() as client:
        card = client.connect(reader)
        if do is None:
            card.begin()
            print("held")
            time.sleep(float(seconds))
            return
        print("running")
        sent = 0
        while time.monotonic() < end:
            try:
                sent += 1
                answer = do(card)
                answers.write(len(answer).to_bytes(4, "big") + answer)
            except pcsc.Error:
                if sent % 50 == 0:
                    card = client.connect(reader)
        print(sent)


if __name__ == "__main__":
    main()
