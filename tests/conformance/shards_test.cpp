// A vocabulary split into uneven shards, merged in several groupings, says what the whole one says.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "tests/conformance/backend.hpp"
#include "tests/conformance/problem.hpp"
#include "tests/support/tolerance.hpp"

namespace xent::testing {
namespace {

constexpr std::int64_t kRows = 9;

/// One array of partials per shard, side by side, as an all-gather leaves them.
class Partials {
 public:
  explicit Partials(std::int64_t shards)
      : bytes_(static_cast<std::size_t>(shards * kRows) * sizeof(RowPartial), 0) {}
  std::span<RowPartial> of(std::int64_t first, std::int64_t count = 1) {
    return {reinterpret_cast<RowPartial*>(bytes_.data()) + first * kRows,
            static_cast<std::size_t>(count * kRows)};
  }

 private:
  Bytes bytes_;
};

struct Setting {
  const char* name;
  LossOptions options;  ///< what is the same for all shards
  bool soft = false, none = false, ignore = false, weights = false, bias = false, upstreams = false;

  bool has_terms() const { return soft || upstreams || options.label_smoothing != 0.0; }
};

std::vector<Setting> settings() {
  return {
      {.name = "plain", .options = {}, .ignore = true},
      {.name = "weights and smoothing", .options = {.label_smoothing = 0.1}, .ignore = true, .weights = true},
      {.name = "soft targets",
       .options = {.reduction = Reduction::sum, .label_smoothing = 0.2},
       .soft = true,
       .weights = true},
      {.name = "transform and penalties",
       .options = {.z_loss = 1e-3, .transform = {.logit_scale = 0.5, .temperature = 1.5, .softcap = 30.0}},
       .bias = true,
       .upstreams = true},
      {.name = "focal", .options = {.reduction = Reduction::none, .focal_gamma = 2.0}, .weights = true},
      {.name = "no target", .options = {.reduction = Reduction::none}, .none = true, .upstreams = true},
  };
}

struct Problem {
  Problem(const Setting& setting_, DType dtype, std::int64_t classes_, std::uint64_t seed)
      : setting(setting_),
        classes(classes_),
        logits(dtype, Arrangement::misaligned, kRows, classes),
        soft(dtype, Arrangement::padded, kRows, classes),
        labels(LabelType::i32, kRows),
        weights(DType::f32, classes),
        bias(DType::f32, classes),
        upstream(DType::f64, kRows) {
    Rng rng(seed);
    fill_logits(logits, rng);
    for (std::int64_t r = 0; r < kRows; ++r) {
      labels.set(r, setting.ignore && r % 4 == 1 ? -100 : rng.below(classes));
      upstream.set(r, rng.normal());
      for (std::int64_t c = 0; c < classes; ++c)
        soft.set(r, c, rng.chance(0.3) ? 0.0 : rng.uniform(0.0, 0.1));
    }
    for (std::int64_t c = 0; c < classes; ++c) {
      weights.set(c, rng.chance(0.2) ? 0.0 : rng.uniform(0.1, 2.0));
      bias.set(c, rng.normal());
    }
  }

  /// The options of classes [first, first + count).
  LossOptions options(std::int64_t first, std::int64_t count) const {
    LossOptions result = setting.options;
    const auto part = [&](const VectorBuffer& all) {
      return ConstVectorView(reinterpret_cast<const float*>(all.bytes.data()) + first, all.dtype, count);
    };
    if (setting.ignore) result.ignore_index = -100;
    if (setting.weights) result.class_weights = part(weights);
    if (setting.bias) result.transform.bias = part(bias);
    return result;
  }
  ConstMatrixView columns(const MatrixBuffer& all, std::int64_t first, std::int64_t count) const {
    Layout layout = all.layout;
    layout.classes = count;
    const auto element = static_cast<std::int64_t>(size_of(all.dtype));
    return {all.bytes.data() + first * all.layout.class_stride * element, all.dtype, layout};
  }
  TargetView target(std::int64_t first, std::int64_t count) const {
    if (setting.none) return {};
    if (setting.soft) return columns(soft, first, count);
    return labels.labels();
  }
  Upstream above() const {
    if (!setting.upstreams) return {.scale = 1.5};
    const ConstVectorView each = upstream.view();
    return {.scale = 1.5, .lse = each, .log_prob = setting.none ? ConstVectorView{} : each, .entropy = each};
  }

