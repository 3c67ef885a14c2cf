// Device::cpu against Device::reference with options, outputs and upstream gradients drawn at random.
#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <xent/xent.hpp>

#include "tests/support/buffers.hpp"
#include "tests/support/rng.hpp"

namespace xent::testing {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

struct Draw {
  DType dtype;
  std::int64_t rows;
  std::int64_t classes;
  Arrangement arrangement;
  bool special;  ///< rows with masked classes, NaN, infinities
};

/// A problem with a random set of options, and where its outputs go.
struct Problem {
  Problem(const Draw& draw, std::uint64_t seed)
      : rng(seed),
        logits(draw.dtype, draw.arrangement, draw.rows, draw.classes),
        probs(draw.dtype, draw.arrangement, draw.rows, draw.classes),
        labels(LabelType::i32, draw.rows),
        bias(DType::f64, draw.classes),
        weights(DType::f64, draw.classes),
        values(DType::f64, draw.rows),
        up_lse(DType::f64, draw.rows),
        up_log_prob(DType::f64, draw.rows),
        up_entropy(DType::f64, draw.rows) {
    DrawOptions(draw);
    DrawNumbers(draw);
  }

  void DrawOptions(const Draw& draw) {
    const auto coin = [&](double p) { return rng.chance(p); };
    kind = coin(0.5) ? TargetKind::labels : coin(0.7) ? TargetKind::probs : TargetKind::none;
    options.reduction = coin(0.5) ? Reduction::none : coin(0.5) ? Reduction::sum : Reduction::mean;
    if (kind == TargetKind::labels && coin(0.4)) options.ignore_index = -100;
    if (kind != TargetKind::none) {
      if (coin(0.35)) options.label_smoothing = coin(0.15) ? 1.0 : 0.2;
      if (coin(0.35)) options.class_weights = std::as_const(weights).view();
      if (coin(0.35)) options.focal_gamma = coin(0.5) ? 2.0 : 1.5;
      if (coin(0.35)) upstream.log_prob = std::as_const(up_log_prob).view();
    }
    if (coin(0.3)) options.z_loss = 1e-2;
    LogitTransform& t = options.transform;
    if (coin(0.3)) t.logit_scale = 0.7;
    if (coin(0.3)) t.temperature = 1.3;
    if (coin(0.3)) t.softcap = coin(0.5) ? 30.0 : 5.0;
    if (coin(0.3)) t.bias = std::as_const(bias).view();
    if (coin(0.2)) t.valid_classes = std::max<std::int64_t>(1, draw.classes - 1 - draw.classes / 5);
    if (options.reduction == Reduction::none) upstream.values = std::as_const(values).view();
    if (coin(0.3)) upstream.lse = std::as_const(up_lse).view();
    if (coin(0.3)) upstream.entropy = std::as_const(up_entropy).view();
    upstream.scale = coin(0.3) ? -1.5 : 1.0;
  }

  void DrawNumbers(const Draw& draw) {
    const std::int64_t valid =
        options.transform.valid_classes == 0 ? draw.classes : options.transform.valid_classes;
    for (std::int64_t c = 0; c < draw.classes; ++c) {
      bias.set(c, draw.special && rng.chance(0.02) ? -kInf : static_cast<float>(rng.normal()));
      weights.set(c, rng.chance(0.1) ? 0.0 : static_cast<float>(rng.uniform(0.1, 2.0)));
    }
    for (std::int64_t r = 0; r < draw.rows; ++r) {
      const auto style = rng.below(draw.special ? 9 : 4);
      double sum = 0.0;
      const bool one_hot = rng.chance(0.3);
      const std::int64_t label = rng.below(valid);
      for (std::int64_t c = 0; c < draw.classes; ++c) {
        const bool masked = style == 5 && rng.chance(0.2);
        double x = masked ? -kInf : (style == 1 ? 20.0 : 2.0) * rng.normal() + (style == 2 ? -40.0 : 0.0);
        if (style == 6) x = -kInf;
        logits.set(r, c, c >= valid ? kNan : x);
        const double q = one_hot ? (c == label ? 1.0 : 0.0) : rng.chance(0.3) ? 0.0 : rng.uniform();
        probs.set(r, c, q);
        sum += q;
      }
      for (std::int64_t c = 0; c < draw.classes; ++c) {
        probs.set(r, c, c >= valid ? kNan : probs.get(r, c) / std::max(sum, 1.0));
      }
      if (style == 3) logits.set(r, rng.chance(0.6) ? label : rng.below(valid), 30.0);
      if (style == 7) logits.set(r, rng.below(valid), kNan);
      if (style == 8) logits.set(r, rng.below(valid), kInf);
      labels.set(r, label);
      if (options.ignore_index && rng.chance(0.3)) {
        labels.set(r, -100);
        for (std::int64_t c = 0; c < draw.classes; c += 2) logits.set(r, c, kNan);
      }
      values.set(r, rng.chance(0.1) ? 0.0 : rng.normal());
      up_lse.set(r, rng.normal());
      up_log_prob.set(r, rng.normal());
      up_entropy.set(r, rng.chance(0.1) ? 0.0 : rng.normal());
    }
  }

