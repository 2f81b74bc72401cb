"""Stands on the link (ifdhandler/link.h) between reader and card: counts the commands that reach the
card, keeps them, and may make each take longer, as a plastic card does.

What programs send is seen here whatever library they send it with, and nothing else is: pcscd adds no
command of its own.
"""

import os
import select
import socket
import threading
import time
import typing

from harness import wait_for

TRANSMIT, RESPONSE = 0x84, 0x04
MESSAGE_MAX = 65546


class Exchange(typing.NamedTuple):
    command: bytes
    response: bytes

    def __str__(self):
        return f"> {self.command.hex()}\n< {self.response.hex()}"


class Relay:
    """The card's socket is in `card_directory`; the reader looks into `reader_directory`."""

    def __init__(self, name, card_directory, reader_directory):
        file = f"{os.getuid()}-{name}.sock"
        self.card_path = os.path.join(card_directory, file)
        self.path = os.path.join(reader_directory, file)
        self.exchanges = []
        self.delay_s = 0
        self.wake, self.ending = os.pipe()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def close(self):
        os.close(self.ending)
        self.thread.join()
        os.close(self.wake)

    def take(self):
        """What was exchanged since the last time."""
        taken, self.exchanges = self.exchanges, []
        return taken

    def _run(self):
        """The reader finds the card when both are there."""
        wait_for("socket of the card", lambda: os.path.exists(self.card_path), 60)
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
            before = os.umask(0)
            listener.bind(self.path)
            os.umask(before)
            listener.listen(1)
            try:
                while self._readable(listener):
                    reader, _ = listener.accept()
                    with reader, socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as card:
                        wait_for("card that listens", lambda: self._connects(card), 60)
                        self._carry(reader, card)
            except FileNotFoundError:
                pass  # the card was taken out
            finally:
                os.unlink(self.path)

    def _connects(self, card):
        """The socket's file is there before the card listens."""
        try:
            card.connect(self.card_path)
        except ConnectionRefusedError:
            return False
        return True

    def _readable(self, *sockets):
        """Empty when the relay ends."""
        ready, _, _ = select.select([self.wake, *sockets], [], [])
        return [] if self.wake in ready else ready

    def _carry(self, reader, card):
        command = b""
        while ready := self._readable(reader, card):
            for end in ready:
                message = end.recv(MESSAGE_MAX)
                if not message:
                    return
                if end is reader and message[0] == TRANSMIT:
                    command = message[2:]
                elif end is card and message[0] == RESPONSE:
                    self.exchanges.append(Exchange(command, message[1:]))
                    time.sleep(self.delay_s)
                (card if end is reader else reader).send(message)
