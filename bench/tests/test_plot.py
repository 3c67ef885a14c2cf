"""bench/plot and the charts of the published page. Ends with 77 where there is no matplotlib to draw with."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as xml
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
BENCH = HERE.parent
sys.path.insert(0, str(BENCH))

from runner import arithmetic, charts, documents, grid_charts, readings  # noqa: E402

CAN_DRAW = importlib.util.find_spec("matplotlib") is not None
SKIPPED = 77  # what CMakeLists.txt tells ctest
RESULTS = HERE / "results.json"
OF_COPY, SPEED_UP = (charts.file_name("Abacus(R) 1000, 4 threads", "4 threads", kind) for kind in charts.CAPTIONS)

GPU_CASE = {"operation": "softmax_backward", "dtype": "bf16", "rows": 64, "classes": 10, "mode": "graph", "cold": True,
            "bytes": 4e6, "seconds": {"xent": [0.001] * 3, "copy": [0.002] * 3, "PyTorch eager": [0.003] * 3}}
GPU_RUN = {"date": "2001-02-03", "quick": False, "xent": {"device": "Abacus GPU", "version": "1.2.3"}, "peers": {"x": {}},
           "limits": {"copy": {"bytes": 8e6, "seconds": [0.002]}}, "cases": [GPU_CASE]}

ROOFLINE, LEAD = (charts.file_name("Abacus(R) 1000, 4 threads", "4 threads", kind) for kind in grid_charts.CAPTIONS)


def grid(limits=("read", "copy", "fma"), operations=("softmax", "nll"), dtypes=("f32", "f64")):
    """A grid in which all take as long, and the peer twice that."""
    base = documents.load(RESULTS)
    run = {**base["runs"][0], "limits": {name: {"bytes": 1e9, "operations": 8e9, "how": "x", "seconds": [0.1]}
                                         for name in limits}}
    run["cases"] = [{"operation": operation, "dtype": dtype, "rows": 8, "classes": classes, "reduction": "mean",
                     "bytes": 1e6 * classes, "row_bytes": 0, "sets": 1, "limit": "copy", "error": 1.0, "left_out": {},
                     "seconds": {"xent": [0.001], "copy": [0.1], "reference": [1.0], "PyTorch eager": [0.002]}}
                    for operation in operations for dtype in dtypes for classes in (10, 1000)]
    return {**base, "kind": "grid", "runs": [run]}


class Charts(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def plot(self, results=RESULTS, out="out", **environment):
        return subprocess.run([sys.executable, BENCH / "plot", results, "--out", self.folder / out], text=True,
                              env={**os.environ, **environment}, capture_output=True, check=False)

    def texts(self, path):
        """The lines of text that the picture shows; that it is XML at all is seen on the way."""
        return [element.text for element in xml.parse(path).iter("{http://www.w3.org/2000/svg}text")]


class WithoutMatplotlib(Charts):
    def test_the_package_is_named(self):
        (self.folder / "matplotlib.py").write_text("raise ImportError('not here')", encoding="utf-8")
        done = self.plot(PYTHONPATH=str(self.folder))
        self.assertEqual((done.returncode, done.stdout, done.stderr.count("\n")), (1, "", 1), done.stderr)
        self.assertIn("python3-matplotlib", done.stderr)

    def test_a_broken_file_is_named(self):
        (self.folder / "broken.json").write_text("{", encoding="utf-8")
        done = self.plot(self.folder / "broken.json")
        self.assertEqual((done.returncode, done.stderr.count("\n")), (1, 1), done.stderr)
        self.assertIn("broken.json: is not JSON", done.stderr)

    def test_names_are_those_of_machine_and_threads(self):
        self.assertEqual(OF_COPY, "abacus-1000-4-threads--4-threads--of-copy.svg")

    def test_a_page_links_to_what_there_is(self):
        page = documents.benchmarks_page([documents.load(RESULTS)], [], {SPEED_UP, "another.svg"})
        self.assertEqual(page.count("![How many times faster xent is, 4 threads](charts/" + SPEED_UP + ")"), 1)
        self.assertEqual(page.count(".svg"), 1)

    def test_a_point_is_operations_per_byte_and_per_second(self):
        case = grid()["runs"][0]["cases"][1]
        self.assertEqual((case["operation"], case["dtype"], case["classes"]), ("softmax", "f32", 1000))
        per_byte, per_second = grid_charts.point(case)
        self.assertAlmostEqual(per_byte, 28.1 * 8000 / 1e9)
        self.assertAlmostEqual(per_second, 28.1 * 8000 / 0.001)

    def test_types_are_converted_and_f64_has_half_the_lanes(self):
        self.assertAlmostEqual(arithmetic.an_element("softmax", "bf16"), 28.1 + 2 * 2 + 8)
        self.assertAlmostEqual(arithmetic.an_element("cross_entropy_forward", "f16"), 14.1 + 1)
        self.assertIsNone(arithmetic.an_element("nll_backward", "f32"))
        self.assertEqual([arithmetic.most(8e9, dtype) for dtype in ("bf16", "f64")], [4e9, 2e9])

    def test_the_page_has_the_grids_charts(self):
        page = documents.benchmarks_page([documents.load(RESULTS)], [], {ROOFLINE, LEAD}, [grid()])
        for name in (ROOFLINE, LEAD):
            self.assertEqual(page.count(f"(charts/{name})"), 1)


@unittest.skipUnless(CAN_DRAW, "no matplotlib (Debian: python3-matplotlib)")
class WithMatplotlib(Charts):
    def test_every_case_is_named(self):
        done = self.plot()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual([Path(line).name for line in done.stdout.splitlines()], [OF_COPY, SPEED_UP])
        for name, shown in ((OF_COPY, lambda reading: reading.bytes), (SPEED_UP, readings.Reading.peers)):
            texts = self.texts(self.folder / "out" / name)
            expected = [reading.name for reading in readings.load(RESULTS).readings if shown(reading)]
            self.assertGreaterEqual(len(expected), 3)
            self.assertEqual([text for text in texts if text in expected], expected)
            self.assertTrue(any("Abacus(R) 1000, 4 threads; 2001-02-03" in text for text in texts), texts)
        self.assertIn("PyTorch eager", self.texts(self.folder / "out" / SPEED_UP))
        self.assertIn("80 %", self.texts(self.folder / "out" / OF_COPY))

    def test_the_same_results_make_the_same_bytes(self):
        (self.folder / "matplotlibrc").write_text("axes.linewidth: 5\nxtick.labelsize: 20\n", encoding="utf-8")
        self.plot(out="a", PYTHONHASHSEED="1")
        self.plot(out="b", PYTHONHASHSEED="2", MATPLOTLIBRC=str(self.folder / "matplotlibrc"))
        for name in (OF_COPY, SPEED_UP):
            self.assertEqual(*((self.folder / out / name).read_bytes() for out in "ab"))

    def test_of_a_gpu(self):
        (self.folder / "gpu.json").write_text(json.dumps(GPU_RUN), encoding="utf-8")
        done = self.plot(self.folder / "gpu.json")
        self.assertEqual(done.returncode, 0, done.stderr)
        made = sorted((self.folder / "out").iterdir())
        self.assertEqual([path.name for path in made],
                         ["abacus-gpu--beside-peers--of-copy.svg", "abacus-gpu--beside-peers--speed-up.svg"])
        for path in made:
            self.assertIn("softmax, backward, bf16, 64 × 10", self.texts(path))

    def draw_grid(self, **what):
        """{name: texts} of the charts of a grid."""
        (self.folder / "grid.json").write_text(json.dumps(grid(**what)), encoding="utf-8")
        done = self.plot(self.folder / "grid.json")
        self.assertEqual(done.returncode, 0, done.stderr)
        return {Path(line).name: self.texts(line) for line in done.stdout.splitlines()}

    def test_of_a_grid(self):
        made = self.draw_grid()
        self.assertEqual(list(made), [ROOFLINE, LEAD])
        for texts in made.values():
            for text in ("f32", "f64", "softmax", "Abacus(R) 1000, 4 threads; 2001-02-03"):
                self.assertIn(text, texts)
        for text in ("copy 10.0 GB/s", "read 10.0 GB/s", "40.0·10⁹/s", "20.0·10⁹/s"):
            self.assertIn(text, made[ROOFLINE])
        self.assertNotIn("NLL", made[ROOFLINE])  # which has no arithmetic to speak of
        self.assertIn("NLL", made[LEAD])

    def test_a_grid_has_what_was_measured(self):
        self.assertEqual(list(self.draw_grid(limits=("read", "copy"))), [LEAD])
        self.assertEqual(list(self.draw_grid(operations=("nll",))), [LEAD])
        one = self.draw_grid(dtypes=("bf16",))[ROOFLINE]
        self.assertIn("bf16", one)
        self.assertNotIn("f32", one)

    def test_a_grid_makes_the_same_bytes(self):
        bytes_of = []
        for seed in "12":
            (self.folder / "grid.json").write_text(json.dumps(grid()), encoding="utf-8")
            self.plot(self.folder / "grid.json", out=seed, PYTHONHASHSEED=seed)
            bytes_of.append([(self.folder / seed / name).read_bytes() for name in (ROOFLINE, LEAD)])
        self.assertEqual(*bytes_of)

    def test_publishing_draws(self):
        (self.folder / "bench/results").mkdir(parents=True)
        (self.folder / "docs").mkdir()
        shutil.copy(RESULTS, self.folder / "bench/results")
        notices = []
        documents.publish(self.folder, notices.append)
        page = (self.folder / "docs/benchmarks.md").read_text(encoding="utf-8")
        for name in (OF_COPY, SPEED_UP):
            self.assertTrue((self.folder / "docs/charts" / name).exists())
            self.assertIn(f"(charts/{name})", page)
        self.assertFalse([notice for notice in notices if "matplotlib" in notice])


outcome = unittest.main(exit=False).result
if outcome.wasSuccessful() and not CAN_DRAW:
    print("skipped: drawing; there is no matplotlib (Debian: python3-matplotlib)")
    sys.exit(SKIPPED)
sys.exit(not outcome.wasSuccessful())
