// Any subset of the outputs gives the same bits as all of them, and in place the same as out of place.
#include <cstring>

#include "tests/conformance/backend.hpp"
#include "tests/conformance/problem.hpp"

namespace xent::testing {
namespace {

constexpr int kOutputs = 6;

/// The outputs whose bit is set in `subset`.
CrossEntropyOutputs choose(LossOutputs& outputs, int subset) {
  const CrossEntropyOutputs all = outputs.views();
  CrossEntropyOutputs chosen;
  if ((subset & 1) != 0) chosen.loss = all.loss;
  if ((subset & 2) != 0) chosen.lse = all.lse;
  if ((subset & 4) != 0) chosen.argmax = all.argmax;
  if ((subset & 8) != 0) chosen.grad = all.grad;
  if ((subset & 16) != 0) chosen.correct_count = all.correct_count;
  if ((subset & 32) != 0) chosen.valid_count = all.valid_count;
  return chosen;
}

void run(const LossProblem& problem, const CrossEntropyOutputs& outputs, const Exec& exec) {
  cross_entropy(problem.logits.view(), problem.labels.labels(), outputs, problem.options, problem.upstream(),
                exec);
}

using Outputs = Conformance;

TEST_P(Outputs, ASubsetHasTheBitsOfAll) {
  std::uint64_t seed = 0;
  for (const std::int64_t classes : {1, 10, 33, 1025}) {
    for (const Arrangement arrangement : {Arrangement::padded, Arrangement::spaced}) {
      for (const LossSetting& setting : loss_settings()) {
        const LossProblem problem(setting, dtype(), LabelType::i32, arrangement, {6, classes}, ++seed);
        LossOutputs all(problem);
        run(problem, all.views(), exec());
        const LossOutputs untouched(problem);
        for (int subset = 1; subset < 1 << kOutputs; ++subset) {
          SCOPED_TRACE(problem.describe() + ", subset " + std::to_string(subset));
          LossOutputs some(problem);
          run(problem, choose(some, subset), exec());
          const auto expect = [subset](int bit, const Bytes& got, const Bytes& full, const Bytes& none) {
            EXPECT_EQ(got.copy(), ((subset & bit) != 0 ? full : none).copy()) << "output " << bit;
          };
          expect(1, some.loss.bytes, all.loss.bytes, untouched.loss.bytes);
          expect(2, some.lse.bytes, all.lse.bytes, untouched.lse.bytes);
          expect(4, some.argmax.bytes, all.argmax.bytes, untouched.argmax.bytes);
          expect(8, some.grad.bytes, all.grad.bytes, untouched.grad.bytes);
          EXPECT_EQ(some.correct, (subset & 16) != 0 ? all.correct : untouched.correct);
          EXPECT_EQ(some.valid, (subset & 32) != 0 ? all.valid : untouched.valid);
          if (HasFailure()) return;
        }
      }
    }
  }
}

TEST_P(Outputs, InPlaceHasTheBitsOfOutOfPlace) {
  std::uint64_t seed = 500;
  for (const std::int64_t classes : kClassCounts) {
    for (const Arrangement arrangement : kArrangements) {
      const LossSetting setting = loss_settings()[++seed % loss_settings().size()];
      const LossProblem problem(setting, dtype(), LabelType::u8, arrangement, {3, classes}, seed);
      LossOutputs apart(problem);
      run(problem, apart.views(), exec());
      LossProblem same(setting, dtype(), LabelType::u8, arrangement, {3, classes}, seed);
      LossOutputs outputs(problem);
      CrossEntropyOutputs views = outputs.views();
      views.grad = same.logits.view();
      run(same, views, exec());
      LossProblem backward(setting, dtype(), LabelType::u8, arrangement, {3, classes}, seed);
      MatrixBuffer from_lse(dtype(), arrangement, 3, classes);
      cross_entropy_backward(problem.logits.view(), problem.labels.labels(), apart.lse.view(),
                             from_lse.view(), problem.options, problem.upstream(), exec());
      cross_entropy_backward(backward.logits.view(), problem.labels.labels(), apart.lse.view(),
                             backward.logits.view(), problem.options, problem.upstream(), exec());
      for (std::int64_t r = 0; r < 3; ++r) {
        ASSERT_TRUE(same.logits.row_bits(r) == apart.grad.row_bits(r)) << problem.describe() << ", row " << r;
        ASSERT_TRUE(backward.logits.row_bits(r) == from_lse.row_bits(r))
            << problem.describe() << ", row " << r;
      }
      EXPECT_EQ(outputs.loss.bytes.copy(), apart.loss.bytes.copy()) << problem.describe();
      EXPECT_TRUE(same.logits.gaps_untouched()) << problem.describe();
    }
  }
}

TEST_P(Outputs, AnEmptyUpstreamIsOnes) {
  const LossProblem problem({}, dtype(), LabelType::i32, Arrangement::packed, {3, 10}, 1);
  LossOutputs without(problem);
  LossOutputs empty(problem);
  run(problem, without.views(), exec());
  const float nothing = 0.0F;  // an empty vector's pointer need not be null
  cross_entropy(problem.logits.view(), problem.labels.labels(), empty.views(), problem.options,
                {.values = vector(&nothing, 0)}, exec());
  EXPECT_EQ(empty.grad.bytes.copy(), without.grad.bytes.copy());
}

/// One byte holds the classes that exist, though not the columns of the padded matrix.
TEST_P(Outputs, BytesNumberTheValidClasses) {
  const LossProblem problem({}, dtype(), LabelType::u8, Arrangement::padded, {3, 300}, 5);
  IndexBuffer argmax[] = {{LabelType::u8, 3}, {LabelType::i64, 3}};
  IndexBuffer rank[] = {{LabelType::u8, 3}, {LabelType::i64, 3}};
  IndexBuffer labels(LabelType::u8, 3);
  for (std::int64_t r = 0; r < 3; ++r) labels.set(r, 254 - r);
  for (const int i : {0, 1}) {
    cross_entropy(problem.logits.view(), labels.labels(),
                  {.argmax = argmax[i].view(), .target_rank = rank[i].view()},
                  {.transform = {.valid_classes = 255}}, {}, exec());
  }
  for (std::int64_t r = 0; r < 3; ++r) {
    EXPECT_EQ(argmax[0].get(r), argmax[1].get(r));
    EXPECT_EQ(rank[0].get(r), rank[1].get(r));
  }
}

INSTANTIATE_TEST_SUITE_P(Every, Outputs,
                         ::testing::Combine(::testing::ValuesIn(every_backend()), every_dtype()),
                         conformance_name);

}  // namespace
}  // namespace xent::testing
