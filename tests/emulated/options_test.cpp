// Every option of the cross-entropy family on the kernels, in every mapping of rows to threads; and that one
// more output changes no bit.
#include <array>
#include <cmath>

#include "host/cuda/cross_entropy_kernel.hpp"
#include "tests/conformance/backend.hpp"
#include "tests/conformance/problem.hpp"
#include "tests/emulated/option_cases.hpp"
#include "tests/support/rng.hpp"

namespace xent::testing {
namespace {

void judge(const OptionCase& posed, const OptionShape& shape, const Backend& backend) {
  const Running running(backend);
  ASSERT_TRUE(judge_options(posed, shape, running.exec()))
      << backend.name << ", " << name(shape.dtype) << ", " << shape.classes << ", seed " << shape.seed;
}

TEST(Options, AreRightInEveryMapping) {
  std::uint64_t seed = 0;
  for (const Backend& backend : every_backend()) {
    for (const OptionCase& posed : option_cases()) {
      for (const std::int64_t classes : {1, 2, 10, 100, 2500}) {
        const DType dtype = ++seed % 2 == 0 ? DType::f32 : DType::f64;
        judge(posed, {dtype, classes <= 10 ? 12 : 3, classes, seed}, backend);
        if (HasFatalFailure()) return;
      }
    }
  }
}

/// A row in several blocks, and one that is read more than once: each option once, in turns of the type and
/// device.
TEST(Options, AreRightInLongRows) {
  const std::vector<Backend> backends = every_backend();
  std::uint64_t seed = 100;
  for (const OptionCase& posed : option_cases()) {
    ++seed;
    judge(posed, {seed % 4 < 2 ? DType::f64 : DType::f32, 2, 40'000, seed}, backends[seed % 2]);
    if (HasFatalFailure()) return;
  }
}

std::vector<std::uint64_t> bits_of(const MatrixBuffer& matrix, std::int64_t rows) {
  std::vector<std::uint64_t> bits;
  for (std::int64_t r = 0; r < rows; ++r) {
    const std::vector<std::uint64_t> row = matrix.row_bits(r);
    bits.insert(bits.end(), row.begin(), row.end());
  }
  return bits;
}

/// Entropy, log_prob and rank come from the general kernels; the rest must not be seen to change hands.
TEST(Options, OneMoreOutputChangesNoBit) {
  for (const Backend& backend : every_backend()) {
    const Running running(backend);
    for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
      for (const std::int64_t classes : {10, 500, 3000, 20'000}) {
        for (const double smoothing : {0.0, 0.1}) {
          const LossSetting setting{.options = {.reduction = Reduction::none, .label_smoothing = smoothing}};
          const LossProblem problem(setting, dtype, LabelType::i32, Arrangement::padded, {3, classes}, 11);
          LossOutputs plain(problem);
          LossOutputs more(problem);
          VectorBuffer entropy(DType::f64, 3);
          VectorBuffer row_loss(plain.loss.dtype, 3);
          CrossEntropyOutputs outputs = more.views();
          outputs.entropy = entropy.view();
          outputs.row_loss = row_loss.view();
          const ConstMatrixView logits = problem.logits.view();
          cross_entropy(logits, problem.labels.labels(), plain.views(), problem.options, {}, running.exec());
          cross_entropy(logits, problem.labels.labels(), outputs, problem.options, {}, running.exec());
          EXPECT_EQ(bits_of(more.grad, 3), bits_of(plain.grad, 3)) << problem.describe();
          for (std::int64_t r = 0; r < 3; ++r) {
            EXPECT_EQ(more.loss.bits(r), plain.loss.bits(r)) << problem.describe();
            EXPECT_EQ(row_loss.bits(r), plain.loss.bits(r)) << problem.describe();
            EXPECT_EQ(more.lse.bits(r), plain.lse.bits(r)) << problem.describe();
            EXPECT_EQ(more.argmax.get(r), plain.argmax.get(r)) << problem.describe();
          }
          EXPECT_EQ(std::int64_t{more.correct}, std::int64_t{plain.correct});
        }
      }
    }
  }
}

/// Two classes 40 apart: what is left of the gradients is e^-40, and all of its digits count.
TEST(Options, AConfidentRowKeepsItsDigits) {
  const double rest = std::exp(-40.0);
  for (const Backend& backend : every_backend()) {
    const Running running(backend);
    const std::array<double, 2> logits{0.0, 40.0};
    const std::array<double, 2> probs{0.0, 1.0};
    const std::array<std::int32_t, 1> label{1};
    const std::array<double, 2> weights{3.0, 2.0};
    const std::array<double, 1> one{1.0};
    const TargetView targets[] = {labels(label.data(), 1), matrix(probs.data(), 1, 2)};
    for (const TargetView& target : targets) {
      std::array<double, 2> grad{};
      double loss = 0.0;
      double entropy = 0.0;
      const LossOptions options{.class_weights = vector(weights.data(), 2)};
      const CrossEntropyOutputs outputs{
          .loss = vector(&loss, 1), .entropy = vector(&entropy, 1), .grad = matrix(grad.data(), 1, 2)};
      LossOptions sum = options;
      sum.reduction = Reduction::sum;
      cross_entropy(matrix(logits.data(), 1, 2), target, outputs, sum, {}, running.exec());
      EXPECT_NEAR(loss, 2.0 * rest, 1e-12 * rest);
      EXPECT_NEAR(entropy, 41.0 * rest, 1e-10 * rest);
      EXPECT_NEAR(grad[0], 2.0 * rest, 1e-12 * rest);
      EXPECT_NEAR(grad[1], -2.0 * rest, 1e-12 * rest);
      cross_entropy(matrix(logits.data(), 1, 2), target, outputs, sum,
                    {.scale = 0.0, .entropy = vector(one.data(), 1)}, running.exec());
      EXPECT_EQ(grad[0], 0.0) << "scale is of all";
      const double lse = 40.0 + std::log1p(rest);
      cross_entropy_backward(matrix(logits.data(), 1, 2), target, vector(&lse, 1), matrix(grad.data(), 1, 2),
                             sum, {}, running.exec());
      EXPECT_NEAR(grad[1], -2.0 * rest, 1e-12 * rest);
    }
  }
}

/// Divisors that only the device sees.
TEST(Options, AnEmptyMeanIsFoundOnTheDevice) {
  for (const Backend& backend : every_backend()) {
    const Running running(backend);
    const std::array<float, 4> logits{1.0F, 2.0F, 3.0F, 5.0F};
    const std::array<std::int32_t, 2> label{0, 1};
    const std::array<double, 2> no_weights{0.0, 0.0};
    const float nothing = 0.0F;
    for (const bool weighted : {false, true}) {
      LossOptions options{.empty_mean = EmptyMean::nan};
      if (weighted) {
        options.class_weights = vector(no_weights.data(), 2);
      } else {
        options.denominator_at = vector(&nothing, 1);
      }
      double loss = 0.0;
      double divisor = -1.0;
      std::array<float, 4> grad{7.0F, 7.0F, 7.0F, 7.0F};
      const CrossEntropyOutputs outputs{
          .loss = vector(&loss, 1), .grad = matrix(grad.data(), 2, 2), .divisor = &divisor};
      cross_entropy(matrix(logits.data(), 2, 2), labels(label.data(), 2), outputs, options, {},
                    running.exec());
      EXPECT_TRUE(std::isnan(loss));
      EXPECT_EQ(divisor, weighted ? 0.0 : 2.0);
      for (const float g : grad) EXPECT_EQ(g, 0.0F);
      EXPECT_NO_THROW(check(running.exec()));
    }
  }
}

/// More rows than one part of the sum of weights, with some of them ignored; NLL's is the same.
TEST(Options, TheWeightsOfManyRowsAddUp) {
  constexpr std::int64_t kRows = 9000;
  const Running running(every_backend().front());
  Rng rng(3);
  std::vector<std::uint8_t> label(kRows);
  std::vector<float> logits(3 * kRows);
  const std::array<float, 3> weights{0.5F, 1.25F, 3.0F};
  double sum = 0.0;
  for (std::size_t r = 0; r < label.size(); ++r) {
    label[r] = static_cast<std::uint8_t>(rng.below(4));
    if (label[r] < 3) sum += static_cast<double>(weights[label[r]]);
    for (std::size_t c = 0; c < 3; ++c) logits[3 * r + c] = static_cast<float>(-rng.uniform());
  }
  const LossOptions options{.ignore_index = 3, .class_weights = vector(weights.data(), 3)};
  const ConstMatrixView x = matrix(std::as_const(logits).data(), kRows, 3);
  double divisor = 0.0;
  double loss = 0.0;
  double want = 0.0;
  cross_entropy(x, labels(label.data(), kRows), {.loss = vector(&loss, 1), .divisor = &divisor}, options, {},
                running.exec());
  cross_entropy(x, labels(label.data(), kRows), {.loss = vector(&want, 1)}, options, {},
                {.device = Device::reference});
  EXPECT_NEAR(divisor, sum, 1e-12 * sum);
  EXPECT_NEAR(loss, want, 1e-6);
  nll(x, labels(label.data(), kRows), {.loss = vector(&loss, 1)}, options, running.exec());
  nll(x, labels(label.data(), kRows), {.loss = vector(&want, 1)}, options, {.device = Device::reference});
  EXPECT_NEAR(loss, want, 1e-12);
  std::vector<float> grad(logits.size());
  std::vector<float> expected(logits.size());
  nll_backward(labels(label.data(), kRows), matrix(grad.data(), kRows, 3), options, {}, running.exec());
  nll_backward(labels(label.data(), kRows), matrix(expected.data(), kRows, 3), options, {},
               {.device = Device::reference});
  for (std::size_t i = 0; i < grad.size(); ++i) ASSERT_NEAR(grad[i], expected[i], 1e-10) << i;
}

/// Labels that name a padding column are out of range.
TEST(Options, ALabelInTheTailIsBad) {
  const Running running(every_backend().front());
  const std::array<float, 8> logits{1.0F, 2.0F, 3.0F, NAN, 3.0F, 2.0F, 1.0F, NAN};
  const std::array<std::int32_t, 2> label{3, 0};
  std::array<double, 2> loss{};
  std::array<double, 2> entropy{};
  std::array<std::int32_t, 2> rank{};
  std::array<float, 8> grad{};
  cross_entropy(matrix(logits.data(), 2, 4), labels(label.data(), 2),
                {.loss = vector(loss.data(), 2),
                 .entropy = vector(entropy.data(), 2),
                 .target_rank = indices(rank.data(), 2),
                 .grad = matrix(grad.data(), 2, 4)},
                {.reduction = Reduction::none, .transform = {.valid_classes = 3}}, {}, running.exec());
  EXPECT_TRUE(std::isnan(loss[0]) && std::isnan(entropy[0]));
  EXPECT_EQ(rank[0], -1);
  EXPECT_EQ(rank[1], 0);
  for (const std::size_t i : {0, 1, 2, 3, 7}) EXPECT_EQ(grad[i], 0.0F) << i;
  EXPECT_FALSE(std::isnan(loss[1]));
  try {
    check(running.exec());
    ADD_FAILURE() << "check() found nothing";
  } catch (const LabelError& error) {
    EXPECT_EQ(error.row(), 0);
    EXPECT_EQ(error.value(), 3);
    EXPECT_EQ(error.classes(), 3);
  }
}

TEST(KernelChoice, PlainCallsKeepThePlainKernels) {
  const TargetView hard = LabelView{};
  EXPECT_TRUE(cuda::is_plain(hard, {.ignore_index = 1, .label_smoothing = 0.1}, {.scale = 2.0}, 100));
  EXPECT_TRUE(cuda::is_plain(hard, {.transform = {.valid_classes = 100}}, {}, 100));
  EXPECT_TRUE(cuda::is_plain(hard, {.mean_over = MeanOver::valid_rows}, {}, 100));
  const double number = 1.0;
  const ConstVectorView some = vector(&number, 1);
  EXPECT_TRUE(cuda::is_plain(hard, {.denominator_at = some}, {.values = some}, 100));
  EXPECT_FALSE(cuda::is_plain({}, {}, {}, 100));
  EXPECT_FALSE(cuda::is_plain(ConstMatrixView{}, {}, {}, 100));
  EXPECT_FALSE(cuda::is_plain(hard, {.class_weights = some}, {}, 100));
  EXPECT_FALSE(cuda::is_plain(hard, {.focal_gamma = 1.0}, {}, 100));
  EXPECT_FALSE(cuda::is_plain(hard, {.z_loss = 1.0}, {}, 100));
  EXPECT_FALSE(cuda::is_plain(hard, {.transform = {.logit_scale = 2.0}}, {}, 100));
  EXPECT_FALSE(cuda::is_plain(hard, {.transform = {.temperature = 2.0}}, {}, 100));
  EXPECT_FALSE(cuda::is_plain(hard, {.transform = {.softcap = 2.0}}, {}, 100));
  EXPECT_FALSE(cuda::is_plain(hard, {.transform = {.bias = some}}, {}, 100));
  EXPECT_FALSE(cuda::is_plain(hard, {.transform = {.valid_classes = 99}}, {}, 100));
  EXPECT_FALSE(cuda::is_plain(hard, {}, {.lse = some}, 100));
  EXPECT_FALSE(cuda::is_plain(hard, {}, {.log_prob = some}, 100));
  EXPECT_FALSE(cuda::is_plain(hard, {}, {.entropy = some}, 100));
}

TEST(KernelChoice, WhatThePlainKernelsDoNotGive) {
  double number = 0.0;
  std::int64_t count = 0;
  const VectorView some = vector(&number, 1);
  EXPECT_FALSE(cuda::wants_more({.loss = some, .row_loss = some, .lse = some, .correct_count = &count}));
  EXPECT_TRUE(cuda::wants_more({.entropy = some}));
  EXPECT_TRUE(cuda::wants_more({.log_prob = some}));
  EXPECT_TRUE(cuda::wants_more({.top_k_count = &count}));
}

}  // namespace
}  // namespace xent::testing
