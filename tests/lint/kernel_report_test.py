"""What kernel_report and kernel_sass conclude from the toolkit's output, here samples of it.
   kernel_report_test.py SCRIPTS"""

import sys
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv.pop())

from kernels import loops, objects, page, resources, table  # noqa: E402

WARP = "_ZN4xent3gpu14softmax_kernelIfLi32ELi128EEEvNS0_16SoftmaxArgumentsE"
BLOCK = "_ZN4xent3gpu14softmax_kernelINS_4bf16ELi256ELi256EEEvNS0_16SoftmaxArgumentsE"

USAGE = f"""
Fatbin elf code:
================
arch = sm_90

Resource usage:
 Common:
  GLOBAL:0
 Function {WARP}:
  REG:54 STACK:0 SHARED:1024 LOCAL:0 CONSTANT[0]:784 TEXTURE:0 SURFACE:0 SAMPLER:0
 Function {BLOCK}:
  REG:64 STACK:16 SHARED:1664 LOCAL:0 CONSTANT[0]:784 TEXTURE:0 SURFACE:0 SAMPLER:0
"""

ELF = f"""
.nv.info
\t<0x1>
\tAttribute:\tEIATTR_REGCOUNT
\tFormat:\tEIFMT_SVAL
\tValue:\tfunction: softmax(0x21)\tregister count: 54
.nv.info.{WARP}
\t<0x11>
\tAttribute:\tEIATTR_MAX_THREADS
\tFormat:\tEIFMT_SVAL
\tValue:\t0x80 0x1 0x1 
\t<0x12>
\tAttribute:\tEIATTR_CRS_STACK_SIZE
\tFormat:\tEIFMT_SVAL
\tValue:\t0x0
.nv.info.{BLOCK}
\tAttribute:\tEIATTR_MAX_THREADS
\tFormat:\tEIFMT_SVAL
\tValue:\t0x100 0x1 0x1 
.nv.callgraph
\tValue:\t0x7 0x7 0x7
"""


def code(*instructions):
    """A listing, 16 bytes apart as the disassembler prints it."""
    lines = [f"        /*{16 * i:04x}*/  {text} ;   /* 0x000fea0003800000 */" for i, text in enumerate(instructions)]
    return "\n".join(lines)


FILLING = ["@!P0 LDG.E.EF.128 R12, desc[UR10][R12.64]", "LDG.E.EF.128 R16, desc[UR10][R16.64]", "STS.128 [R17], R12",
           "STS.128 [R17+0x10], R16"]
EMPTYING = ["LDS R4, [R9]", "LDS R5, [R9+0x4]", "STG.E.EF.128 desc[UR4][R2.64], R4"]


def kernel(**changed):
    values = dict(name="k", block=128, registers=32, shared=0, stack=0, local=0)
    return resources.Kernel(**{**values, **changed})


class Names(unittest.TestCase):
    def test_are_short(self):
        for spelled, block, short in [
            ("void xent::gpu::softmax_kernel<xent::bf16, 32, 128>(xent::gpu::A)", 128, "softmax<bf16, 32 lanes>"),
            ("void xent::gpu::softmax_kernel<double, 256, 256>(xent::gpu::A)", 256, "softmax<f64, 256 threads>"),
            ("void xent::gpu::nll_kernel<float, 128>(xent::gpu::A)", 128, "nll<f32>"),
            ("void xent::gpu::gemm_kernel<true, false>(xent::gpu::A)", 256, "gemm<true, false>"),
            ("void xent::gpu::loss_sum_kernel<256>(xent::gpu::A)", 256, "loss_sum"),
            ("void cub::CUB_3::detail::DeviceScanKernel<cub::P<int>, 3>(int*)", 64, "DeviceScan (CUB)"),
        ]:
            self.assertEqual(objects.short_name(spelled, block), short)

    def test_are_sorted_by_number_not_by_letter(self):
        names = ["b<f64, 4 lanes>", "b<f32, 1024 threads>", "b<f32, 32 lanes>", "a", "b<f32, 4 lanes>"]
        self.assertEqual(sorted(names, key=objects.order), ["a", "b<f32, 4 lanes>", "b<f32, 32 lanes>",
                                                            "b<f32, 1024 threads>", "b<f64, 4 lanes>"])


