"""card_transmit() of each personality, SELECT and READ BINARY in one process: commands a second."""

import os
import subprocess

from frame import ROOT


def measure(bench):
    command = [
        bench.tool("card-transmit"),
        os.path.join(ROOT, "tests/fixtures/replay"),
        str(bench.several(500, 50)),
    ]
    for _ in range(bench.rounds):
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        rates = {name: int(rate) for name, rate in map(str.split, done.stdout.splitlines())}
        series = {name: [rate] for name, rate in rates.items()}
        yield series | {"slowest": [min(rates.values())], "fastest": [max(rates.values())]}
