"""test_gpu.py PROGRAM: xent-gpu-bench (over the emulation), the runner that drives it, and peers made up here."""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
BENCH = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(BENCH))

from runner import gpu_cases, gpu_measure, gpu_tables  # noqa: E402
from runner.process import Contestant  # noqa: E402

PROGRAM = sys.argv.pop()

# Answers like gpu_peer.py; how it behaves is its variant.
FAKE_PEER = """
import json, sys
variant = sys.argv[1]
if variant == "missing":
    print(json.dumps({"unavailable": "no such library"}), flush=True)
    sys.exit()
print(json.dumps({"name": variant}), flush=True)
for line in sys.stdin:
    verb, name, *words = line.split()
    if verb == "prepare" and variant == "eager" and words[4] == "graph":
        said = {"error": "RuntimeError: cannot be recorded: it waits"}
    elif verb == "prepare" and variant == "dies":
        sys.exit(3)
    elif verb == "prepare":
        said = {"calls": int(words[6])}
    elif verb == "run":
        said = {"seconds": 0.5 * int(words[0])}
    else:
        said = {"dropped": True}
    print(json.dumps(said), flush=True)
"""


class Program(unittest.TestCase):
    def setUp(self):
        self.server = Contestant("xent", [PROGRAM])

    def tearDown(self):
        self.server.close()

    def test_says_who_it_is(self):
        self.assertGreaterEqual(set(self.server.facts),
                                {"version", "compiler", "device", "compute_capability", "level2_mib"})

    def test_every_operation_and_type(self):
        matrices = {"cross_entropy_forward": 1, "softmax_backward": 3, "log_softmax_backward": 3}
        for operation in gpu_cases.OPERATIONS:
            for dtype, size in (("bf16", 2), ("f16", 2), ("f32", 4)):
                ready = self.server.ask("prepare", "a", operation, dtype, 16, 200, "graph")
                self.assertEqual(ready["bytes"], matrices.get(operation, 2) * 16 * 200 * size)
                self.assertTrue(ready["cold"])
                self.assertEqual(ready["calls"] % ready["sets"], 0)
                self.assertIn("gpu: ", ready["plan"])
                self.assertGreater(self.server.seconds("a", 1, 0), 0)

    def test_every_mode(self):
        for mode in ("graph", "stream", "call"):
            ready = self.server.ask("prepare", "a", "cross_entropy", "f32", 8, 10, mode)
            self.assertFalse(ready["cold"] and ready["sets"] == 1)
            self.assertEqual(ready["calls"] == 1, mode == "call")
            self.assertGreater(self.server.seconds("a", 2, 1), 0)

    def test_limits(self):
        read = self.server.ask("prepare", "a", "read")
        copy = self.server.ask("prepare", "b", "copy")
        self.assertEqual(copy["bytes"], 2 * read["bytes"])
        for name in "ab":
            self.assertGreater(self.server.seconds(name, 1, 1), 0)

    def test_what_a_device_takes_besides(self):
        for words, calls in ((["launch"], 512), (["graph_node"], 512), (["grid_sync", 1], 512), (["gemm"], 4)):
            ready = self.server.ask("prepare", "a", *words)
            self.assertEqual((ready["calls"], ready["operations"] > 0), (calls, words == ["gemm"]))
            self.assertTrue(ready["remark"])
            self.assertGreater(self.server.seconds("a", 1, 1), 0)

    def test_a_mapping_that_is_asked_for(self):
        for mapping, says in (("few_lanes", "4 lanes"), ("warp", "a warp"), ("block", "256 threads"),
                              ("wide_block", "512 threads")):
            for operation, dtype in (("cross_entropy", "bf16"), ("softmax", "f64"), ("softmax_backward", "f32")):
                ready = self.server.ask("prepare", "a", "mapped", operation, dtype, 3, 40, mapping, 1, "threads")
                self.assertIn(f"gpu: {says} per row", ready["plan"])
        ready = self.server.ask("prepare", "a", "mapped", "softmax", "f32", 16, 500, "warp", 1, "threads")
        self.assertIn(", 2 blocks,", ready["plan"])  # of two multiprocessors
        self.assertGreater(self.server.seconds("a", 1, 0), 0)
        with self.assertRaisesRegex(RuntimeError, "rows of 20000 classes do not fit"):
            self.server.ask("prepare", "a", "mapped", "softmax", "f32", 4, 20000, "warp", 1, "threads")

    def test_a_fill_that_is_asked_for(self):
        for mapping in ("block", "wide_block"):
            ready = self.server.ask("prepare", "a", "mapped", "cross_entropy", "bf16", 3, 2000, mapping, 1, "bulk")
            self.assertIn("filled in bulk", ready["plan"])
            ready = self.server.ask("prepare", "a", "mapped", "cross_entropy", "bf16", 3, 2000, mapping, 1, "threads")
            self.assertNotIn("bulk", ready["plan"])
        with self.assertRaisesRegex(RuntimeError, "a block for each row"):
            self.server.ask("prepare", "a", "mapped", "softmax", "f32", 3, 200, "warp", 1, "bulk")

    def test_nonsense_is_answered_and_survived(self):
        for words, complaint in ((("prepare", "a", "knit"), '"knit" is not known'),
                                 (("prepare", "a", "softmax", "f64", 2, 3, "graph"), '"f64" is not known'),
                                 (("prepare", "a", "softmax", "f32", 2, 0, "graph"), "classes is 0"),
                                 (("prepare", "a", "softmax", "f32", 2, 3, "idle"), '"idle" is not known'),
                                 (("prepare", "a", "grid_sync", 0), "blocks is 0"),
                                 (("prepare", "a", "mapped", "nll", "f32", 2, 3, "warp", 1), '"nll" is not known'),
                                 (("prepare", "a", "mapped", "softmax", "f32", 2, 3, "weft", 1, "bulk"), '"weft" is not known'),
                                 (("prepare", "a", "mapped", "softmax", "f32", 2, 3, "block", 1, "rain"), '"rain" is'),
                                 (("prepare", "a", "mapped", "softmax", "f32", 2, 3, "warp", 0), "blocks per multi"),
                                 (("run", "b", 1, 1), 'nothing is prepared as "b"'),
                                 (("juggle", "b"), '"juggle" is not known')):
            with self.assertRaisesRegex(RuntimeError, complaint):
                self.server.ask(*words)
        self.server.ask("prepare", "a", "softmax", "f32", 2, 3, "graph")


