#!/usr/bin/env python3
"""Every replay file again, block by block, against a card that vicard serves in our reader under the
real pcscd: with real key files, over the link, in the protocol that the card's ATR names.

Blocks about remote keys are left out and named: their service is played by the in-process card alone.
Of blocks that count key requests the exchange is played; a reader does not show such requests.
"""

import glob
import hashlib
import os
import re
import shutil
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402
from harness import ROOT, World  # noqa: E402

READER = "Vicar 00 00"
# Of all files; fewer and the rule that leaves blocks out has eaten what it should not.
BLOCKS_MIN = 200


class Block:
    """One `source` with what follows it."""

    def __init__(self, file, line, text):
        self.name = f"{os.path.basename(file)}:{line}"
        self.remote = re.search(r"^card .*\bkey=\S*\bremote\b", text, re.M) is not None
        self.card = re.search(r"^card (.*?)\s*(?:#.*)?$", text, re.M)[1]
        # The lines keep their numbers.
        self.text = "\n" * (line - 1) + re.sub(r"^requests .*$", "", text, flags=re.M)


def blocks_of(file):
    with open(file) as f:
        lines = f.read().splitlines(keepends=True)
    starts = [number for number, line in enumerate(lines) if line.startswith("source ")]
    return [
        Block(file, start + 1, "".join(lines[start:end]))
        for start, end in zip(starts, [*starts[1:], len(lines)])
    ]


def files():
    return sorted(glob.glob(os.path.join(ROOT, "tests/replay/*.apdu")))


class ThroughTheReader(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = World(harness.BUILD)
        # The values of replay files are the sheets'; what a person's new PIN must not be is ours.
        cls.world.configure(card={"pin-complexity": "none"})
        try:
            cls.world.start_pcscd()
        except BaseException:
            cls.world.close()
            raise

    @classmethod
    def tearDownClass(cls):
        cls.world.close()

    def write_image(self, block, path):
        """Of the block's card; made once for all blocks that are about the same."""
        kept = self.world.path("images", hashlib.sha256(block.card.encode()).hexdigest()[:16])
        if not os.path.exists(kept):
            self.world.run(
                self.world.tool("apdu-replay"), "--image", kept,
                "--fixtures", os.path.join(ROOT, "tests/fixtures/replay"), path,
            )  # fmt: skip
        card = self.world.path("data", "vicar", "cards", "replay")
        shutil.rmtree(card, ignore_errors=True)
        shutil.copytree(kept, card)

    def play(self, block):
        path = self.world.write_private(block.name.replace(":", "-"), block.text)
        self.write_image(block, path)
        self.world.insert("replay")
        try:
            self.world.wait_card()
            done = self.world.run(
                self.world.tool("apdu-replay"), "--reader", READER, path, check=False
            )
            self.assertEqual(done.returncode, 0, done.stdout)
            self.assertEqual(done.stdout, "1 passed, 0 failed\n")
        finally:
            self.world.remove("replay")
            self.world.wait_card(present=False)

    def play_file(self, file):
        blocks = blocks_of(file)
        self.assertTrue(blocks)
        for block in blocks:
            if block.remote:
                print(f"left out: {block.name}: its key is remote", file=sys.stderr)
                continue
            with self.subTest(block.name):
                self.play(block)

    def test_most_blocks_can_be_played(self):
        playable = [block for file in files() for block in blocks_of(file) if not block.remote]
        self.assertGreaterEqual(len(playable), BLOCKS_MIN)


def name_of(file):
    return "test_" + re.sub(r"\W", "_", os.path.basename(file)[: -len(".apdu")]) + "_is_replayed"


for each in files():
    setattr(ThroughTheReader, name_of(each), lambda self, file=each: self.play_file(file))


if __name__ == "__main__":
    harness.main()
