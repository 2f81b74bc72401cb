"""vicard is killed by strace at every system call of one command, over and over, each time on a card as
it was before. For the tests that say what must then be true of the card.

strace counts each kind of system call for itself: --inject=all:signal=KILL:when=N would kill at a
handful of places only. So a rehearsal tells the calls, and each is killed by its name and number.
"""

import contextlib
import re
import shutil
import subprocess

from vicard_world import RESPONSE, TRANSMIT

# How often a kill is tried whose run took other system calls than the rehearsal.
RUNS_MAX = 10


class Kills:
    """Beside VicardTest. What the card is before the command is kept by keep()."""

    def ready(self):
        """The card put in, and what precedes the command done; (process, reader)."""
        raise NotImplementedError

    def keep(self):
        """Every run begins with the card as it is now."""
        shutil.copytree(self.card(), self.path("before"))

    def strace(self, pid, *arguments):
        """Attached when this returns."""
        strace = subprocess.Popen(
            ["strace", "-o", self.path("trace"), "-p", str(pid), *arguments],
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        said = strace.stderr.readline()
        if "attached" not in said:
            strace.communicate(timeout=30)
            self.skipTest(f"SKIP: strace may not trace here: {said.strip()}")
        return strace

    def traced(self):
        with open(self.path("trace"), errors="replace") as f:
            return f.read()

    def system_calls(self):
        """From the arrival of the command on: how the wait before it looks depends on the moment at
        which strace came."""
        calls = re.findall(r"^(\w+)\(", self.traced(), re.M)
        return calls[calls.index("recvfrom") :] if "recvfrom" in calls else []

    def send(self, capdu, *strace_arguments):
        """The answer, b"" when vicard was killed before it gave one. It is dead in any case."""
        shutil.rmtree(self.card())
        shutil.copytree(self.path("before"), self.card())
        process, reader = self.ready()
        strace = self.strace(process.pid, *strace_arguments)
        answer = b""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            answer = reader.ask(TRANSMIT, 0, capdu)
        if answer:
            self.assertEqual(answer[0], RESPONSE)
            process.kill()
        strace.communicate(timeout=30)
        self.assertEqual(process.wait(timeout=30), -9, self.log())
        self.take_out(process, reader)
        return answer[1:]

    def rehearse(self, capdu, sw):
        """The system calls of the command, the last is the one that sends the answer. They are those
        of two runs in a row: OpenSSL and libc now and then ask for memory or chance once more."""
        calls = []
        for _ in range(RUNS_MAX):
            before = calls
            self.assertEqual(self.send(capdu), sw)
            calls = self.system_calls()
            calls = calls[: calls.index("sendmsg") + 1]
            if calls == before:
                return calls
        self.fail(f"no two runs make the same system calls: {before}, {calls}")

    def kill_at(self, number, calls, capdu):
        name = calls[number]
        occurrence = calls[: number + 1].count(name)
        for _ in range(RUNS_MAX):
            self.send(capdu, f"--inject={name}:signal=KILL:when={occurrence}")
            if self.system_calls() == calls[: number + 1]:
                return
        self.fail(f"not killed there, but after {self.system_calls()}")
