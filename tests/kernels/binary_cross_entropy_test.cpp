// The binary kernel under the emulation, in parts and tiles of its own: matrices at every alignment to one
// another have the bits of matrices whose elements are moved one by one, and those agree with the reference.
#include "kernels/binary_cross_entropy/elements.cuh"

#include <algorithm>
#include <vector>

#include "kernels/primitives/launch.cuh"
#include "tests/conformance/binary_problem.hpp"
#include "tests/simt/options.hpp"
#include "tests/support/bounds.hpp"

namespace xent::testing {
namespace {

constexpr int kBlock = 128;

/// How many elements a tile holds, and whether rows longer than that are parts by themselves or in pieces.
struct Cut {
  std::int64_t tile;
  bool pieces;
};

using PartLosses = std::vector<double>;

/// The sums of the parts; the outputs that are given.
PartLosses run(const BinaryProblem& problem, const BinaryCrossEntropyOutputs& outputs, const Cut& cut) {
  const ConstMatrixView logits = problem.logits.view();
  const std::int64_t rows = problem.shape.rows;
  const std::int64_t classes = problem.shape.classes;
  const BinaryCrossEntropyOptions options = problem.options();
  const BinaryCrossEntropyUpstream upstream = problem.upstream();
  gpu::BinaryCrossEntropyArguments arguments{
      .logits = logits,
      .targets = problem.targets.view(),
      .upstream = upstream.values,
      .losses = outputs.losses,
      .grad = outputs.grad,
      .grad_targets = outputs.grad_targets,
      .class_weights = options.class_weights,
      .pos_weight = options.pos_weight,
      .scale = upstream.scale,
      .upstream_value = upstream.value,
      .divisor = options.reduction == Reduction::mean ? static_cast<double>(rows * classes) : 1.0,
      .divisor_at = options.denominator_at,
      .rows_per_part = std::max<std::int64_t>(1, cut.tile / classes),
      .columns_per_part = cut.pieces ? std::min(cut.tile, classes) : classes,
      .tile = gpu::tile_of(cut.tile, size_of(logits.dtype))};
  const std::int64_t groups = (rows + arguments.rows_per_part - 1) / arguments.rows_per_part;
  arguments.parts = groups * ((classes + arguments.columns_per_part - 1) / arguments.columns_per_part);
  PartLosses sums(static_cast<std::size_t>(arguments.parts), -1.0);
  arguments.part_loss = sums.data();
  const bool third = arguments.upstream.data != nullptr || arguments.losses.data != nullptr;
  const auto with_type = [&]<class T>(T) {
    gpu::launch({.grid = 2, .block = kBlock, .shared_bytes = (third ? 3 : 2) * arguments.tile.bytes},
                gpu::binary_cross_entropy_kernel<T, kBlock>, arguments);
  };
  switch (logits.dtype) {
    case DType::f32: with_type(float()); break;
    case DType::f16: with_type(f16()); break;
    case DType::bf16: with_type(bf16()); break;
    case DType::f64: with_type(double()); break;
  }
  return sums;
}

/// What the reduction makes of the parts.
PartLosses run_and_reduce(const BinaryProblem& problem, BinaryOutputs& outputs, const Cut& cut) {
  BinaryCrossEntropyOutputs views = outputs.views();
  views.loss = {};
  PartLosses sums = run(problem, views, cut);
  if (!outputs.reduced) return sums;
  double loss = 0.0;
  for (const double sum : sums) loss += sum;
  const double elements = static_cast<double>(problem.shape.rows * problem.shape.classes);
  const bool mean = problem.setting.reduction == Reduction::mean;
  outputs.loss.set(0, loss / (!mean                            ? 1.0
                              : problem.setting.denominator_at ? problem.numbers.get(1)
                                                               : elements));
  return sums;
}

/// The same numbers, rows so far apart, as far past a 16-byte boundary as asked for.
MatrixBuffer placed(const MatrixBuffer& from, std::int64_t gap, std::int64_t misaligned_by) {
  const std::int64_t rows = from.layout.rows();
  const std::int64_t classes = from.layout.classes;
  MatrixBuffer to(from.dtype, row_major(rows, classes, classes + gap), misaligned_by);
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t c = 0; c < classes; ++c) to.set(r, c, from.get(r, c));
  }
  return to;
}

