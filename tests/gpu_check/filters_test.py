"""filters_test.py SUITES TRAINER [GPU]: every test that gpu-check wants under a sanitizer exists.

Without a GPU its program, GPU, lists none, but SUITES and TRAINER, which run the same over the emulation, do.
"""

import fnmatch
import re
import subprocess
import sys
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

from gpu import sanitizers  # noqa: E402

SUITES, TRAINER, *GPU = sys.argv[1:]


def listed(program):
    """Full names, as they are on a GPU."""
    said = subprocess.run([program, "--gtest_list_tests"], capture_output=True, text=True, check=True).stdout
    suite, names = "", set()
    for line in said.splitlines():
        name = line.split("#")[0].rstrip()
        if name.endswith("."):
            suite = name
        elif name.startswith("  "):
            names.add(suite + name.strip().replace("/emulated_sm90_", "/gpu_"))
    return names


def only_on_a_gpu():
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests/gpu").glob("*.cpp"))
    return {f"{suite}.{name}" for suite, name in re.findall(r"^TEST\((\w+), (\w+)\)", sources, re.M)}


class Filters(unittest.TestCase):
    def setUp(self):
        self.everything = listed(SUITES) | listed(TRAINER) | only_on_a_gpu()

    def test_each_pattern_names_a_test(self):
        for run in sanitizers.RUNS:
            for pattern in run.filter.split(":"):
                self.assertTrue(fnmatch.filter(self.everything, pattern), f"{run.tool}: {pattern}")

    @unittest.skipUnless(GPU, "the suites for a GPU are not built")
    def test_the_suites_are_compiled_for_the_gpu_too(self):
        program = Path(GPU[0]).read_bytes()
        suites = {name.split(".")[0].split("/")[1] for name in listed(SUITES) if "/gpu_" in name}
        self.assertGreater(len(suites), 10)
        suites |= {"GridBarrier", "StepPaths"}
        self.assertEqual([suite for suite in sorted(suites) if suite.encode() not in program], [])

    def test_every_tool_is_used_and_says_why(self):
        self.assertEqual({run.tool for run in sanitizers.RUNS}, {"memcheck", "racecheck", "initcheck", "synccheck"})
        self.assertTrue(all(len(run.why) > 20 for run in sanitizers.RUNS))


unittest.main(argv=sys.argv[:1])
