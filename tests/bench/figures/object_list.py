"""C_Initialize to the last object listed, with 5 ms more for each command to the card: our module where nobody has
seen the card (cold) and once more there (warm), against OpenSC's; and how many commands each took."""

import os

from harness import opensc_module, wait_for
from place import Place

CARDS = ("fineid-v2", "cc-v1", "iasecc")
DELAY_US = 5000


def put_in(place, card):
    """Behind the relay; with both keys and two authorities."""
    os.mkdir(place.path("cards"), 0o700)
    place.configure(card={"socket-directory": place.path("cards")})
    place.create("card", "--card", card, "--key", "rsa2048")
    for name, issuer in (("root", ()), ("sub", ("-CA", "root.pem", "-CAkey", "root.key"))):
        place.run(
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650",
            "-subj", f"/C=FI/O=Authority/CN=The {name}", *issuer,
            "-keyout", f"{name}.key", "-out", f"{name}.pem",
        )  # fmt: skip
        place.vicar("cert", "add", "card", place.path(f"{name}.pem"), "--authority")
    with open(place.path("card.log"), "a") as log:
        place.start(place.tool("vicard"), "--foreground", "card", stdout=log)
    file = f"{os.getuid()}-card.sock"
    wait_for("socket of the card", lambda: os.path.exists(place.path("cards", file)))
    with open(place.path("commands"), "wb") as commands:
        place.start(
            place.bench.tool("slow-relay"), place.path("sockets"), "card", place.path("cards"),
            str(DELAY_US), stdout=commands,
        )  # fmt: skip
    place.wait_cards(1)


def lists(place, module, home):
    """(seconds, commands)"""
    env = {
        "HOME": home,
        "XDG_CONFIG_HOME": f"{home}/config",
        "XDG_DATA_HOME": f"{home}/data",
        "XDG_CACHE_HOME": f"{home}/cache",
    }
    before = os.path.getsize(place.path("commands"))
    done = place.run(place.bench.tool("p11-list"), module, env=env)
    lines = dict(line.split() for line in done.stdout.splitlines())
    assert int(lines["certificates"]) >= 3, done.stdout  # the key's and the authorities'
    return int(lines["list"]) / 1e9, os.path.getsize(place.path("commands")) - before


def measure_card(bench, card):
    with Place(bench) as place:
        place.vicar_reader()
        place.start_pcscd()
        put_in(place, card)
        for number in range(bench.rounds):
            series = {}
            ours, theirs = place.path(f"home{number}a"), place.path(f"home{number}b")
            os.mkdir(ours, 0o700)
            os.mkdir(theirs, 0o700)
            for state in ("cold", "warm"):
                for name, module, home in (
                    ("ours", place.own_module(), ours),
                    ("OpenSC", opensc_module(), theirs),
                ):
                    seconds, commands = lists(place, module, home)
                    series[f"{card}: {name}, {state}"] = [seconds]
                    series[f"{card}: commands of {name}, {state}"] = [commands]
            yield series


def measure(bench):
    for rounds in zip(*(measure_card(bench, card) for card in CARDS)):
        yield {name: samples for series in rounds for name, samples in series.items()}