class Field(unittest.TestCase):
    CASE = gpu_cases.GpuCase("softmax", "f32", 16, 200)

    def measure(self, *variants):
        """The record of one case against peers of these variants, and who was absent."""
        with tempfile.TemporaryDirectory() as folder:
            peer = Path(folder, "peer.py")
            peer.write_text(FAKE_PEER, encoding="utf-8")
            peers = [gpu_cases.GpuPeer(variant, variant, ("softmax",)) for variant in variants]
            field = gpu_measure.GpuField(PROGRAM, sys.executable, peers, peer, lambda text: None)
            try:
                limits = gpu_measure.measure_gpu_limits(field, 2, 1e-6)
                return gpu_measure.measure_gpu_case(field, self.CASE, limits, 3, 1e-6), field.absent
            finally:
                field.close()

    def test_a_peer_that_cannot_be_recorded_is_timed_on_the_stream(self):
        record, absent = self.measure("other", "eager")
        self.assertEqual(record["modes"], {"xent": "graph", "other": "graph", "eager": "stream"})
        self.assertEqual(record["seconds"]["eager"], [0.5 / record["calls"]] * 3)
        self.assertEqual(absent, {})
        self.assertAlmostEqual(record["figures"]["copy"]["of_copy"], 1.0)

    def test_absent_is_not_zero(self):
        record, absent = self.measure("missing", "dies")
        self.assertEqual(set(record["seconds"]), {"xent", "copy"})
        self.assertEqual(absent["missing"], "no such library")
        self.assertIn("dies", absent)
        self.assertIn("status 3", record["left_out"]["dies"])

    def test_what_cannot_be_measured_is_told(self):
        # Two blocks that wait for each other: a device runs both at once, the emulation one after the other.
        field = gpu_measure.GpuField(PROGRAM, sys.executable, [], "", lambda text: None)
        try:
            costs = gpu_measure.measure_gpu_costs(field, 2, 1e-6)
        finally:
            field.close()
        self.assertEqual(list(costs), ["launch", "graph_node", "grid_sync", "gemm"])
        self.assertIn("LIVELOCK", costs["grid_sync"]["why"])
        self.assertEqual(len(costs["gemm"]["seconds"]), 2)
        lines = gpu_tables.costs_table({**costs, "gemm": {"how": "x", "operations": 3e9, "seconds": [0.001]}}).splitlines()
        self.assertIn("| all blocks of a kernel meet | – | run cost ", lines[4])
        self.assertEqual(lines[5], "| a matrix product | 1000.00 µs, 3.0 TFLOP/s | x |")

    def test_figures_follow_from_seconds(self):
        found = gpu_measure.figures(8e9, 4e9, {"xent": [0.001, 0.002, 0.004], "copy": [0.001] * 3})
        self.assertEqual(found["xent"], {"microseconds": 2000.0, "gb_per_s": 4000.0, "of_copy": 1.0})


class Runner(unittest.TestCase):
    def run_it(self, *words):
        return subprocess.run([sys.executable, BENCH / "gpu/run", "--program", PROGRAM, "--alone", "--quick", *words],
                              capture_output=True, text=True, check=False)

    def test_results_and_tables(self):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "made/results.json")
            done = self.run_it("--shape", "16x200", "--dtype", "bf16", "--output", file)
            self.assertEqual(done.returncode, 0, done.stderr)
            results = json.loads(file.read_text(encoding="utf-8"))
            self.assertTrue(results["complete"])
            self.assertEqual([case["operation"] for case in results["cases"]], gpu_cases.OPERATIONS)
            self.assertEqual(done.stdout.rstrip("\n"), gpu_tables.section(results))
            self.assertIn("Softmax, backward, bf16:", done.stdout)

    def test_what_there_is_no_time_for_is_named(self):
        done = self.run_it("--shape", "16x200", "--minutes", "-1")
        self.assertEqual(done.returncode, 0, done.stderr)
        results = json.loads(done.stdout)
        self.assertEqual(results["cases"], [])
        self.assertEqual({case["why"] for case in results["not_measured"]}, {"no time left"})

    def test_without_a_program_it_says_so(self):
        done = subprocess.run([sys.executable, BENCH / "gpu/run", "--program", "/nowhere"], capture_output=True,
                              text=True, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("/nowhere", done.stderr)


unittest.main()
