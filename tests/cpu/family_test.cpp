// Device::cpu against Device::reference with options, outputs and upstream gradients drawn at random.
#include <algorithm>
#include <cmath>
#include <string>

#include <gtest/gtest.h>

#include "tests/cpu/family_problem.hpp"

namespace xent::testing {
namespace {

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

/// All NaN are one: which of two an instruction passes on is its own affair.
bool same_bits(const MatrixBuffer& a, const MatrixBuffer& b, std::int64_t r) {
  const auto a_bits = a.row_bits(r);
  const auto b_bits = b.row_bits(r);
  for (std::size_t c = 0; c < a_bits.size(); ++c) {
    const auto column = static_cast<std::int64_t>(c);
    if (a_bits[c] != b_bits[c] && !(std::isnan(a.get(r, column)) && std::isnan(b.get(r, column))))
      return false;
  }
  return true;
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
    ASSERT_TRUE(same_bits(p.logits, got.grad, r)) << "in place, row " << r << "\n" << p.describe();
    if (p.kind == TargetKind::probs) {
      ASSERT_TRUE(same_bits(p.probs, got.grad_targets, r)) << "row " << r << "\n" << p.describe();
    }
  }
  for (std::int64_t i = 0; i < few.loss.size; ++i) {
    if (std::isnan(few.loss.get(i)) && std::isnan(got.loss.get(i))) continue;
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
                         [](const auto& drawn) { return std::string(name(drawn.param)); });

}  // namespace
}  // namespace xent::testing
