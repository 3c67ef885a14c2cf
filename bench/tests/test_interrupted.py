"""A grid that is interrupted: what it leaves, and how it goes on. bench/run itself, on contestants made up here."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
BENCH = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(BENCH))

from runner import cases, partial  # noqa: E402

HEADER = {"date": "2001-02-03", "quick": True, "rounds": 3, "build": "abc",
          "machine": {"processor": "Abacus", "threads": 2, "load_average": 0.1},
          "software": {"xent": "1", "pytorch": "2"},
          "cases": {"2": [["softmax", "f32", 4, 10, "mean"], ["softmax", "f32", 4, 20, "mean"]]}}

# Stands for xent-bench-server. Writes what it judges to the file "diary" beside it; waits there, or dies, at the case
# that the file "stop" names: "wait ROWS…" or "die ROWS…".
SERVER = """#!{python}
import json, os, sys, time
here = os.path.dirname(os.path.abspath(__file__))
facts = dict.fromkeys(("version", "compiler", "flags", "build_type", "highway", "simd", "openblas"), "1")
facts.update(name="xent", processor="Abacus", level2_kib=1, level3_mib=1)
print(json.dumps(facts), flush=True)
for line in sys.stdin:
    if line.startswith("judge"):
        with open(here + "/diary", "a") as diary:
            diary.write(line)
        stop = open(here + "/stop").read().split(" ", 1) if os.path.exists(here + "/stop") else ["", "-"]
        if line.strip() == stop[1]:
            if stop[0] == "die":
                sys.exit(3)
            open(here + "/waiting", "w").close()
            time.sleep(2)
    print(json.dumps(dict(seconds=0.01, bytes=1e6, operations=1e6, row_bytes=0, sets=1, remark="", worst=1.0, rows=4)),
          flush=True)
"""

WITHOUT_PAUSES = f"""
import runpy, sys
sys.path.insert(0, {str(BENCH)!r})
from runner import measure
measure.PAUSE = 0
del sys.argv[0]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


