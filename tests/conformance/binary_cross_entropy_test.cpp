// Binary cross-entropy of every shape and arrangement against the reference; the same bits whatever is asked
// for and wherever it lies; the edges.
#include <cstring>
#include <limits>

#include "tests/conformance/backend.hpp"
#include "tests/conformance/binary_problem.hpp"

namespace xent::testing {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// 1: rows that are no rows at all. 1025, 2048: about as much as a block takes at a time. 5000, 9000: more, in
// f16 too.
constexpr std::int64_t kWidths[] = {1, 3, 10, 33, 127, 1025, 2048, 5000, 9000};

constexpr std::int64_t rows_of(std::int64_t classes) { return classes == 1 ? 300 : classes <= 128 ? 18 : 3; }

void run(const BinaryProblem& problem, const BinaryCrossEntropyOutputs& outputs, const Exec& exec) {
  binary_cross_entropy(problem.logits.view(), problem.targets.view(), outputs, problem.options(),
                       problem.upstream(), exec);
}

using BinaryConformance = Conformance;

TEST_P(BinaryConformance, AgreesWithTheReference) {
  std::uint64_t seed = 0;
  for (const std::int64_t classes : kWidths) {
    for (const Arrangement arrangement : kArrangements) {
      ++seed;
      for (const BinarySetting& setting : binary_settings()) {
        if (classes > 1000 && ++seed % 5 != 0) continue;
        const BinaryProblem problem(setting, dtype(), arrangement, {rows_of(classes), classes}, seed);
        BinaryOutputs got(problem);
        run(problem, got.views(), exec());
        ASSERT_TRUE(judge_binary_cross_entropy(problem, got)) << problem.describe();
      }
    }
  }
}

TEST_P(BinaryConformance, SubsetsAndInPlaceHaveTheBitsOfAll) {
  std::uint64_t seed = 50;
  for (const std::int64_t classes : {1, 10, 1025}) {
    for (const Arrangement arrangement :
         {Arrangement::packed, Arrangement::misaligned, Arrangement::spaced}) {
      const BinarySetting setting = binary_settings()[++seed % binary_settings().size()];
      const BinaryProblem problem(setting, dtype(), arrangement, {6, classes}, seed);
      BinaryOutputs all(problem);
      run(problem, all.views(), exec());
      BinaryOutputs alone(problem);
      BinaryCrossEntropyOutputs loss_alone = alone.views();
      loss_alone.grad = loss_alone.grad_targets = {};
      run(problem, loss_alone, exec());
      run(problem, {.grad = alone.grad.view()}, exec());
      run(problem, {.grad_targets = alone.grad_targets.view()}, exec());
      EXPECT_EQ(alone.loss.bytes.copy(), all.loss.bytes.copy()) << problem.describe();
      EXPECT_EQ(alone.losses.bytes.copy(), all.losses.bytes.copy()) << problem.describe();
      EXPECT_EQ(alone.grad.bytes.copy(), all.grad.bytes.copy()) << problem.describe();
      EXPECT_EQ(alone.grad_targets.bytes.copy(), all.grad_targets.bytes.copy()) << problem.describe();

      BinaryProblem same(setting, dtype(), arrangement, {6, classes}, seed);
      BinaryOutputs in_place(problem);
      BinaryCrossEntropyOutputs views = in_place.views();
      views.grad = same.logits.view();
      views.grad_targets = same.targets.view();
      run(same, views, exec());
      for (std::int64_t r = 0; r < 6; ++r) {
        ASSERT_TRUE(same.logits.row_bits(r) == all.grad.row_bits(r)) << problem.describe();
        ASSERT_TRUE(same.targets.row_bits(r) == all.grad_targets.row_bits(r)) << problem.describe();
      }
      EXPECT_EQ(in_place.loss.bytes.copy(), all.loss.bytes.copy()) << problem.describe();
      EXPECT_TRUE(same.logits.gaps_untouched() && same.targets.gaps_untouched()) << problem.describe();
    }
  }
}

/// Of threads, grids and schedules, of arrangement and alignment.
TEST_P(BinaryConformance, NothingElseChangesABit) {
  for (const std::int64_t classes : {1, 10, 1025, 5000}) {
    const std::int64_t rows = classes == 1 ? 20000 : rows_of(classes);
    for (BinarySetting setting : {binary_settings()[0], binary_settings()[3]}) {
      const BinaryProblem source(setting, dtype(), Arrangement::packed, {rows, classes}, 9);
      BinaryOutputs once(source);
      run(source, once.views(), exec());
      const auto expect_same = [&](const BinaryProblem& problem, const Exec& how) {
        BinaryOutputs again(problem);
        run(problem, again.views(), how);
        EXPECT_EQ(again.loss.bytes.copy(), once.loss.bytes.copy()) << problem.describe();
        for (std::int64_t r = 0; r < rows; ++r) {
          ASSERT_TRUE(again.grad.row_bits(r) == once.grad.row_bits(r)) << problem.describe();
          ASSERT_TRUE(again.grad_targets.row_bits(r) == once.grad_targets.row_bits(r)) << problem.describe();
          ASSERT_TRUE(again.losses.row_bits(r) == once.losses.row_bits(r)) << problem.describe();
        }
      };
      for (int variant = 1; variant < kVariants; ++variant) {
        const Running running(backend(), variant);
        expect_same(source, running.exec());
      }
      if (classes == 1 && !once.reduced) continue;
      for (const Arrangement arrangement :
           {Arrangement::misaligned, Arrangement::transposed, Arrangement::spaced}) {
        BinaryProblem placed(setting, dtype(), arrangement, {rows, classes}, 9);
        expect_same(placed, exec());
      }
      if (HasFailure()) return;
    }
  }
}

TEST_P(BinaryConformance, SpecialValues) {
  const double huge = dtype() == DType::f16 ? 6e4 : dtype() == DType::f64 ? 1e300 : 1e38;
  const double tiny = dtype() == DType::f64 ? 1e-310 : 1e-40;
  const double logits[] = {kInf, -kInf, kNan, huge, -huge, tiny, -tiny, 0.0, -0.0, 17.0, -90.0, 40.0};
  const double targets[] = {0.0, 1.0, 0.5, tiny, kNan};
  constexpr std::int64_t kLogits = std::size(logits);
  for (const bool weighted : {false, true}) {
    const BinarySetting setting{
        .name = "special values", .reduction = Reduction::none, .class_weights = weighted};
    for (const Arrangement arrangement : kArrangements) {
      BinaryProblem problem(setting, dtype(), arrangement, {std::size(targets), 2 * kLogits}, 3);
      for (std::int64_t r = 0; r < problem.shape.rows; ++r) {
        for (std::int64_t c = 0; c < problem.shape.classes; ++c) {
          problem.logits.set(r, c, logits[c % kLogits]);
          problem.targets.set(r, c, targets[r]);
          problem.class_weights.set(c, c < kLogits ? 2.0 : 0.0);
        }
      }
      BinaryOutputs got(problem);
      run(problem, got.views(), exec());
      ASSERT_TRUE(judge_binary_cross_entropy(problem, got)) << problem.describe();
    }
  }
}

TEST_P(BinaryConformance, EmptyMeans) {
  const double zero = 0.0;
  for (const EmptyMean empty : {EmptyMean::zero, EmptyMean::nan}) {
    for (const std::int64_t rows : {0, 4}) {
      BinaryProblem problem({}, dtype(), Arrangement::padded, {rows, 5}, 1);
      VectorBuffer loss(DType::f64, 1);
      MatrixBuffer grad(dtype(), Arrangement::padded, rows, 5);
      BinaryCrossEntropyOptions options{.empty_mean = empty};
      if (rows > 0) options.denominator_at = vector(&zero, 1);
      binary_cross_entropy(problem.logits.view(), problem.targets.view(),
                           {.loss = loss.view(), .grad = grad.view()}, options, {}, exec());
      EXPECT_TRUE(empty == EmptyMean::nan ? std::isnan(loss.get(0)) : loss.get(0) == 0.0);
      for (std::int64_t r = 0; r < rows; ++r) EXPECT_EQ(grad.row(r), std::vector<double>(5, 0.0));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Every, BinaryConformance,
                         ::testing::Combine(::testing::ValuesIn(main_backends()), every_dtype()),
                         conformance_name);

}  // namespace
}  // namespace xent::testing