  Setting setting;
  std::int64_t classes;
  MatrixBuffer logits, soft;
  IndexBuffer labels;
  VectorBuffer weights, bias, upstream;
};

struct Answer {
  Answer(const Problem& problem)
      : loss(DType::f64, problem.setting.options.reduction == Reduction::none ? kRows : 1),
        lse(DType::f64, kRows),
        log_prob(DType::f64, kRows),
        entropy(DType::f64, kRows),
        argmax(LabelType::i64, kRows),
        grad(problem.logits.dtype, row_major(kRows, problem.classes)),
        grad_targets(problem.logits.dtype, row_major(kRows, problem.classes)) {}

  CrossEntropyOutputs rows(const Problem& problem) {
    CrossEntropyOutputs outputs{
        .loss = loss.view(), .lse = lse.view(), .entropy = entropy.view(), .argmax = argmax.view()};
    if (!problem.setting.none) outputs.log_prob = log_prob.view();
    if (!problem.setting.none && !problem.setting.soft) outputs.correct_count = correct.address();
    outputs.valid_count = valid.address();
    return outputs;
  }

  VectorBuffer loss, lse, log_prob, entropy;
  IndexBuffer argmax;
  MatrixBuffer grad, grad_targets;
  Count correct{-7}, valid{-7};
};

void whole(const Problem& problem, Answer& answer, const Exec& exec) {
  CrossEntropyOutputs outputs = answer.rows(problem);
  outputs.grad = answer.grad.view();
  if (problem.setting.soft) outputs.grad_targets = answer.grad_targets.view();
  cross_entropy(problem.logits.view(), problem.target(0, problem.classes), outputs,
                problem.options(0, problem.classes), problem.above(), exec);
}

/// Shards of 1 : 2 : 3 …; `backwards` merges them two by two from the end, else all at once.
void sharded(const Problem& problem, std::int64_t shards, bool backwards, Answer& answer, const Exec& exec) {
  std::vector<std::int64_t> first{0};
  for (std::int64_t s = 1; s <= shards; ++s) {
    first.push_back(problem.classes * s * (s + 1) / (shards * (shards + 1)));
  }
  Partials partials(shards);
  Partials merged(1);
  const auto part = [&](std::int64_t s) { return Shard{first[s], problem.classes}; };
  const auto count = [&](std::int64_t s) { return first[s + 1] - first[s]; };
  for (std::int64_t s = 0; s < shards; ++s) {
    cross_entropy_partials(problem.columns(problem.logits, first[s], count(s)),
                           problem.target(first[s], count(s)), part(s), partials.of(s),
                           problem.options(first[s], count(s)), exec);
  }
  if (backwards) {
    for (std::int64_t s = shards - 1; s > 0; --s)
      merge_partials(partials.of(s - 1, 2), partials.of(s - 1), exec);
    merge_partials(partials.of(0), merged.of(0), exec);
  } else {
    merge_partials(partials.of(0, shards), merged.of(0), exec);
  }
  cross_entropy_from_partials(merged.of(0), problem.target(0, count(0)), answer.rows(problem),
                              problem.options(0, count(0)), exec);
  for (std::int64_t s = 0; s < shards; ++s) {
    const auto columns = [&](MatrixBuffer& all) {
      Layout layout = all.layout;
      layout.classes = count(s);
      return MatrixView{all.bytes.data() + first[s] * static_cast<std::int64_t>(size_of(all.dtype)),
                        all.dtype, layout};
    };
    cross_entropy_shard_backward(
        problem.columns(problem.logits, first[s], count(s)), problem.target(first[s], count(s)), part(s),
        merged.of(0),
        {columns(answer.grad), problem.setting.soft ? columns(answer.grad_targets) : MatrixView{}},
        problem.options(first[s], count(s)), problem.above(), exec);
  }
}

/// Both may be off by what the arithmetic loses over a row; a shard's sums are taken from another maximum.
class Near {
 public:
  explicit Near(const Problem& problem) : unit_(tolerance(problem.logits.dtype).unit) {
    stored_ = tolerance(problem.logits.dtype).store;
    tiny_ = tolerance(problem.logits.dtype).tiny;
  }
  ::testing::AssertionResult operator()(double got, double want, double scale, bool stored) const {
    const bool same = got == want || (std::isnan(got) && std::isnan(want));
    const double bound =
        (stored ? 2.0 * stored_ * std::abs(want) : 0.0) + 400.0 * unit_ * (std::abs(want) + scale) + tiny_;
    if (same || std::abs(got - want) <= bound) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << "got " << got << ", want " << want << ", allowed " << bound;
  }

