"""xent-bench-server PROGRAM: every kind of work at small sizes, and what it says of nonsense."""

import sys
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from runner import cases  # noqa: E402
from runner.process import Contestant  # noqa: E402

PROGRAM = sys.argv.pop()


class Server(unittest.TestCase):
    def setUp(self):
        self.server = Contestant("xent", [PROGRAM, 1])

    def tearDown(self):
        self.server.close()

    def test_says_who_it_is(self):
        self.assertEqual(self.server.facts["threads"], 1)
        self.assertGreaterEqual(set(self.server.facts),
                                {"version", "compiler", "simd", "processor", "openblas", "level3_mib"})

    def test_every_operation(self):
        passes = {"cross_entropy_forward": 1, "nll": 0, "nll_backward": 1, "softmax_backward": 3, "log_softmax_backward": 3}
        size = {"f32": 4, "bf16": 2, "f16": 2, "f64": 8}
        self.assertLessEqual({case.operation for case in cases.loss_cases(quick=False)}, set(cases.GRID_OPERATIONS))
        for operation in [*cases.GRID_OPERATIONS, "cross_entropy_in_place"]:
            for dtype in cases.GRID_DTYPES:
                for more in (["mean"], ["none"], ["mean", "reference"]):
                    ready = self.server.ask("prepare", "a", operation, dtype, 3, 7, *more)
                    self.assertEqual(ready["bytes"], passes.get(operation, 2) * 3 * 7 * size[dtype])
                    self.assertEqual(ready["sets"], 1)
                    self.assertGreater(self.server.seconds("a", 2, 1), 0)

    def test_what_each_row_has_is_counted_apart(self):
        for words, a_row in ((("cross_entropy", "f32", "mean"), 8), (("cross_entropy", "f64", "none"), 8 + 8 + 8),
                             (("cross_entropy_forward", "bf16", "none"), 8 + 4), (("softmax", "f32", "none"), 0),
                             (("cross_entropy_backward", "f32", "mean"), 8 + 4),
                             (("cross_entropy_backward", "f64", "mean"), 8 + 8),
                             (("nll", "bf16", "mean"), 8 + 7 * 2), (("nll", "f64", "none"), 8 + 8 + 7 * 8)):
            operation, dtype, reduction = words
            ready = self.server.ask("prepare", "a", operation, dtype, 3, 7, reduction)
            self.assertEqual(ready["row_bytes"], 3 * a_row, words)

    def test_of_an_element_a_cache_line_comes(self):
        self.assertEqual(self.server.ask("prepare", "a", "nll", "f32", 3, 1000, "mean")["row_bytes"], 3 * (8 + 64))

    def test_arithmetic_has_operations_and_no_bytes(self):
        ready = self.server.ask("prepare", "a", "fma")
        self.assertEqual((ready["bytes"], ready["operations"]), (0, 2 ** 30))
        rate = ready["operations"] / self.server.seconds("a", 1, 1)
        self.assertTrue(1e8 < rate < 1e13, rate)

    def test_the_workspace_is_that_of_the_rows(self):
        sizes = [self.server.ask("workspace", rows)["bytes"] for rows in (1, 1000, 1000000)]
        self.assertEqual(sizes, sorted(sizes))
        self.assertLess(sizes[2], 16 * 1000000)

    def test_the_reference_is_another_device(self):
        seconds = {}
        for device in ("cpu", "reference"):
            self.server.ask("prepare", device, "cross_entropy", "f32", 64, 4096, "mean", device)
            seconds[device] = min(self.server.seconds(device, 1, 1) for _ in range(3))
        self.assertGreater(seconds["reference"], 2 * seconds["cpu"])

    def test_errors_are_judged(self):
        for operation in cases.GRID_OPERATIONS:
            for dtype in cases.GRID_DTYPES:
                judged = self.server.ask("judge", operation, dtype, 50, 70)
                self.assertEqual(judged["rows"], 50)
                self.assertLess(judged["worst"], 60, f"{operation} {dtype}")
        self.assertGreater(judged["worst"] + self.server.ask("judge", "softmax", "f32", 50, 70)["worst"], 0)

    def test_large_work_takes_turns_on_several_buffers(self):
        self.assertGreater(self.server.ask("prepare", "a", "softmax", "f32", 64, 100000, "mean")["sets"], 1)

    def test_nonsense_is_answered_and_survived(self):
        for words, complaint in ((("prepare", "a", "knit"), '"knit" is not known'),
                                 (("prepare", "a", "softmax", "f32", "many"), "rows is missing or malformed"),
                                 (("prepare", "a", "softmax", "f32", 2, -3, "mean"), "classes is -3"),
                                 (("prepare", "a", "softmax", "f32", 2, 3, "mean", "abacus"), '"abacus" is not known'),
                                 (("judge", "knit", "f32", 2, 3), '"knit" is not known'),
                                 (("judge", "softmax", "f32", 2), "classes is missing"),
                                 (("prepare", "a", "train", 1), "no digits yet"),
                                 (("run", "b", 1, 1), "nothing is prepared as \"b\"")):
            with self.assertRaisesRegex(RuntimeError, complaint):
                self.server.ask(*words)
        self.server.ask("prepare", "a", "softmax", "f32", 2, 3, "mean")


unittest.main()
