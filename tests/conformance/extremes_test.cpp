// Extreme values under the options, each with the outcome that docs/numerics.md promises.
#include "tests/conformance/extremes.hpp"

namespace xent::testing {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr LossOptions kEach{.reduction = Reduction::none};

TEST_P(Extremes, InfinitiesUnderASoftcap) {
  LossOptions options = kEach;
  options.transform.softcap = 2.0;
  const double log_sum = std::log(std::exp(2.0) + 2.0);
  const Answer capped = answer({{0.0, kInf, 0.0}, {0.0, -kInf, 0.0}, {0.0, kNan, 0.0}}, {1, 1, 1}, options);
  expect_near(capped.row_loss[0], log_sum - 2.0);
  expect_near(capped.lse[0], log_sum);
  EXPECT_EQ(capped.grad[0][1], 0.0) << "saturated";
  EXPECT_EQ(capped.argmax[0], 1);
  expect_near(capped.row_loss[1], kInf);
  expect_near(capped.lse[1], std::log(2.0));
  expect_row(capped.grad[1], {0.5, 0.0, 0.5});
  expect_near(capped.row_loss[2], kNan);
  expect_row(capped.grad[2], {kNan, kNan, kNan});
  EXPECT_EQ(capped.argmax[2], 1);
  EXPECT_EQ(capped.rank[2], -1);
}

TEST_P(Extremes, AMaskingBias) {
  const VectorBuffer bias = numbers({0.5, -kInf, 0.5});
  LossOptions options = kEach;
  options.transform.bias = bias.view();
  const Answer masked = answer({{1.0, 9.0, 1.0}, {1.0, kInf, 1.0}, {1.0, kNan, 1.0}}, {0, 0, 0}, options);
  expect_near(masked.row_loss[0], std::log(2.0));
  expect_row(masked.grad[0], {-0.5, 0.0, 0.5});
  for (const std::size_t r : {1U, 2U}) expect_near(masked.row_loss[r], kNan);  // inf - inf is no mask
}

TEST_P(Extremes, TheLargestAndSmallestLogits) {
  const double huge = dtype() == DType::f16 ? 3e4 : 1e38;
  const double tiny = tolerance(dtype()).step / 8.0;
  const Answer apart = answer({{huge, -huge, huge}, {tiny, 0.0, -tiny}}, {1, 0}, kEach);
  expect_near(apart.row_loss[0], 2.0 * huge, tolerance(dtype()).store);
  expect_near(apart.lse[0], huge, tolerance(dtype()).store);
  expect_row(apart.grad[0], {0.5, -1.0, 0.5});
  expect_near(apart.entropy[0], std::log(2.0));
  EXPECT_EQ(apart.rank[0], 2);
  expect_near(apart.row_loss[1], std::log(3.0));
  expect_row(apart.grad[1], {-2.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0});
}

/// Neighbours around 10^4: 64 apart in bf16, 8 in f16, and exact in all.
TEST_P(Extremes, SmallDifferencesOfLargeLogits) {
  const double step = dtype() == DType::bf16 ? 64.0 : dtype() == DType::f16 ? 8.0 : 0.5;
  const double base = 9984.0;
  const Answer close = answer({{base, base + step, base}, {base, base, base}}, {0, 2}, kEach);
  const double rest = 2.0 * std::exp(-step);
  expect_near(close.row_loss[0], step + std::log1p(rest));
  expect_near(close.entropy[0], std::log1p(rest) + step * rest / (1.0 + rest));
  expect_near(close.row_loss[1], std::log(3.0));
  EXPECT_EQ(close.rank[1], 2);
}

TEST_P(Extremes, TemperaturesThatDecideOrLevel) {
  LossOptions options = kEach;
  options.transform.temperature = 1e-30;
  const Answer cold = answer({{1.0, 2.0, 0.0}}, {1}, options);
  expect_near(cold.row_loss[0], 0.0);
  expect_near(cold.entropy[0], 0.0);
  expect_row(cold.grad[0], {0.0, 0.0, 0.0});
  options.transform.temperature = 1e30;
  const Answer hot = answer({{1.0, 2.0, 0.0}}, {1}, options);
  expect_near(hot.row_loss[0], std::log(3.0));
  expect_near(hot.entropy[0], std::log(3.0));
}

/// Two classes share a long row, though rounding its largest z alone moves that by far more than what the
/// range of an exponential allows.
TEST_P(Extremes, LongRowsAtTemperaturesThatDecide) {
  constexpr std::size_t kClasses = 5000;
  Matrix rows(2, std::vector<double>(kClasses));
  for (std::size_t c = 0; c < kClasses; ++c) {
    rows[0][c] = 0.5 + static_cast<double>(c % 7) / 16.0;
    rows[1][c] = c < 2500 ? 1.0 : 1.25;  // the first columns do not tell what comes
  }
  for (std::vector<double>& row : rows) row[1] = row[4321] = 2.1;
  IndexBuffer labels(LabelType::i64, 2);
  labels.set(0, 1);
  labels.set(1, 4321);
  for (const double temperature : {3e-9, 1e-10, 7e-13, 3e-23}) {
    LossOptions options = kEach;
    options.transform.temperature = temperature;
    const Upstream upstream{.scale = temperature};
    for (const bool smoothed : {false, true}) {
      SCOPED_TRACE(::testing::Message() << temperature << (smoothed ? ", smoothed" : ""));
      if (smoothed) options.label_smoothing = 1e-10;  // another loop, nothing else
      MatrixBuffer grad(dtype(), Arrangement::padded, 2, kClasses);
      VectorBuffer losses(DType::f64, 2);
      cross_entropy(matrix_of(rows).view(), labels.labels(), {.loss = losses.view(), .grad = grad.view()},
                    options, upstream, exec());
      const Answer all = answer(rows, labels.labels(), options, upstream);
      for (const std::size_t r : {0U, 1U}) {
        const auto row = static_cast<std::int64_t>(r);
        const auto label = static_cast<std::size_t>(r == 0 ? 1 : 4321);
        const double share = options.label_smoothing / kClasses;
        std::vector<double> want(kClasses, -share);
        want[1] = want[4321] = 0.5 - share;
        want[label] -= 1.0 - options.label_smoothing;
        if (!smoothed) expect_near(losses.get(row), std::log(2.0));
        expect_row(grad.row(row), want);
        expect_row(all.grad[r], want);
        expect_near(all.entropy[r], std::log(2.0));
      }
    }
  }
}

TEST_P(Extremes, ASingleClass) {
  LossOptions options = kEach;
  options.z_loss = 0.5;
  options.focal_gamma = 0.5;
  options.label_smoothing = 0.25;
  const Answer one = answer({{-3.0}}, {0}, options);
  expect_near(one.row_loss[0], 4.5);
  expect_near(one.lse[0], -3.0);
  expect_row(one.grad[0], {-3.0});
  EXPECT_EQ(one.log_prob[0], 0.0);
  EXPECT_EQ(one.entropy[0], 0.0);
  EXPECT_EQ(one.argmax[0], 0);
  EXPECT_EQ(one.rank[0], 0);
  EXPECT_EQ(one.hits, 1);
}

TEST_P(Extremes, NoRowsAndNoValidRows) {
  for (const EmptyMean empty : {EmptyMean::zero, EmptyMean::nan}) {
    const LossOptions options{.ignore_index = -1, .empty_mean = empty};
    const double mean = empty == EmptyMean::zero ? 0.0 : kNan;
    const Answer none = answer({}, std::vector<std::int64_t>{}, options);
    expect_near(none.loss, mean);
    EXPECT_EQ(none.valid, 0);
    EXPECT_EQ(none.divisor, 0.0);
    const VectorBuffer ones = numbers({1.0, 1.0});
    const Answer ignored = answer({{kNan, 1.0}, {2.0, kInf}}, {-1, -1}, options,
                                  {.lse = ones.view(), .log_prob = ones.view(), .entropy = ones.view()});
    expect_near(ignored.loss, mean);
    for (const std::size_t r : {0U, 1U}) {
      expect_row(ignored.grad[r], {0.0, 0.0});
      EXPECT_EQ(ignored.lse[r], 0.0);
      EXPECT_EQ(ignored.entropy[r], 0.0);
      EXPECT_EQ(ignored.log_prob[r], 0.0);
      EXPECT_EQ(ignored.argmax[r], -1);
      EXPECT_EQ(ignored.rank[r], -1);
    }
    EXPECT_EQ(ignored.correct + ignored.hits + ignored.valid, 0);
    const Answer single = answer({{kNan, 1.0}, {2.0, 2.0}}, {-1, 1}, options);
    expect_near(single.loss, std::log(2.0));
    EXPECT_EQ(single.divisor, 1.0);
  }
}

/// Rows that weigh nothing: the mean has nothing to divide by, other outputs are as ever.
TEST_P(Extremes, LabelsOfWeightZero) {
  const VectorBuffer weights = numbers({0.0, 0.0, 5.0});
  const VectorBuffer ones = numbers({1.0, 1.0});
  for (const EmptyMean empty : {EmptyMean::zero, EmptyMean::nan}) {
    const Answer mean = answer({{1.0, -kInf, 1.0}, {1.0, -kInf, 1.0}}, {0, 1},
                               {.empty_mean = empty, .class_weights = weights.view()}, {.lse = ones.view()});
    expect_near(mean.loss, empty == EmptyMean::zero ? 0.0 : kNan);
    EXPECT_EQ(mean.divisor, 0.0);
    EXPECT_EQ(mean.valid, 2);
    EXPECT_EQ(mean.row_loss[0], 0.0);
    EXPECT_EQ(mean.row_loss[1], 0.0) << "0 times a masked target's infinity";
    expect_row(mean.grad[0], {0.5, 0.0, 0.5});
  }
  const Answer rows =
      answer({{1.0, 1.0, 1.0}}, {0}, {.mean_over = MeanOver::valid_rows, .class_weights = weights.view()});
  EXPECT_EQ(rows.loss, 0.0);
  EXPECT_EQ(rows.divisor, 1.0);
}

TEST_P(Extremes, ADenominatorOfZero) {
  const VectorBuffer zero = numbers({0.0});
  for (const EmptyMean empty : {EmptyMean::zero, EmptyMean::nan}) {
    const Answer mean = answer({{1.0, 1.0}}, {0}, {.denominator_at = zero.view(), .empty_mean = empty});
    expect_near(mean.loss, empty == EmptyMean::zero ? 0.0 : kNan);
    expect_row(mean.grad[0], {0.0, 0.0});
    expect_near(mean.row_loss[0], std::log(2.0));
    EXPECT_EQ(mean.divisor, 1.0) << "what a mean divides by when nothing else is asked for";
  }
}

/// A certain row costs nothing and pulls nothing, for any γ; an impossible one costs as without.
TEST_P(Extremes, FocalLossOfCertainAndImpossibleRows) {
  for (const double gamma : {0.25, 1.0, 2.0, 5.0}) {
    LossOptions options = kEach;
    options.focal_gamma = gamma;
    const Answer sure = answer({{2000.0, 0.0}, {0.0, 2000.0}, {-kInf, 0.0}}, {0, 0, 0}, options);
    EXPECT_EQ(sure.row_loss[0], 0.0) << gamma;
    expect_row(sure.grad[0], {0.0, 0.0});
    expect_near(sure.row_loss[1], 2000.0);
    expect_row(sure.grad[1], {-1.0, 1.0});
    expect_near(sure.row_loss[2], kInf);
    expect_row(sure.grad[2], {-1.0, 1.0});
  }
}

TEST_P(Extremes, SoftTargetsOfNothing) {
  const MatrixBuffer targets = matrix_of({{0.0, 0.0, 0.0}, {0.0, 1.0, 0.0}, {1.0, 0.0, 0.0}});
  const Answer soft = answer({{1.0, 2.0, 3.0}, {1.0, -kInf, 1.0}, {1.0, -kInf, 1.0}}, targets.view(), kEach);
  EXPECT_EQ(soft.row_loss[0], 0.0);
  EXPECT_EQ(soft.log_prob[0], 0.0);
  expect_row(soft.grad[0], {0.0, 0.0, 0.0});
  expect_near(soft.row_loss[1], kInf);
  expect_near(soft.log_prob[1], -kInf);
  expect_row(soft.grad[1], {0.5, -1.0, 0.5});
  expect_near(soft.row_loss[2], std::log(2.0));
  expect_row(soft.grad[2], {-0.5, 0.0, 0.5});
}

TEST_P(Extremes, AMaskedTargetAndItsOwnGradient) {
  const MatrixBuffer targets = matrix_of({{0.0, 1.0, 0.0}, {0.0, 1.0, 0.0}});
  const VectorBuffer bias = numbers({0.0, -kInf, 0.0});
  for (const bool by_bias : {false, true}) {
    const double x = by_bias ? 9.0 : -kInf;
    const Matrix rows{{1.0, x, 1.0}, {1.0, -kInf, 1.0}};
    LossOptions options = kEach;
    if (by_bias) options.transform.bias = bias.view();
    for (const double softcap : {0.0, 2.0}) {
      options.transform.softcap = softcap;
      const double slope = softcap == 0.0 ? 1.0 : 1.0 - std::tanh(0.5) * std::tanh(0.5);
      for (const Answer& all :
           {answer(rows, {1, 1}, options), answer(rows, TargetView(targets.view()), options)}) {
        for (const std::size_t r : {0U, 1U}) {
          expect_near(all.row_loss[r], kInf);
          expect_row(all.grad[r], {0.5 * slope, softcap == 0.0 ? -1.0 : 0.0, 0.5 * slope});
        }
      }
    }
  }
}

TEST_P(Extremes, RowsWithoutASoftmax) {
  LossOptions options = kEach;
  options.z_loss = 0.5;
  const Answer none = answer({{-kInf, -kInf}, {0.0, kInf}, {kNan, 0.0}}, TargetView{}, options);
  for (const std::size_t r : {0U, 1U, 2U}) {
    expect_near(none.row_loss[r], kNan);
    expect_near(none.lse[r], kNan);
    expect_near(none.entropy[r], kNan);
    expect_row(none.grad[r], {kNan, kNan});
  }
  EXPECT_EQ(none.argmax, (std::vector<std::int64_t>{0, 1, 0}));
}

INSTANTIATE_TEST_SUITE_P(Every, Extremes,
                         ::testing::Combine(::testing::ValuesIn(every_backend()), every_dtype()),
                         conformance_name);

}  // namespace
}  // namespace xent::testing
