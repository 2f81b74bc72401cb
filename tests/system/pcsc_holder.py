"""A program that holds a card by PC/SC alone, from a test's side."""

import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


class Program:
    """pcsc_program.py at work."""

    def __init__(self, world, reader):
        self.process = world.popen(
            sys.executable, os.path.join(HERE, "pcsc_program.py"), reader, stdin=subprocess.PIPE
        )

    def tell(self, *words):
        self.process.stdin.write(" ".join(words) + "\n")
        self.process.stdin.flush()

    def hear(self):
        line = self.process.stdout.readline().strip()
        if line.startswith("Traceback"):
            raise AssertionError(self.process.stdout.read())
        return line

    def ask(self, *words):
        self.tell(*words)
        return self.hear()

    def control(self, code, data=b""):
        return self.ask("control", f"{code:x}", data.hex())

    def transmit(self, command):
        return self.ask("transmit", command.hex())

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()
