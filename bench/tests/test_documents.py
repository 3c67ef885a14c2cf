"""From a results file to the project's documents."""

import copy
import json
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from runner import charts, documents, machine, summary, tables  # noqa: E402

# test_plot.py draws; here the documents are made where nothing can be drawn.
NO_MATPLOTLIB = {"matplotlib": None, "matplotlib.figure": None}
LEFT = f"{charts.NoMatplotlib()}. The charts were left as they are"


def gpu_case(operation, mode="graph", cold=True, **peers):
    return {"operation": operation, "dtype": "bf16", "rows": 64, "classes": 10, "mode": mode, "cold": cold,
            "bytes": 4e6, "seconds": {"xent": [0.001] * 3, "copy": [0.001] * 3, **peers}}


def gpu_check(date, parts=("bench", "peers")):
    """A document of gpu-check's, of a machine that there is not."""
    limits = {"read": {"bytes": 5e6, "seconds": [0.001], "how": "eyes"},
              "copy": {"bytes": 8e6, "seconds": [0.001], "how": "pencil"}}
    figures = {"limits": limits, "absent": {"Liger": "no such library"},
               "cases": [gpu_case("cross_entropy", "call", False), gpu_case("cross_entropy", peer=[0.002] * 3)]}
    return {"kind": "gpu-check", "date": date, "software": {"xent": "0.0.1", "nvcc": "1.2"},
            "machine": {"gpu": "Abacus GPU", "compute_capability": 90, "multiprocessors": 3, "memory_gib": 1.5,
                        "level2_mib": 2.5},
            "parts": {"tests": {"status": "passed"}, **{part: {"results": figures} for part in parts}}}


