#!/usr/bin/env python3
"""A program that holds a card by PC/SC alone: pcsc_program.py READER reads a line and answers it with bytes
in hexadecimal, or with `error CODE`. A process of its own, since libpcsclite reads where pcscd is once.

    transmit HEX
    control CODE [HEX]
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import ifd_pcsc as pcsc  # noqa: E402

with pcsc.Client() as client:
    card = client.connect(sys.argv[1])
    for line in sys.stdin:
        action, *words = line.split()
        try:
            if action == "transmit":
                answer = card.transmit(bytes.fromhex(words[0]))
            else:
                answer = card.control(int(words[0], 16), bytes.fromhex("".join(words[1:])))
            print(answer.hex(), flush=True)
        except pcsc.Error as error:
            print(f"error {error.code:08X}", flush=True)
