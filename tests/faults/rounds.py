"""What the tests with faults share: rounds of (what is done, seed), each on a world as it was, each
judged for itself.

    test_x.py BUILD [SEEDS [CASE...]]      SEEDS as 1-20 or 7; a case by the beginning of its name
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "system")]
import verdict  # noqa: E402
from harness import World, wait_for  # noqa: E402

# How rare a fault is, by the seed: some rounds end at once, others late.
RARITY = (8, 30, 100, 300)


def plan(seed, programs, rarity=RARITY):
    return f"seed={seed} one-in={rarity[seed % len(rarity)]} in={programs}"


def seeds_of(word):
    first, _, last = word.partition("-")
    return range(int(first), int(last or first) + 1)


class FaultedWorld(World):
    """A world whose programs may be run with faults. Without them they are as always."""

    def __init__(self, build):
        super().__init__(build)
        self.env.update(verdict.SANITIZERS)
        self.faults = self.path("faults")
        self.rarity = RARITY

    def faulted_env(self, seed, programs):
        """For programs of which `programs`, with commas, are faulted."""
        return {"VICAR_FAULTS": f"{plan(seed, programs, self.rarity)} log={self.faults}"}

    def faulted(self, seed, programs, *argv, **more):
        """Runs a program to its end. Nothing may be wrong with it but what it says and its exit
        code."""
        env = {**self.faulted_env(seed, programs), **more.pop("env", {})}
        done = self.run(*argv, env=env, check=False, **more)
        self.clean(done.returncode, done.stdout)
        return done

    def clean(self, code, output):
        found = verdict.findings(code, output, asserts=False)
        assert not found, f"exit {code}: " + "\n".join(found)
        assert code in (0, 1, 2), f"exit {code}: {output}"

    def last_faults(self):
        """Which led to what is wrong, most likely."""
        try:
            with open(self.faults) as f:
                return "".join(f.readlines()[-12:])
        except FileNotFoundError:
            return ""

    @contextlib.contextmanager
    def vicard(self, name, env=()):
        """Serving card NAME, or ended when it did not come so far. In the end nothing may be wrong
        with it, nor with the bridges that it has started."""
        log = self.path("vicard.log")
        sockets = (self.path("sockets", f"{os.geteuid()}-{name}.sock"),
                   self.path("runtime", "vicar", f"{name}.ctl"))  # fmt: skip

        def said():
            with open(log) as f:
                return f.read()

        for path in sockets:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
        with open(log, "w") as f:
            process = self.popen(self.tool("vicard"), "--foreground", name, env=env, stdout=f)
        try:
            # Its word that the card is in may be what fails; without faults it comes.
            ready = (lambda: all(map(os.path.exists, sockets))) if env else lambda: "is in;" in said()
            wait_for("vicard", lambda: ready() or process.poll() is not None, 60)
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise AssertionError("vicard does not end: " + said()) from None
        self.clean(process.returncode, said())

    # The cards as they were

    def keep(self, name="kept"):
        shutil.rmtree(self.path(name), ignore_errors=True)
        shutil.copytree(self.path("data"), self.path(name), symlinks=True)

    def restore(self, name="kept"):
        shutil.rmtree(self.path("data"))
        shutil.copytree(self.path(name), self.path("data"), symlinks=True)
        if os.path.exists(self.faults):
            os.unlink(self.faults)


def main(title, world_of, cases, default):
    """`cases` maps names to functions of (world, seed) that raise AssertionError. Exits 1 when one
    did."""
    if len(sys.argv) < 2:
        sys.exit(f"usage: {sys.argv[0]} BUILD [SEEDS [CASE...]]")
    seeds = seeds_of(sys.argv[2] if len(sys.argv) > 2 else default)
    chosen = [
        name for name in cases
        if len(sys.argv) < 4 or any(name.startswith(word) for word in sys.argv[3:])
    ]  # fmt: skip
    passed, failed, done = 0, 0, {}
    with world_of(sys.argv[1]) as world:
        for name in chosen:
            for seed in seeds:
                try:
                    world.restore()
                    succeeded = cases[name](world, seed)
                    done.setdefault(name, [0, 0])[0 if succeeded else 1] += 1
                    passed += 1
                except Exception:
                    failed += 1
                    print(f"{name}, seed {seed}:\n{world.last_faults()}{traceback.format_exc()}", flush=True)
    for name, (well, ill) in done.items():
        print(f"  {title} {name}: {well} succeeded, {ill} ended in an error")
    print(f"{title}: {passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)
