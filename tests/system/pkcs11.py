"""A PKCS#11 program that stays: opens the module by ctypes, as a browser would keep it open.

pkcs11-tool ends after each action; what happens to an open session when the card goes and comes
needs a program that lives on. Only what the tests need is here.
"""

import ctypes
from ctypes import POINTER, byref, c_char_p, c_ubyte, c_ulong, c_void_p

CKF_SERIAL_SESSION = 4
CKU_USER = 1
CKU_CONTEXT_SPECIFIC = 2
CKA_CLASS = 0
CKO_PRIVATE_KEY = 3
CKM_RSA_PKCS = 0x1
CKM_SHA256_RSA_PKCS = 0x40
CKR_GENERAL_ERROR = 0x5

NAMES = {
    0x000: "CKR_OK",
    0x005: "CKR_GENERAL_ERROR",
    0x030: "CKR_DEVICE_ERROR",
    0x032: "CKR_DEVICE_REMOVED",
    0x0A0: "CKR_PIN_INCORRECT",
    0x0A4: "CKR_PIN_LOCKED",
    0x0B3: "CKR_SESSION_HANDLE_INVALID",
    0x0E0: "CKR_TOKEN_NOT_PRESENT",
    0x101: "CKR_USER_NOT_LOGGED_IN",
}

# Places of the functions in CK_FUNCTION_LIST, PKCS#11 2.40.
PLACES = dict(
    C_Initialize=0,
    C_Finalize=1,
    C_GetSlotList=4,
    C_OpenSession=12,
    C_CloseSession=13,
    C_Login=18,
    C_Logout=19,
    C_FindObjectsInit=26,
    C_FindObjects=27,
    C_FindObjectsFinal=28,
    C_SignInit=42,
    C_Sign=43,
    C_WaitForSlotEvent=67,
)


class FunctionList(ctypes.Structure):
    _fields_ = [("version", c_ubyte * 2), ("functions", c_void_p * 68)]


class Attribute(ctypes.Structure):
    _fields_ = [("type", c_ulong), ("value", c_void_p), ("length", c_ulong)]


class Mechanism(ctypes.Structure):
    _fields_ = [("mechanism", c_ulong), ("parameter", c_void_p), ("length", c_ulong)]


class Error(Exception):
    def __init__(self, function, value):
        super().__init__(f"{function}: {NAMES.get(value, hex(value))}")
        self.name = NAMES.get(value, hex(value))


class Module:
    def __init__(self, path):
        library = ctypes.CDLL(path)
        listed = POINTER(FunctionList)()
        if library.C_GetFunctionList(byref(listed)) != 0:
            raise Error("C_GetFunctionList", 5)
        self._functions = listed.contents.functions
        self("C_Initialize", None)

    def __call__(self, name, *arguments):
        function = ctypes.CFUNCTYPE(c_ulong)(self._functions[PLACES[name]])
        function.argtypes = None
        value = function(*arguments)
        if value != 0:
            raise Error(name, value)

    def slots(self):
        count = c_ulong(32)
        slots = (c_ulong * 32)()
        self("C_GetSlotList", c_ubyte(1), slots, byref(count))
        return list(slots[: count.value])

    def open(self, slot):
        session = c_ulong()
        self("C_OpenSession", c_ulong(slot), c_ulong(CKF_SERIAL_SESSION), None, None, byref(session))
        return session

    def login(self, session, pin, user=CKU_USER):
        self("C_Login", session, c_ulong(user), c_char_p(pin.encode()), c_ulong(len(pin)))

    def private_key(self, session):
        kind = c_ulong(CKO_PRIVATE_KEY)
        template = Attribute(CKA_CLASS, ctypes.cast(byref(kind), c_void_p), ctypes.sizeof(kind))
        self("C_FindObjectsInit", session, byref(template), c_ulong(1))
        key, count = c_ulong(), c_ulong()
        self("C_FindObjects", session, byref(key), c_ulong(1), byref(count))
        self("C_FindObjectsFinal", session)
        if count.value != 1:
            raise Error("C_FindObjects found no key", 0x101)
        return key

    def sign(self, session, key, mechanism, data, pin=None):
        """With `pin`, for a key with CKA_ALWAYS_AUTHENTICATE."""
        self("C_SignInit", session, byref(Mechanism(mechanism, None, 0)), key)
        if pin:
            self.login(session, pin, CKU_CONTEXT_SPECIFIC)
        signature = (c_ubyte * 1024)()
        length = c_ulong(1024)
        self("C_Sign", session, c_char_p(data), c_ulong(len(data)), signature, byref(length))
        return bytes(signature[: length.value])

    def wait(self):
        """The slot where a card came or went."""
        slot = c_ulong()
        self("C_WaitForSlotEvent", c_ulong(0), byref(slot), None)
        return slot.value

    def close(self):
        self("C_Finalize", None)