 private:
  double unit_;
  double stored_;
  double tiny_;
};

using Shards = Conformance;

TEST_P(Shards, SplitsSayWhatTheWholeSays) {
  std::uint64_t seed = 0;
  for (const std::int64_t classes : {17, 300, 5003}) {
    for (const Setting& setting : settings()) {
      const Problem problem(setting, dtype(), classes, ++seed);
      Answer want(problem);
      whole(problem, want, exec());
      const Near near(problem);
      for (const std::int64_t shards : {2, 3, 5}) {
        SCOPED_TRACE(std::string(setting.name) + ", " + std::to_string(classes) + " classes, " +
                     std::to_string(shards) + " shards");
        Answer got(problem);
        sharded(problem, shards, shards % 2 == 1, got, exec());
        for (std::int64_t i = 0; i < want.loss.size; ++i) {
          // Confident rows have losses far below 1, and keep their digits.
          EXPECT_TRUE(near(got.loss.get(i), want.loss.get(i), 0.0, false)) << "loss " << i;
        }
        for (std::int64_t r = 0; r < kRows; ++r) {
          EXPECT_TRUE(near(got.lse.get(r), want.lse.get(r), 0.0, false)) << "lse " << r;
          EXPECT_TRUE(near(got.entropy.get(r), want.entropy.get(r), 4.0 * want.entropy.get(r), false))
              << "entropy " << r;
          if (!setting.none) {
            EXPECT_TRUE(near(got.log_prob.get(r), want.log_prob.get(r), 0.0, false)) << "log_prob " << r;
          }
          EXPECT_EQ(got.argmax.get(r), want.argmax.get(r)) << r;
          // Where several terms make a gradient they may cancel, and are as wrong as the row's largest.
          double scale = 0.0;
          for (std::int64_t c = 0; c < classes && setting.has_terms(); ++c) {
            scale = std::max(scale, std::abs(want.grad.get(r, c)));
          }
          for (std::int64_t c = 0; c < classes; ++c) {
            ASSERT_TRUE(near(got.grad.get(r, c), want.grad.get(r, c), scale, true))
                << "gradient " << r << ", " << c;
            if (!setting.soft) continue;
            ASSERT_TRUE(near(got.grad_targets.get(r, c), want.grad_targets.get(r, c), 0.0, true))
                << r << ", " << c;
          }
        }
        EXPECT_EQ(std::int64_t{got.correct}, std::int64_t{want.correct});
        EXPECT_EQ(std::int64_t{got.valid}, std::int64_t{want.valid});
        if (HasFailure()) return;
      }
    }
  }
}

TEST_P(Shards, ADefaultPartialIsNoClassesAtAll) {
  const Problem problem(settings()[1], dtype(), 40, 3);
  Partials partials(2);
  Partials merged(1);
  std::ranges::fill(partials.of(1), RowPartial{});
  cross_entropy_partials(problem.logits.view(), problem.labels.labels(), {0, 40}, partials.of(0),
                         problem.options(0, 40), exec());
  merge_partials(partials.of(0, 2), merged.of(0), exec());
  Answer want(problem), got(problem);
  cross_entropy_from_partials(partials.of(0), problem.labels.labels(), want.rows(problem),
                              problem.options(0, 40), exec());
  cross_entropy_from_partials(merged.of(0), problem.labels.labels(), got.rows(problem),
                              problem.options(0, 40), exec());
  EXPECT_EQ(got.loss.bytes.copy(), want.loss.bytes.copy());
  EXPECT_EQ(got.lse.bytes.copy(), want.lse.bytes.copy());
}

INSTANTIATE_TEST_SUITE_P(Every, Shards,
                         ::testing::Combine(::testing::ValuesIn(main_backends()), every_dtype()),
                         conformance_name);

}  // namespace
}  // namespace xent::testing
