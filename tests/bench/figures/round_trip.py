"""SCardTransmit of SELECT and GET CHALLENGE: vicard with an IAS-ECC card, a null card on the same link, and a
do-nothing handler, all in one pcscd."""

from place import CHALLENGE, CHALLENGE_ANSWER, SELECT, SELECT_ANSWER, Place

COMMANDS = {
    "SELECT": (SELECT, SELECT_ANSWER),
    "GET CHALLENGE": (CHALLENGE, CHALLENGE_ANSWER),
}
READERS = {"vicard": "Vicar 00 00", "null card": "Vicar 00 01", "null handler": "Null 00 00"}


def measure(bench):
    with Place(bench) as place:
        place.vicar_reader()
        place.null_reader()
        place.start_pcscd()
        place.make_card("a")
        place.vicard("a")
        place.wait_cards(2)
        place.null_card("b")
        place.wait_cards(3)
        for _ in range(bench.rounds):
            series = {}
            for command, (apdu, length) in COMMANDS.items():
                readers = {f"{command}: {name}": reader for name, reader in READERS.items()}
                series |= place.times(bench.several(5, 2), bench.several(1000, 200), apdu, length, readers)
            yield series
