// Cross-entropy of every shape, arrangement, label type and option, against the reference.
#include "tests/conformance/backend.hpp"
#include "tests/conformance/judge.hpp"
#include "tests/conformance/problem.hpp"

namespace xent::testing {
namespace {

constexpr LabelType kLabelTypes[] = {LabelType::u8, LabelType::i32, LabelType::i64};

/// How many of the settings a shape is tried with: all where that is cheap, else they take turns.
std::size_t settings_for(std::int64_t classes) { return classes <= 128 ? 6 : classes <= 2048 ? 2 : 1; }

/// Calls body(problem) for every class count and arrangement.
template <class Body>
void for_each_problem(DType dtype, const Body& body) {
  const std::vector<LossSetting> settings = loss_settings();
  std::uint64_t seed = 0;
  for (const std::int64_t classes : kClassCounts) {
    for (const Arrangement arrangement : kArrangements) {
      for (std::size_t i = 0; i < settings_for(classes); ++i) {
        ++seed;
        const LossProblem problem(settings[seed % settings.size()], dtype, kLabelTypes[seed / 6 % 3],
                                  arrangement, {rows_for(classes), classes}, seed);
        body(problem);
        if (::testing::Test::HasFailure()) return;  // one failing problem tells enough
      }
    }
  }
}

using CrossEntropyConformance = Conformance;

TEST_P(CrossEntropyConformance, AllOutputs) {
  for_each_problem(dtype(), [this](const LossProblem& problem) {
    const std::vector<std::byte> logits = problem.logits.bytes.copy();
    const std::vector<std::byte> labels = problem.labels.bytes.copy();
    LossOutputs got(problem);
    cross_entropy(problem.logits.view(), problem.labels.labels(), got.views(), problem.options,
                  problem.upstream(), exec());
    EXPECT_TRUE(judge_cross_entropy(problem, got)) << problem.describe();
    EXPECT_TRUE(problem.logits.bytes.copy() == logits) << "logits were written: " << problem.describe();
    EXPECT_TRUE(problem.labels.bytes.copy() == labels) << "labels were written: " << problem.describe();
  });
}

TEST_P(CrossEntropyConformance, BackwardFromLse) {
  for_each_problem(dtype(), [this](const LossProblem& problem) {
    LossOutputs got(problem);
    cross_entropy(problem.logits.view(), problem.labels.labels(), {.lse = got.lse.view()}, problem.options,
                  problem.upstream(), exec());
    cross_entropy_backward(problem.logits.view(), problem.labels.labels(), got.lse.view(), got.grad.view(),
                           problem.options, problem.upstream(), exec());
    EXPECT_TRUE(judge_cross_entropy_backward(problem, got.lse, got.grad)) << problem.describe();
  });
}

INSTANTIATE_TEST_SUITE_P(Every, CrossEntropyConformance,
                         ::testing::Combine(::testing::ValuesIn(every_backend()), every_dtype()),
                         conformance_name);

}  // namespace
}  // namespace xent::testing
