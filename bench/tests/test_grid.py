"""The grid: which cases there are, how one is measured, and its tables."""

import json
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from runner import (cases, documents, grid, grid_summary, grid_tables, machine, measure, readings,  # noqa: E402
                    tables)


class Scribe:
    """Stands for xent's process: keeps what it is asked."""

    def __init__(self, times):
        self.asked, self.times = [], times

    def ask(self, *words):
        self.asked.append(" ".join(map(str, words)))
        return {"bytes": 4e6, "row_bytes": 1e6, "sets": 2, "remark": "", "worst": 2.5, "rows": 3}

    def seconds(self, name, calls, warm):
        return self.times[name]


def grid_case(operation="softmax", dtype="f32", classes=10, left_out=(), error=1.0, limit="copy", **seconds):
    every = {"xent": [0.001] * 3, "copy": [0.2] * 3, limit: [0.2] * 3, "reference": [0.05] * 3, **seconds}
    return {"operation": operation, "dtype": dtype, "rows": 8, "classes": classes, "reduction": "mean", "bytes": 3e6,
            "row_bytes": 1e6, "sets": 2, "seconds": every, "limit": limit, "error": error,
            "left_out": {label: "cannot" for label in left_out}}


def results(*measured, date="2001-02-03"):
    base = documents.load(HERE / "results.json")
    run = {**base["runs"][0], "cases": list(measured)}
    del run["training"]
    return {**base, "kind": "grid", "date": date, "runs": [run],
            "software": {**base["software"], "onednn": "2.3.4"}}


class Cases(unittest.TestCase):
    def test_every_operation_type_and_number_of_classes(self):
        chosen = cases.grid_cases(2, quick=False)
        self.assertEqual(len(set(chosen)), 9 * 4 * 9)
        self.assertEqual({case.classes for case in chosen}, {2, 10, 100, 1000, 32000, 50257, 128256, 151936, 256000})
        self.assertEqual({case.dtype for case in chosen}, {"f32", "bf16", "f16", "f64"})
        self.assertLess(len(cases.grid_cases(2, quick=True)), len(chosen))

    def test_rows_fill_the_machine(self):
        for case in cases.grid_cases(2, quick=False):
            self.assertTrue(2 ** 21 < case.rows * case.classes < 2 ** 23, case)
        self.assertEqual(cases.grid_rows(256000, 2), 16)
        self.assertEqual(cases.grid_rows(256000, 96), 384)


class Measured(unittest.TestCase):
    TIMES = {"case": 0.001, "copy": 0.002, "read": 0.003, "reference": 0.004}

    def measure(self, operation, rows=64, classes=50257):
        field = type("Field", (), {"xent": Scribe(self.TIMES), "peers": []})
        self.addCleanup(setattr, measure, "PAUSE", measure.PAUSE)
        measure.PAUSE = 0
        return grid.measure_case(field, cases.LossCase(operation, "f32", rows, classes), 2, 0.01), field.xent.asked

    def test_the_reference_works_on_fewer_rows(self):
        measured, asked = self.measure("softmax")
        self.assertIn("prepare reference softmax f32 5 50257 mean reference", asked)
        self.assertIn("drop reference", asked)
        self.assertEqual(measured["seconds"]["reference"], [0.004 * 64 / 5] * 2)
        measured, asked = self.measure("softmax", rows=3)
        self.assertEqual(measured["seconds"]["reference"], [0.004] * 2)

    def test_what_only_reads_is_held_against_reading(self):
        self.assertEqual(self.measure("cross_entropy_forward")[0]["limit"], "read")
        seconds = self.measure("cross_entropy_forward")[0]["seconds"]
        self.assertEqual((seconds["read"], seconds["copy"]), ([0.003] * 2, [0.002] * 2))
        measured, _ = self.measure("cross_entropy")
        self.assertEqual(measured["limit"], "copy")
        self.assertNotIn("read", measured["seconds"])

    def test_the_error_is_that_of_the_case(self):
        measured, asked = self.measure("softmax_backward")
        self.assertIn("judge softmax_backward f32 64 50257", asked)
        self.assertEqual((measured["error"], measured["error_rows"]), (2.5, 3))

    def test_limits_stay_prepared_where_asked_for(self):
        for keep, dropped in ((("copy",), ["drop read"]), (("read", "copy"), [])):
            field = type("Field", (), {"xent": Scribe({"read": 1, "copy": 1})})
            measure.measure_limits(field, 1, 0.01, keep=keep)
            self.assertEqual([words for words in field.xent.asked if words.startswith("drop")], dropped)


