"""A program that uses whatever is in a reader: any_client.py READER. Whatever fails is tried again, for ever."""

import sys
import time

import ifd_pcsc as pcsc

print("running")
while True:
    try:
        with pcsc.Client() as client:
            card = client.connect(sys.argv[1])
            for number in range(200):
                card.transmit(bytes.fromhex("00A4040000") if number % 5 else bytes(300))
            card.disconnect(pcsc.RESET)
    except pcsc.Error:
        time.sleep(0.005)
