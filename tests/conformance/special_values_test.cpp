// NaN, infinities, masked classes, extreme magnitudes, empty batches: every backend as the reference.
#include <algorithm>
#include <limits>
#include <span>

#include "tests/conformance/backend.hpp"
#include "tests/conformance/judge.hpp"
#include "tests/conformance/problem.hpp"
#include "tests/support/sanitized.hpp"

namespace xent::testing {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

/// About the largest finite logit of a type. With smoothing all gaps are added up, in f32 for the three
/// smaller types, and must not overflow.
double huge(DType type, double smoothing) {
  if (type == DType::f16) return 6e4;
  if (type == DType::f64) return 1e300;
  return smoothing == 0.0 ? 3e38 : 1e30;
}

/// Rows of a given width that end in special patterns: the last classes are where the tails of loops are.
std::vector<std::vector<double>> special_rows(std::int64_t classes, double huge) {
  const auto width = static_cast<std::size_t>(classes);
  std::vector<std::vector<double>> rows;
  for (const double special : {kNan, kInf, -kInf, huge, -huge}) {
    for (const std::size_t at : {std::size_t{0}, width / 2, width - 1}) {
      std::vector<double> row(width, 0.25);
      row[at] = special;
      rows.push_back(row);
    }
    rows.emplace_back(width, special);
  }
  for (const std::size_t alone : {std::size_t{0}, width - 1}) {  // all but one masked, or spread apart
    std::vector<double> row(width, -kInf);
    row[alone] = -3.0;
    rows.push_back(row);
    std::fill(row.begin(), row.end(), -huge);
    row[alone] = huge;
    rows.push_back(row);
  }
  std::vector<double> mixed(width, kInf);
  mixed[width / 2] = kNan;
  rows.push_back(mixed);
  mixed.back() = -kInf;
  rows.push_back(mixed);
  while (rows.size() % 3 != 0) rows.emplace_back(width, 0.0);
  return rows;
}

using SpecialValues = Conformance;

void check_cross_entropy(const LossProblem& problem, const Exec& exec) {
  LossOutputs got(problem);
  cross_entropy(problem.logits.view(), problem.labels.labels(), got.views(), problem.options, {}, exec);
  ASSERT_TRUE(judge_cross_entropy(problem, got)) << problem.describe();
  VectorBuffer lse(DType::f64, problem.shape.rows);  // an f32 lse of huge f64 logits would be infinite
  cross_entropy(problem.logits.view(), problem.labels.labels(), {.lse = lse.view()}, problem.options, {},
                exec);
  cross_entropy_backward(problem.logits.view(), problem.labels.labels(), lse.view(), got.grad.view(),
                         problem.options, {}, exec);
  ASSERT_TRUE(judge_cross_entropy_backward(problem, lse, got.grad)) << problem.describe();
}

void check_softmax(const LossProblem& problem, const Exec& exec) {
  MatrixBuffer out(problem.logits.dtype, problem.arrangement, problem.shape.rows, problem.shape.classes);
  softmax(problem.logits.view(), out.view(), exec);
  ASSERT_TRUE(judge_softmax(SoftmaxOp::softmax, problem.logits, out)) << problem.describe();
  log_softmax(problem.logits.view(), out.view(), exec);
  ASSERT_TRUE(judge_softmax(SoftmaxOp::log_softmax, problem.logits, out)) << problem.describe();
}

void check_rows(DType dtype, const std::vector<std::vector<double>>& rows, double smoothing,
                std::span<const Arrangement> arrangements, const Exec& exec) {
  std::uint64_t seed = rows.front().size() * 8;
  const auto classes = std::ssize(rows.front());
  for (const Arrangement arrangement : arrangements) {
    const LossSetting setting{.name = smoothing == 0.0 ? "special values" : "special values, smoothing",
                              .options = {.reduction = Reduction::none, .label_smoothing = smoothing}};
    LossProblem problem(setting, dtype, LabelType::i32, arrangement, {std::ssize(rows), classes}, ++seed);
    for (std::int64_t r = 0; r < problem.shape.rows; ++r) {
      const auto& row = rows[static_cast<std::size_t>(r)];
      for (std::int64_t c = 0; c < classes; ++c) problem.logits.set(r, c, row[static_cast<std::size_t>(c)]);
    }
    check_cross_entropy(problem, exec);
    if (smoothing == 0.0) check_softmax(problem, exec);
    if (::testing::Test::HasFailure()) return;
  }
}

TEST_P(SpecialValues, CrossEntropyAndSoftmax) {
  for (const std::int64_t classes : {1, 2, 3, 7, 8, 16, 17, 33, 1025}) {
    for (const double smoothing : {0.0, 0.2, 1.0}) {
      check_rows(dtype(), special_rows(classes, huge(dtype(), smoothing)), smoothing, kArrangements, exec());
      if (HasFailure()) return;
    }
  }
}

/// Rows whose maximum is not known from their first part, block by block of columns.
std::vector<std::vector<double>> uneven_rows() {
  constexpr std::size_t kWidth = 2 * 2048 + 77;
  const auto row_of = [](const auto& logit) {
    std::vector<double> row(kWidth);
    for (std::size_t c = 0; c < kWidth; ++c) row[c] = logit(c) + 0.25 * static_cast<double>(c % 7);
    return row;
  };
  std::vector<std::vector<double>> rows;
  for (const double step : {-60.0, -9.0, -4.0, 3.0, 4.5, 9.0, 60.0}) {  // from block to block
    rows.push_back(row_of([=](std::size_t c) { return step * static_cast<double>(c / 2048); }));
  }
  rows.push_back(row_of([](std::size_t c) { return c < 300 ? -kInf : 50.0; }));
  rows.push_back(row_of([](std::size_t c) { return c < 4100 ? -kInf : 50.0; }));
  rows.push_back(row_of([](std::size_t c) { return c < 300 ? -1e4 : 1.0; }));
  for (const std::size_t sure : {std::size_t{0}, std::size_t{2047}, std::size_t{4000}, kWidth - 1}) {
    for (const double lead : {12.0, 30.0, 80.0}) {
      rows.push_back(row_of([=](std::size_t c) { return c == sure ? lead : 0.0; }));
    }
  }
  rows.push_back(row_of([](std::size_t c) { return c == 3 || c == 4003 || c == 4010 ? 40.0 : 0.0; }));
  return rows;
}

TEST_P(SpecialValues, MaximaThatAreNotAtTheFront) {
  constexpr Arrangement kTwo[] = {Arrangement::misaligned, Arrangement::class_strided};
  for (const double smoothing : {0.0, 0.2}) check_rows(dtype(), uneven_rows(), smoothing, kTwo, exec());
}

TEST_P(SpecialValues, EmptyBatches) {
  for (const Reduction reduction : {Reduction::none, Reduction::sum, Reduction::mean}) {
    for (const EmptyMean empty_mean : {EmptyMean::zero, EmptyMean::nan}) {
      for (const std::int64_t rows : {0, 6}) {  // six rows, all of them ignored
        const LossSetting setting{
            .name = "empty",
            .options = {.reduction = reduction, .ignore_index = -100, .empty_mean = empty_mean}};
        LossProblem problem(setting, dtype(), LabelType::i64, Arrangement::padded, {rows, 5}, 1);
        for (std::int64_t r = 0; r < rows; ++r) problem.labels.set(r, -100);
        LossOutputs got(problem);
        cross_entropy(problem.logits.view(), problem.labels.labels(), got.views(), problem.options, {},
                      exec());
        EXPECT_TRUE(judge_cross_entropy(problem, got)) << problem.describe();
        MatrixBuffer out(dtype(), Arrangement::padded, rows, 5);
        softmax(problem.logits.view(), out.view(), exec());
        EXPECT_TRUE(judge_softmax(SoftmaxOp::softmax, problem.logits, out));
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Every, SpecialValues,
    ::testing::Combine(::testing::ValuesIn(kSanitized ? main_backends() : every_backend()), every_dtype()),
    conformance_name);

}  // namespace
}  // namespace xent::testing
