"""The order of measuring, with contestants that only keep a diary."""

import importlib.machinery
import importlib.util
import sys
import tempfile
import types
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
BENCH = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(BENCH))

from runner import cases, measure  # noqa: E402
from runner.process import Contestant, Unavailable  # noqa: E402


class Diarist:
    def __init__(self, diary, seconds):
        self.diary, self.time = diary, seconds

    def seconds(self, name, calls, warm):
        self.diary.append((name, calls, warm))
        return self.time


def bench_run():
    """bench/run as a module."""
    loader = importlib.machinery.SourceFileLoader("bench_run", str(BENCH / "run"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("bench_run", loader))
    loader.exec_module(module)
    return module


# Answers whatever it is asked; dies of "VERB,WORD" when it is told that for the N-th time.
ANSWERING = """#!{python}
import sys
print('{{"name": "x"}}', flush=True)
dies_of, left = sys.argv[1].split(","), int((sys.argv[2:] or [1])[0])
for line in sys.stdin:
    verb, *words = line.split()
    if verb == dies_of[0] and dies_of[1] in words:
        left -= 1
        if not left:
            sys.exit(3)
    print('{{"seconds": 0.001, "bytes": 1, "row_bytes": 0, "sets": 1, "remark": ""}}', flush=True)
"""


class Fields(unittest.TestCase):
    dies_of = ("prepare,softmax", 1)
    PEERS = [cases.Peer("mortal", "", "a"), cases.Peer("well", "", "b"), cases.Peer("absent", "", "c")]

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.program = Path(folder.name) / "contestant"
        self.program.write_text(ANSWERING.format(python=sys.executable), encoding="utf-8")
        self.program.chmod(0o755)
        self.notices = []
        self.field = measure.Field(self.program, self.PEERS, self.command_of, "-,-", self.notices.append)
        self.addCleanup(self.field.close)

    def command_of(self, peer):
        if peer.program == "c":
            raise Unavailable("was not built")
        return [self.program, *(self.dies_of if peer.program == "a" else ("-,-", 1))]

    def test_who_is_absent_is_named(self):
        self.assertEqual([peer.label for peer, _ in self.field.peers], ["mortal", "well"])
        self.assertEqual(self.notices, ["Left out: absent: was not built"])

    def test_who_dies_is_left_out_and_the_others_go_on(self):
        measured = measure.measure_loss(self.field, cases.LossCase("softmax", "f32", 2, 3), 2, 0.001)
        self.assertEqual(set(measured["seconds"]), {"xent", "copy", "well"})
        self.assertEqual(measured["left_out"], {"mortal": "mortal ended with status 3"})
        self.assertEqual(measured["died"], ["mortal"])
        self.assertEqual(self.notices[1:], ["  mortal died: mortal ended with status 3"])

    def test_who_dies_while_it_runs_loses_its_times(self):
        self.dies_of = ("run,case", 4)
        self.field.replace(self.PEERS[0], "to die later")
        measured = measure.measure_loss(self.field, cases.LossCase("softmax", "f32", 2, 3), 5, 0.001)
        self.assertEqual({label: len(times) for label, times in measured["seconds"].items()},
                         {"xent": 5, "copy": 5, "well": 5})
        self.assertEqual(measured["left_out"], {"mortal": "mortal ended with status 3"})
        self.assertEqual(measured["died"], ["mortal"])

    def test_who_died_is_there_again_until_the_third_time(self):
        there = []
        for operation in ("softmax", "log_softmax", "softmax", "softmax", "log_softmax"):
            measured = measure.measure_loss(self.field, cases.LossCase(operation, "f32", 2, 3), 1, 0.001)
            there.append("mortal" in measured["seconds"])
        self.assertEqual(there, [False, True, False, False, False])
        self.assertEqual([peer.label for peer, _ in self.field.peers], ["well"])
        self.assertEqual(self.notices[-1], "  mortal died 3 times: the rest goes on without it")

    def test_what_xent_fails_at_is_not_passed_over(self):
        self.field.xent.close()
        self.field.xent = Contestant("xent", [self.program, "run,case", 3])
        with self.assertRaisesRegex(Unavailable, "xent ended with status 3"):
            measure.measure_loss(self.field, cases.LossCase("softmax", "f32", 2, 3), 5, 0.001)

    def test_a_program_that_was_not_built_is_named(self):
        run = bench_run()
        with tempfile.TemporaryDirectory() as folder:
            options = types.SimpleNamespace(build=Path(folder), python="snake")
            onednn = next(peer for peer in cases.PEERS if peer.program == "onednn")
            with self.assertRaisesRegex(Unavailable, "bin/xent-bench-onednn was not built, for want of oneDNN"):
                run.command_of(onednn, 4, options)
            (Path(folder) / "bin").mkdir()
            (Path(folder) / "bin/xent-bench-onednn").touch()
            self.assertEqual(run.command_of(onednn, 4, options)[1:], [4])
            self.assertEqual(run.command_of(cases.EAGER, 4, options)[0], "snake")

    def test_versions_of_peers_are_kept(self):
        xent = dict.fromkeys(("version", "compiler", "flags", "build_type", "highway"), "1") | {"openblas": "O 2 x"}
        software = bench_run().software(xent, [{"name": "oneDNN", "version": "2.3"},
                                               {"name": "PyTorch", "version": "7.6", "python": "3.1"}])
        self.assertEqual((software["onednn"], software["pytorch"], software["python"]), ("2.3", "7.6", "3.1"))


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
