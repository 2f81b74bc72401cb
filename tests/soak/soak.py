#!/usr/bin/env python3
"""Soak: APDUs and signatures with local keys through pcscd for a long time, while cards come and go, vicard
and pcscd are killed and started again, and clients are killed in the midst of a transaction.

usage: tests/soak/soak.py BUILD [--short] [--seed N] [--verbose]

Four clients run all the time, two for each reader: soak-apdu by PC/SC alone, soak-sign by the PKCS#11
module. They check each answer, come back by themselves, and tell what they saw on a board of shared
memory (board.h), which also has the model of the PIN counters. This program disturbs them in an order that
the seed repeats, compares the counters on disk with the model whenever a card's process has ended, and
measures the processes.

In the first half pcscd is restarted and killed too. In the second it lives on, and so does the process of
one card, so that a leak has time to show; everything else goes on as before.
"""

import argparse
import os
import random
import select
import signal
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "system")]
from harness import World, ended, wait_for  # noqa: E402
from soak_board import Board  # noqa: E402
from soak_cards import KINDS, Card  # noqa: E402
from soak_measure import Measure, measure  # noqa: E402

READERS = ("Vicar 00 00", "Vicar 00 01")
APDU, SIGN, HOLD = (0, 1), (2, 3), 4
# No client may be without an answer for so long.
HANG_S = 120
# A leak of half a byte for each APDU of the second half, or of 100 bytes for each signature, is more
# than that in the full run. Within it are what malloc keeps for one more thread at a time, and
# the pages of a library that are touched for the first time: those who sign come to the same 7 MiB each
# time, but not at the same time.
RSS_TOLERANCE_KIB, RSS_TOLERANCE_SIGN_KIB = 256, 512
# A card that has no more tries left than that is not killed: two kills more, each inside VERIFY, and it
# would be blocked, rightly.
TRIES_SPARED = 1

# The short form ends after its time, since it has to end on a machine that does other things too; what it
# must have done by then, it does on two cores in a fifth of that.
FULL = {"apdus": 1_000_000, "signatures": 10_000, "seconds": None, "pause": 3.0, "interval": 1.0}
SHORT = {"apdus": 10_000, "signatures": 100, "seconds": 90, "pause": 0.5, "interval": 0.25}

NAMES = {
    0x005: "CKR_GENERAL_ERROR", 0x030: "CKR_DEVICE_ERROR", 0x032: "CKR_DEVICE_REMOVED",
    0x060: "CKR_KEY_HANDLE_INVALID", 0x082: "CKR_OBJECT_HANDLE_INVALID",
    0x0A0: "CKR_PIN_INCORRECT", 0x0A4: "CKR_PIN_LOCKED", 0x0B3: "CKR_SESSION_HANDLE_INVALID",
    0x0E0: "CKR_TOKEN_NOT_PRESENT", 0x0E1: "CKR_TOKEN_NOT_RECOGNIZED", 0x101: "CKR_USER_NOT_LOGGED_IN",
    0x80100003: "SCARD_E_INVALID_HANDLE", 0x80100009: "SCARD_E_UNKNOWN_READER",
    0x8010000A: "SCARD_E_TIMEOUT", 0x8010000B: "SCARD_E_SHARING_VIOLATION",
    0x8010000C: "SCARD_E_NO_SMARTCARD", 0x8010000F: "SCARD_E_PROTO_MISMATCH",
    0x80100010: "SCARD_E_NOT_READY", 0x80100013: "SCARD_F_COMM_ERROR",
    0x80100016: "SCARD_E_NOT_TRANSACTED", 0x80100017: "SCARD_E_READER_UNAVAILABLE",
    0x8010001D: "SCARD_E_NO_SERVICE", 0x8010001E: "SCARD_E_SERVICE_STOPPED",
    0x8010002E: "SCARD_E_NO_READERS_AVAILABLE", 0x80100066: "SCARD_W_UNRESPONSIVE_CARD",
    0x80100067: "SCARD_W_UNPOWERED_CARD", 0x80100068: "SCARD_W_RESET_CARD",
    0x80100069: "SCARD_W_REMOVED_CARD", 0x8010006A: "SCARD_W_SECURITY_VIOLATION",
}  # fmt: skip