::testing::AssertionResult same_bits(const MatrixBuffer& a, const MatrixBuffer& b) {
  for (std::int64_t r = 0; r < a.layout.rows(); ++r) {
    if (a.row_bits(r) != b.row_bits(r)) return ::testing::AssertionFailure() << "row " << r;
  }
  if (!a.gaps_untouched()) return ::testing::AssertionFailure() << "wrote into a matrix's padding";
  return ::testing::AssertionSuccess();
}

class BinaryKernel : public ::testing::TestWithParam<DType> {
 protected:
  /// Each matrix in a place of its own: first packed, so that rows run on, then with gaps between rows. A
  /// placement's number decides by how much each starts past a 16-byte boundary.
  static void place(BinaryProblem& problem, BinaryOutputs& outputs, std::int64_t number) {
    const auto chunk = static_cast<std::int64_t>(16 / size_of(problem.logits.dtype));
    std::int64_t which = 0;
    for (MatrixBuffer* matrix : {&problem.logits, &problem.targets, &problem.upstream_values, &outputs.losses,
                                 &outputs.grad, &outputs.grad_targets}) {
      // The first counts through all alignments; what the others are to it differs from one to the next.
      const std::int64_t gap = number < chunk ? 0 : (number + which) % 4;
      *matrix = placed(*matrix, gap, (number + which * (number / chunk + which)) % chunk);
      ++which;
    }
  }

  static void check(const BinarySetting& setting, std::int64_t rows, std::int64_t classes, const Cut& cut,
                    std::uint64_t seed) {
    BinaryProblem apart(setting, GetParam(), Arrangement::class_strided, {rows, classes}, seed);
    BinaryOutputs expected(apart);
    const PartLosses sums = run_and_reduce(apart, expected, cut);
    ASSERT_TRUE(judge_binary_cross_entropy(apart, expected)) << apart.describe();
    const auto chunk = static_cast<std::int64_t>(16 / size_of(GetParam()));
    for (std::int64_t number = 0; number < 2 * chunk; ++number) {
      BinaryProblem problem(setting, GetParam(), Arrangement::class_strided, {rows, classes}, seed);
      BinaryOutputs got(problem);
      place(problem, got, number);
      const auto where = [&] {
        return problem.describe() + ", tiles of " + std::to_string(cut.tile) + ", placement " +
               std::to_string(number);
      };
      ASSERT_EQ(run_and_reduce(problem, got, cut), sums) << where();
      if (!got.reduced) {
        ASSERT_TRUE(same_bits(got.losses, expected.losses)) << where();
      }
      ASSERT_TRUE(same_bits(got.grad, expected.grad)) << where();
      ASSERT_TRUE(same_bits(got.grad_targets, expected.grad_targets)) << where();
      // In place: losses alone instead of the logits, then the gradients instead of what they belong to.
      if (!got.reduced) {
        const MatrixBuffer logits = placed(problem.logits, problem.logits.layout.outer_stride - classes, 0);
        ASSERT_EQ(run(problem, {.losses = problem.logits.view()}, cut), sums) << where();
        ASSERT_TRUE(same_bits(problem.logits, expected.losses)) << where();
        for (std::int64_t r = 0; r < rows; ++r) {
          for (std::int64_t c = 0; c < classes; ++c) problem.logits.set(r, c, logits.get(r, c));
        }
      }
      const BinaryCrossEntropyOutputs over{.grad = problem.logits.view(),
                                           .grad_targets = problem.targets.view()};
      ASSERT_EQ(run(problem, over, cut), sums) << where();
      ASSERT_TRUE(same_bits(problem.logits, expected.grad)) << where();
      ASSERT_TRUE(same_bits(problem.targets, expected.grad_targets)) << where();
    }
  }

  const DeviceArithmetic device_arithmetic_;
};

/// Rows around 16-byte boundaries, several to a part and one to a part.
TEST_P(BinaryKernel, ShortRowsAtEveryAlignment) {
  std::uint64_t seed = 0;
  for (std::int64_t classes = 1; classes <= 40; ++classes) {
    const std::vector<BinarySetting> settings = binary_settings();
    const BinarySetting& setting = settings[++seed % settings.size()];
    check(setting, 7, classes, {kBlock, false}, seed);
    check(setting, 3, classes, {2 * classes - 1, false}, seed);
    if (HasFatalFailure()) return;
  }
}

