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

from runner import charts, documents, readings  # noqa: E402

CAN_DRAW = importlib.util.find_spec("matplotlib") is not None
SKIPPED = 77  # what CMakeLists.txt tells ctest
RESULTS = HERE / "results.json"
OF_COPY, SPEED_UP = (charts.file_name("Abacus(R) 1000, 4 threads", "4 threads", kind) for kind in charts.CAPTIONS)

GPU_CASE = {"operation": "softmax_backward", "dtype": "bf16", "rows": 64, "classes": 10, "mode": "graph", "cold": True,
            "bytes": 4e6, "seconds": {"xent": [0.001] * 3, "copy": [0.002] * 3, "PyTorch eager": [0.003] * 3}}
GPU_RUN = {"date": "2001-02-03", "quick": False, "xent": {"device": "Abacus GPU", "version": "1.2.3"}, "peers": {"x": {}},
           "limits": {"copy": {"bytes": 8e6, "seconds": [0.002]}}, "cases": [GPU_CASE]}


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