class File(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "deep/x.partial"

    def started(self):
        started = partial.Partial.start(self.path, HEADER)
        started.add_limits(2, {"read": {}})
        started.add_case(2, HEADER["cases"]["2"][0], {"error": 1.0})
        return started

    def test_what_was_added_is_there_again(self):
        self.started()
        again = partial.Partial.resume(self.path, HEADER)
        self.assertEqual(again.limits, {2: {"read": {}}})
        self.assertEqual(again.case(2, HEADER["cases"]["2"][0]), {"error": 1.0})
        self.assertIsNone(again.case(2, HEADER["cases"]["2"][1]))

    def test_a_line_cut_short_was_never_written(self):
        self.started()
        whole = self.path.read_bytes()
        for torn in (b'{"threads": 2, "wor', b'{"threads": 2}'[:-1], b"\x00\x00\n"):
            self.path.write_bytes(whole + torn)
            again = partial.Partial.resume(self.path, HEADER)
            self.assertEqual(len(again.cases), 1)
            again.add_case(2, HEADER["cases"]["2"][1], {"error": 2.0})
            self.assertEqual(len(partial.Partial.resume(self.path, HEADER).cases), 2)

    def test_what_is_there_is_not_written_over(self):
        self.started()
        with self.assertRaisesRegex(partial.Different, r"--resume .*1 of 2 cases, 2001-02-03"):
            partial.Partial.start(self.path, HEADER)
        self.assertEqual(len(partial.Partial.resume(self.path, HEADER).cases), 1)

    def test_another_run_is_refused_by_name(self):
        self.started()
        for change, words in (({"machine": {**HEADER["machine"], "processor": "Slide rule"}},
                               "the machine's processor was Abacus, is Slide rule"),
                              ({"software": {"xent": "1"}}, "the software's pytorch was 2, is None"),
                              ({"build": "abd"}, "the build is another"), ({"rounds": 5}, "rounds was 3, is 5"),
                              ({"quick": False}, "quick was True, is False"),
                              ({"cases": {"2": HEADER["cases"]["2"][:1]}}, "was 2 at 2 threads; is 1 at 2 threads"),
                              ({"cases": {"3": HEADER["cases"]["2"]}}, "was 2 at 2 threads; is 2 at 3 threads")):
            with self.assertRaisesRegex(partial.Different, words):
                partial.Partial.resume(self.path, {**HEADER, **change})
        other_day = {**HEADER, "date": "2001-02-04", "machine": {**HEADER["machine"], "load_average": 3.0}}
        self.assertEqual(partial.Partial.resume(self.path, other_day).header["date"], "2001-02-03")

    def test_any_other_file_is_refused(self):
        self.path.parent.mkdir()
        for text in ("", "{}\n", '{"runs": []}\n', "[]\n", "12\n", "no JSON\n"):
            self.path.write_text(text, encoding="utf-8")
            with self.assertRaisesRegex(partial.Different, "is not what an interrupted grid leaves"):
                partial.Partial.resume(self.path, HEADER)


class Run(unittest.TestCase):
    STOP_AT = "judge softmax f32 524288 10"

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.bin = Path(folder.name) / "bin"
        self.bin.mkdir()
        server = self.bin / "xent-bench-server"
        server.write_text(SERVER.format(python=sys.executable), encoding="utf-8")
        server.chmod(0o755)
        self.output = Path(folder.name) / "out.json"
        self.partial = Path(folder.name) / "out.json.partial"
        self.all = [case.words() for case in cases.grid_cases(2, quick=True)]

    def start(self, *words):
        return subprocess.Popen([sys.executable, "-c", WITHOUT_PAUSES, BENCH / "run", "--grid", "--quick",
                                 "--rounds", "1", "--threads", "2", "--python", "/nowhere",
                                 "--build", self.bin.parent, "--output", self.output, *words],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)

    def finish(self, *words):
        process = self.start(*words)
        out, err = process.communicate(timeout=100)
        return process.returncode, out, err

    def stop_by(self, number):
        (self.bin / "stop").write_text(f"wait {self.STOP_AT}", encoding="utf-8")
        process = self.start()
        end = time.monotonic() + 60
        while not (self.bin / "waiting").exists() and time.monotonic() < end:
            time.sleep(0.05)
        os.killpg(process.pid, number) if number == signal.SIGINT else os.kill(process.pid, number)
        _, err = process.communicate(timeout=60)
        return process.returncode, err

    def goes_on(self, done):
        (self.bin / "stop").unlink()
        (self.bin / "diary").unlink()
        code, _, err = self.finish("--resume", self.partial)
        self.assertEqual(code, 0, err)
        self.assertIn(f"going on: {done} of {len(self.all)} cases", err)
        self.assertEqual(len((self.bin / "diary").read_text().splitlines()), len(self.all) - done)
        results = json.loads(self.output.read_text(encoding="utf-8"))
        measured = [[case[key] for key in ("operation", "dtype", "rows", "classes", "reduction")]
                    for case in results["runs"][0]["cases"]]
        self.assertEqual(measured, self.all)
        self.assertFalse(self.partial.exists())

    def done_before_stop(self):
        return [" ".join(map(str, ["judge", *words[:-1]])) for words in self.all].index(self.STOP_AT)

    def test_by_hand(self):
        code, err = self.stop_by(signal.SIGINT)
        self.assertEqual(code, 130, err)
        done = self.done_before_stop()
        self.assertRegex(err, rf"interrupted; {done} of {len(self.all)} cases are in .*--resume {self.partial} goes on")
        code, _, err = self.finish()
        self.assertEqual(code, 1)
        self.assertIn("interrupted: go on with --resume", err)
        self.goes_on(done)

    def test_by_another_program(self):
        code, err = self.stop_by(signal.SIGTERM)
        self.assertEqual(code, 143, err)
        self.assertIn("terminated; ", err)
        self.goes_on(self.done_before_stop())

    def test_by_a_crash_of_xent(self):
        (self.bin / "stop").write_text(f"die {self.STOP_AT}", encoding="utf-8")
        code, _, err = self.finish()
        self.assertEqual(code, 1, err)
        self.assertIn("xent ended with status 3; ", err)
        self.goes_on(self.done_before_stop())

    def test_whole_it_leaves_nothing_behind(self):
        code, _, err = self.finish()
        self.assertEqual(code, 0, err)
        self.assertFalse(self.partial.exists())

    def test_of_another_build_it_does_not_go_on(self):
        self.stop_by(signal.SIGINT)
        server = self.bin / "xent-bench-server"
        server.write_text(server.read_text(encoding="utf-8") + "# another\n", encoding="utf-8")
        code, _, err = self.finish("--resume", self.partial)
        self.assertEqual(code, 1)
        self.assertIn("the build is another", err)
        self.assertTrue(self.partial.exists())


unittest.main()