/// Of one tile and several, full ones and one that is nearly empty; with every option.
TEST_P(BinaryKernel, LongRowsAtEveryAlignment) {
  std::uint64_t seed = 100;
  for (const std::int64_t classes : {127, 129, 512, 521, 1025, 1300}) {
    for (const BinarySetting& setting : binary_settings()) {
      const bool pieces = setting.reduction == Reduction::none && ++seed % 2 == 0;
      check(setting, 3, classes, {seed % 3 == 0 ? 4 * kBlock : 8 * kBlock, pieces}, seed);
      if (HasFatalFailure()) return;
    }
  }
}

/// The order in which losses are added up is the elements', whatever the tiles.
TEST_P(BinaryKernel, TilesChangeNoBit) {
  const BinaryProblem problem(binary_settings().back(), GetParam(), Arrangement::misaligned, {2, 1500}, 7);
  BinaryOutputs once(problem);
  const PartLosses sums = run_and_reduce(problem, once, {kBlock, false});
  for (const std::int64_t tile : {2 * kBlock, 5 * kBlock, 8 * kBlock}) {
    BinaryOutputs again(problem);
    EXPECT_EQ(run_and_reduce(problem, again, {tile, false}), sums) << tile;
    EXPECT_TRUE(same_bits(again.grad, once.grad) && same_bits(again.grad_targets, once.grad_targets)) << tile;
  }
}

TEST_P(BinaryKernel, SchedulesChangeNoBit) {
  simt::for_each_schedule(4, [] {
    check(binary_settings()[1], 9, 50, {2 * kBlock, false}, 3);
    check(binary_settings()[4], 2, 700, {2 * kBlock, false}, 4);
  });
}

/// Every arrangement there is, with rows of one class, whose own step says nothing.
TEST_P(BinaryKernel, ElementsWhereverTheyLie) {
  for (const std::int64_t classes : {1, 5, 60}) {
    const BinaryProblem packed(binary_settings()[1], GetParam(), Arrangement::packed, {12, classes}, 11);
    BinaryOutputs expected(packed);
    run_and_reduce(packed, expected, {2 * kBlock, false});
    ASSERT_TRUE(judge_binary_cross_entropy(packed, expected)) << packed.describe();
    for (const Arrangement arrangement : kArrangements) {
      const BinaryProblem problem(binary_settings()[1], GetParam(), arrangement, {12, classes}, 11);
      BinaryOutputs got(problem);
      run_and_reduce(problem, got, {2 * kBlock, false});
      EXPECT_TRUE(same_bits(got.losses, expected.losses)) << problem.describe();
      EXPECT_TRUE(same_bits(got.grad, expected.grad)) << problem.describe();
      EXPECT_TRUE(same_bits(got.grad_targets, expected.grad_targets)) << problem.describe();
    }
  }
}

TEST_P(BinaryKernel, OneRowOfTargetsForAll) {
  for (const std::int64_t classes : {1, 40, 200}) {
    BinaryProblem problem(binary_settings()[0], GetParam(), Arrangement::packed, {8, classes}, 12);
    BinaryProblem shared(binary_settings()[0], GetParam(), Arrangement::packed, {8, classes}, 12);
    shared.targets = MatrixBuffer(GetParam(), Layout{.outer = 8, .classes = classes, .outer_stride = 0});
    for (std::int64_t c = 0; c < classes; ++c) {
      shared.targets.set(0, c, problem.targets.get(0, c));
      for (std::int64_t r = 1; r < 8; ++r) problem.targets.set(r, c, problem.targets.get(0, c));
    }
    BinaryOutputs expected(problem);
    BinaryOutputs got(shared);
    EXPECT_EQ(run_and_reduce(shared, got, {2 * kBlock, false}),
              run_and_reduce(problem, expected, {2 * kBlock, false}));
    EXPECT_TRUE(same_bits(got.grad, expected.grad)) << classes;
  }
}

INSTANTIATE_TEST_SUITE_P(Every, BinaryKernel,
                         ::testing::Values(DType::f32, DType::f16, DType::bf16, DType::f64),
                         [](const auto& of) { return std::string(name(of.param)); });

}  // namespace
}  // namespace xent::testing
