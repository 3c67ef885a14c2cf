"""test_tune.py PROGRAM: thresholds from times made up here, their table, and bench/gpu/tune over the emulation."""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
BENCH = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(BENCH))

from runner import thresholds, tune  # noqa: E402

PROGRAM = sys.argv.pop()
TABLE = BENCH.parent / "host/plan/gpu_threshold_values.hpp"
WARP = thresholds.BORDERS[1]


def record(size, lower, upper, dtype="bf16", border=WARP):
    return {"border": border.name, "dtype": dtype, "size": size,
            "seconds": {border.lower: [lower] * 3, border.upper: [upper] * 3}}


def results(borders=(), blocks=(), bulk=()):
    return {"date": "2001-02-03", "quick": False, "device": {"device": "Abacus GPU", "version": "1.2.3"},
            "borders": list(borders), "blocks": list(blocks), "bulk": list(bulk)}


class Table(unittest.TestCase):
    def setUp(self):
        self.text = TABLE.read_text(encoding="utf-8")
        self.table = thresholds.parse(self.text)

    def test_what_ships_is_as_the_program_writes_it(self):
        self.assertEqual(thresholds.render(self.table, thresholds.source_of(self.text)), self.text)

    def test_what_is_written_is_read_again(self):
        self.table["bf16"]["most_row_bytes_warp"] = 1234
        self.table[thresholds.BLOCKS] = 5
        self.assertEqual(self.table[thresholds.BULK], thresholds.NEVER)
        self.table[thresholds.BULK] = 8192
        self.assertEqual(thresholds.parse(thresholds.render(self.table, ["Source: a guess."])), self.table)

    def test_another_file_is_refused(self):
        with self.assertRaises((ValueError, TypeError)):
            thresholds.parse("int main() {}")
        with self.assertRaisesRegex(ValueError, "not a table"):
            thresholds.parse(self.text.replace(".f64", ".f128"))

    def test_every_size_fits_every_device(self):
        for border in thresholds.BORDERS[:2]:
            rows = {"few_lanes": 32, "warp": 4}[border.lower]
            for dtype, size in thresholds.DTYPES.items():
                longest = border.classes(dtype, border.sizes(dtype)[-1]) * size
                self.assertLessEqual(rows * 2 * (longest + 32), (64 - 3) << 10)
        self.assertEqual(thresholds.BORDERS[0].sizes("f64")[-1], 96)


class Choosing(unittest.TestCase):
    def choice(self, *records, today=4096):
        return thresholds.choose(records, WARP, today)

    def test_where_the_two_cross(self):
        choice = self.choice(record(1024, 1.0, 2.0), record(2048, 1.0, 1.5), record(4096, 2.0, 1.0), record(6144, 3.0, 1.0))
        self.assertEqual((choice.value, choice.regret, choice.at_edge), (2048, 0.0, False))
        self.assertAlmostEqual(choice.today, 2 ** (1 / 4) - 1)

    def test_the_sum_of_what_is_lost_decides(self):
        # One operation gains nothing from the lower mapping, the other much.
        one, other = record(1024, 1.1, 1.0), record(1024, 1.0, 2.0)
        choice = self.choice(one, other, record(2048, 2.0, 1.0), record(2048, 2.0, 1.0), today=2048)
        self.assertEqual(choice.value, 1024)
        self.assertAlmostEqual(choice.regret, 1.1 ** (1 / 4) - 1)

    def test_none_or_all_of_it(self):
        self.assertEqual(self.choice(record(1024, 2.0, 1.0), record(2048, 2.0, 1.0)).value, 512)
        choice = self.choice(record(1024, 1.0, 2.0), record(2048, 1.0, 2.0))
        self.assertEqual((choice.value, choice.at_edge), (2048, True))
        self.assertIn("the last tried", choice.words())

    def test_of_equals_the_one_nearest_to_todays(self):
        same = [record(size, 1.0, 1.0) for size in (1024, 2048, 4096, 6144)]
        for today in (1024, 2048, 6144):
            self.assertEqual(self.choice(*same, today=today).value, today)

    def test_a_median_is_not_moved_by_one_round(self):
        disturbed = record(1024, 1.0, 2.0)
        disturbed["seconds"]["warp"] = [1.0, 1.0, 99.0]
        self.assertEqual(self.choice(disturbed, record(2048, 2.0, 1.0)).value, 1024)

    def test_blocks(self):
        choice = thresholds.choose_blocks([{"seconds": {"8": [1.0], "16": [1.0], "32": [1.2]}},
                                           {"seconds": {"8": [1.0], "16": [0.5], "32": [0.5]}}], 32)
        self.assertEqual((choice.value, choice.at_edge), (16, False))
        self.assertAlmostEqual(choice.today, 1.2 ** 0.5 - 1)

    def bulk(self, *records, today=thresholds.NEVER):
        return thresholds.choose_bulk([{"size": size, "seconds": {"threads": [threads] * 3, "bulk": [bulk] * 3}}
                                       for size, threads, bulk in records], today)

    def test_bulk_from_where_it_wins(self):
        choice = self.bulk((8192, 1.0, 2.0), (16384, 2.0, 1.0), (32768, 2.0, 1.0))
        self.assertEqual((choice.value, choice.regret, choice.at_edge), (16384, 0.0, False))
        self.assertAlmostEqual(choice.today, 4 ** (1 / 3) - 1)
        self.assertTrue(self.bulk((8192, 2.0, 1.0), (16384, 2.0, 1.0)).at_edge)

    def test_bulk_never_unless_it_wins(self):
        for bulk in (1.0, 1.5):
            choice = self.bulk((8192, 1.0, bulk), (16384, 1.0, bulk), today=8192)
            self.assertEqual((choice.value, choice.regret, choice.at_edge), (thresholds.NEVER, 0.0, False))
            self.assertAlmostEqual(choice.today, bulk - 1)

    def test_bulk_reaches_the_table(self):
        table = thresholds.parse(TABLE.read_text(encoding="utf-8"))
        measured = results(bulk=[{"size": 8192, "seconds": {"threads": [2.0], "bulk": [1.0]}}])
        new, choices = thresholds.tuned(measured, table)
        self.assertEqual((new[thresholds.BULK], list(choices)), (8192, [("all", thresholds.BULK)]))
        self.assertIn(f".{thresholds.BULK} = 8192,", thresholds.render(new, thresholds.source(measured, choices)))

    def test_what_was_not_measured_stays(self):
        table = thresholds.parse(TABLE.read_text(encoding="utf-8"))
        measured = results([record(1024, 1.0, 2.0), record(2048, 2.0, 1.0)])
        new, choices = thresholds.tuned(measured, table)
        self.assertEqual(list(choices), [("bf16", "most_row_bytes_warp")])
        self.assertEqual(new["bf16"], {**table["bf16"], "most_row_bytes_warp": 1024})
        self.assertEqual({k: v for k, v in new.items() if k != "bf16"}, {k: v for k, v in table.items() if k != "bf16"})
        source = "\n".join(thresholds.source(measured, choices))
        for words in ("measured on Abacus GPU, 2001-02-03, xent 1.2.3", "- bf16 most_row_bytes_warp: 0.0 % above"):
            self.assertIn(words, source)


