// NLL forward and backward against the reference: nothing is computed but one sum, so rows are exact.
#include <cmath>
#include <limits>

#include "host/reference/nll.hpp"

#include "tests/conformance/backend.hpp"
#include "tests/conformance/problem.hpp"
#include "tests/support/compare.hpp"
#include "tests/support/tolerance.hpp"

namespace xent::testing {
namespace {

using NllConformance = Conformance;

void check_forward(const LossProblem& problem, const Exec& exec) {
  VectorBuffer want(DType::f64, problem.loss_size());
  std::int64_t want_valid = -1;
  reference::nll(problem.logits.view(), problem.labels.labels(),
                 {.loss = want.view(), .valid_count = &want_valid}, problem.options);
  for (const DType loss_type : {DType::f32, DType::f64}) {
    VectorBuffer got(loss_type, problem.loss_size(), 2);
    Count valid(-1);
    nll(problem.logits.view(), problem.labels.labels(), {.loss = got.view(), .valid_count = valid.address()},
        problem.options, exec);
    for (std::int64_t i = 0; i < want.size; ++i) {
      EXPECT_TRUE(close("nll", got.get(i), want.get(i), 0x1p-48 * std::abs(want.get(i)), loss_type))
          << problem.describe();
    }
    EXPECT_TRUE(got.gaps_untouched());
    EXPECT_EQ(valid, want_valid);
  }
}

void check_backward(const LossProblem& problem, const Exec& exec) {
  const DType dtype = problem.logits.dtype;
  MatrixBuffer want(DType::f64, arrange(problem.arrangement, problem.shape.rows, problem.shape.classes));
  MatrixBuffer got(dtype, problem.arrangement, problem.shape.rows, problem.shape.classes);
  reference::nll_backward(problem.labels.labels(), want.view(), problem.options, problem.upstream());
  nll_backward(problem.labels.labels(), got.view(), problem.options, problem.upstream(), exec);
  for (std::int64_t r = 0; r < problem.shape.rows; ++r) {
    for (std::int64_t c = 0; c < problem.shape.classes; ++c) {
      const double bound = 4.0 * tolerance(dtype).unit * std::abs(want.get(r, c));
      ASSERT_TRUE(close("nll_backward", got.get(r, c), want.get(r, c), bound, dtype)) << problem.describe();
    }
  }
  EXPECT_TRUE(got.gaps_untouched()) << problem.describe();
}

TEST_P(NllConformance, ForwardAndBackward) {
  const LabelType label_types[] = {LabelType::u8, LabelType::i32, LabelType::i64};
  std::uint64_t seed = 0;
  for (const std::int64_t classes : {1, 3, 10, 33, 1000, 50257}) {
    for (const Arrangement arrangement : kArrangements) {
      for (LossSetting setting : loss_settings()) {
        ++seed;
        if (classes > 1000 && seed % 6 != 0) continue;
        setting.options.label_smoothing = 0.0;
        const LossProblem problem(setting, dtype(), label_types[seed % 3], arrangement,
                                  {rows_for(classes), classes}, seed);
        check_forward(problem, exec());
        check_backward(problem, exec());
        if (HasFailure()) return;
      }
    }
  }
}

TEST_P(NllConformance, ALabelOfWeightZeroCountsNothingThoughItIsMasked) {
  constexpr double kInf = std::numeric_limits<double>::infinity();
  const double log_prob[] = {-kInf, -kInf, std::numeric_limits<double>::quiet_NaN()};
  const double want[] = {0.0, kInf, std::numeric_limits<double>::quiet_NaN()};
  MatrixBuffer log_probs(dtype(), Arrangement::padded, 3, 2);
  IndexBuffer labels(LabelType::i64, 3);
  VectorBuffer weights(DType::f32, 2);
  for (std::int64_t r = 0; r < 3; ++r) {
    labels.set(r, r % 2);  // the second class has a weight
    log_probs.set(r, 0, log_prob[r]);
    log_probs.set(r, 1, log_prob[r]);
  }
  weights.set(0, 0.0);
  weights.set(1, 2.0);
  VectorBuffer loss(DType::f64, 3);
  const LossOptions options{.reduction = Reduction::none, .class_weights = weights.view()};
  for (const Exec& each : {exec(), Exec{.device = Device::reference}}) {
    nll(log_probs.view(), labels.labels(), {.loss = loss.view()}, options, each);
    for (std::int64_t r = 0; r < 3; ++r) {
      EXPECT_TRUE(std::isnan(want[r]) ? std::isnan(loss.get(r)) : loss.get(r) == want[r])
          << "row " << r << ": " << loss.get(r);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Every, NllConformance,
                         ::testing::Combine(::testing::ValuesIn(main_backends()), every_dtype()),
                         conformance_name);

}  // namespace
}  // namespace xent::testing
