// Tiles filled by the bulk copy engine, in all kernels that ship: the bits of tiles that the threads fill.
#include <vector>

#include "tests/conformance/backend.hpp"
#include "tests/conformance/binary_problem.hpp"
#include "tests/conformance/divergence_problem.hpp"
#include "tests/conformance/problem.hpp"
#include "tests/emulated/device.hpp"
#include "tests/emulated/option_cases.hpp"
#include "tests/simt/options.hpp"
#include "tests/support/sanitized.hpp"

namespace xent::testing {
namespace {

constexpr std::int64_t kRows = 5;

plan::GpuThresholds in_bulk() {
  plan::GpuThresholds thresholds = plan::kGpuThresholds;
  thresholds.least_row_bytes_bulk = 0;
  return thresholds;
}

/// Of blocks, clusters, and rows longer than a cluster's tiles, in types of each size.
struct Case {
  DType dtype;
  std::int64_t classes;
};
constexpr Case kCases[] = {{DType::f32, 1501},  {DType::f32, 9003},    {DType::f32, 40'001},
                           {DType::bf16, 3001}, {DType::bf16, 60'003}, {DType::f16, 20'001},
                           {DType::f64, 601},   {DType::f64, 30'001}};

using Bits = std::vector<std::uint64_t>;

void add(Bits& bits, const MatrixBuffer& matrix) {
  for (std::int64_t r = 0; r < kRows; ++r) {
    const std::vector<std::uint64_t> row = matrix.row_bits(r);
    bits.insert(bits.end(), row.begin(), row.end());
  }
}

/// With ignored rows, in place at the end.
Bits cross_entropies(const Case& c, Arrangement arrangement, const Exec& exec) {
  const LossSetting setting{.options = {.reduction = Reduction::none, .ignore_index = -100}, .ignore = true};
  LossProblem problem(setting, c.dtype, LabelType::i32, arrangement, {kRows, c.classes}, 5);
  LossOutputs plain(problem);
  LossOutputs general(problem);
  VectorBuffer entropy(DType::f64, kRows);
  const ConstMatrixView logits = problem.logits.view();
  Bits bits;
  cross_entropy(logits, problem.labels.labels(), plain.views(), problem.options, {}, exec);
  CrossEntropyOutputs outputs = general.views();
  outputs.entropy = entropy.view();
  cross_entropy(logits, problem.labels.labels(), outputs, problem.options, {}, exec);
  add(bits, plain.grad);
  add(bits, general.grad);
  for (std::int64_t r = 0; r < kRows; ++r) {
    bits.insert(bits.end(), {plain.loss.bits(r), plain.lse.bits(r), entropy.bits(r)});
  }
  std::vector<RowPartial> partials(kRows);  // of a vocabulary in one shard
  cross_entropy_partials(logits, problem.labels.labels(), {0, c.classes}, partials, problem.options, exec);
  cross_entropy_shard_backward(logits, problem.labels.labels(), {0, c.classes}, partials, general.grad.view(),
                               problem.options, {}, exec);
  add(bits, general.grad);
  cross_entropy_backward(logits, problem.labels.labels(), plain.lse.view(), plain.grad.view(),
                         problem.options, {}, exec);
  add(bits, plain.grad);
  cross_entropy_backward(logits, problem.labels.labels(), plain.lse.view(), problem.logits.view(),
                         problem.options, {}, exec);
  add(bits, problem.logits);
  return bits;
}

Bits softmaxes(const Case& c, Arrangement arrangement, const Exec& exec) {
  Rng rng(6);
  MatrixBuffer logits(c.dtype, arrangement, kRows, c.classes);
  MatrixBuffer saved(c.dtype, Arrangement::misaligned, kRows, c.classes);
  fill_logits(logits, rng);
  Bits bits;
  softmax(logits.view(), saved.view(), exec);
  add(bits, saved);
  softmax_backward(saved.view(), logits.view(), logits.view(), exec);
  add(bits, logits);
  return bits;
}

Bits divergences(const Case& c, Arrangement arrangement, const Exec& exec) {
  Bits bits;
  for (const DivergenceOp op : kDivergences) {
    const DivergenceSetting setting{.op = op, .reduction = Reduction::none, .temperature = 1.5};
    const DivergenceProblem problem(setting, c.dtype, arrangement, {kRows, c.classes}, 5);
    DivergenceResults got(problem);
    problem.run(got.views(), exec);
    add(bits, got.grad_p);
    add(bits, got.grad_q);
  }
  return bits;
}

Bits binary(const Case& c, Arrangement arrangement, const Exec& exec) {
  const BinaryProblem problem(binary_settings().back(), c.dtype, arrangement, {kRows, c.classes}, 5);
  BinaryOutputs got(problem);
  binary_cross_entropy(problem.logits.view(), problem.targets.view(), got.views(), problem.options(),
                       problem.upstream(), exec);
  Bits bits;
  add(bits, got.grad);
  add(bits, got.grad_targets);
  return bits;
}

TEST(BulkFills, ChangeNoBit) {
  const Running running(every_backend().front());
  for (const Case& c : kCases) {
    if (kSanitized && c.classes > 10'000) continue;
    for (const Arrangement arrangement : {Arrangement::packed, Arrangement::misaligned}) {
      for (const auto& family : {cross_entropies, softmaxes, divergences, binary}) {
        const Bits want = family(c, arrangement, running.exec());
        const EmulatedThresholds bulk(in_bulk());
        simt::for_each_schedule(
            1, [&] { ASSERT_EQ(family(c, arrangement, running.exec()), want) << c.classes; });
        if (HasFatalFailure()) return;
      }
    }
  }
}

/// The general kernels with two matrices, and every option.
TEST(BulkFills, AreRightWithEveryOption) {
  const Running running(every_backend().front());
  const EmulatedThresholds bulk(in_bulk());
  for (const TargetKind target : {TargetKind::labels, TargetKind::probs}) {
    for (const Case& c : {kCases[0], kCases[3], kCases[7]}) {
      ASSERT_TRUE(judge_options(every_option(target), {c.dtype, 2, c.classes, 8}, running.exec()));
    }
  }
}

/// An older device has no such engine, whatever the thresholds.
TEST(BulkFills, AreNotChosenWithoutTheEngine) {
  for (const std::int64_t classes : {10, 3000, 40'000}) {
    const plan::GpuWork work{.layout = row_major(4, classes), .dtype = DType::f32};
    EXPECT_FALSE(plan::plan_gpu(work, kSmallDevice, in_bulk()).tile.bulk) << classes;
    EXPECT_EQ(plan::plan_gpu(work, kLargeDevice, in_bulk()).tile.bulk, classes > 10) << classes;
  }
}

}  // namespace
}  // namespace xent::testing