class Documents(unittest.TestCase):
    def setUp(self):
        self.results = documents.load(HERE / "results.json")
        self.run_at_4 = self.results["runs"][0]

    def rows(self, text):
        return [[cell.strip() for cell in line[2:-2].split(" | ")] for line in text.splitlines()[2:]]

    def test_ratio_is_of_medians_and_spread_of_rounds(self):
        r = summary.ratio([3.0, 4.0, 8.0], [1.0, 1.0, 4.0])
        self.assertEqual((r.value, r.low, r.high), (4.0, 2.5, 3.5))

    def test_ratio_of_one_round_has_no_spread(self):
        r = summary.ratio([6.0], [2.0])
        self.assertEqual((r.value, r.low, r.high), (3.0, 3.0, 3.0))

    def test_share_is_of_the_copy_in_the_same_rounds(self):
        # 4e6 B in 1 ms are 4 GB/s; the copy beside them made 1e9 B in 0.2 s, 5 GB/s, not the 10 of before.
        self.assertAlmostEqual(summary.share_of_copy(self.run_at_4["cases"][0], 1e9), 0.8)

    def test_loss_table(self):
        rows = self.rows(tables.loss_table(self.run_at_4, tables.pick(self.run_at_4, "cross_entropy")))
        self.assertEqual(rows[0], ["2 × 3", "1.00 ms", "4.0", "80 %", "4.00 ms", "4.0× (2.5–3.5)"])
        self.assertEqual(rows[1], ["5 × 7", "16 µs", "250.0", "5000 %", "–", "–"])

    def test_training_table(self):
        text = tables.training_table(self.run_at_4)
        self.assertIn("an epoch of 640 images", text)
        self.assertEqual(self.rows(text),
                         [["xent", "1.50 s", ""], ["PyTorch eager", "4.50 s", "3.0× (3.0–3.0)"]])

    def test_part_of_an_epoch_is_not_called_one(self):
        self.run_at_4["training"]["steps"] = 9
        self.assertIn("| 9 steps |", tables.training_table(self.run_at_4))

    def test_page_has_every_case_once(self):
        page = documents.benchmarks_page([self.results], [])
        for text in ("## Abacus(R) 1000, 4 threads", "| read, 4 threads | 10.0 | plain loads |",
                     "| softmax, bf16, 2 × 3 |", "| 2 × 3 |", "PyTorch 7.6.5", "2001-02-03"):
            self.assertEqual(page.count(text), 1, text)

    def test_newest_results_of_a_machine_count(self):
        later, other = copy.deepcopy(self.results), copy.deepcopy(self.results)
        later["date"] = "2001-03-01"
        other["machine"]["processor"] = "Slide rule"
        chosen = documents.newest_per_processor([later, self.results, other, gpu_check("2001-02-04")])
        self.assertEqual([(r["machine"]["processor"], r["date"]) for r in chosen],
                         [("Abacus(R) 1000", "2001-03-01"), ("Slide rule", "2001-02-03")])

    @mock.patch.dict(sys.modules, NO_MATPLOTLIB)
    def publish(self, readme, *drawn_before):
        """The README after publishing, the page, and the notices."""
        notices = []
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            (root / "bench/results").mkdir(parents=True)
            (root / "docs/charts").mkdir(parents=True)
            for name in drawn_before:
                (root / "docs/charts" / name).write_text("as it was")
            (root / "bench/results/a.json").write_text(json.dumps(self.results))
            (root / "bench/results/b.json").write_text(json.dumps(gpu_check("2001-02-04")))
            (root / "README.md").write_text(readme)
            documents.publish(root, notices.append)
            self.assertTrue(all(path.read_text() == "as it was" for path in (root / "docs/charts").iterdir()))
            return (root / "README.md").read_text(), (root / "docs/benchmarks.md").read_text(), notices

    def test_publishing_replaces_the_block_and_nothing_else(self):
        readme, page, notices = self.publish(f"before\n{documents.BEGIN}\nold\n{documents.END}\nafter\n")
        self.assertTrue(readme.startswith(f"before\n{documents.BEGIN}\n") and
                        readme.endswith(f"\n{documents.END}\nafter\n"), readme)
        self.assertIn("| 2 × 3 | 1.00 ms |", readme)
        self.assertNotIn("old", readme)
        self.assertIn("# Benchmarks", page)
        self.assertEqual(notices, [LEFT])

    def test_without_matplotlib_earlier_charts_stay(self):
        names = ["abacus-1000-4-threads--4-threads--speed-up.svg", "abacus-gpu--beside-peers--of-copy.svg"]
        _, page, notices = self.publish("", *names)
        for name in names:
            self.assertEqual(page.count(f"(charts/{name})"), 1, page)
        self.assertIn(LEFT, notices)

    def test_readme_without_markers_is_left_alone(self):
        readme, page, notices = self.publish("no markers\n")
        self.assertEqual(readme, "no markers\n")
        self.assertIn("# Benchmarks", page)
        self.assertEqual(len(notices), 2)

    def test_a_gpu_that_was_measured_has_a_section(self):
        _, page, _ = self.publish("")
        for text in ("## On a GPU", "### Abacus GPU", "xent alone:", "Beside peers:"):
            self.assertEqual(page.count(text), 1, text)
        for text in ("| copy | 8 | pencil |", "| a call, and waiting for it | 1000.0 µs |",
                     "| 64 × 10 | 1.00 ms | 4.0 | 50 % | 2.00 ms | 2.0× (2.0–2.0) |",
                     "Absent: Liger (no such library)."):
            self.assertEqual(page.count(text), 2, text)
        self.assertNotIn("Not yet measured", page)

    def test_without_one_the_page_says_so(self):
        self.assertIn("Not yet measured on hardware.", documents.benchmarks_page([self.results], []))
        self.assertEqual(documents.newest_per_gpu([self.results, gpu_check("2001-02-04", parts=())]), [])

    def test_the_newest_of_a_gpu_counts(self):
        chosen = documents.newest_per_gpu([gpu_check("2001-02-05"), gpu_check("2001-02-04")])
        self.assertEqual([r["date"] for r in chosen], ["2001-02-05"])

    def test_results_are_named_after_processor_and_day(self):
        self.assertEqual(machine.results_name(self.results["machine"], "2001-02-03"),
                         "abacus-1000-4t-2001-02-03.json")


unittest.main()
