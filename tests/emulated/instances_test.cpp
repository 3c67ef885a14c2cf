// No kernel ships that has not run here: every instance of the table is reached through the public functions,
// and judged there.
#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <string>

#include "kernels/instances/table.hpp"
#include "tests/conformance/backend.hpp"
#include "tests/conformance/binary_problem.hpp"
#include "tests/conformance/divergence_problem.hpp"
#include "tests/conformance/judge.hpp"
#include "tests/conformance/problem.hpp"
#include "tests/emulated/device.hpp"
#include "tests/emulated/option_cases.hpp"
#include "tests/support/tolerance.hpp"

namespace xent::testing {
namespace {

/// Rows of every regime of the plan: few lanes, a warp, a block, a wide block whose row stays on chip, on the
/// large device a cluster, on the small one a row that passes through.
constexpr std::int64_t kRegimes[] = {10, 100, 3000, 9000, 40000};

void run_all(DType dtype, std::int64_t classes, const Exec& exec) {
  const LossSetting setting{.options = {.reduction = Reduction::none, .label_smoothing = 0.1}};
  const LossProblem problem(setting, dtype, LabelType::i32, Arrangement::misaligned, {3, classes}, 5);
  LossOutputs got(problem);
  cross_entropy(problem.logits.view(), problem.labels.labels(), got.views(), problem.options, {}, exec);
  ASSERT_TRUE(judge_cross_entropy(problem, got)) << problem.describe();
  cross_entropy_backward(problem.logits.view(), problem.labels.labels(), got.lse.view(), got.grad.view(),
                         problem.options, {}, exec);
  ASSERT_TRUE(judge_cross_entropy_backward(problem, got.lse, got.grad)) << problem.describe();

  for (const TargetKind target : {TargetKind::labels, TargetKind::probs}) {
    ASSERT_TRUE(judge_options(every_option(target), {dtype, 2, classes, 8}, exec)) << problem.describe();
  }

  MatrixBuffer saved(dtype, Arrangement::padded, 3, classes);
  MatrixBuffer grad(dtype, Arrangement::padded, 3, classes);
  log_softmax(problem.logits.view(), saved.view(), exec);
  ASSERT_TRUE(judge_softmax(SoftmaxOp::log_softmax, problem.logits, saved)) << problem.describe();
  log_softmax_backward(saved.view(), problem.logits.view(), grad.view(), exec);
  ASSERT_TRUE(judge_softmax_backward(SoftmaxOp::log_softmax, saved, problem.logits, grad))
      << problem.describe();

  VectorBuffer loss(DType::f64, 3);
  const LossOptions plain{.reduction = Reduction::none};
  nll(saved.view(), problem.labels.labels(), {.loss = loss.view()}, plain, exec);
  nll_backward(problem.labels.labels(), grad.view(), plain, {.scale = -2.0}, exec);
  for (std::int64_t r = 0; r < 3; ++r) {
    const std::int64_t label = problem.labels.get(r);
    ASSERT_EQ(loss.get(r), -saved.get(r, label)) << problem.describe();
    for (std::int64_t c = 0; c < classes; ++c) ASSERT_EQ(grad.get(r, c), c == label ? 2.0 : 0.0) << c;
  }
}

void run_binary(DType dtype, std::int64_t classes, const Exec& exec) {
  const BinaryProblem problem(binary_settings().back(), dtype, Arrangement::misaligned, {3, classes}, 5);
  BinaryOutputs got(problem);
  binary_cross_entropy(problem.logits.view(), problem.targets.view(), got.views(), problem.options(),
                       problem.upstream(), exec);
  ASSERT_TRUE(judge_binary_cross_entropy(problem, got)) << problem.describe();
}

void run_divergences(DType dtype, std::int64_t classes, const Exec& exec) {
  for (const DivergenceOp op : kDivergences) {
    const DivergenceSetting setting{.op = op, .reduction = Reduction::none, .temperature = 1.5};
    const DivergenceProblem problem(setting, dtype, Arrangement::misaligned, {3, classes}, 5);
    DivergenceResults got(problem);
    problem.run(got.views(), exec);
    ASSERT_TRUE(judge_divergence(problem, got)) << problem.describe();
  }
}

/// A vocabulary of two shards, the first one of a single class, says what the whole one says.
void run_shards(DType dtype, std::int64_t classes, const Exec& exec) {
  const LossSetting setting{.options = {.reduction = Reduction::none}};
  const LossProblem problem(setting, dtype, LabelType::i32, Arrangement::misaligned, {3, classes}, 5);
  LossOutputs want(problem);
  cross_entropy(problem.logits.view(), problem.labels.labels(), want.views(), problem.options, {}, exec);

  const auto columns = [](auto view, std::int64_t first, std::int64_t count) {
    const auto offset = first * view.layout.class_stride * static_cast<std::int64_t>(size_of(view.dtype));
    using Byte = std::conditional_t<std::is_same_v<decltype(view), MatrixView>, std::byte, const std::byte>;
    view.data = static_cast<Byte*>(view.data) + offset;
    view.layout.classes = count;
    return view;
  };
  const std::int64_t firsts[] = {0, 1};
  const std::int64_t counts[] = {1, classes - 1};
  Bytes memory(9 * sizeof(RowPartial), 0);
  auto* const partials = reinterpret_cast<RowPartial*>(memory.data());
  for (std::size_t s = 0; s < 2; ++s) {
    cross_entropy_partials(columns(problem.logits.view(), firsts[s], counts[s]), problem.labels.labels(),
                           {firsts[s], classes}, {partials + 3 * s, 3}, problem.options, exec);
  }
  const std::span<RowPartial> merged(partials + 6, 3);
  merge_partials({partials, 6}, merged, exec);
  VectorBuffer loss(DType::f64, 3);
  cross_entropy_from_partials(merged, problem.labels.labels(), {.loss = loss.view()}, problem.options, exec);
  MatrixBuffer grad(dtype, Arrangement::misaligned, 3, classes);
  for (std::size_t s = 0; s < 2; ++s) {
    cross_entropy_shard_backward(columns(problem.logits.view(), firsts[s], counts[s]),
                                 problem.labels.labels(), {firsts[s], classes}, merged,
                                 columns(grad.view(), firsts[s], counts[s]), problem.options, {}, exec);
  }
  const Tolerance limits = tolerance(dtype);
  for (std::int64_t r = 0; r < 3; ++r) {
    const double expected = want.loss.get(r);
    ASSERT_NEAR(loss.get(r), expected, 400.0 * limits.unit * std::abs(expected) + limits.tiny) << classes;
    for (std::int64_t c = 0; c < classes; ++c) {
      const double g = want.grad.get(r, c);
      ASSERT_NEAR(grad.get(r, c), g, (2.0 * limits.store + 400.0 * limits.unit) * std::abs(g) + limits.step)
          << classes << ", " << c;
    }
  }
}

/// What deals its elements to threads whatever the rows has a single mapping.
bool has_one_mapping(gpu::Op op) { return op == gpu::Op::nll || op == gpu::Op::binary_cross_entropy; }

/// Longer than all of a large device's shared memory: what the regimes above reach on a small one alone.
TEST(Instances, RowsLongerThanAClusterHolds) {
  const Running running(every_backend().front());
  run_all(DType::f32, 600'000, running.exec());
  run_divergences(DType::f32, 300'000, running.exec());
}

/// Tiles that with a kernel's own shared memory just exceed what a device gives unasked. Each as the first
/// launch of its kernel: on a device that was asked before, nothing can go wrong.
class SharedMemory : public ::testing::TestWithParam<std::int64_t> {};

TEST_P(SharedMemory, IsAskedForWhereItIsNeeded) {
  const Running running(every_backend().front());
  run_all(DType::f32, GetParam(), running.exec());
  run_all(DType::bf16, 2 * GetParam(), running.exec());
}
INSTANTIATE_TEST_SUITE_P(Edges, SharedMemory, ::testing::Values(6100, 12200));

/// Smoothing over gaps whose sum is beyond f32 before it is scaled, in a row of several tiles.
TEST(Instances, LargeGapsOfALongRowStayInRange) {
  for (const Backend& backend : every_backend()) {
    const Running running(backend);
    const LossSetting setting{.options = {.reduction = Reduction::none, .label_smoothing = 0.1}};
    LossProblem problem(setting, DType::f32, LabelType::i32, Arrangement::packed, {1, 40'000}, 1);
    for (std::int64_t c = 0; c < 40'000; ++c) problem.logits.set(0, c, c == 39'999 ? 1e35 : 0.0);
    problem.labels.set(0, 39'999);
    LossOutputs got(problem);
    cross_entropy(problem.logits.view(), problem.labels.labels(), got.views(), problem.options, {},
                  running.exec());
    EXPECT_NEAR(got.loss.get(0), 0.1 * 1e35 * 39'999 / 40'000, 1e30) << backend.name;
  }
}

/// A share that f32 cannot hold is none, whatever the gaps.
TEST(Instances, ATinySmoothingIsNoNan) {
  for (const Backend& backend : every_backend()) {
    const Running running(backend);
    const LossSetting setting{.options = {.reduction = Reduction::none, .label_smoothing = 1e-46}};
    LossProblem problem(setting, DType::f32, LabelType::i32, Arrangement::packed, {1, 3}, 1);
    for (std::int64_t c = 0; c < 3; ++c)
      problem.logits.set(0, c, std::array{3e38, -3e38, 0.0}.at(static_cast<std::size_t>(c)));
    problem.labels.set(0, 0);
    LossOutputs got(problem);
    cross_entropy(problem.logits.view(), problem.labels.labels(), got.views(), problem.options, {},
                  running.exec());
    EXPECT_EQ(got.loss.get(0), 0.0) << backend.name;
  }
}

std::map<std::string, std::uint64_t> launches() {
  std::map<std::string, std::uint64_t> counted;
  for (const gpu::Op op : gpu::kOps) {
    for (const DType dtype : gpu::kDTypes) {
      for (const gpu::Instance& one : gpu::instances(op, dtype)) {
        EXPECT_EQ(one.op, op);
        EXPECT_EQ(one.dtype, dtype);
        const std::string key = std::string(name(op)) + ", " + name(dtype) + ", " + gpu::name(one.mapping);
        EXPECT_TRUE(counted.emplace(key, one.launches.load()).second) << key << " is there twice";
      }
    }
  }
  return counted;
}

TEST(Instances, EveryOneIsReachedAndRight) {
  const auto before = launches();
  for (const Backend& backend : every_backend()) {
    const Running running(backend);
    for (const DType dtype : gpu::kDTypes) {
      for (const std::int64_t classes : kRegimes) {
        run_all(dtype, classes, running.exec());
        if (HasFatalFailure()) return;
        run_binary(dtype, classes, running.exec());
        if (HasFatalFailure()) return;
        run_divergences(dtype, classes, running.exec());
        if (HasFatalFailure()) return;
        run_shards(dtype, classes, running.exec());
        if (HasFatalFailure()) return;
      }
    }
  }
  for (const auto& [key, count] : launches()) EXPECT_GT(count, before.at(key)) << key << " never ran";
}

TEST(Instances, ThereIsOneForEachMappingOfEachKernelAndType) {
  std::size_t count = 0;
  for (const gpu::Op op : gpu::kOps) {
    for (const DType dtype : gpu::kDTypes) {
      const std::size_t mappings = has_one_mapping(op) ? 1 : gpu::kMappings.size();
      EXPECT_EQ(gpu::instances(op, dtype).size(), mappings) << name(op) << ", " << name(dtype);
      count += gpu::instances(op, dtype).size();
    }
  }
  EXPECT_EQ(count, launches().size());
}

/// The regimes above are all that a plan can choose.
TEST(Instances, NoPlanChoosesWhatIsNotThere) {
  for (const plan::DeviceProperties& device : {kLargeDevice, kSmallDevice}) {
    for (std::int64_t classes = 1; classes < 300'000; classes += 1 + classes / 50) {
      for (const DType dtype : gpu::kDTypes) {
        const plan::GpuPlan plan =
            plan::plan_gpu({.layout = row_major(4, classes), .dtype = dtype, .tiles = 2}, device);
        for (const gpu::Op op : gpu::kOps) {
          if (has_one_mapping(op)) continue;
          EXPECT_NO_THROW(gpu::instance(op, dtype, plan.mapping)) << classes;
        }
      }
    }
  }
}

}  // namespace
}  // namespace xent::testing
