"""64 KiB in one answer: the card engine on our link, a null card on the same, and a do-nothing handler."""

from place import Place

LENGTH = 65536
READ_BINARY = "00B00000000000"  # an extended Le of 0000, 65,536 bytes
ANSWERS = f"B0={LENGTH}"
READERS = {
    "engine": "Vicar 00 00",
    "null card": "Vicar 00 01",
    "null handler": "Null 00 00",
}


def measure(bench):
    with Place(bench) as place:
        place.vicar_reader()
        place.null_reader(ANSWERS)
        place.start_pcscd()
        place.bench_card("engine-card", "a")
        place.wait_cards(2)
        place.null_card("b", ANSWERS)
        place.wait_cards(3)
        for _ in range(bench.rounds):
            yield place.times(bench.several(5, 2), bench.several(200, 50), READ_BINARY, LENGTH, READERS)
