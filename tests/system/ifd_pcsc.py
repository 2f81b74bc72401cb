"""PC/SC as a client sees it: libpcsclite through ctypes, nothing in between."""

import ctypes
from ctypes import POINTER, byref, c_char_p, c_long, c_ubyte, c_ulong, c_void_p

SUCCESS = 0
SHARED, DIRECT = 2, 3
T0, T1, RAW = 1, 2, 4
LEAVE, RESET, UNPOWER = 0, 1, 2
CHANGED, EMPTY, PRESENT = 0x0002, 0x0010, 0x0020
NOT_TRANSACTED, UNSUPPORTED_FEATURE = 0x80100016, 0x8010001F


class Error(Exception):
    def __init__(self, function, code):
        super().__init__(f"{function}: {code:08X}")
        self.code = code


class ReaderState(ctypes.Structure):
    _fields_ = [
        ("reader", c_char_p),
        ("user_data", c_void_p),
        ("current", c_ulong),
        ("event", c_ulong),
        ("atr_length", c_ulong),
        ("atr", c_ubyte * 33),
    ]


class RequestHeader(ctypes.Structure):
    _fields_ = [("protocol", c_ulong), ("length", c_ulong)]


_library = ctypes.CDLL("libpcsclite.so.1")
_SIGNATURES = {
    "SCardEstablishContext": (c_ulong, c_void_p, c_void_p, POINTER(c_long)),
    "SCardReleaseContext": (c_long,),
    "SCardListReaders": (c_long, c_char_p, c_char_p, POINTER(c_ulong)),
    "SCardGetStatusChange": (c_long, c_ulong, POINTER(ReaderState), c_ulong),
    "SCardConnect": (c_long, c_char_p, c_ulong, c_ulong, POINTER(c_long), POINTER(c_ulong)),
    "SCardDisconnect": (c_long, c_ulong),
    "SCardBeginTransaction": (c_long,),
    "SCardEndTransaction": (c_long, c_ulong),
    "SCardTransmit": (c_long, POINTER(RequestHeader), c_char_p, c_ulong, c_void_p, c_char_p,
                      POINTER(c_ulong)),
    "SCardControl": (c_long, c_ulong, c_char_p, c_ulong, c_char_p, c_ulong, POINTER(c_ulong)),
    "SCardGetAttrib": (c_long, c_ulong, c_char_p, POINTER(c_ulong)),
}
for _name, _arguments in _SIGNATURES.items():
    getattr(_library, _name).argtypes = _arguments
    getattr(_library, _name).restype = c_long


def _call(name, *arguments):
    code = getattr(_library, name)(*arguments) & 0xFFFFFFFF
    if code != SUCCESS:
        raise Error(name, code)


class Card:
    """A handle of SCardConnect."""

    def __init__(self, context, reader, mode, protocols):
        self.handle, protocol = c_long(), c_ulong()
        _call("SCardConnect", context, reader.encode(), mode, protocols, byref(self.handle),
              byref(protocol))
        self.protocol = protocol.value

    def transmit(self, command):
        header = RequestHeader(self.protocol, ctypes.sizeof(RequestHeader))
        answer, length = ctypes.create_string_buffer(65548), c_ulong(65548)
        _call("SCardTransmit", self.handle, byref(header), command, len(command), None, answer,
              byref(length))
        return answer.raw[: length.value]

    def control(self, code, data=b""):
        answer, length = ctypes.create_string_buffer(264), c_ulong()
        _call("SCardControl", self.handle, code, data, len(data), answer, 264, byref(length))
        return answer.raw[: length.value]

    def attribute(self, tag):
        value, length = ctypes.create_string_buffer(264), c_ulong(264)
        _call("SCardGetAttrib", self.handle, tag, value, byref(length))
        return value.raw[: length.value]

    def begin(self):
        _call("SCardBeginTransaction", self.handle)

    def end(self, disposition=LEAVE):
        _call("SCardEndTransaction", self.handle, disposition)

    def disconnect(self, disposition=LEAVE):
        _call("SCardDisconnect", self.handle, disposition)


class Client:
    """A context. Its socket is found through PCSCLITE_CSOCK_NAME, which is read once a process."""

    def __init__(self):
        self.context = c_long()
        _call("SCardEstablishContext", 2, None, None, byref(self.context))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        _library.SCardReleaseContext(self.context)

    def readers(self):
        length = c_ulong()
        _call("SCardListReaders", self.context, None, None, byref(length))
        names = ctypes.create_string_buffer(length.value)
        _call("SCardListReaders", self.context, None, names, byref(length))
        return [name.decode() for name in names.raw.split(b"\0") if name]

    def state(self, reader):
        """(present, number of presence changes, ATR) as they are now."""
        state = ReaderState(reader=reader.encode())
        _call("SCardGetStatusChange", self.context, 0, byref(state), 1)
        return (bool(state.event & PRESENT), state.event >> 16,
                bytes(state.atr[: state.atr_length]))

    def wait_until(self, reader, flag, milliseconds=5000):
        """Waits until the reader is EMPTY or PRESENT, by events alone."""
        state = ReaderState(reader=reader.encode())
        while not state.event & flag:
            _call("SCardGetStatusChange", self.context, milliseconds, byref(state), 1)
            state.current = state.event
        return self.state(reader)

    def wait_changes(self, reader, changes, milliseconds=5000):
        """Waits until the reader has counted so many presence changes."""
        state = ReaderState(reader=reader.encode())
        while state.event >> 16 < changes:
            _call("SCardGetStatusChange", self.context, milliseconds, byref(state), 1)
            state.current = state.event
        return state.event >> 16

    def connect(self, reader, mode=SHARED, protocols=T0 | T1):
        return Card(self.context, reader, mode, protocols)
