"""A desktop that nobody sees (Xvfb), and a person before it who types (xdotool)."""

import os
import re
import subprocess

from consumer import wait_for


class Desktop:
    """Ends with the test. Programs on it are started with `env`. Xvfb would begin anew, and refuse
    clients for a moment, whenever the last one left (-noreset)."""

    def __init__(self, test):
        self.test = test
        read, write = os.pipe()
        self.process = test.popen(
            "Xvfb", "-displayfd", str(write), "-noreset", "-screen", "0", "1280x900x24",
            "-nolisten", "tcp",
            stdout=subprocess.DEVNULL, pass_fds=[write],
        )  # fmt: skip
        os.close(write)
        with os.fdopen(read) as number:
            display = number.readline().strip()
        test.assertTrue(display, "Xvfb did not start")
        self.env = {"DISPLAY": ":" + display}

    def xdotool(self, *arguments):
        done = self.test.run_program("xdotool", *arguments, env=self.env, check=False)
        return done.stdout

    def windows(self, title):
        """Those that can be seen and have this title, a regular expression."""
        return re.findall(r"^\d+$", self.xdotool("search", "--onlyvisible", "--name", title), re.M)

    def titles(self):
        windows = self.windows(".+")
        return [self.xdotool("getwindowname", window).strip() for window in windows]

    def wait_window(self, title, seconds=60):
        """Its number."""
        try:
            return wait_for(title, lambda: self.windows(title), seconds)[0]
        except AssertionError as e:
            raise AssertionError(f"{e}; there are {self.titles()}") from None

    def answer(self, keys, until, window=None, seconds=60):
        """Types `keys`, as xdotool calls them, each second until it took effect: what has just appeared
        does not listen yet. `window` is the title of the one that gets them, where several are open."""

        def try_once():
            for number in self.windows(window) if window else ():
                self.xdotool("windowfocus", number)
            self.xdotool("key", "--delay", "50", *keys)
            try:
                return wait_for("effect", until, 1)
            except AssertionError:
                return None

        try:
            return wait_for(f"effect of {keys}", try_once, seconds)
        except AssertionError as e:
            raise AssertionError(f"{e}; there are {self.titles()}") from None
