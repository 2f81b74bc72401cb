"""Commands of every kind for tests/system/ifd-valgrind.sh: good ones, long ones, and each way in which
the fake card can fail."""

import ifd_pcsc as pcsc

READER = "Vicar 00 00"
FAILURES = ("80140000", "80150000", "80160000", "80170000", "80180000", "801A0000", "80131770")

with pcsc.Client() as client:
    client.wait_until(READER, pcsc.PRESENT, 30000)
    for failure in FAILURES:
        changes = client.wait_until(READER, pcsc.PRESENT, 30000)[1]
        card = client.connect(READER)
        assert len(card.transmit(bytes.fromhex("80100000"))) == 65538
        assert card.transmit(bytes.fromhex("80110000") + bytes(65540)).hex() == "000100089000"
        assert card.transmit(bytes.fromhex("80120100")).hex() == "9000"
        card.control(0x42000D48)
        card.attribute(0x00090303)
        try:
            card.transmit(bytes.fromhex(failure))
            raise SystemExit(f"{failure} did not fail")
        except pcsc.Error:
            pass
        client.wait_changes(READER, changes + 2, 30000)
        card.disconnect(pcsc.RESET)
