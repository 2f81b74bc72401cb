"""Sixteen cards in one reader, each asked by a client of its own as fast as it answers, against one card that is
asked alone; on two CPUs."""

from frame import Skip
from place import CHALLENGE, CHALLENGE_ANSWER, Place

CARDS = 16
CPUS = 2


def busy(place, ms, readers):
    """Answers a second, of each reader."""
    done = place.run(
        place.bench.tool("pcsc-busy"), str(ms), CHALLENGE, str(CHALLENGE_ANSWER), *readers
    )
    return [int(line) / ms * 1e3 for line in done.stdout.split()]


def measure(bench):
    if len(bench.cpus) < CPUS:
        raise Skip(f"{CPUS} CPUs are wanted")
    names = [f"card{i:x}" for i in range(CARDS)]
    readers = [f"Vicar 00 {slot:02X}" for slot in range(CARDS)]
    with bench.on_cpus(CPUS), Place(bench) as place:
        place.vicar_reader(CARDS)
        place.start_pcscd()
        place.make_card(names[0])
        for name in names[1:]:
            place.copy_card(names[0], name)
        for name in names:
            place.vicard(name)
        place.wait_cards(CARDS)
        for _ in range(bench.rounds):
            one = busy(place, bench.several(1000, 300), readers[:1])
            all_of_them = busy(place, bench.several(3000, 1000), readers)
            yield {
                "one card": one,
                "16 cards together": [sum(all_of_them)],
                "16 cards: the slowest": [min(all_of_them)],
                "16 cards: an equal share": [sum(all_of_them) / CARDS],
                "16 cards: the fastest": [max(all_of_them)],
            }
