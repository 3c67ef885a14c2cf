// Random combinations of everything: shapes, types, arrangements, options. The seed of a failure is
// printed; XENT_SEED=<n> runs that one problem alone.
#include <cstdlib>
#include <string>

#include "tests/conformance/backend.hpp"
#include "tests/conformance/judge.hpp"
#include "tests/conformance/problem.hpp"

namespace xent::testing {
namespace {

#ifndef XENT_PROPERTY_PROBLEMS
#define XENT_PROPERTY_PROBLEMS 1500
#endif
constexpr std::uint64_t kProblems = XENT_PROPERTY_PROBLEMS;

template <class T, std::size_t kSize>
const T& pick(Rng& rng, const T (&choices)[kSize]) {
  return choices[rng.below(kSize)];
}

LossSetting random_setting(Rng& rng) {
  LossSetting setting{.name = "random"};
  constexpr Reduction reductions[] = {Reduction::none, Reduction::sum, Reduction::mean};
  constexpr double smoothings[] = {0.0, 0.0, 1e-6, 0.1, 0.9, 1.0};
  setting.options.reduction = pick(rng, reductions);
  setting.options.label_smoothing = pick(rng, smoothings);
  if (setting.options.reduction == Reduction::mean && rng.chance(0.3)) {
    setting.options.denominator = rng.uniform(0.01, 100.0);
  }
  if (rng.chance(0.3)) setting.options.empty_mean = EmptyMean::nan;
  setting.ignore = rng.chance(0.4);
  setting.per_row_upstream = setting.options.reduction == Reduction::none && rng.chance(0.5);
  setting.scale = rng.chance(0.2) ? 0.0 : 3.0 * rng.normal();
  return setting;
}

LossProblem random_problem(std::uint64_t seed) {
  Rng rng(seed);
  constexpr DType dtypes[] = {DType::f32, DType::f16, DType::bf16, DType::f64};
  constexpr LabelType label_types[] = {LabelType::u8, LabelType::i32, LabelType::i64};
  const LossSetting setting = random_setting(rng);
  const DType dtype = pick(rng, dtypes);
  const LabelType label_type = pick(rng, label_types);
  const Arrangement arrangement = pick(rng, kArrangements);
  const std::int64_t classes = 1 + rng.below(rng.chance(0.8) ? 70 : 5000);
  const std::int64_t rows = rng.below(classes < 70 ? 50 : 5);
  return {setting, dtype, label_type, arrangement, {rows, classes}, seed};
}

void check(const LossProblem& problem, const Exec& exec) {
  LossOutputs got(problem);
  cross_entropy(problem.logits.view(), problem.labels.labels(), got.views(), problem.options,
                problem.upstream(), exec);
  ASSERT_TRUE(judge_cross_entropy(problem, got)) << problem.describe();
  cross_entropy_backward(problem.logits.view(), problem.labels.labels(), got.lse.view(), got.grad.view(),
                         problem.options, problem.upstream(), exec);
  ASSERT_TRUE(judge_cross_entropy_backward(problem, got.lse, got.grad)) << problem.describe();
}

class Property : public ::testing::TestWithParam<Backend> {};

TEST_P(Property, RandomProblems) {
  const Running running(GetParam());
  if (const char* seed = std::getenv("XENT_SEED")) {
    check(random_problem(std::stoull(seed)), running.exec());
    return;
  }
  for (std::uint64_t seed = 1; seed <= kProblems && !HasFailure(); ++seed) {
    check(random_problem(seed), running.exec());
  }
}

INSTANTIATE_TEST_SUITE_P(Every, Property, ::testing::ValuesIn(every_backend()),
                         [](const auto& param) { return std::string(param.param.name); });

}  // namespace
}  // namespace xent::testing
