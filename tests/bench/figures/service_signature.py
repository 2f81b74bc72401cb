"""A signature with a key of the CMD service, through our module, pcscd, vicard, the bridge and its two prompts, which a
program answers, against a client that only makes the same calls of the same simulator; and what of it is the bridge's start."""

import statistics

from harness import PHONE, PIN
from place import Place


def program(place, name, *arguments):
    """{series: [seconds]}"""
    done = place.run(place.bench.tool(name), *arguments)
    lines = map(str.split, done.stdout.splitlines())
    return {series: [int(sample) / 1e9 for sample in samples] for series, *samples in lines}


def prepare(place):
    place.start_simulator()
    answer = f"{place.bench.tool('prompt-answer')} {place.path('sim', 'messages')}"
    place.configure(prompt={"prompt": "command", "command": answer})
    place.vicar_reader()
    place.start_pcscd()
    place.enrol("card")
    place.vicard("card")
    place.wait_cards(1)
    return answer.split()


def measure(bench):
    count = bench.several(20, 3)
    with Place(bench) as place:
        answer = prepare(place)
        files = [place.path("sim", name) for name in ("tls-ca.pem", "cifra.pem", "credentials")]
        for _ in range(bench.rounds):
            ours = program(place, "p11-sign", place.own_module(), PIN, str(count), "1")
            direct = program(place, "cmd-client", place.endpoint, *files, PHONE, PIN,
                             place.path("sim", "messages"), str(count))  # fmt: skip
            bridge = program(place, "spawn-times", str(count), "3", place.tool("vicar-bridge"))
            prompt = program(place, "spawn-times", str(count), "0", *answer)
            # Where a person would be asked is a program, told apart: its two starts are taken off.
            prompts = 2 * statistics.median(prompt["spawn"])
            yield {
                "ours": [seconds - prompts for seconds in ours["sign"]],
                "direct calls": direct["direct"],
                "direct calls, connection kept": direct["kept"],
                "start of the bridge": bridge["spawn"],
                "two prompts": [prompts],
            }
