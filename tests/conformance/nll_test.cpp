// NLL forward and backward against the reference: nothing is computed but one sum, so rows are exact.
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

INSTANTIATE_TEST_SUITE_P(Every, NllConformance,
                         ::testing::Combine(::testing::ValuesIn(main_backends()), every_dtype()),
                         conformance_name);

}  // namespace
}  // namespace xent::testing
