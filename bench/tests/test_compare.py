"""bench/compare on results files made by hand: what it says, and what it ends with."""

import copy
import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
BENCH = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(BENCH))

from runner import compare, readings  # noqa: E402

# Of the rounds below: quartiles at 0.98 and 1.02 of the median, so that the middle half is 4 % wide.
ROUNDS = [0.90, 0.98, 1.00, 1.02, 1.10]
SHAPES = [(2, 3), (5, 7), (11, 13)]


def loss(rows, classes, factor=1.0):
    return {"operation": "softmax", "dtype": "f32", "rows": rows, "classes": classes, "reduction": "mean",
            "bytes": 4e6, "sets": 2, "left_out": {},
            "seconds": {"xent": [0.001 * factor * r for r in ROUNDS], "copy": [0.2] * 5}}


def results(processor="Abacus", **more):
    run = {"threads": 4, "limits": {"copy": {"bytes": 1e9, "how": "pencil", "seconds": [0.2] * 5}},
           "cases": [loss(*shape) for shape in SHAPES],
           "training": {"layers": "7-6-5", "batch": 4, "samples": 8, "digits": "MNIST", "steps": 2,
                        "seconds": {"xent": ROUNDS}}}
    return {"date": "2001-02-03", "quick": False, "machine": {"processor": processor, "threads": 4, "load_average": 0.5},
            "software": {"xent": "1.2.3", "compiler": "GNU 1.2"}, "runs": [run], **more}


def gpu_check(factor=1.0):
    case = {"operation": "cross_entropy", "dtype": "bf16", "rows": 2, "classes": 3, "mode": "graph", "cold": True,
            "bytes": 4e6, "seconds": {"xent": [0.001 * factor * r for r in ROUNDS], "copy": [0.2] * 5}}
    waited = {**case, "mode": "call", "seconds": {"xent": [0.002 * r for r in ROUNDS], "copy": [0.2] * 5}}
    figures = {"limits": {"copy": {"bytes": 1e9, "seconds": [0.2]}}, "cases": [case, waited], "quick": False}
    return {"kind": "gpu-check", "date": "2001-02-03", "machine": {"gpu": "Abacus GPU"},
            "software": {"xent": "1.2.3", "nvcc": "1.2"}, "parts": {"bench": {"results": figures}}}


