"""Growth: which sizes there are, what is asked of xent, and what the tables make of it."""

import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from runner import documents, growth, measure, readings  # noqa: E402


class Scribe:
    """Stands for xent's process: keeps what it is asked; an element takes a nanosecond."""

    def __init__(self):
        self.asked, self.rows = [], 0

    def ask(self, *words):
        self.asked.append(" ".join(map(str, words)))
        if words[:2] == ("prepare", "case"):
            self.rows = words[4]
        workspace = words[0] == "workspace"
        return {"bytes": 4e6 + 8 * self.rows * workspace, "row_bytes": 0, "sets": 1, "remark": ""}

    def seconds(self, name, calls, warm):
        return self.rows * growth.CLASSES * 1e-9 if name == "case" else 0.1


def field():
    return type("Field", (), {"xent": Scribe(), "peers": [], "threads": 2})


def case(power, seconds, operation="cross_entropy_forward", limit_seconds=0.1, dtype="bf16"):
    elements = 1 << power
    return {"operation": operation, "dtype": dtype, "rows": elements // growth.CLASSES, "classes": growth.CLASSES,
            "reduction": "sum", "bytes": 2.0 * elements, "row_bytes": 0, "sets": 1, "left_out": {}, "limit": "read",
            "elements": elements, "workspace": 1000,
            "seconds": {"xent": [seconds] * 3, "read": [limit_seconds] * 3, "copy": [0.2] * 3}}


def results(*measured, too_large=()):
    base = documents.load(HERE / "results.json")
    run = {"threads": 4, "limits": base["runs"][0]["limits"], "cases": list(measured), "too_large": list(too_large)}
    return {**base, "kind": "growth", "runs": [run]}


class Growth(unittest.TestCase):
    def setUp(self):
        self.addCleanup(setattr, measure, "PAUSE", measure.PAUSE)
        measure.PAUSE = 0

    def test_sizes_end_with_the_memory(self):
        everything, none = growth.sizes("bf16", 1 << 40)
        self.assertEqual((everything[0], everything[-1], none), (1 << 20, 1 << 31, []))
        self.assertEqual(growth.sizes("f32", (1 << 33) - 1), (everything[:-1], everything[-1:]))
        fits = (1 << 32) / growth.SHARE_OF_MEMORY
        self.assertEqual(growth.sizes("bf16", fits + 1)[1], [])
        self.assertEqual(growth.sizes("bf16", fits - 1)[1], [1 << 31])

    def test_free_memory_is_what_the_system_says(self):
        with tempfile.NamedTemporaryFile("w", suffix="meminfo") as file:
            file.write("MemTotal: 9 kB\nMemAvailable:   3 kB\n")
            file.flush()
            self.assertEqual(growth.free_bytes(file.name), 3072)
        with tempfile.NamedTemporaryFile("w") as empty, self.assertRaisesRegex(RuntimeError, "no MemAvailable"):
            growth.free_bytes(empty.name)

    def test_every_size_of_both_operations(self):
        contestants = field()
        run = growth.measure_all(contestants, 5 * (1 << 22), 2, 0.01, lambda text: None)
        asked = contestants.xent.asked
        for words in ("prepare case cross_entropy_in_place bf16 32 32768 sum",
                      "prepare case cross_entropy_forward bf16 128 32768 sum",
                      "prepare case cross_entropy_forward f32 32 32768 sum", "workspace 128"):
            self.assertIn(words, asked)
        self.assertEqual([(c["operation"], c["dtype"], c["elements"]) for c in run["cases"]],
                         [(operation, dtype, elements) for dtype, fitting in (("bf16", [1 << 20, 1 << 22]),
                                                                             ("f32", [1 << 20]))
                          for operation in growth.OPERATIONS for elements in fitting])
        self.assertEqual(run["cases"][1]["workspace"], 4e6 + 8 * 128)
        self.assertEqual(len(run["too_large"]), 2 * len(growth.POWERS) - 3)
        self.assertEqual(set(run["cases"][0]["seconds"]), {"xent", "copy"})
        self.assertEqual(set(run["cases"][2]["seconds"]), {"xent", "copy", "read"})

    def test_the_bar(self):
        for small, large, said in ((0.001, 0.0043, "yes, 7 %"), (0.001, 0.0046, "no, 15 %"), (0.0012, 0.004, "no, 20 %")):
            self.assertEqual(growth.verdict([case(20, small), case(22, large)]), f"Within 10 %: {said} at the most.")

    def test_what_disturbs_the_machine_disturbs_the_limit_as_well(self):
        self.assertEqual(growth.verdict([case(20, 0.001), case(22, 0.008, limit_seconds=0.2)]),
                         "Within 10 %: yes, 0 % at the most.")

    def test_tables(self):
        text = documents.in_full(results(case(20, 0.001), case(22, 0.006),
                                         too_large=[{"dtype": "f32", "elements": 1 << 31}]))
        self.assertIn("| 2^22 | 128 × 32,768 | 6.00 ms | 1.4305 ns |", text)
        self.assertIn("| 1.50 | 1,000 B | 7.8 B |", text)
        self.assertIn("Within 10 %: no, 50 % at the most.", text)
        self.assertIn("Too large for the memory that was free: 2^31 in f32.", text)

    def test_the_page_has_it_once_there_is_one(self):
        base = documents.load(HERE / "results.json")
        self.assertNotIn("## Growth", documents.benchmarks_page([base], []))
        page = documents.benchmarks_page([base], [], growths=[results(case(20, 0.001))])
        for text in ("\n## Growth\n", "### Growth, 4 threads\n"):
            self.assertEqual(page.count(text), 1)

    def test_two_of_them_can_be_compared(self):
        found = readings.read(results(case(20, 0.001), case(22, 0.004))).readings
        self.assertEqual([reading.name for reading in found],
                         ["cross-entropy, forward, bf16, 32 × 32768", "cross-entropy, forward, bf16, 128 × 32768"])


unittest.main()
