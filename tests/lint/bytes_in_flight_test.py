"""How many bytes kernel_report finds in flight, in small listings, and what it makes of too few.
   bytes_in_flight_test.py SCRIPTS"""

import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv.pop())

from kernels import flight, planned, resources, streaming, table  # noqa: E402

PLAN = {**{f"{dtype}.{name}": value for dtype in ("f16", "bf16", "f32", "f64")
           for name, value in (("most_columns_few_lanes", 32), ("most_row_bytes_warp", 4 << 10),
                               ("most_row_bytes_block", 32 << 10))},
        "kSharedReserve": 3 << 10, "shared_per_block": 227 << 10, "kElementTileBytes": 16 << 10}


def load(register, address="R2", width=".128"):
    return f"LDG.E.EF{width} R{register}, desc[UR10][{address}.64]"


def store(register, at="[R30]"):
    return f"STS.128 {at}, R{register}"


def code(*instructions):
    """A listing, 16 bytes apart as the disassembler prints it."""
    lines = [f"        /*{16 * i:04x}*/  {text} ;   /* 0x000fea0003800000 */" for i, text in enumerate(instructions)]
    return "\n".join(lines)


def loop(*instructions):
    return code(*instructions, "@!P0 BRA 0x0", "EXIT")


class Loads(unittest.TestCase):
    def test_used_at_once(self):
        self.assertEqual(flight.of_kernel(loop(load(4), store(4), load(8), store(8), load(12), store(12))), 16)

    def test_four_before_the_first_use(self):
        loads, stores = [load(r) for r in (4, 8, 12, 16)], [store(r) for r in (4, 8, 12, 16)]
        self.assertEqual(flight.of_kernel(loop(*loads, *stores)), 64)
        self.assertEqual(flight.of_kernel(loop(*loads, "IADD3 R40, R41, R42, RZ", "@P1 LDG.E R50, desc[UR4][R2.64]",
                                               *reversed(stores))), 64)

    def test_unrolled_by_four_but_two_at_a_time(self):
        # As registers ran short: what the first brought goes before the third is asked for.
        self.assertEqual(flight.of_kernel(loop(load(20, "R20"), load(28), store(20), load(20), load(24), store(28),
                                               store(20), store(24))), 32)

    def test_any_of_its_registers_is_a_use(self):
        for use in ("FADD R40, R7, R41", "DADD R40, R6, R42", "STG.E.64 desc[UR4][R2.64], R6", "LDS R5, [R30]",
                    "STS.128 [R7], R40", "LDG.E R40, desc[UR4][R6.64]"):
            self.assertEqual(flight.of_kernel(loop(load(4), use, load(8), store(8))), 16, use)
        for other in ("FADD R40, R3, R8", "STG.E.64 desc[UR4][R2.64], R40", "LDG.E R40, desc[UR4][R2.64]",
                      "IMAD.WIDE R40, R3, R41, R42"):
            self.assertEqual(flight.of_kernel(loop(load(4), other, load(12), store(4), store(12))), 32, other)

    def test_a_wide_operand_has_registers_beyond_the_named_one(self):
        self.assertEqual(flight.touched("STS.128", " [R30], R4"), {30, 4, 5, 6, 7})
        self.assertEqual(flight.touched("DFMA", " R4, R6, R8, R10"), set(range(4, 12)))
        self.assertEqual(flight.touched("IMAD.WIDE", " R4, R6, R8, R10"), {4, 5, 6, 8, 10, 11})
        self.assertEqual(flight.touched("LDG.E.128", " R4, desc[UR4][R2.64]"), {2, 3, 4, 5, 6, 7})

    def test_used_in_the_next_pass(self):
        # The second chunk is asked for at the end of the pass before.
        self.assertEqual(flight.of_kernel(loop(load(8), store(4), store(8), load(4))), 32)

    def test_narrow_ones_do_not_read_rows(self):
        self.assertEqual(flight.of_kernel(loop(load(4, width=""), load(5, width=".64"), "FADD R40, R4, R5")), 0)

    def test_nor_does_straight_code(self):
        self.assertEqual(flight.of_kernel(code(load(4), load(8), store(4), store(8), "EXIT")), 0)

    def test_two_sides_of_a_branch_do_not_add_up(self):
        self.assertEqual(flight.of_kernel(loop(load(4), "@P1 BRA 0x40", store(4), load(8), store(8))), 16)
        self.assertEqual(flight.of_kernel(loop("@P1 BRA 0x30", load(4), "BRA 0x40", load(8), store(40))), 16)

    def test_the_poorest_row_loop_decides(self):
        many = [load(4), load(8), store(4), store(8), "@P0 BRA 0x0"]
        self.assertEqual(flight.of_kernel(code(*many, load(4), store(4), "@P0 BRA 0x50", "EXIT")), 16)
        narrow = [load(4, width=""), "STS [R30], R4", "@P0 BRA 0x50"]
        self.assertEqual(flight.of_kernel(code(*many, *narrow, "EXIT")), 32)