class Tables(unittest.TestCase):
    def lines(self, text, start):
        return [line for line in text.splitlines() if line.startswith(start)]

    def test_share_is_of_the_limit_with_all_bytes(self):
        # 3e6 + 1e6 B in 1 ms are 4 GB/s. The copy beside them made 1e9 B in 0.2 s, reading 2e9 B in 0.4 s.
        run = results()["runs"][0]
        self.assertAlmostEqual(grid_tables.share_of_limit(run, grid_case()), 0.8)
        self.assertAlmostEqual(grid_tables.share_of_limit(run, grid_case(limit="read", read=[0.25])), 0.5)

    def test_the_faster_pytorch_counts(self):
        case = grid_case(**{"PyTorch eager": [0.009] * 3, "eager, freed memory kept": [0.004] * 3, "oneDNN": [0.002] * 3})
        text = grid_tables.compact(results(case)["runs"][0])
        self.assertEqual(self.lines(text, "| softmax, f32 |"), [
            "| softmax, f32 | 80 % 4.0× |", "| softmax, f32 | 2.0× |", "| softmax, f32 | 50× |", "| softmax, f32 | 1.0 |"])

    def test_a_line_for_each_type_a_column_for_each_number_of_classes(self):
        text = grid_tables.compact(results(grid_case(error=3.0), grid_case(classes=2000, error=12.0),
                                           grid_case(dtype="f64", classes=2000))["runs"][0])
        self.assertIn("| classes | 10 | 2,000 |", text)
        self.assertEqual(self.lines(text, "| softmax, f32 |")[-1], "| softmax, f32 | 3.0 | 12 |")
        self.assertEqual(self.lines(text, "| softmax, f64 |")[-1], "| softmax, f64 | – | 1.0 |")

    def test_without_peers_their_tables_are_left_out(self):
        text = grid_tables.compact(results(grid_case())["runs"][0])
        self.assertNotIn("oneDNN", text)
        self.assertNotIn("PyTorch", text)

    def test_what_a_peer_does_not_do_is_named(self):
        run = results(grid_case(left_out=["oneDNN"]), grid_case(dtype="f16", left_out=["oneDNN"]),
                      grid_case("log_softmax"), grid_case("log_softmax", "f16", left_out=["oneDNN"]))["runs"][0]
        for text in (grid_tables.compact(run), grid_tables.full(run)):
            self.assertTrue(text.endswith("Left out of oneDNN: softmax; log-softmax (f16)."), text)

    def test_the_full_tables_have_the_spread(self):
        case = grid_case(xent=[0.0008, 0.0010, 0.0012], oneDNN=[0.002] * 3)
        line = self.lines(grid_tables.full(results(case)["runs"][0]), "| 8 × 10")[0]
        self.assertEqual(line.count("|"), 12)
        for cell in ("| 1.00 ms | 20 % | 4.0 | 80 % | 1.0 u | ahead, 2.0× |", "| 2.00 ms | 2.0× (1.8–2.2) |"):
            self.assertIn(cell, line)

    def test_the_limit_of_arithmetic(self):
        run = {**results()["runs"][0], "limits": {"fma": {"operations": 6e9, "how": "x", "seconds": [1, 2, 3]}}}
        self.assertEqual(tables.arithmetic([run, results()["runs"][0]]), ["Arithmetic, 4 threads: 3.0 GFLOP/s (x)."])

    def test_limits_are_no_peers(self):
        reading = readings.read(results(grid_case("cross_entropy_forward", limit="read"))).readings[0]
        self.assertEqual(reading.peers(), ["reference"])
        self.assertEqual(reading.name, "cross-entropy, forward, f32, 8 × 10")


