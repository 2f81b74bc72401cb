"""board.h for the program that disturbs: the same structures, in the same file."""

import ctypes
import mmap
from ctypes import c_uint32, c_uint64

CARDS, PINS, CLIENTS, ERRORS = 8, 2, 5, 32


class ErrorCount(ctypes.Structure):
    _fields_ = [("code", c_uint32), ("count", c_uint32)]


class ClientCount(ctypes.Structure):
    _fields_ = [
        ("done", c_uint64),
        ("wrong", c_uint64),
        ("unexplained", c_uint64),
        ("wrong_pins", c_uint64),
        ("probes", c_uint64),
        ("resets", c_uint64 * 2),
        ("errors", ErrorCount * ERRORS),
    ]


class Structure(ctypes.Structure):
    _fields_ = [
        ("stop", c_uint32),
        ("disturbances", c_uint32),
        ("rest", c_uint32 * 2),
        ("pins", (c_uint32 * PINS) * CARDS),
        ("clients", ClientCount * CLIENTS),
    ]


class Board:
    def __init__(self, path):
        with open(path, "w+b") as f:
            f.truncate(ctypes.sizeof(Structure))
            self.memory = mmap.mmap(f.fileno(), ctypes.sizeof(Structure))
        self.content = Structure.from_buffer(self.memory)

    def set_tries(self, card, pin, tries):
        self.content.pins[card][pin] = tries << 8 | tries

    def tries(self, card, pin):
        """(lowest, highest) that the counter may be."""
        word = self.content.pins[card][pin]
        return word & 0xFF, word >> 8 & 0xFF

    def total(self, field, clients=range(CLIENTS)):
        return sum(getattr(self.content.clients[i], field) for i in clients)

    def errors(self, clients):
        """How often each code came, by code."""
        found = {}
        for client in clients:
            for error in self.content.clients[client].errors:
                if error.count:
                    found[error.code] = found.get(error.code, 0) + error.count
        return found
