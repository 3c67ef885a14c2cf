// Rows without a distribution in a vocabulary split in two: NaN throughout both shards' gradients, as in the
// gradient of the whole, whatever target and upstream make of finite rows.
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "tests/conformance/backend.hpp"
#include "tests/support/buffers.hpp"

namespace xent::testing {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr std::int64_t kRows = 6;
constexpr std::int64_t kClasses = 7;
constexpr std::int64_t kFirst[] = {0, 3, kClasses};
constexpr std::int64_t kPadded = kClasses - 1;  // a column that only makes the matrix wider
constexpr std::int64_t kInfinite = 2;
constexpr std::int64_t kOrdinary = 4;
constexpr std::int64_t kIgnored = 5;

double logit(std::int64_t r, std::int64_t c) {
  if (c == kPadded) return kNan;
  if (r == 0) return -kInf;
  if (r == 1) return c == 5 ? kNan : 0.5;
  if (r == kInfinite) return c == 0 ? kInf : -1.0;
  if (r == 3) return c < kFirst[1] ? -kInf : kNan;
  return 0.25 * static_cast<double>(c);
}

struct Setting {
  const char* name;
  TargetKind target = TargetKind::labels;
  double weight = 1.0;  ///< of every class; of the others too, a gradient that is 0 in finite rows
  Upstream upstream{};
  double softcap = 0.0;  ///< which makes an infinite row finite
};

std::vector<Setting> settings() {
  return {{.name = "labels"},
          {.name = "labels of weight 0", .weight = 0.0},
          {.name = "upstream of 0", .upstream = {.scale = 0.0}},
          {.name = "softcap", .softcap = 2.0},
          {.name = "soft targets", .target = TargetKind::probs},
          {.name = "soft targets, upstream of 0", .target = TargetKind::probs, .upstream = {.scale = 0.0}},
          {.name = "no target", .target = TargetKind::none}};
}

/// The classes [first, end) and their gradients.
struct Columns {
  Columns(const Setting& setting_, DType dtype, std::int64_t first_, std::int64_t end)
      : setting(setting_),
        first(first_),
        classes(end - first_),
        logits(dtype, Arrangement::padded, kRows, classes),
        soft(dtype, Arrangement::packed, kRows, classes),
        labels(LabelType::i64, kRows),
        weights(DType::f64, classes),
        grad(dtype, Arrangement::padded, kRows, classes),
        grad_targets(dtype, Arrangement::packed, kRows, classes) {
    for (std::int64_t r = 0; r < kRows; ++r) {
      for (std::int64_t c = 0; c < classes; ++c) {
        logits.set(r, c, logit(r, first + c));
        soft.set(r, c, first + c == 1 ? 1.0 : 0.0);
      }
      labels.set(r, r == kIgnored ? -100 : r);
    }
    for (std::int64_t c = 0; c < classes; ++c) weights.set(c, setting.weight);
  }

  TargetView target() const {
    if (setting.target == TargetKind::none) return {};
    if (setting.target == TargetKind::probs) return soft.view();
    return labels.labels();
  }
  LossOptions options() const {
    LossOptions options{.reduction = Reduction::none};
    if (setting.target == TargetKind::labels) options.ignore_index = -100;
    if (setting.target != TargetKind::none) options.class_weights = weights.view();
    options.transform.softcap = setting.softcap;
    if (first + classes == kClasses) options.transform.valid_classes = classes - 1;
    return options;
  }
  CrossEntropyGrads grads() {
    return {grad.view(), setting.target == TargetKind::probs ? grad_targets.view() : MatrixView{}};
  }
  void expect_nothing_known() const {
    for (std::int64_t r = 0; r < kRows; ++r) {
      if (r == kIgnored && setting.target != TargetKind::labels) continue;
      for (std::int64_t c = 0; c < classes; ++c) {
        SCOPED_TRACE(::testing::Message() << "row " << r << ", class " << first + c);
        const bool capped = r == kInfinite && setting.softcap != 0.0;
        const bool finite = r == kOrdinary || r == kIgnored || capped || first + c == kPadded;
        EXPECT_NE(std::isnan(grad.get(r, c)), finite) << grad.get(r, c);
        if (setting.target != TargetKind::probs) continue;
        EXPECT_NE(std::isnan(grad_targets.get(r, c)), finite) << grad_targets.get(r, c);
      }
    }
  }

  Setting setting;
  std::int64_t first, classes;
  MatrixBuffer logits, soft;
  IndexBuffer labels;
  VectorBuffer weights;
  MatrixBuffer grad, grad_targets;
};

using ShardEdges = Conformance;

TEST_P(ShardEdges, RowsWithoutADistribution) {
  for (const Setting& setting : settings()) {
    SCOPED_TRACE(setting.name);
    Columns whole(setting, dtype(), 0, kClasses);
    cross_entropy(whole.logits.view(), whole.target(),
                  {.grad = whole.grads().grad, .grad_targets = whole.grads().grad_targets}, whole.options(),
                  setting.upstream, exec());
    whole.expect_nothing_known();

    Columns shards[] = {{setting, dtype(), kFirst[0], kFirst[1]}, {setting, dtype(), kFirst[1], kFirst[2]}};
    Bytes memory(2 * kRows * sizeof(RowPartial), 0);
    auto* const partials = reinterpret_cast<RowPartial*>(memory.data());
    for (const std::int64_t s : {0, 1}) {
      cross_entropy_partials(shards[s].logits.view(), shards[s].target(), {shards[s].first, kClasses},
                             {partials + s * kRows, kRows}, shards[s].options(), exec());
    }
    merge_partials({partials, 2 * kRows}, {partials, kRows}, exec());
    for (Columns& shard : shards) {
      cross_entropy_shard_backward(shard.logits.view(), shard.target(), {shard.first, kClasses},
                                   {partials, kRows}, shard.grads(), shard.options(), setting.upstream,
                                   exec());
      shard.expect_nothing_known();
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Every, ShardEdges,
                         ::testing::Combine(::testing::ValuesIn(every_backend()), every_dtype()),
                         conformance_name);

}  // namespace
}  // namespace xent::testing
