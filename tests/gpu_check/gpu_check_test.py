"""gpu-check with programs made up here in place of the GPU's: what it runs, keeps and concludes."""

import importlib.machinery
import importlib.util
import io
import json
import os
import sys
import tempfile
import types
import unittest
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from unittest import mock

sys.dont_write_bytecode = True
ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

from gpu import device, parts, results, sanitizers  # noqa: E402

MEMCHECK, RACECHECK = (next(run for run in sanitizers.RUNS if run.tool == tool) for tool in ("memcheck", "racecheck"))
FACTS = {"gpu": "NVIDIA H200", "compute_capability": 90}

JUNIT = """<?xml version="1.0"?><testsuite name="t" tests="3" failures="1">
<testcase name="a" time="1.5" status="run"/>
<testcase name="b" time="0.5" status="fail"><failure message=""/></testcase>
<testcase name="c" time="0" status="notrun"><skipped message="SKIP_RETURN_CODE=77"/></testcase></testsuite>"""


def load_program():
    loader = importlib.machinery.SourceFileLoader("gpu_check", str(ROOT / "scripts/gpu_check"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("gpu_check", loader))
    loader.exec_module(module)
    return module


class Results(unittest.TestCase):
    def document(self, **states):
        return {"machine": FACTS, "software": {"xent": "1"}, "date": "2026-01-02",
                "parts": {name: {"status": state} for name, state in states.items()}}

    def test_junit(self):
        self.assertEqual(results.junit(JUNIT), {"passed": 1, "failed": 1, "skipped": 1, "seconds": 2.0,
                                                "names_of_failed": ["b"], "names_of_skipped": ["c"]})

    def test_a_bad_part_spoils_all_and_an_absent_one_does_not(self):
        self.assertTrue(results.passed(self.document(tests="passed", peers="absent")))
        self.assertFalse(results.passed(self.document(tests="passed", bench="failed")))
        self.assertFalse(results.passed(self.document(tests="passed", bench="out of time")))
        self.assertFalse(results.passed(self.document(peers="absent")))

    def test_documents_of_parts_are_put_together(self):
        merged = results.merge([self.document(build="passed", trainer="passed"),
                                self.document(build="passed", tests="failed")])
        self.assertEqual(list(merged["parts"]), ["build", "tests", "trainer"])
        self.assertFalse(merged["passed"])
        self.assertEqual(results.merge([self.document(build="passed"), self.document(build="failed")])["parts"]
                         ["build"]["status"], "failed")

    def test_documents_that_do_not_belong_together_are_refused(self):
        with self.assertRaisesRegex(ValueError, "tests is there twice"):
            results.merge([self.document(tests="failed"), self.document(tests="passed")])
        with self.assertRaisesRegex(ValueError, "not of one machine"):
            results.merge([self.document(tests="passed"), {**self.document(bench="passed"), "machine": {}}])

    def test_names(self):
        self.assertEqual(results.file_name("NVIDIA H200", "2026-01-02"), "nvidia-h200-2026-01-02.json")
        self.assertIn("tests      failed", results.summary({**self.document(tests="failed"), "passed": False}))


class Sanitizers(unittest.TestCase):
    OK = "[       OK ] Graphs.A (3 ms)\n"

    def judge(self, run, status, said):
        return sanitizers.judge(run, status, said)

    def test_clean(self):
        self.assertEqual(self.judge(MEMCHECK, 0, self.OK + "========= ERROR SUMMARY: 0 errors\n"),
                         {"verdict": "clean", "errors": 0, "tests": 1})
        said = self.OK + "========= RACECHECK SUMMARY: 0 hazards displayed (0 errors, 0 warnings)\n"
        self.assertEqual(self.judge(RACECHECK, 0, said)["verdict"], "clean")

    def test_errors_are_counted_and_the_first_is_told(self):
        said = ("========= COMPUTE-SANITIZER\n" + self.OK + "========= Invalid __global__ read of size 16 bytes\n"
                "========= ERROR SUMMARY: 2 errors\n")
        found = self.judge(MEMCHECK, 99, said)
        self.assertEqual((found["verdict"], found["errors"]), ("errors", 2))
        self.assertEqual(found["why"], "Invalid __global__ read of size 16 bytes")

    def test_a_filter_that_matches_nothing_is_no_success(self):
        self.assertEqual(self.judge(MEMCHECK, 0, "========= ERROR SUMMARY: 0 errors")["verdict"], "failed")

    def test_failed_tests_no_summary_no_time_no_device(self):
        summary = "========= ERROR SUMMARY: 0 errors\n"
        self.assertIn("FAILED", self.judge(MEMCHECK, 1, "[  FAILED  ] Graphs.A\n" + summary)["why"])
        self.assertEqual(self.judge(MEMCHECK, 0, self.OK)["verdict"], "failed")
        self.assertEqual(self.judge(MEMCHECK, None, self.OK)["verdict"], "out of time")
        self.assertEqual(self.judge(MEMCHECK, 1, "========= Error: Device not supported.")["verdict"], "unusable")


class Parts(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.tree = Path(folder.name)
        self.options = types.SimpleNamespace(build=self.tree, define=[], python=sys.executable, mnist=None,
                                             sanitizer_seconds=20.0, quick=True)
        self.check = parts.Check(self.options, FACTS)
        silence = redirect_stdout(io.StringIO())
        silence.__enter__()
        self.addCleanup(silence.__exit__, None, None, None)

    def plant(self, name, *lines):
        path = self.tree / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("#!/bin/sh\n" + "\n".join(lines) + "\n", encoding="utf-8")
        path.chmod(0o755)

    def test_what_takes_too_long_is_stopped_with_all_that_it_started(self):
        status, said = self.check.run("sleeper", ["sh", "-c", "echo begun; sleep 100 & sleep 100"], 1)
        self.assertEqual((status, said), (None, "begun\n"))
        self.assertEqual(parts.ended(status, said)["status"], "out of time")

    def test_targets_of_ninja_and_of_make(self):
        self.assertEqual(parts.wanted_targets("gpu_test: phony\nxent-gpu-bench: phony\nbin/gpu_test: CXX\nall: phony"),
                         ["gpu_test", "xent-gpu-bench"])
        self.assertEqual(parts.wanted_targets("... all\n... gpu_test\n... xent-mnist\n"), ["gpu_test", "xent-mnist"])

    def trainer(self, accuracy, synthetic="false"):
        start = ('{"event":"start","recipe":{"name":"default"},"device_description":"d",'
                 f'"data":{{"synthetic":{synthetic}}}}}')
        final = f'{{"event":"final","test_accuracy":{accuracy},"train_seconds":1.5,"wall_seconds":2}}'
        self.plant("xent-mnist", 'while [ "$1" != --json ]; do shift; done',
                   f"echo '{start}' >\"$2\"", f"echo '{final}' >>\"$2\"")
        return parts.trainer(self.check, 20)

    def test_the_trainer_keeps_its_promise_or_fails(self):
        self.assertEqual(parts.trainer(self.check, 20)["status"], "absent")  # not built
        self.assertEqual(self.trainer(0.986)["status"], "passed")
        self.assertEqual(self.trainer(0.986)["test_accuracy"], 0.986)
        self.assertEqual(self.trainer(0.95)["status"], "failed")
        self.assertEqual(self.trainer(0.95, "true")["status"], "absent")
        self.plant("xent-mnist", "echo no device; exit 1")
        self.assertEqual(parts.trainer(self.check, 20)["why"], "status 1: no device")

    def sanitize(self, *lines):
        self.plant("compute-sanitizer", *lines)
        with mock.patch.dict(os.environ, PATH=f"{self.tree}/bin:{os.environ['PATH']}"):
            return parts.run_sanitizers(self.check, 60)

    def test_sanitizers(self):
        ok = "echo '[       OK ] T.t'; echo '= RACECHECK SUMMARY: 0 hazards'; echo '= ERROR SUMMARY: 0 errors'"
        found = self.sanitize(ok)
        self.assertEqual(found["status"], "passed")
        self.assertEqual([run["filter"] for run in found["runs"]], [run.filter for run in sanitizers.RUNS])
        bad = self.sanitize(f'{ok}; case "$2" in synccheck) echo "= ERROR SUMMARY: 7 errors"; exit 99;; esac')
        self.assertEqual(bad["status"], "failed")
        self.assertIn("synccheck", bad["why"])
        self.assertEqual(self.sanitize("echo Device not supported; exit 1")["status"], "absent")

    def test_a_sanitizer_that_is_not_there_is_told(self):
        with mock.patch.object(device, "find_tool", return_value=None):
            self.assertEqual(parts.run_sanitizers(self.check, 60)["status"], "absent")


class Program(unittest.TestCase):
    def run_it(self, *words, **patches):
        program = load_program()
        out = io.StringIO()
        with mock.patch.object(sys, "argv", ["gpu_check", *map(str, words)]), redirect_stdout(out), \
                redirect_stderr(out), mock.patch.multiple(device, **patches):
            with self.assertRaises(SystemExit) as ended:
                program.main()
        return ended.exception.code, out.getvalue()

    def test_no_gpu_is_one_line(self):
        def none():
            raise device.NoGpu("no GPU: none at all")

        self.assertEqual(self.run_it(find=none), (2, "gpu-check: no GPU: none at all\n"))

    def test_no_compiler_is_one_line(self):
        status, said = self.run_it(find=lambda: dict(FACTS), find_tool=lambda name: None)
        self.assertEqual((status, said.count("\n")), (2, 1))
        self.assertIn("nvcc", said)

    def test_a_failing_part_fails_the_whole_and_the_document_is_there(self):
        def explode(check, seconds):
            raise ValueError("bang")

        made = {"build": (lambda check, seconds: {"status": "passed"}, 1), "bench": (explode, 1),
                "trainer": (lambda check, seconds: {"status": "passed", "test_accuracy": 0.99}, 1)}
        with tempfile.TemporaryDirectory() as folder, mock.patch.dict(parts.ALL, made):
            file = Path(folder, "sub/all.json")
            status, said = self.run_it("--part", "bench", "--part", "trainer", "--out", file, "--build", folder,
                                       find=lambda: dict(FACTS), find_tool=lambda name: "true")
            document = json.loads(file.read_text(encoding="utf-8"))
            merged = Path(folder, "merged.json")
            again, _ = self.run_it("--merge", file, "--out", merged, find=None)
            self.assertEqual(again, 1)
            self.assertEqual(json.loads(merged.read_text(encoding="utf-8"))["parts"], document["parts"])
        self.assertEqual(status, 1)
        self.assertEqual(list(document["parts"]), ["build", "bench", "trainer"])
        self.assertEqual(document["parts"]["bench"]["why"], "ValueError: bang")
        self.assertFalse(document["passed"])
        self.assertIn("FAILED", said)


unittest.main()