  TargetView target() const {
    if (kind == TargetKind::labels) return labels.labels();
    if (kind == TargetKind::probs) return probs.view();
    return {};
  }
  std::string describe() const {
    const LogitTransform& t = options.transform;
    const char* const kinds[] = {"none", "labels", "probs"};
    return std::string(name(logits.dtype)) + " " + std::to_string(logits.layout.rows()) + "x" +
           std::to_string(logits.layout.classes) + " " + kinds[static_cast<int>(kind)] +
           " eps=" + std::to_string(options.label_smoothing) +
           " w=" + std::to_string(options.class_weights.given()) +
           " gamma=" + std::to_string(options.focal_gamma) + " z=" + std::to_string(options.z_loss) +
           " scale=" + std::to_string(t.logit_scale) + " T=" + std::to_string(t.temperature) +
           " cap=" + std::to_string(t.softcap) + " bias=" + std::to_string(t.bias.given()) +
           " valid=" + std::to_string(t.valid_classes) + " up.lse=" + std::to_string(upstream.lse.given()) +
           " up.log_prob=" + std::to_string(upstream.log_prob.given()) +
           " up.entropy=" + std::to_string(upstream.entropy.given());
  }

  Rng rng;
  TargetKind kind = TargetKind::none;
  LossOptions options{};
  Upstream upstream{};
  MatrixBuffer logits, probs;
  IndexBuffer labels;
  VectorBuffer bias, weights, values, up_lse, up_log_prob, up_entropy;
};

struct Outputs {
  Outputs(const Problem& p)
      : loss(DType::f64, p.options.reduction == Reduction::none ? rows(p) : 1),
        row_loss(DType::f64, rows(p)),
        lse(DType::f64, rows(p)),
        log_prob(DType::f64, rows(p)),
        entropy(DType::f64, rows(p)),
        argmax(LabelType::i32, rows(p)),
        rank(LabelType::i32, rows(p)),
        grad(p.logits.dtype, p.logits.layout, 0),
        grad_targets(p.logits.dtype, p.logits.layout, 0) {}
  static std::int64_t rows(const Problem& p) { return p.logits.layout.rows(); }
  CrossEntropyOutputs views(const Problem& p) {
    CrossEntropyOutputs out{.loss = loss.view(),
                            .row_loss = row_loss.view(),
                            .lse = lse.view(),
                            .entropy = entropy.view(),
                            .argmax = argmax.view(),
                            .grad = grad.view(),
                            .valid_count = &valid,
                            .divisor = &divisor,
                            .top_k = 3};
    if (p.kind != TargetKind::none) out.log_prob = log_prob.view();
    if (p.kind == TargetKind::probs) out.grad_targets = grad_targets.view();
    if (p.kind == TargetKind::labels) {
      out.target_rank = rank.view();
      out.correct_count = &correct;
      out.top_k_count = &top_k;
    }
    return out;
  }
  VectorBuffer loss, row_loss, lse, log_prob, entropy;
  IndexBuffer argmax, rank;
  MatrixBuffer grad, grad_targets;
  std::int64_t valid = -1, correct = -1, top_k = -1;
  double divisor = -1.0;
};

/// Absolute and relative error that a row of such a size may have, in a type's units.
struct Units {
  double arithmetic;
  double store;
};
Units units(DType type) {
  switch (type) {
    case DType::f32: return {0x1p-24, 0x1p-24};
    case DType::f16: return {0x1p-24, 0x1p-11};
    case DType::bf16: return {0x1p-24, 0x1p-8};
    case DType::f64: return {0x1p-53, 0x1p-53};
  }
  return {};
}

bool near(double got, double want, double bound) {
  if (std::isnan(want) || std::isnan(got)) return std::isnan(want) && std::isnan(got);
  if (std::isinf(want) || std::isinf(got)) return got == want;
  return std::abs(got - want) <= bound;
}

double largest(const VectorBuffer& v, std::int64_t r) { return std::abs(v.get(r)); }

/// Whether rounding keeps the order of a row's z: a sum or a saturated softcap may make two the same.
bool ordered(const Problem& p) {
  const LogitTransform& t = p.options.transform;
  return p.logits.dtype == DType::f64 || (t.softcap == 0.0 && !t.bias.given());
}

::testing::AssertionResult same(const Problem& p, Outputs& got, Outputs& want, bool forward) {
  const Units u = units(p.logits.dtype);
  const std::int64_t classes = p.logits.layout.classes;
  const auto fail = [&](const char* what, std::int64_t r, double g, double w, double bound) {
    return ::testing::AssertionFailure()
           << what << "[" << r << "] got " << g << " want " << w << " bound " << bound << "\n"
           << p.describe();
  };
  for (std::int64_t r = 0; r < p.logits.layout.rows(); ++r) {
    double spread = 1.0;  // the largest finite gap or logit: what roundings grow with
    for (std::int64_t c = 0; c < classes; ++c) {
      const double x = std::abs(p.logits.get(r, c));
      if (std::isfinite(x)) spread = std::max(spread, x);
    }
    spread = std::min(spread, 200.0);
    const double relative = 40.0 * (1.0 + spread) * u.arithmetic;
    const auto check = [&](const char* what, const VectorBuffer& g, const VectorBuffer& w, double size) {
      const double bound = relative * (1.0 + std::abs(w.get(r)) + size);
      return near(g.get(r), w.get(r), bound) ? ::testing::AssertionSuccess()
                                             : fail(what, r, g.get(r), w.get(r), bound);
    };
    if (forward) {
      if (auto ok = check("row_loss", got.row_loss, want.row_loss, 0.0); !ok) return ok;
      if (auto ok = check("lse", got.lse, want.lse, spread); !ok) return ok;
      if (auto ok = check("entropy", got.entropy, want.entropy, 0.0); !ok) return ok;
      if (p.kind != TargetKind::none) {
        if (auto ok = check("log_prob", got.log_prob, want.log_prob, 0.0); !ok) return ok;
      }
      if (ordered(p) && got.argmax.get(r) != want.argmax.get(r)) {
        return fail("argmax", r, static_cast<double>(got.argmax.get(r)),
                    static_cast<double>(want.argmax.get(r)), 0.0);
      }
      if (ordered(p) && p.kind == TargetKind::labels && got.rank.get(r) != want.rank.get(r)) {
        return fail("rank", r, static_cast<double>(got.rank.get(r)), static_cast<double>(want.rank.get(r)),
                    0.0);
      }
    }
    const double g = std::abs(p.upstream.scale) *
                     (largest(p.values, r) + largest(p.up_lse, r) + largest(p.up_log_prob, r) + 1.0 +
                      (p.upstream.entropy.given() ? 30.0 * largest(p.up_entropy, r) : 0.0)) *
                     (1.0 + spread * p.options.z_loss);
    for (std::int64_t c = 0; c < classes; ++c) {
      const auto element = [&](const char* what, double value, double expected, double size) {
        const double bound = 2.0 * u.store * std::abs(expected) +
                             (p.logits.dtype == DType::f16 ? 0x1p-25 : 0.0) + size * relative;
        return near(value, expected, bound) ? ::testing::AssertionSuccess()
                                            : fail(what, r * classes + c, value, expected, bound);
      };
      if (auto ok = element("grad", got.grad.get(r, c), want.grad.get(r, c), g); !ok) return ok;
      if (p.kind != TargetKind::probs) continue;
      if (auto ok = element("grad_targets", got.grad_targets.get(r, c), want.grad_targets.get(r, c),
                            g * (1.0 + spread));
          !ok)
        return ok;
    }
  }
  if (!forward) return ::testing::AssertionSuccess();
  if (got.valid != want.valid || got.divisor != want.divisor)
    return ::testing::AssertionFailure() << "counts";
  if (ordered(p) && p.kind == TargetKind::labels && got.correct != want.correct)
    return ::testing::AssertionFailure() << "correct " << got.correct << " " << want.correct << p.describe();
  return ::testing::AssertionSuccess();
}

void check(const Draw& draw, std::uint64_t seed) {
  Problem p(draw, seed);
  Outputs got(p);
  Outputs want(p);
  cross_entropy(p.logits.view(), p.target(), want.views(p), p.options, p.upstream,
                {.device = Device::reference});
  cross_entropy(p.logits.view(), p.target(), got.views(p), p.options, p.upstream);
  ASSERT_TRUE(same(p, got, want, true)) << "forward, seed " << seed;

  const auto backward = [&](Outputs& to, Device device) {
    CrossEntropyGrads grads{to.grad.view()};
    if (p.kind == TargetKind::probs) grads.grad_targets = to.grad_targets.view();
    cross_entropy_backward(p.logits.view(), p.target(), std::as_const(want.lse).view(), grads, p.options,
                           p.upstream, {.device = device});
  };
  Outputs again(p);
  Outputs expected(p);
  backward(expected, Device::reference);
  backward(again, Device::cpu);
  ASSERT_TRUE(same(p, again, expected, false)) << "backward, seed " << seed;

  // In place, on one thread, with nothing but the gradients and the loss: the same bits.
  Outputs few(p);
  CrossEntropyOutputs views{.loss = few.loss.view(), .grad = p.logits.view()};
  if (p.kind == TargetKind::probs) views.grad_targets = p.probs.view();
  const TargetView target = p.target();
  const MatrixBuffer& logits = p.logits;
  cross_entropy(logits.view(), target, views, p.options, p.upstream, {.threads = 1});
  for (std::int64_t r = 0; r < draw.rows; ++r) {
    ASSERT_EQ(p.logits.row_bits(r), got.grad.row_bits(r)) << "in place, row " << r << "\n" << p.describe();
    if (p.kind == TargetKind::probs) {
      ASSERT_EQ(p.probs.row_bits(r), got.grad_targets.row_bits(r)) << "row " << r << "\n" << p.describe();
    }
  }
  for (std::int64_t i = 0; i < few.loss.size; ++i) {
    ASSERT_EQ(few.loss.bits(i), got.loss.bits(i)) << "without other outputs, row " << i << "\n"
                                                  << p.describe();
  }
}

class Family : public ::testing::TestWithParam<DType> {};

TEST_P(Family, AnyOptionsAsTheReference) {
  std::uint64_t seed = 1;
  for (const std::int64_t classes : {1, 2, 5, 33, 64, 65, 100, 333, 2048, 2500, 5000}) {
    const int problems = classes > 1000 ? 12 : 40;
    for (int i = 0; i < problems; ++i) {
      const Arrangement arrangement = i % 4 != 3 ? Arrangement::packed : kArrangements[(i / 4) % 7];
      check({GetParam(), classes > 1000 ? 5 : 18, classes, arrangement, i % 3 == 2}, ++seed * 977);
      if (HasFatalFailure()) return;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Every, Family, ::testing::Values(DType::f32, DType::f16, DType::bf16, DType::f64),
                         [](const auto& info) { return std::string(name(info.param)); });

}  // namespace
}  // namespace xent::testing