class Program(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.table = self.folder / "table.hpp"
        self.table.write_text(TABLE.read_text(encoding="utf-8"), encoding="utf-8")

    def run_it(self, *words):
        return subprocess.run([sys.executable, BENCH / "gpu/tune", "--table", self.table, *words], capture_output=True,
                              text=True, check=False)

    def test_measures_every_threshold(self):
        out = self.folder / "new/times.json"
        done = self.run_it("--program", PROGRAM, "--quick", "--rounds", "1", "--dtype", "bf16", "--output", out)
        self.assertEqual(done.returncode, 0, done.stderr)
        times = json.loads(out.read_text(encoding="utf-8"))
        self.assertEqual(times["missing"], [])
        self.assertEqual([(r["border"], sorted(r["seconds"])) for r in times["borders"]],
                         [(b.name, sorted((b.lower, b.upper))) for b in thresholds.BORDERS for _ in range(2)])
        self.assertEqual(list(times["blocks"][0]["seconds"]), [str(blocks) for blocks in thresholds.BLOCKS_TRIED])
        self.assertEqual([sorted(r["seconds"]) for r in times["bulk"]], [sorted(thresholds.FILLS)])
        for border in thresholds.BORDERS:
            self.assertIn(f"| bf16 {border.name} |", done.stdout)
        self.assertIn(f"| all {thresholds.BULK} | {thresholds.NEVER} |", done.stdout)
        self.assertEqual(self.table.read_text(encoding="utf-8"), TABLE.read_text(encoding="utf-8"))

    def earlier(self, **changes):
        path = self.folder / "times.json"
        path.write_text(json.dumps({**results([record(1024, 1.0, 2.0), record(2048, 2.0, 1.0)]), **changes}))
        return path

    def test_writes_the_table(self):
        done = self.run_it("--from", self.earlier(), "--write")
        self.assertEqual(done.returncode, 0, done.stderr)
        text = self.table.read_text(encoding="utf-8")
        self.assertEqual(thresholds.parse(text)["bf16"]["most_row_bytes_warp"], 1024)
        self.assertIn("// Source: measured on Abacus GPU", text)

    def test_figures_that_mean_little_are_not_written(self):
        done = self.run_it("--from", self.earlier(quick=True), "--write")
        self.assertEqual(done.returncode, 1)
        self.assertIn("is of a quick run", done.stderr)
        self.assertEqual(self.run_it("--quick", "--write").returncode, 2)
        self.assertEqual(self.table.read_text(encoding="utf-8"), TABLE.read_text(encoding="utf-8"))

    def test_without_a_gpu_or_a_program_it_says_so(self):
        for program, words in (("/nowhere", "/nowhere"), ("/bin/true", "xent ended with status 0")):
            done = self.run_it("--program", program)
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertIn(words, done.stderr)


class Rows(unittest.TestCase):
    def test_they_exceed_the_cache_and_occupy_the_device(self):
        facts = {"level2_mib": 50.0, "multiprocessors": 132}
        self.assertEqual(tune.rows_for(facts, 1000), 104857)
        self.assertEqual(tune.rows_for(facts, 4 << 20), 132)


unittest.main()
