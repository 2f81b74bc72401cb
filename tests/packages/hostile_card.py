"""A card's process that means ill: hostile_card.py MANNER DIRECTORY UID. Says `listening` once its socket is there.

Each manner is a function that has the connection of a reader that has just called; what it does to requests is
up to it. Those of WHOLE have the directory to themselves.
"""

import os
import random
import socket
import struct
import sys
import time

ATR = bytes.fromhex("3b8181016160")
HELLO, POWERED, DONE, RESPONSE, BUSY = (bytes([kind]) for kind in (1, 2, 3, 4, 5))
GREETING = HELLO + b"\x01" + ATR
TRANSMIT = 0x84
GOOD = {0x81: POWERED + ATR, 0x82: POWERED + ATR, 0x83: DONE}
SIZES = (0, 1, 2, 3, 33, 34, 35, 256, 258, 65538, 65539, 65540, 70000, 150000)
RANDOM = random.Random(6)


def requests(link):
    """What a reader asks that expects nothing bad; power is answered, commands are for the caller."""
    while asked := link.recv(70000):
        if asked[0] in GOOD:
            link.send(GOOD[asked[0]])
        else:
            yield asked


def garbage(link):
    """Answers of every length, the right kind in front or not."""
    link.send(GREETING)
    for _ in requests(link):
        kind = RESPONSE if RANDOM.random() < 0.7 else RANDOM.randbytes(1)
        link.send(kind + RANDOM.randbytes(RANDOM.choice(SIZES)))


def rude(link):
    """What is no hello."""
    size = RANDOM.choice(SIZES)
    link.send(RANDOM.choice((GREETING[:1], GREETING[:2], b"\x01\x02" + ATR, b"\x00" * 300, b"")) + RANDOM.randbytes(size))
    link.recv(100)


def mute(link):
    link.send(GREETING)
    for _ in requests(link):
        time.sleep(3600)


def late(link):
    """Answers when nobody waits any more, and what was never asked."""
    link.send(GREETING)
    for _ in requests(link):
        time.sleep(RANDOM.random())
        link.send(RESPONSE + b"\x90\x00")
        link.send(RESPONSE + b"\x90\x01")
        link.send(POWERED + ATR)


def busy(link):
    """Says without a pause that somebody is waited for."""
    link.send(GREETING)
    for _ in requests(link):
        while True:
            link.send(BUSY)


def powerless(link):
    """The same of power: nobody else's reader may wait for it when pcscd begins."""
    link.send(GREETING)
    link.recv(70000)
    while True:
        link.send(BUSY)


def hellos(link):
    while True:
        link.send(GREETING)


def comes_and_goes(link):
    link.send(GREETING)


def oversized(link):
    link.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
    link.send(GREETING)
    for _ in requests(link):
        link.send(RESPONSE + bytes(200000))


def descriptors(link):
    """As many as one message holds, with every message, and messages of nothing else."""
    many = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack("250i", *[0] * 250))]
    link.sendmsg([GREETING], many)
    while asked := link.recv(70000):
        link.sendmsg([GOOD.get(asked[0], RESPONSE + b"\x90\x00")], many)
        if asked[0] == TRANSMIT and RANDOM.random() < 0.3:
            link.sendmsg([b""], many)


def listener(path):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.bind(path)
    s.listen(8)
    return s


def serve(manner, path):
    s = listener(path)
    print("listening")
    while True:
        link, _ = s.accept()
        try:
            manner(link)
        except OSError:
            pass
        link.close()


def new_socket(path):
    """Another socket under the same name, thousands of times; the reader calls each of them."""
    print("listening")
    while True:
        s = listener(path)
        s.settimeout(0.002)
        try:
            link, _ = s.accept()
            link.send(GREETING)
            link.close()
        except OSError:
            pass
        s.close()
        os.unlink(path)


def litter(path):
    """Thousands of files that look like sockets by their names, and each moment another one."""
    for number in range(5000):
        os.close(os.open(path.replace(".sock", f"{number}.sock"), os.O_CREAT | os.O_WRONLY, 0o644))
    print("listening")
    while True:
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o644))
        os.unlink(path)


def swarm(path):
    """Hundreds of cards; each that is called is one."""
    import selectors

    ready = selectors.DefaultSelector()
    for number in range(300):
        ready.register(listener(path.replace(".sock", f"{number:03}.sock")), selectors.EVENT_READ, "listener")
    print("listening")
    while True:
        for key, _ in ready.select():
            try:
                if key.data == "listener":
                    link, _ = key.fileobj.accept()
                    ready.register(link, selectors.EVENT_READ, "link")
                    link.send(GREETING)
                    continue
                asked = key.fileobj.recv(70000)
                if asked and asked[0] != 0x8F:
                    key.fileobj.send(GOOD.get(asked[0], RESPONSE + b"\x90\x00"))
                    continue
            except OSError:
                pass
            if key.data == "link":
                ready.unregister(key.fileobj)
                key.fileobj.close()


MANNERS = {f.__name__: f for f in (garbage, rude, mute, late, busy, powerless, hellos, comes_and_goes, oversized, descriptors)}
WHOLE = {f.__name__: f for f in (new_socket, litter, swarm)}

if __name__ == "__main__":
    name, directory, uid = sys.argv[1:]
    where = f"{directory}/{uid}-aaa.sock"
    WHOLE[name](where) if name in WHOLE else serve(MANNERS[name], where)