class Summary(unittest.TestCase):
    def test_a_verdict_follows_the_middle_half_beside_the_fastest(self):
        for peer, word, lead in (([0.002] * 3, grid_summary.AHEAD, 2.0), ([0.0005] * 3, grid_summary.BEHIND, 0.5),
                                 ([0.0008, 0.0011, 0.0014], grid_summary.LEVEL, 1.1)):
            v = grid_summary.verdict(grid_case(slow=[0.009] * 3, fast=peer))
            self.assertEqual((v.word, v.fastest, v.slowest, round(v.most, 6)), (word, "fast", "slow", 9.0))
            self.assertAlmostEqual(v.least, lead)

    def test_the_reference_is_no_peer(self):
        self.assertEqual(grid_summary.verdict(grid_case()).text(), "no peer")
        self.assertEqual(grid_summary.section(results(grid_case())["runs"][0], lambda case: 1.0), [])

    def test_one_peer_is_both(self):
        self.assertEqual(grid_summary.verdict(grid_case(only=[0.002] * 3)).text(), "ahead, 2.0×")
        self.assertEqual(grid_summary.verdict(grid_case(a=[0.002] * 3, b=[0.003] * 3)).text(), "ahead, 2.0× to 3.0×")

    def test_means_are_geometric_and_the_worst_come_first(self):
        run = results(grid_case(classes=10, a=[0.002] * 3), grid_case(classes=20, a=[0.0005] * 3),
                      grid_case(classes=30, a=[0.004] * 3), grid_case(classes=10, dtype="bf16", a=[0.003] * 3),
                      grid_case("nll", a=[0.001] * 3), grid_case("nll", "bf16"))["runs"][0]
        text, means, _, worst = grid_summary.section(run, lambda case: 0.5)
        self.assertIn("Of 6 cases 5 had a peer: xent is ahead of the fastest in 3, level in 1, behind in 1.", text)
        self.assertEqual(means.splitlines()[2:], [
            "| softmax | 1.59× | 3.00× | 1.86× |", "| NLL | 1.00× | – | 1.00× |", "| all | 1.41× | 3.00× | 1.64× |"])
        self.assertEqual([line.split(" | ")[0] for line in worst.splitlines()[2:]], [
            "| softmax, f32, 8 × 20", "| NLL, f32, 8 × 10", "| softmax, f32, 8 × 10", "| softmax, bf16, 8 × 10",
            "| softmax, f32, 8 × 30"])
        self.assertIn("| 50 % of copy | a | 0.5× (0.5–0.5) | a | 0.5× | behind |", worst)

    def test_no_more_than_the_worst(self):
        run = results(*(grid_case(classes=n, a=[0.002] * 3) for n in range(1, 30)))["runs"][0]
        self.assertEqual(len(grid_summary.section(run, lambda case: 0.5)[3].splitlines()), 2 + grid_summary.WORST)

    def test_who_died_is_named(self):
        case = {**grid_case(b=[0.002] * 3), "died": ["a"]}
        self.assertEqual(grid_summary.section(results(case)["runs"][0], lambda case: 0.5)[-1],
                         "a died in softmax, f32, 8 × 10.")

    def test_it_is_in_both_tables(self):
        run = results(grid_case(a=[0.002] * 3))["runs"][0]
        for text in (grid_tables.compact(run), grid_tables.full(run)):
            self.assertIn("Of 1 cases 1 had a peer", text)


class Documents(unittest.TestCase):
    def setUp(self):
        self.base, self.grid = documents.load(HERE / "results.json"), results(grid_case(), date="2001-03-01")

    def test_the_grid_is_no_ordinary_run(self):
        everything = [self.base, self.grid, results(grid_case(), date="2001-02-01")]
        self.assertEqual(documents.newest_per_processor(everything), [self.base])
        self.assertEqual(documents.newest_per_processor(everything, "grid"), [self.grid])

    def test_the_page_has_it_once_there_is_one(self):
        self.assertNotIn("## The grid", documents.benchmarks_page([self.base], []))
        page = documents.benchmarks_page([self.base], [], grids=[self.grid])
        for text in ("\n## The grid\n", "### Abacus(R) 1000, 4 threads: the grid\n", "#### 4 threads\n", ", oneDNN 2.3.4;",
                     "(../bench/results/abacus-1000-4t-2001-03-01-grid.json)"):
            self.assertEqual(page.count(text), 1, text)

    def test_publishing_takes_the_newest_grid(self):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            (root / "bench/results").mkdir(parents=True)
            (root / "docs").mkdir()
            for name, document in (("a", self.base), ("b", self.grid), ("c", results(grid_case(), date="2001-01-01"))):
                (root / f"bench/results/{name}.json").write_text(json.dumps(document), encoding="utf-8")
            with mock.patch.dict(sys.modules, {"matplotlib": None, "matplotlib.figure": None}):
                documents.publish(root, lambda text: None)
            page = (root / "docs/benchmarks.md").read_text(encoding="utf-8")
        self.assertEqual(page.count(": the grid\n"), 1)
        self.assertIn("2001-03-01-grid.json", page)

    def test_names_of_files(self):
        self.assertEqual(machine.results_name(self.grid["machine"], "2001-02-03", "grid"),
                         "abacus-1000-4t-2001-02-03-grid.json")

    def test_the_terminal_has_everything(self):
        self.assertIn("worst error", documents.in_full(self.grid))
        self.assertEqual(documents.in_full(self.base), documents.section(self.base))


unittest.main()