class Copies(unittest.TestCase):
    COPY = "LDGSTS.E.BYPASS.128 [R9], desc[UR6][R2.64]"

    def test_a_pipeline_is_as_deep_as_its_wait_allows(self):
        for kept, wanted in ((0, 32), (1, 64), (3, 128)):
            listing = loop(f"DEPBAR.LE SB0, 0x{kept:x}", "BAR.SYNC.DEFER_BLOCKING 0x0", "LDS.128 R4, [R8]", self.COPY,
                           self.COPY, "LDGDEPBAR")
            self.assertEqual(flight.of_kernel(listing), wanted)

    def test_waiting_for_something_else_is_no_wait_for_copies(self):
        listing = loop("DEPBAR.LE SB0, 0x1", "DEPBAR.LE SB5, 0x0", self.COPY, "LDGDEPBAR", "DEPBAR.LE SB1, 0x0")
        self.assertEqual(flight.of_kernel(listing), 32)

    def test_nobody_waits_within_the_loop(self):
        for listing in (loop(self.COPY), loop(self.COPY, "LDGDEPBAR"), loop(self.COPY, "DEPBAR.LE SB5, 0x0")):
            self.assertEqual(flight.of_kernel(listing), flight.WHOLE_TILE)
        narrow = loop("LDGSTS.E [R9], desc[UR6][R2.64]")
        self.assertEqual(flight.of_kernel(narrow), 0)
        self.assertEqual(flight.of_kernel(code(self.COPY, "@P0 BRA 0x0", load(4), store(4), "@P0 BRA 0x20", "EXIT")), 16)

    def test_of_a_length_that_cannot_be_seen_count_for_nothing(self):
        bulk = "UBLKCP [UR8], [UR4], UR6"
        self.assertEqual(flight.of_kernel(loop(bulk)), 0)
        load = "LDG.E.128 R4, desc[UR6][R2.64]"
        self.assertEqual(flight.of_kernel(loop(load, bulk)), flight.of_kernel(loop(load)))


def kernel(name, **changed):
    values = dict(block=256, registers=64, shared=640, stack=0, local=0, in_flight=64)
    return resources.Kernel(name, **{**values, **changed})


