// The cross-entropy kernels under the emulation, in every mapping of rows to threads, against the reference.
#include <algorithm>
#include <cmath>

#include "kernels/cross_entropy/backward.cuh"
#include "kernels/cross_entropy/forward.cuh"
#include "tests/conformance/judge.hpp"
#include "tests/conformance/problem.hpp"
#include "tests/kernels/mappings.hpp"
#include "tests/simt/options.hpp"
#include "tests/support/sanitized.hpp"

namespace xent::testing {
namespace {

void launch(gpu::CrossEntropyArguments arguments, const Mapping& mapping, bool backward = false) {
  dispatch(arguments.logits.dtype, mapping, [&]<class T, int kTeam>(T, std::integral_constant<int, kTeam>) {
    arguments.tile = tile_of<T>(mapping);
    gpu::launch(launch_config<T, kTeam>(mapping),
                backward ? gpu::cross_entropy_backward_kernel<T, kTeam, kBlock>
                         : gpu::cross_entropy_kernel<T, kTeam, kBlock>,
                arguments);
  });
}

/// The rows that count, as the division by their number needs them.
std::int64_t valid_rows(const LossProblem& problem) {
  std::int64_t valid = 0;
  for (std::int64_t r = 0; r < problem.shape.rows; ++r) {
    if (!problem.options.ignore_index || problem.labels.get(r) != *problem.options.ignore_index) ++valid;
  }
  return valid;
}

gpu::CrossEntropyArguments arguments_of(const LossProblem& problem, const std::int64_t& valid) {
  gpu::CrossEntropyArguments arguments{.logits = problem.logits.view(),
                                       .labels = problem.labels.labels(),
                                       .has_ignore_index = problem.options.ignore_index.has_value(),
                                       .ignore_index = problem.options.ignore_index.value_or(0),
                                       .label_smoothing = problem.options.label_smoothing,
                                       .upstream = problem.upstream()};
  if (problem.options.reduction == Reduction::mean) {
    if (problem.options.denominator) {
      arguments.divisor = *problem.options.denominator;
    } else {
      arguments.valid_rows = &valid;
    }
  }
  return arguments;
}

class CrossEntropyKernels : public KernelTest {
 protected:
  static void check(const LossSetting& setting, LabelType label_type, Arrangement arrangement,
                    const Shape& shape, std::uint64_t seed) {
    const LossProblem problem(setting, dtype(), label_type, arrangement, shape, seed);
    const std::int64_t valid = valid_rows(problem);
    gpu::CrossEntropyArguments arguments = arguments_of(problem, valid);
    LossOutputs got(problem);
    const CrossEntropyOutputs views = got.views();
    arguments.grad = views.grad;
    arguments.row_lse = views.lse;
    arguments.argmax = views.argmax;
    *got.correct.address() = 0;
    arguments.correct_count = got.correct.address();
    if (problem.options.reduction == Reduction::none) arguments.row_loss = views.loss;
    launch(arguments, mapping());
    *got.valid.address() = valid;
    ASSERT_TRUE(judge_cross_entropy(problem, got)) << problem.describe();

    gpu::CrossEntropyArguments backward = arguments_of(problem, valid);
    backward.lse = got.lse.view();
    backward.grad = views.grad;
    launch(backward, mapping(), true);
    ASSERT_TRUE(judge_cross_entropy_backward(problem, got.lse, got.grad)) << problem.describe();
  }
};

std::vector<LossSetting> row_settings() {  // what is left to reductions has tests of its own
  std::vector<LossSetting> settings = loss_settings();
  std::erase_if(settings, [](const LossSetting& s) { return s.options.reduction != Reduction::none; });
  return settings;
}

TEST_P(CrossEntropyKernels, AgreeWithTheReference) {
  simt::for_each_schedule(2, [] {
    std::uint64_t seed = 0;
    const auto settings = row_settings();
    for (const std::int64_t classes : {1, 2, 3, 7, 10, 31, 32, 33, 100, 1023, 1025, 5001}) {
      if (!suits(classes)) continue;
      const Shape shape{classes <= 128 ? 12 : 3, classes};
      for (const Arrangement arrangement : kArrangements) {
        ++seed;
        if (kSanitized && seed % 5 != 0) continue;
        constexpr LabelType kTypes[] = {LabelType::u8, LabelType::i32, LabelType::i64};
        check(settings[seed % settings.size()], kTypes[seed % 3], arrangement, shape, seed);
        if (HasFailure()) return;
      }
    }
  });
}

/// The same rows wherever they lie and whoever has them: bits, not bounds.
TEST_P(CrossEntropyKernels, RowsKeepTheirBitsEverywhere) {
  const std::int64_t classes = std::min<std::int64_t>(3 * mapping().tile_columns - 1, 1025);
  const LossSetting setting{.options = {.reduction = Reduction::none, .label_smoothing = 0.1}};
  const LossProblem packed(setting, dtype(), LabelType::i64, Arrangement::packed, {6, classes}, 7);
  const auto gradient_of = [&](const LossProblem& problem, Mapping as) {
    LossOutputs got(problem);
    gpu::CrossEntropyArguments arguments = arguments_of(problem, 0);
    arguments.grad = got.views().grad;
    launch(arguments, as);
    std::vector<double> gradient;
    for (std::int64_t r = 0; r < problem.shape.rows; ++r) {
      for (std::int64_t c = 0; c < classes; ++c) gradient.push_back(got.grad.get(r, c));
    }
    return gradient;
  };
  const std::vector<double> want = gradient_of(packed, mapping());
  for (const Arrangement arrangement : kArrangements) {
    LossProblem moved(setting, dtype(), LabelType::i64, arrangement, {6, classes}, 7);
    for (std::int64_t r = 0; r < 6; ++r) {
      moved.labels.set(r, packed.labels.get(r));
      for (std::int64_t c = 0; c < classes; ++c) moved.logits.set(r, c, packed.logits.get(r, c));
    }
    Mapping as = mapping();
    as.grid = as.cluster * (1 + static_cast<unsigned>(arrangement) % 5);
    EXPECT_EQ(gradient_of(moved, as), want) << moved.describe();
  }
}

/// More rows than blocks, in place, and odd in length: what a block reads ahead are rows that it alone
/// replaces. Ignored rows are not asked for, and break the chain.
TEST_P(CrossEntropyKernels, InPlace) {
  const std::int64_t classes = std::min<std::int64_t>(3 * mapping().tile_columns - 1, 1025);
  const LossSetting setting{.options = {.reduction = Reduction::none, .ignore_index = -100}, .ignore = true};
  for (const Arrangement arrangement : {Arrangement::packed, Arrangement::misaligned}) {
    for (const bool backward : {false, true}) {
      LossProblem problem(setting, dtype(), LabelType::i64, arrangement, {13, classes}, 5);
      LossOutputs apart(problem);
      gpu::CrossEntropyArguments arguments = arguments_of(problem, 0);
      arguments.row_lse = apart.views().lse;
      launch(arguments, mapping());
      arguments.lse = apart.views().lse;
      arguments.grad = apart.views().grad;
      launch(arguments, mapping(), backward);
      arguments.grad = problem.logits.view();
      launch(arguments, mapping(), backward);
      for (std::int64_t r = 0; r < 13; ++r) {
        ASSERT_EQ(problem.logits.row_bits(r), apart.grad.row_bits(r)) << problem.describe() << " row " << r;
      }
      ASSERT_TRUE(problem.logits.gaps_untouched());
    }
  }
}

/// Nothing is read beyond the row, the loss is NaN, the gradient 0, and the report names count and first row.
TEST_P(CrossEntropyKernels, LabelsOutOfRangeAreReported) {
  const LossSetting setting{.options = {.reduction = Reduction::none, .ignore_index = -100}, .ignore = true};
  for (const bool backward : {false, true}) {
    LossProblem problem(setting, dtype(), LabelType::i32, Arrangement::padded, {9, 17}, 3);
    for (std::int64_t r = 0; r < 9; ++r) problem.labels.set(r, r % 4 == 3 ? -100 : r);
    problem.labels.set(4, 17);
    problem.labels.set(5, -1);
    problem.labels.set(8, 2000000000);
    LossOutputs got(problem);
    const CrossEntropyOutputs views = got.views();
    gpu::LabelReport report{};
    gpu::CrossEntropyArguments arguments = arguments_of(problem, 0);
    for (std::int64_t r = 0; r < 9; ++r) got.lse.set(r, 1.0);
    arguments.grad = views.grad;
    arguments.bad_labels = &report;
    if (backward) {
      arguments.lse = views.lse;
    } else {
      arguments.row_loss = views.loss;
    }
    launch(arguments, mapping(), backward);
    EXPECT_EQ(report.count, 3U);
    EXPECT_EQ(report.first_row, 4);
    EXPECT_EQ(report.first_value, 17);
    EXPECT_EQ(report.classes, 17);
    for (const std::int64_t r : {4, 5, 8}) {
      EXPECT_TRUE(backward || std::isnan(got.loss.get(r)));
      for (std::int64_t c = 0; c < 17; ++c) EXPECT_EQ(got.grad.get(r, c), 0.0);
    }
    EXPECT_FALSE(!backward && std::isnan(got.loss.get(0)));
  }
}

INSTANTIATE_TEST_SUITE_P(Every, CrossEntropyKernels, every_mapping_and_dtype(), kernel_test_name);

}  // namespace
}  // namespace xent::testing