class Resources(unittest.TestCase):
    def test_are_read(self):
        self.assertEqual(resources.parse_bounds(ELF), {WARP: 128, BLOCK: 256})
        warp, block = resources.kernels_of(resources.parse_usage(USAGE), resources.parse_bounds(ELF), {})
        self.assertEqual(warp, resources.Kernel("softmax<f32, 32 lanes>", 128, 54, 0, 0, 0))
        self.assertEqual(block, resources.Kernel("softmax<bf16, 256 threads>", 256, 64, 640, 16, 0))

    def test_a_stack_is_a_spill(self):
        warp, block = resources.kernels_of(resources.parse_usage(USAGE), {}, {})
        self.assertFalse(warp.spills())
        self.assertTrue(block.spills())
        self.assertTrue(kernel(local=8).spills())

    def test_occupancy(self):
        for wanted, changed in [
            (16, dict()),                                  # 2048 threads
            (32, dict(block=32, registers=16)),            # blocks
            (8, dict(registers=64)),
            (7, dict(registers=65)),                       # 72 are given: 7 warps to a quarter
            (4, dict(registers=120)),                      # 4 warps to a quarter, where 17 would fit undivided
            (1, dict(block=1024, registers=64)),
            (2, dict(block=1024)),
            (0, dict(block=1024, registers=72)),           # does not start
            (4, dict(shared=48 << 10)),                    # and 1 KiB for the system
            (7, dict(block=256, shared=(31 << 10) + 1)),
        ]:
            self.assertEqual(resources.blocks_per_multiprocessor(kernel(**changed)), wanted, changed)

    def test_a_kernel_without_bound_has_no_occupancy(self):
        self.assertEqual(table.row(kernel(name="nll<f32>", block=0), {}), "| `nll<f32>` | | 32 | 0 | 0 | | | | | |")
        self.assertEqual(table.row(kernel(name="nll<f32>", registers=64), {}),
                         "| `nll<f32>` | 128 | 64 | 0 | 0 | 8 | 32 | 50 % | 0 | 0 |")


class Page(unittest.TestCase):
    fresh = page.block("13.0.88", "| a |\n| b |")

    def test_is_current(self):
        self.assertIsNone(page.compare(f"text\n{self.fresh}\ntext", self.fresh, "13.0.88"))

    def test_is_stale(self):
        stale = page.block("13.0.88", "| a |\n| c |")
        self.assertRegex(page.compare(stale, self.fresh, "13.0.88"), r"- \| c \|\n  \+ \| b \|$")

    def test_of_another_toolkit_is_let_be(self):
        self.assertIsNone(page.compare(page.block("12.4.131", "| c |"), self.fresh, "13.0.88"))

    def test_without_markers_is_wrong(self):
        self.assertIn("no <!--", page.compare("text", self.fresh, "13.0.88"))


class Loops(unittest.TestCase):
    def test_wide_ones_are_counted(self):
        listing = code("MOV R1, R2", *FILLING, "@P0 BRA 0x10", *EMPTYING, "@!P0 BRA 0x60", "EXIT", "BRA 0xb0")
        self.assertEqual(loops.widths(listing), loops.Widths(2, 1))

    def test_straight_code_and_other_loops_do_not_count(self):
        self.assertEqual(loops.widths(code(*FILLING, *EMPTYING, "EXIT")), loops.Widths(0, 0))
        zeros = code("STG.E.EF.128 desc[UR4][R2.64], R4", "@P0 BRA 0x0", *FILLING, *EMPTYING)
        self.assertEqual(loops.widths(zeros), loops.Widths(0, 0))

    def test_the_loop_over_rows_is_not_the_loop_within(self):
        narrow = ["LDG.E R12, desc[UR10][R12.64]", "STS [R17], R12", "@P0 BRA 0x40"]
        self.assertEqual(loops.widths(code(*FILLING, *narrow, "@P1 BRA 0x0")), loops.Widths(0, 0))

    def test_functions_are_told_apart(self):
        text = f"\tcode for sm_90\n\t\tFunction : {WARP}\n{code('EXIT')}\n\t\tFunction : {BLOCK}\n{code('NOP')}\n"
        self.assertEqual({name: "EXIT" in body for name, body in loops.functions(text).items()},
                         {WARP: True, BLOCK: False})


if __name__ == "__main__":
    unittest.main()