class Multiprocessor(unittest.TestCase):
    def test_has_the_bytes_of_all_its_threads(self):
        for wanted, name, changed in [
            (64 << 10, "softmax<f32, 256 threads>", {}),
            (32 << 10, "softmax<f32, 256 threads>", dict(in_flight=32)),
            (32 << 10, "softmax<f32, 512 threads>", dict(block=512)),  # one with all the memory
            (48 << 10, "softmax_backward<f32, 256 threads>", {}),  # two tiles of 32 KiB: 3 blocks, not 4
            (32 << 10, "divergence<true, f64, 512 threads>", dict(block=512, registers=114)),
            (32 << 10, "softmax<f32, 4 lanes>", dict(block=128, shared=0)),  # rows of 128 bytes and no more
            (64 << 10, "binary_cross_entropy<f32>", {}),  # three tiles of 16 KiB leave room for 4 blocks
            (128 << 10, "softmax<f32, 256 threads>", dict(in_flight=flight.WHOLE_TILE)),
            (96 << 10, "softmax_backward<f32, 256 threads>", dict(in_flight=flight.WHOLE_TILE)),
            (224 << 10, "softmax<f32, 512 threads>", dict(block=512, in_flight=flight.WHOLE_TILE)),
            (112 << 10, "divergence<true, f64, 512 threads>", dict(block=512, registers=114,
                                                                    in_flight=flight.WHOLE_TILE)),
            (64 << 10, "binary_cross_entropy<f32>", dict(in_flight=flight.WHOLE_TILE)),
            (32 << 10, "softmax<f32, 4 lanes>", dict(block=128, shared=0, in_flight=flight.WHOLE_TILE)),
            (0, "nll_backward<f32, 256 threads>", dict(in_flight=0)),
            (None, "Empty (CUB)", dict(block=0)),
        ]:
            self.assertEqual(streaming.in_flight(kernel(name, **changed), PLAN), wanted, name)

    def test_the_plan_is_read_from_its_source(self):
        self.assertTrue(PLAN.keys() <= planned.constants().keys())

    def test_the_table_says_so(self):
        self.assertTrue(table.row(kernel("softmax<f32, 256 threads>"), PLAN).endswith("| 64 | **64 KiB** |"))
        self.assertTrue(table.row(kernel("gemm<true, false>", in_flight=16), PLAN).endswith("| 16 | 16 KiB |"))


class Check(unittest.TestCase):
    ENOUGH, FEW = 32 << 10, (32 << 10) - 1
    LONG, OTHER = "softmax<f32, 256 threads>", "softmax<f16, 512 threads>"

    def test_long_rows_stream(self):
        for name, does in [(self.LONG, True), ("softmax<f32, 32 lanes>", False), ("loss_sum", False),
                           ("binary_cross_entropy<f32>", True), ("nll_backward<f32, 256 threads>", False),
                           ("DeviceScan (CUB)", False)]:
            self.assertEqual(streaming.streams(name), does, name)

    def test_a_kernel_of_no_known_family_is_an_error(self):
        with self.assertRaises(KeyError):
            streaming.streams("hinge<f32, 256 threads>")

    def test_few_bytes_fail_by_name_and_figure(self):
        self.assertEqual(streaming.wrong({self.LONG: self.ENOUGH, "loss_sum": 0}, {}), [])
        failed, = streaming.wrong({self.LONG: self.FEW, self.OTHER: self.ENOUGH}, {})
        self.assertRegex(failed, f"^{self.LONG}: {self.FEW} bytes .* {self.ENOUGH} are")

    def test_an_exception_holds_to_its_figure(self):
        excepted = {self.LONG: (1000, "why")}
        self.assertEqual(streaming.wrong({self.LONG: 1000}, excepted), [])
        self.assertRegex(*streaming.wrong({self.LONG: 999}, excepted), "999 bytes .* 1000 are")
        self.assertRegex(*streaming.wrong({self.LONG: 1001}, excepted), "1001 bytes .* says 1000")

    def test_an_exception_without_need_fails(self):
        excepted = {self.LONG: (1000, "why")}
        for figures in ({self.LONG: self.ENOUGH}, {}):
            self.assertRegex(*streaming.wrong(figures, excepted), "no exception for it is needed")
        self.assertRegex(*streaming.wrong({"loss_sum": 0}, {"loss_sum": (0, "why")}), "no exception")

    def test_exceptions_are_kernels_that_ship(self):
        self.assertTrue(all(streaming.streams(name) for name in streaming.EXCEPTIONS))


if __name__ == "__main__":
    unittest.main()