class Soak:
    def __init__(self, world, arguments):
        self.world, self.arguments = world, arguments
        self.random = random.Random(arguments.seed)
        self.board = Board(world.path("board"))
        self.counts = {}
        self.failures = []
        self.clients = []
        self.steady = None
        self.counters_compared = 0
        self.inside = []

    # Cards, reader, clients

    def prepare(self):
        self.world.start_pcscd()
        os.environ["PCSCLITE_CSOCK_NAME"] = self.world.env["PCSCLITE_CSOCK_NAME"]
        self.cards = {name: Card(self.world, i, name) for i, name in enumerate(KINDS)}
        script = []
        for card in self.cards.values():
            self.put_in(card.name)
            script += card.learn()
            self.world.remove(card.name)
            self.inside.remove(card.name)
            for pin in range(2):
                self.board.set_tries(card.number, pin, card.maxima[pin])
        with open(self.world.path("script"), "w") as f:
            f.writelines(line + "\n" for line in script)
        with open(self.world.path("cards"), "w") as f:
            f.writelines(card.line() + "\n" for card in self.cards.values())
        for name in list(self.cards)[:2]:
            self.put_in(name)

    def client(self, program, number, reader, *more, **how):
        argv = [self.world.tool(f"tests/soak/{program}"), self.world.path("board"), str(number), reader]
        with open(self.world.path(f"{program}-{number}.log"), "a") as log:
            return self.world.popen(*argv, *more, stderr=log, **how)

    def start_clients(self):
        for i, reader in enumerate(READERS):
            self.clients.append(
                self.client("soak-apdu", APDU[i], reader, self.world.path("script"), self.new_seed())
            )
        for i, reader in enumerate(READERS):
            self.clients.append(
                self.client("soak-sign", SIGN[i], reader, self.world.path("cards"), self.new_seed(),
                            self.world.own_module())
            )  # fmt: skip

    def new_seed(self):
        return str(self.random.getrandbits(63))

    def pcscd(self):
        with open(self.world.path("pcscd", "pid")) as f:
            return int(f.read())

    def pids(self):
        """The processes that are measured."""
        found = {f"client {i}": process.pid for i, process in enumerate(self.clients)}
        try:
            found["pcscd"] = self.pcscd()
            for name in list(self.inside):
                found[f"vicard {name}"] = self.cards[name].pid()
        except (OSError, ValueError):
            pass
        return found

    def count(self, what):
        self.counts[what] = self.counts.get(what, 0) + 1

    def put_in(self, name):
        self.world.vicar("insert", name, "--wait", "30")
        self.world.inserted.add(name)
        self.inside.append(name)
        self.count("insertions")

    def take_out(self, name):
        self.inside.remove(name)
        self.world.remove(name)
        self.count("removals")
        self.compare_counters(self.cards[name])

    def compare_counters(self, card):
        """Of a card whose process has ended."""
        for pin, left in enumerate(card.counters()):
            low, high = self.board.tries(card.number, pin)
            self.counters_compared += 1
            if not low <= left <= high:
                self.failures.append(
                    f"{card.name}: {left} tries of PIN{pin + 1} on disk, {low} to {high} by the model"
                )

    # Disturbances

    def another(self):
        """A card that is in and may be disturbed."""
        return self.random.choice([name for name in self.inside if name != self.steady])

    def remove_and_insert(self):
        name = self.another()
        self.take_out(name)
        self.pause(0.3)
        self.put_in(name)

    def exchange(self):
        """Another card comes after a while."""
        name = self.another()
        self.take_out(name)
        outside = [other for other in self.cards if other not in self.inside and other != name]
        self.pause(0.3)
        self.put_in(self.random.choice(outside))

    def swap(self):
        name = self.another()
        come = self.random.choice([other for other in self.cards if other not in self.inside])
        self.inside.remove(name)
        self.world.vicar("swap", name, come)
        self.world.inserted.discard(name)
        self.world.inserted.add(come)
        self.inside.append(come)
        self.count("swaps")
        self.compare_counters(self.cards[name])

    def kill_vicard(self, number, what):
        card = self.cards[self.another()]
        choice = self.random.random()
        if min(card.counters()) <= TRIES_SPARED:
            self.count("spared, as few tries are left")
            return
        pid = card.pid()
        os.kill(pid, number)
        wait_for("end of vicard", lambda: ended(pid), 30)
        self.inside.remove(card.name)
        self.count(what)
        self.compare_counters(card)
        if choice < 0.5:
            self.pause(0.2)
        self.put_in(card.name)

    def kill_vicard_9(self):
        self.kill_vicard(signal.SIGKILL, "vicard kills (KILL)")

    def kill_vicard_15(self):
        self.kill_vicard(signal.SIGTERM, "vicard kills (TERM)")

    def restart_pcscd(self):
        self.world.stop_pcscd()
        self.pause(0.3)
        self.start_pcscd()
        self.count("pcscd restarts")

    def kill_pcscd(self):
        pid = self.pcscd()
        os.kill(pid, signal.SIGKILL)
        wait_for("end of pcscd", lambda: ended(pid), 30)
        self.start_pcscd()
        self.count("pcscd kills (KILL)")

    def start_pcscd(self):
        self.world.start_pcscd()
        wait_for("connected cards", lambda: all(map(self.connected, self.inside)), 30)

    def connected(self, name):
        return "reader: connected" in self.world.vicar("status", name, check=False).stdout

    def kill_client(self):
        """In the midst of a transaction, which is what others wait for."""
        process = self.client("soak-apdu", HOLD, self.random.choice(READERS), self.world.path("script"),
                              self.new_seed(), "hold")  # fmt: skip
        if not select.select([process.stdout], [], [], HANG_S)[0]:
            raise AssertionError(f"no client could begin a transaction for {HANG_S} s")
        self.pause(0.1)
        resets = self.board.content.clients[HOLD].resets
        resets[0] += 1  # pcscd resets the card that it held
        process.kill()
        process.communicate()
        self.pause(0.3)
        resets[1] += 1
        self.count("clients killed in a transaction")

    def ask(self):
        for name in self.inside:
            self.world.vicar("status", name)
        self.count("vicar status")

    EVENTS = (
        (remove_and_insert, 4), (exchange, 4), (swap, 4), (kill_vicard_9, 6), (kill_vicard_15, 2),
        (kill_client, 3), (ask, 1), (restart_pcscd, 3), (kill_pcscd, 3),
    )  # fmt: skip
    SECOND_HALF = EVENTS[:-2]
    KINDS = ("insertions", "removals", "swaps", "vicard kills (KILL)", "vicard kills (TERM)",
             "pcscd restarts", "pcscd kills (KILL)", "clients killed in a transaction", "vicar status")

    def pause(self, seconds):
        time.sleep(self.random.uniform(0, seconds))

    def disturb(self, events):
        happens = self.random.choices([e[0] for e in events], [e[1] for e in events])[0]
        if self.arguments.verbose:
            print(f"{time.time():.3f} {happens.__name__} {self.inside}", file=sys.stderr, flush=True)
        self.board.content.disturbances += 1
        happens(self)
        self.board.content.disturbances += 1

    # The run

    def progress(self):
        """Of the goal that is farther away, or of the time, from 0 to 1."""
        shares = [
            self.board.total("done", APDU) / self.arguments.apdus,
            self.board.total("done", SIGN) / self.arguments.signatures,
        ]
        for kind, share in enumerate(shares):
            self.board.content.rest[kind] = share > min(shares) + 0.02
        if self.arguments.seconds:
            return (time.monotonic() - self.begun) / self.arguments.seconds
        return min(shares)

    def check_clients(self):
        """They live, and each has had an answer not long ago."""
        now = time.monotonic()
        for i, process in enumerate(self.clients):
            done = self.board.content.clients[i].done
            if done != self.seen.get(i, (None,))[0]:
                self.seen[i] = (done, now)
            if process.poll() is not None:
                raise AssertionError(f"client {i} ended: {process.returncode}")
            if now - self.seen[i][1] > HANG_S:
                self.show_stacks(process.pid)
                raise AssertionError(f"client {i}: no right answer for {HANG_S} s")

    def show_stacks(self, pid):
        for what in ("stack", "wchan", "status"):
            print(self.world.run("cat", f"/proc/{pid}/{what}", check=False).stdout, file=sys.stderr)

    def until(self, progress, events):
        while self.progress() < progress:
            self.check_clients()
            self.disturb(events)
            self.pause(self.arguments.pause)

    def run(self):
        self.prepare()
        self.seen = {}
        self.start_clients()
        self.measure = Measure(self.pids, self.arguments.interval)
        self.measure.start()
        self.begun = time.monotonic()
        for event in self.random.sample(self.EVENTS, len(self.EVENTS)):
            self.disturb([event])
            self.pause(self.arguments.pause)
        self.until(0.5, self.EVENTS)
        self.steady = self.random.choice(self.inside)
        self.steady_pid, self.lasting_pcscd = self.cards[self.steady].pid(), self.pcscd()
        self.until(1, self.SECOND_HALF)
        self.seconds = time.monotonic() - self.begun
        self.measure.stop()

    # What became of it

    def check(self, what, right, detail=""):
        self.verdicts.append(right)
        print(f"{'ok    ' if right else 'FAILED'} {what}{': ' + str(detail) if detail != '' else ''}")

    def stop_clients(self):
        self.board.content.stop = 1
        codes = []
        for process in self.clients:
            try:
                codes.append(process.wait(timeout=HANG_S))
            except subprocess.TimeoutExpired:
                self.show_stacks(process.pid)
                process.kill()
                codes.append("hung")
        return codes

    @staticmethod
    def settled(pid):
        """What it is when nothing happens any more."""
        before, same = measure(pid), 0
        while same < 10:
            time.sleep(0.1)
            now = measure(pid)
            same = same + 1 if now[1:] == before[1:] else 0
            before = now
        return before[1:]

    def check_flat(self, what, name, pid, measured=statistics.median, more=RSS_TOLERANCE_KIB):
        """The second half of its life against what it was after warming up, a quarter of it."""
        series = self.measure.of(name, pid)
        if len(series.samples) < 20:
            self.check(f"{what}: RSS", False, f"only {len(series.samples)} samples")
            return
        warm, late = series.rss(measured, 0.25, 0.5), series.rss(measured, 0.5, 1)
        self.check(f"{what}: RSS is flat, at most {more} KiB more",
                   late - warm <= more, f"{warm} KiB, then {late} KiB")  # fmt: skip

    def check_processes(self):
        for kind, numbers, more in (
            ("soak-apdu", APDU, RSS_TOLERANCE_KIB),
            ("soak-sign", SIGN, RSS_TOLERANCE_SIGN_KIB),
        ):
            for i in numbers:
                self.check_flat(f"{kind} {i}", f"client {i}", self.clients[i].pid, more=more)
        self.check_flat("pcscd", "pcscd", self.lasting_pcscd)
        # While a key is opened, it has 16 MiB more, for scrypt.
        self.check_flat(f"vicard {self.steady}", f"vicard {self.steady}", self.steady_pid, min)
        self.check("pcscd and this vicard lived through the second half",
                   (self.pcscd(), self.cards[self.steady].pid())
                   == (self.lasting_pcscd, self.steady_pid))  # fmt: skip

    def check_descriptors(self):
        """Without clients, against processes that have just begun, with the same cards."""
        old = self.settled(self.lasting_pcscd), self.settled(self.steady_pid)
        self.world.stop_pcscd()
        self.start_pcscd()
        self.take_out(self.steady)
        self.put_in(self.steady)
        new = self.settled(self.pcscd()), self.settled(self.cards[self.steady].pid())
        for what, before, after in zip(("pcscd", "vicard"), old, new):
            self.check(f"{what}: as many descriptors and threads as a new one", before == after,
                       f"{before}, {after}")  # fmt: skip

    def check_nothing_left(self):
        pids = [card.pid() for card in self.cards.values()]
        for name in list(self.inside):
            self.take_out(name)
        left = os.listdir(self.world.path("sockets"))
        left += [name for name in os.listdir(self.world.path("runtime", "vicar")) if ".ctl" in name]
        wait_for("end of vicard", lambda: all(map(ended, pids)), 30)
        self.check("no socket is left", not left, left or "")

    def report(self):
        self.verdicts = []
        board = self.board
        codes = self.stop_clients()
        self.check("clients ended well", codes == [0] * 4, codes)
        for what, clients, goal in (("APDUs", APDU, self.arguments.apdus),
                                    ("signatures", SIGN, self.arguments.signatures)):  # fmt: skip
            self.check(what, board.total("done", clients) >= goal, board.total("done", clients))
        self.check("no wrong answer", board.total("wrong") == 0, board.total("wrong"))
        self.check("each error may come, and has a disturbance that explains it", board.total("unexplained") == 0,
                   board.total("unexplained"))  # fmt: skip
        self.check_processes()
        self.check_descriptors()
        self.check_nothing_left()
        self.check("PIN counters are what the model says", not self.failures,
                   "; ".join(self.failures) or
                   f"{board.total('wrong_pins')} wrong PINs, {board.total('probes')} counters asked of "
                   f"cards, {self.counters_compared} read on disk")  # fmt: skip
        missing = set(self.KINDS) - set(self.counts)
        self.check("each kind of disturbance happened", not missing, missing or "")
        self.check("wrong PINs were tried by both", board.total("wrong_pins", APDU) > 0
                   and board.total("wrong_pins", SIGN) > 0)  # fmt: skip
        self.show_logs()
        self.table()
        failed = self.verdicts.count(False)
        print(f"{self.verdicts.count(True)} passed, {failed} failed")
        return failed == 0

    def show_logs(self):
        """What clients found wrong."""
        for i in range(5):
            program = "soak-sign" if i in SIGN else "soak-apdu"
            try:
                with open(self.world.path(f"{program}-{i}.log")) as f:
                    found = [line for line in f if "WRONG" in line or "UNEXPLAINED" in line]
                    for line in found[:10]:
                        print(f"  {program} {i}: {line.rstrip()[:400]}")
            except FileNotFoundError:
                pass

    def table(self):
        board = self.board
        print(f"\nseed {self.arguments.seed}, {self.seconds:.0f} s")
        rows = [("APDUs, without those of the signatures", board.total("done", APDU)),
                ("signatures, each verified", board.total("done", SIGN)),
                ("wrong PINs", board.total("wrong_pins")),
                *sorted(self.counts.items())]  # fmt: skip
        for what, number in rows:
            print(f"  {what:42} {number:9}")
        print(f"\n  {'RSS in KiB / descriptors':26} {'start':>12} {'middle':>12} {'end':>12}")
        for (name, pid), series in self.measure.series.items():
            shown = name.startswith("client") or pid in (self.lasting_pcscd, self.steady_pid)
            if shown:
                if name.startswith("client"):
                    name = f"soak-{'apdu' if int(name[-1]) in APDU else 'sign'} {name[-1]}"
                cells = ["{:>7} / {:>2}".format(*series.at(share)[:2]) for share in (0, 0.5, 1)]
                print(f"  {name:26} {' '.join(f'{cell:>12}' for cell in cells)}")
        for what, clients in (("PC/SC", (*APDU, HOLD)), ("PKCS#11", SIGN)):
            print(f"\n  errors of {what} clients, by kind")
            for code, number in sorted(board.errors(clients).items()):
                print(f"    {NAMES.get(code, hex(code)):40} {number:9}")


def arguments():
    parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1].splitlines()[0])
    parser.add_argument("build")
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4), "big"))
    parser.add_argument("--verbose", action="store_true", help="each disturbance on standard error")
    found = parser.parse_args()
    for name, value in (SHORT if found.short else FULL).items():
        setattr(found, name, value)
    return found


def main():
    given = arguments()
    if os.geteuid() != 0:
        print("SKIP: only root may look at the descriptors of a process that is not dumpable")
        print("0 passed, 0 failed, 1 skipped")
        return 0
    print(f"SEED={given.seed}", flush=True)
    with World(given.build) as world:
        soak = Soak(world, given)
        try:
            soak.run()
            return 0 if soak.report() else 1
        finally:
            soak.board.content.stop = 1
            for process in soak.clients:
                process.kill()


if __name__ == "__main__":
    sys.exit(main())
