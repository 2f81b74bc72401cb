#!/usr/bin/env python3
"""How tests/bench judges: what is met, missed and broken, and how the table says it. The numbers are made up."""

import json
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402

sys.path.insert(0, os.path.join(harness.ROOT, "tests/bench"))
import frame  # noqa: E402
import report  # noqa: E402
from goals import ALONE, AT_LEAST, AT_MOST, FASTER, MORE, NEVER, RATIO, Goal  # noqa: E402

ABOUT = {"processor": "p", "cores": 2, "kernel": "k", "system": "s", "packages": {"pcscd": "1"},
         "load before": 0.1, "rounds": 3}  # fmt: skip


def rounds(ours, peer):
    """Three rounds of which the middle one is that of the two numbers."""
    return [{"ours": [ours * f] * 3, "peer": [peer]} for f in (0.5, 1, 4)]


def verdict(compare, sense, limit, ours=3e-6, peer=2e-6, unit="µs", **more):
    goal = Goal("made-up", "text", "ours", None if compare == ALONE else "peer", compare, sense, limit,
                unit, **more)  # fmt: skip
    return frame.Verdict(goal, rounds(ours, peer))


class Judged(unittest.TestCase):
    def test_the_median_of_the_rounds_is_compared_and_their_span_is_told(self):
        for compare, value, spread in (
            (ALONE, 3, (1.5, 12)),
            (RATIO, 1.5, (0.75, 6)),
            (FASTER, 2 / 3, (1 / 6, 4 / 3)),
            (MORE, 1, (-0.5, 10)),
        ):
            with self.subTest(compare):
                seen = verdict(compare, AT_MOST, 1)
                self.assertAlmostEqual(seen.value, value)
                self.assertAlmostEqual(seen.spread[0], spread[0])
                self.assertAlmostEqual(seen.spread[1], spread[1])

    def test_a_goal_is_met_at_its_limit_and_missed_beyond(self):
        self.assertTrue(verdict(RATIO, AT_MOST, 1.5).met)
        self.assertFalse(verdict(RATIO, AT_MOST, 1.4).met)
        self.assertTrue(verdict(RATIO, AT_LEAST, 1.5).met)
        self.assertFalse(verdict(RATIO, AT_LEAST, 1.6).met)

    def test_five_times_over_the_limit_is_broken(self):
        self.assertFalse(verdict(RATIO, AT_MOST, 0.31).broken)
        self.assertTrue(verdict(RATIO, AT_MOST, 0.29).broken)
        self.assertFalse(verdict(RATIO, AT_LEAST, 7.4).broken)
        self.assertTrue(verdict(RATIO, AT_LEAST, 7.6).broken)

    def test_what_is_broken_may_be_said(self):
        self.assertTrue(verdict(RATIO, AT_MOST, 0, broken=1.4).broken)
        self.assertFalse(verdict(RATIO, AT_MOST, 0.1, broken=NEVER).broken)

    def test_a_number_without_a_goal_is_neither(self):
        shown = verdict(RATIO, AT_MOST, None)
        self.assertTrue(shown.met)
        self.assertFalse(shown.broken)

    def test_p99_is_a_sample_that_one_in_a_hundred_exceeds(self):
        self.assertEqual(frame.quantile(range(1, 101), 0.99), 99)
        self.assertEqual(frame.quantile([7], 0.99), 7)

    def test_every_goal_has_its_figure_and_every_figure_a_goal(self):
        figures = os.listdir(os.path.join(frame.HERE, "figures"))
        files = {name[:-3].replace("_", "-") for name in figures if name.endswith(".py")}
        self.assertEqual(files, set(frame.names()))


class Told(unittest.TestCase):
    def test_the_table_says_what_was_missed_and_by_how_much(self):
        text = report.text(
            ABOUT,
            [verdict(RATIO, AT_MOST, 2), verdict(RATIO, AT_MOST, 1.2), verdict(ALONE, AT_MOST, None)],
            {"other": "not here"},
        )
        _, _, met, missed, shown, skipped, *_ = text.splitlines()
        self.assertRegex(met, r"3 µs +2 µs +x 1.5 +x 0.75 to x 6 +at most x 2 +met$")
        self.assertRegex(missed, r"at most x 1.2 +MISSED by 0.3, 25%$")
        self.assertRegex(shown, r"3 µs +shown$|shown$")
        self.assertEqual(skipped, "SKIP other: not here")

    def test_json_has_every_round(self):
        seen = json.loads(report.as_json(ABOUT, [verdict(RATIO, AT_MOST, 2)], {"a": rounds(1, 1)}))
        self.assertEqual(seen["goals"][0]["value"], 1.5)
        self.assertEqual([r["p50"] for r in seen["series"]["a"]["ours"]], [0.5, 1, 4])


if __name__ == "__main__":
    harness.main()
