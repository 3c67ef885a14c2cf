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
        for operation in sorted({case.operation for case in cases.loss_cases(quick=False)}):
            for dtype, reduction in (("f32", "mean"), ("bf16", "none")):
                ready = self.server.ask("prepare", "a", operation, dtype, 3, 7, reduction)
                passes = 1 if operation == "cross_entropy_forward" else 2
                self.assertEqual(ready["bytes"], passes * 3 * 7 * (4 if dtype == "f32" else 2))
                self.assertEqual(ready["sets"], 1)
                self.assertGreater(self.server.seconds("a", 2, 1), 0)

    def test_large_work_takes_turns_on_several_buffers(self):
        self.assertGreater(self.server.ask("prepare", "a", "softmax", "f32", 64, 100000, "mean")["sets"], 1)

    def test_nonsense_is_answered_and_survived(self):
        for words, complaint in ((("prepare", "a", "knit"), '"knit" is not known'),
                                 (("prepare", "a", "softmax", "f32", "many"), "rows is missing or malformed"),
                                 (("prepare", "a", "softmax", "f32", 2, -3, "mean"), "classes is -3"),
                                 (("prepare", "a", "train", 1), "no digits yet"),
                                 (("run", "b", 1, 1), "nothing is prepared as \"b\"")):
            with self.assertRaisesRegex(RuntimeError, complaint):
                self.server.ask(*words)
        self.server.ask("prepare", "a", "softmax", "f32", 2, 3, "mean")


unittest.main()