class Compare(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.old, self.new = results(), results()
        self.cases = self.new["runs"][0]["cases"]

    def compare(self, *options, old=None, new=None):
        """What bench/compare ends with and prints; old and new are documents, or the text of a file."""
        for name, document in (("old.json", old or self.old), ("new.json", new or self.new)):
            text = document if isinstance(document, str) else json.dumps(document)
            (self.folder / name).write_text(text, encoding="utf-8")
        done = subprocess.run([sys.executable, BENCH / "compare", "old.json", "new.json", *options], cwd=self.folder,
                              capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    def rows(self, said):
        return [[cell.strip() for cell in line[2:-2].split(" | ")] for line in said.splitlines()
                if line.startswith("| 4 threads") or line.startswith("| xent alone")]

    def refused(self, complaint, *options, **documents):
        code, said = self.compare(*options, **documents)
        self.assertEqual((code, said.count("\n")), (2, 1), said)
        self.assertIn(complaint, said)

    def test_the_same_is_unchanged(self):
        for options in ([], ["--absolute"]):
            code, said = self.compare(*options)
            self.assertEqual(code, 0, said)
            self.assertEqual([row[3:] for row in self.rows(said)], [["±0 %", "−6 % to +6 %", "within noise"]] * 4)
            self.assertIn("Of 4 cases 0 slower, 0 faster, 4 within noise", said)

    def test_slower_beyond_noise_fails_and_comes_first(self):
        self.cases[1] = loss(*SHAPES[1], 1.2)
        code, said = self.compare()
        self.assertEqual(code, 1, said)
        self.assertEqual(self.rows(said)[0], ["4 threads: softmax, f32, 5 × 7", "1.00 ms", "1.20 ms", "+20 %",
                                              "−6 % to +6 %", "**slower**"])
        self.assertIn("Of 4 cases 1 slower, 0 faster, 3 within noise", said)

    def test_slower_training_fails(self):
        self.new["runs"][0]["training"]["seconds"]["xent"] = [2 * r for r in ROUNDS]
        code, said = self.compare()
        self.assertEqual(code, 1, said)
        self.assertEqual(self.rows(said)[0][0], "4 threads: training 7-6-5, batch 4, 2 steps on MNIST")

    def test_faster_beyond_noise_is_said_and_comes_last(self):
        self.cases[1] = loss(*SHAPES[1], 0.8)
        code, said = self.compare()
        self.assertEqual(code, 0, said)
        self.assertEqual(self.rows(said)[-1][3:], ["−20 %", "−6 % to +6 %", "faster"])

    def test_the_limit_is_where_the_rule_has_it(self):
        # 1.02 x (1 + 0.04 / 2) / 0.98 is 1.0616: quartiles apart by half a typical middle half.
        for factor, slower, verdict in ((1.061, 0, "within noise"), (1.062, 1, "**slower**"),
                                        (1 / 1.061, 0, "within noise"), (1 / 1.062, 0, "faster")):
            self.cases[1] = loss(*SHAPES[1], factor)
            code, said = self.compare()
            found = {row[0]: row[-1] for row in self.rows(said)}["4 threads: softmax, f32, 5 × 7"]
            self.assertEqual((code, found), (slower, verdict), factor)

    def test_what_varies_more_needs_more(self):
        wild = [0.7, 0.8, 1.0, 1.2, 1.3]
        for document, factor in ((self.old, 1.0), (self.new, 1.3)):
            document["runs"][0]["cases"][0]["seconds"]["xent"] = [0.001 * factor * r for r in wild]
        code, said = self.compare()
        self.assertEqual(code, 0, said)
        self.assertEqual(self.rows(said)[0][3], "+30 %")

    def test_a_restless_run_doubts_every_case(self):
        for restless in (self.old, self.new):
            with self.subTest("old" if restless is self.old else "new"):
                self.old["runs"], self.new["runs"] = results()["runs"], results()["runs"]
                self.new["runs"][0]["cases"][1] = loss(*SHAPES[1], 1.2)
                self.assertEqual(self.compare()[0], 1)
                for case in (restless["runs"][0]["cases"][0], restless["runs"][0]["cases"][2],
                             restless["runs"][0]["training"]):
                    middle = case["seconds"]["xent"][2]
                    case["seconds"]["xent"] = [middle * r for r in (0.7, 0.8, 1.0, 1.2, 1.3)]
                code, said = self.compare()
                self.assertEqual(code, 0, said)

    def test_a_slower_machine_is_not_a_slower_library(self):
        run = self.new["runs"][0]
        for case in run["cases"]:
            case["seconds"] = {label: [2 * s for s in times] for label, times in case["seconds"].items()}
        run["limits"]["copy"]["seconds"] = [0.4] * 5
        run["training"]["seconds"]["xent"] = [2 * r for r in ROUNDS]
        code, said = self.compare()
        self.assertEqual(code, 0, said)
        self.assertIn("copying memory, 4 threads: 5.0 GB/s, then 2.5 GB/s", said)
        self.assertEqual(self.compare("--absolute")[0], 1)

    def test_each_round_goes_with_its_own_copy(self):
        disturbed = {"xent": [0.001, 0.004, 0.001, 0.004, 0.001], "copy": [0.2, 0.8, 0.2, 0.8, 0.2]}
        reading = readings.Reading("g", "n", disturbed, disturbed["copy"])
        self.assertEqual(compare.spread(reading, absolute=False).width(), 0.0)
        self.assertGreater(compare.spread(reading, absolute=True).width(), 1.0)

    def test_cases_of_one_file_are_named(self):
        del self.old["runs"][0]["cases"][0]
        del self.cases[2]
        code, said = self.compare()
        self.assertEqual(code, 0, said)
        self.assertIn("Only in the old results:\n\n- 4 threads: softmax, f32, 11 × 13\n", said)
        self.assertIn("Only in the new results:\n\n- 4 threads: softmax, f32, 2 × 3\n", said)

    def test_what_makes_figures_doubtful_is_said(self):
        self.old["quick"] = True
        self.new["machine"]["load_average"] = 3.0
        _, said = self.compare()
        self.assertIn("2001-02-03; a quick run, whose figures mean little\n- new", said)
        self.assertIn("2001-02-03; other programs were busy\n", said)

    def test_too_few_rounds_are_not_judged(self):
        self.cases[0]["seconds"] = {"xent": [0.009, 0.009], "copy": [0.2, 0.2]}
        code, said = self.compare()
        self.assertEqual(code, 0, said)
        self.assertEqual(self.rows(said)[0][3:], ["+800 %", "–", "too few rounds"])

    def test_another_machine_is_refused_unless_asked_for(self):
        other = results("Slide rule")
        self.refused("old.json and new.json: two machines, Abacus, 4 threads and Slide rule, 4 threads", new=other)
        self.assertEqual(self.compare("--across-machines", new=other)[0], 0)

    def test_of_a_gpu(self):
        code, said = self.compare(old=gpu_check(), new=gpu_check(1.5))
        self.assertEqual(code, 1, said)
        self.assertEqual([row[0] for row in self.rows(said)], [
            "xent alone: cross-entropy, forward + backward, bf16, 2 × 3",
            "xent alone: cross-entropy, forward + backward, a call, and waiting for it, bf16, 2 × 3"])
        alone = {"date": "2001-02-03", "quick": False, "xent": {"device": "Abacus GPU", "version": "1.2.3"},
                 "peers": {}, **gpu_check()["parts"]["bench"]["results"]}
        self.assertEqual(self.compare(old=gpu_check(), new=alone)[0], 0)
        self.refused("the one is of a processor, the other of a GPU", new=gpu_check())

    def test_broken_files_are_named(self):
        self.refused("new.json: is not JSON", new='{"runs": [')
        self.refused("old.json: is not a results file", old={"name": "something else"})
        self.refused("old.json: is not a results file", old=[1, 2])
        self.refused("new.json: lacks, or names what is not known: 'software'", new={"runs": []})
        self.refused("new.json: holds no measurement", new=results(runs=[]))
        (self.folder / "new.json").unlink()
        done = subprocess.run([sys.executable, BENCH / "compare", "old.json", "gone.json"], cwd=self.folder,
                              capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (2, "compare: gone.json: No such file or directory\n"))

    def test_nonsense_in_a_file_is_named(self):
        for times, complaint in (([0.001, 0, 0.001, 0.001, 0.001], "5 × 7: the times of xent are not all above zero"),
                                 ([float("nan")] * 5, "5 × 7: the times of xent are not all above zero"),
                                 (["fast"] * 5, "new.json: is not as a results file should be"),
                                 ([0.001] * 4, "5 × 7: 4 rounds of xent, 5 of the copy")):
            self.cases[1]["seconds"]["xent"] = times
            self.refused(complaint)

    def test_nothing_to_compare_is_no_success(self):
        self.new["runs"][0]["threads"] = 2
        self.refused("no case in common")
        twice = copy.deepcopy(self.old)
        twice["runs"] *= 2
        self.refused("new.json: has this twice: 4 threads: softmax, f32, 2 × 3", new=twice)

    def test_help_states_the_rule(self):
        done = subprocess.run([sys.executable, BENCH / "compare", "--help"], capture_output=True, text=True, check=True)
        self.assertIn(compare.RULE, done.stdout)


unittest.main()
