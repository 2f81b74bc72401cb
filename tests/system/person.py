"""A person at a terminal: reads what a real pinentry shows on a pseudo terminal, types answers.

The person knows nothing of Vicar's insides: it sees the screen as text, decides by a regular
expression what is being asked, and types. What was seen stays in `screen` for the tests.
"""

import os
import pty
import re
import select
import threading
import time

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]|\x1b[=>]")

ENTER = "\r"
CANCEL = "\x04"  # Ctrl-D: pinentry-tty reads no Ctrl-C on a terminal that is not its own

# What pinentry-tty shows when it waits: a choice of letters, or a label and a colon at the end.
CHOICE = re.compile(r"\[([a-z]+)\]\? $")
ENTRY = re.compile(r"(?:^|\n)([^\n:]+): $")


class Person:
    """`answers` maps a regular expression over the screen since the last answer to what is typed: a
    string, a function that gets the screen text and returns one, or None to leave it unanswered.
    The first that matches is taken. Matching is tried only when pinentry waits."""

    def __init__(self, answers=()):
        self.master, self.slave = pty.openpty()
        self.tty = os.ttyname(self.slave)
        self.screen = ""
        self.since = ""
        self.asked = []
        self.answers = list(answers)
        self.unexpected = []
        self._stop, self._wake = os.pipe()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._live, daemon=True)
        self._thread.start()

    def expect(self, answers):
        """Replaces the answers; forgets what was asked so far."""
        with self._lock:
            self.answers = list(answers)
            self.asked = []
            self.unexpected = []

    def _live(self):
        while True:
            ready, _, _ = select.select([self.master, self._stop], [], [])
            if self._stop in ready:
                return
            try:
                text = os.read(self.master, 65536).decode("utf-8", "replace")
            except OSError:
                return
            with self._lock:
                text = ESCAPES.sub("", text).replace("\r", "")
                self.screen += text
                self.since += text
                if CHOICE.search(self.since) or ENTRY.search(self.since):
                    self._answer()

    def _answer(self):
        seen, self.since = self.since, ""
        self.asked.append(seen)
        for pattern, answer in self.answers:
            if re.search(pattern, seen, re.S):
                typed = answer(seen) if callable(answer) else answer
                if typed is not None:
                    os.write(self.master, typed.encode())
                return
        self.unexpected.append(seen)

    def wait_asked(self, pattern, seconds=10):
        """Waits until something that matches has been asked; returns its text."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with self._lock:
                for seen in self.asked:
                    if re.search(pattern, seen, re.S):
                        return seen
            time.sleep(0.01)
        raise AssertionError(f"nobody asked for {pattern!r}; the screen shows:\n{self.screen}")

    def close(self):
        os.write(self._wake, b"x")
        self._thread.join()
        for fd in (self.master, self.slave, self._stop, self._wake):
            os.close(fd)
