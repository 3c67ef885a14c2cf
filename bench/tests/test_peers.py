"""test_peers.py PROGRAM: the peers on small work. PROGRAM is oneDNN's; a peer that is not there is skipped.

PyTorch is looked for in the Python that $XENT_BENCH_PYTHON names, then in this one.
"""

import os
import sys
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
BENCH = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(BENCH))

from runner import cases  # noqa: E402
from runner.process import Contestant, Unavailable  # noqa: E402

ONEDNN = Path(sys.argv.pop())
PYTHON = os.environ.get("XENT_BENCH_PYTHON", sys.executable)
SOFTMAX = ["softmax", "softmax_backward", "log_softmax", "log_softmax_backward"]


class OneDnn(unittest.TestCase):
    def setUp(self):
        if not ONEDNN.exists():
            self.skipTest("oneDNN was not there to be built with")
        self.peer = Contestant("oneDNN", [ONEDNN, 2])
        self.addCleanup(self.peer.close)

    def ask(self, operation, dtype, sets=1):
        return self.peer.ask("prepare", "a", operation, dtype, 3, 700, "mean", sets)

    def test_says_who_it_is(self):
        self.assertEqual((self.peer.facts["name"], self.peer.facts["threads"]), ("oneDNN", 2))
        self.assertRegex(self.peer.facts["version"], r"^\d+\.\d+\.\d+$")

    def test_softmax_and_its_kin(self):
        for operation in SOFTMAX:  # that it computes them, it checks itself before anybody takes its time
            self.assertEqual(self.ask(operation, "f32", 3)["sets"], 3)
            self.assertGreater(self.peer.seconds("a", 4, 1), 0)
        self.assertEqual(self.peer.ask("drop", "a")["dropped"], 1)

    def test_a_type_works_or_is_named(self):
        for operation in SOFTMAX:
            for dtype in cases.GRID_DTYPES:
                try:
                    self.ask(operation, dtype)
                    self.assertGreater(self.peer.seconds("a", 1, 1), 0)
                except RuntimeError as why:
                    self.assertRegex(str(why), rf"oneDNN [\d.]+ has no ({operation} of|type) {dtype}")
                    self.assertNotEqual(dtype, "f32")

    def test_what_it_has_not_is_named(self):
        for operation in set(cases.GRID_OPERATIONS) - set(SOFTMAX):
            with self.assertRaisesRegex(RuntimeError, f"oneDNN has no {operation}$"):
                self.ask(operation, "f32")
        with self.assertRaisesRegex(RuntimeError, 'nothing is prepared as "b"'):
            self.peer.seconds("b", 1, 1)
        with self.assertRaisesRegex(RuntimeError, "sets is 0"):
            self.ask("softmax", "f32", 0)


class PyTorch(unittest.TestCase):
    def test_every_operation_of_the_grid(self):
        try:
            peer = Contestant("PyTorch", [PYTHON, BENCH / "peers/pytorch_peer.py", 1, "eager"])
        except (Unavailable, OSError) as why:
            self.skipTest(str(why))
        self.addCleanup(peer.close)
        for operation in cases.GRID_OPERATIONS:
            for dtype in cases.GRID_DTYPES:
                peer.ask("prepare", "a", operation, dtype, 3, 7, "mean", 2)
                self.assertGreater(peer.seconds("a", 3, 1), 0)


unittest.main()
