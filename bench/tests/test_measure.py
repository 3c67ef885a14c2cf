"""The order of measuring, with contestants that only keep a diary."""

import sys
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from runner import measure  # noqa: E402
from runner.process import Contestant, Unavailable  # noqa: E402


class Diarist:
    def __init__(self, diary, seconds):
        self.diary, self.time = diary, seconds

    def seconds(self, name, calls, warm):
        self.diary.append((name, calls, warm))
        return self.time


class Measure(unittest.TestCase):
    def test_every_round_takes_each_in_turn(self):
        diary = []
        racers = [("x", Diarist(diary, 1.0), "a", 5), ("y", Diarist(diary, 2.0), "b", 7)]
        times = measure.interleave(racers, 3, 1)
        self.assertEqual(diary, [("a", 5, 1), ("b", 7, 1)] * 3)
        self.assertEqual(times, {"x": [1.0] * 3, "y": [2.0] * 3})

    def test_calls_fill_the_time_but_are_at_least_one(self):
        self.assertEqual(measure.calls_for(Diarist([], 0.001), "a", 0.05), 50)
        self.assertEqual(measure.calls_for(Diarist([], 3.0), "a", 0.05), 1)

    def test_a_contestant_may_excuse_itself(self):
        script = 'print(\'{"unavailable": "ill today"}\')'
        with self.assertRaisesRegex(Unavailable, "ill today"):
            Contestant("x", [sys.executable, "-c", script])

    def test_a_contestant_that_dies_is_noticed(self):
        with self.assertRaisesRegex(Unavailable, "x ended with status 3"):
            Contestant("x", [sys.executable, "-c", "raise SystemExit(3)"])


unittest.main()
