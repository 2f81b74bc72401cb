"""PC/SC part 10: the structures of a PIN pad as programs write them, and how a reader offers one."""

import struct

GET_FEATURE_REQUEST = 0x42000D48
VERIFY_DIRECT, MODIFY_DIRECT, PIN_PROPERTIES, TLV_PROPERTIES = 0x06, 0x07, 0x0A, 0x12
ASCII = 0x82  # positions in bytes, left justified


def verify(command, least=4, most=8, block=8, form=ASCII, order="<"):
    """PIN_VERIFY_STRUCTURE, 2.5.2."""
    head = struct.pack("<BBBBBHBBHB3x", 30, 30, form, block, 0, least << 8 | most, 2, 0xFF, 0x0409, 0)
    return head + struct.pack(order + "I", len(command)) + command


def modify(command, old=0, new=8, confirm=3, least=4, most=8, block=8, form=ASCII):
    """PIN_MODIFY_STRUCTURE, 2.5.3."""
    head = struct.pack(
        "<BBBBBBBHBBBHBBB3x", 30, 30, form, block, 0, old, new, least << 8 | most, confirm, 2, 3, 0x0409, 0, 1, 2
    )
    return head + struct.pack("<I", len(command)) + command


def features(records):
    """{tag: control code} of the answer to GET_FEATURE_REQUEST."""
    assert len(records) % 6 == 0, records
    return dict(struct.unpack(">BxI", records[i : i + 6]) for i in range(0, len(records), 6))
