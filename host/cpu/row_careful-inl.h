// Passes over a long row for what the quick ones leave out: masked classes, focal losses of several classes,
// saturated softcaps, targets' gradients. They take a row's normaliser as known, be it from its own first
// pass or from a saved lse.
#if defined(XENT_HOST_CPU_ROW_CAREFUL_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef XENT_HOST_CPU_ROW_CAREFUL_INL_H_
#undef XENT_HOST_CPU_ROW_CAREFUL_INL_H_
#else
#define XENT_HOST_CPU_ROW_CAREFUL_INL_H_
#endif

#include <hwy/contrib/math/math-inl.h>

#include "host/cpu/row_terms-inl.h"
#include "kernels/formulas/row_loss.hpp"

HWY_BEFORE_NAMESPACE();
namespace xent::cpu::HWY_NAMESPACE {

/// Gaps are summed in this unit, a power of two: a block's sum overflows only where one gap does.
template <class C>
inline constexpr C kGapUnit = C{1} / kBlock;

/// o^γ for o in [0, 1]. Whole γ, as they are common, are products.
template <class D, class C = hn::TFromD<D>>
HWY_INLINE hn::Vec<D> Power(D d, hn::Vec<D> o, C gamma) {
  constexpr int kMostProducts = 8;
  if (gamma <= C{kMostProducts} && gamma == static_cast<C>(static_cast<int>(gamma))) {
    auto product = gamma == C{0} ? hn::Set(d, C{1}) : o;
    for (int i = 1; i < static_cast<int>(gamma); ++i) product = hn::Mul(product, o);
    return product;
  }
  const auto power = ExpOrInfinity(d, hn::Mul(hn::Set(d, gamma), hn::Log(d, o)));
  // The library's logarithm promises nothing for 0 and NaN.
  return hn::IfThenZeroElse(hn::Eq(o, hn::Zero(d)), hn::IfThenElse(hn::IsNaN(o), o, power));
}

/// A row whose normaliser is known: x = scale·y - (high + low), p = exp(x)·inverse_sum,
/// ℓ = -log p = log_sum - x.
template <class D, class T>
struct KnownRow {
  using C = hn::TFromD<D>;
  using V = hn::Vec<D>;
  MadeLogits<D, T> logits{};
  TermInputs<D, T> in{};
  C scale = C{1};
  C high = C{0};
  C low = C{0};
  C log_sum = C{0};
  C inverse_sum = C{1};
  C gamma = C{0};
  C dominant_others = C{0};  ///< 1 - p of the dominant class, if there is one
  C dominant_loss = C{0};    ///< and its ℓ, of which a saved lse keeps nothing

  void TakeDominant(double others) {
    dominant_others = static_cast<C>(others);
    // An lse that is not the row's may leave more to the others than there is.
    dominant_loss = static_cast<C>(-std::log1p(-HWY_MIN(others, 1.0 - formulas::kDominant)));
  }

  HWY_INLINE V Exponent(V y) const {
    const D d;
    return hn::Sub(hn::MulSub(y, hn::Set(d, scale), hn::Set(d, high)), hn::Set(d, low));
  }
  HWY_INLINE V Prob(V x) const { return hn::Mul(ExpOrInfinity(D(), x), hn::Set(D(), inverse_sum)); }
  HWY_INLINE auto Dominant(V p) const { return hn::Ge(p, hn::Set(D(), static_cast<C>(formulas::kDominant))); }
  HWY_INLINE V Loss(V x, V p) const {
    const D d;
    return hn::IfThenElse(Dominant(p), hn::Set(d, dominant_loss), hn::Sub(hn::Set(d, log_sum), x));
  }
  HWY_INLINE V Others(V p) const {
    const D d;
    return hn::IfThenElse(Dominant(p), hn::Set(d, dominant_others), hn::Sub(hn::Set(d, C{1}), p));
  }
  /// What a focal loss makes of a class's log-probability, (1 - p)^γ, and of its pull.
  HWY_INLINE V Modulation(V p) const { return Power(D(), Others(p), gamma); }
  HWY_INLINE V Pull(V x, V p) const {
    const D d;
    const V others = Others(p);
    const V modulation = Power(d, others, gamma);
    const V loss = Loss(AboveLowest(d, x), p);
    const V slope = hn::Div(hn::Mul(hn::Mul(hn::Set(d, gamma), p), hn::Mul(modulation, loss)), others);
    return hn::Add(modulation, hn::IfThenZeroElse(hn::Eq(others, hn::Zero(d)), slope));
  }

  HWY_INLINE V Weights(std::int64_t c) const {
    return in.weights != nullptr ? hn::LoadU(D(), in.weights + c) : hn::Set(D(), C{1});
  }
  HWY_INLINE V Weights(std::int64_t c, std::size_t count) const {
    return in.weights != nullptr ? LoadPart(D(), in.weights + c, count, C{0}) : hn::Set(D(), C{1});
  }
  HWY_INLINE V Probs(std::int64_t c) const {
    return in.probs != nullptr ? LoadVector(D(), in.probs + c) : hn::Zero(D());
  }
  HWY_INLINE V Probs(std::int64_t c, std::size_t count) const {
    return in.probs != nullptr ? LoadPart(D(), in.probs + c, count, T(0.0F)) : hn::Zero(D());
  }
};

/// f(y, w, q) for all vectors of columns [begin, end), where those that do not exist are masked and without
/// weight; `between()` after every block of them.
template <class D, class T, class F, class Between>
HWY_INLINE void ForVectors(const KnownRow<D, T>& row, std::int64_t begin, std::int64_t end, const F& f,
                           const Between& between) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(D()));
  for (std::int64_t block = begin; block < end; block += kBlock) {
    const std::int64_t block_end = HWY_MIN(end, block + kBlock);
    for (std::int64_t c = block; c < block_end; c += lanes) {
      if (block_end - c >= lanes) {
        f(row.logits.Whole(c), row.Weights(c), row.Probs(c));
      } else {
        const auto count = static_cast<std::size_t>(block_end - c);
        f(row.logits.Part(c, count), row.Weights(c, count), row.Probs(c, count));
      }
    }
    between();
  }
}

/// The sums of a row's gaps -x, and of what weighs them.
struct KnownSums {
  formulas::WeightedGap<double> spread{};
  formulas::WeightedGap<double> given{};
  formulas::WeightedGap<double> target{};
  double unmasked = 0.0;
  double entropy_gap = 0.0;  ///< Σ p·gap, only if asked for
};

template <class D, class T>
HWY_NOINLINE void AddKnown(const KnownRow<D, T>& known, std::int64_t begin, std::int64_t end, bool entropy,
                           KnownSums& total) {
  using C = hn::TFromD<D>;
  using V = hn::Vec<D>;
  const D d;
  const KnownRow<D, T> row = known;
  const V zero = hn::Zero(d);
  V spread = zero, weights = zero, unmasked = zero, given = zero, probs = zero, target = zero,
    weighted = zero, entropies = zero;
  const auto add = [&](V y, V w, V q) HWY_ATTR {
    const V x = row.Exponent(y);
    const V gap = hn::Mul(x, hn::Set(d, -kGapUnit<C>));
    const auto present = hn::Gt(y, hn::Set(d, MinusInfinity<C>()));
    spread = hn::Add(spread, hn::IfThenElseZero(present, hn::Mul(w, gap)));
    weights = hn::Add(weights, hn::IfThenElseZero(present, w));
    unmasked = hn::Add(unmasked, hn::IfThenElseZero(present, hn::Set(d, C{1})));
    if (entropy) entropies = hn::NegMulAdd(row.Prob(x), AboveLowest(d, x), entropies);
    if (row.in.probs == nullptr) return;
    const V wq = hn::Mul(w, q);
    given = hn::Add(given, hn::IfThenZeroElse(hn::Eq(q, zero), hn::Mul(q, gap)));
    probs = hn::Add(probs, q);
    target = hn::Add(target, hn::IfThenZeroElse(hn::Eq(wq, zero), hn::Mul(wq, gap)));
    weighted = hn::Add(weighted, wq);
  };
  const auto between = [&]() HWY_ATTR {
    constexpr double kUnits = 1.0 / static_cast<double>(kGapUnit<C>);
    total.spread = total.spread + formulas::WeightedGap<double>{Total(d, spread) * kUnits, Total(d, weights)};
    total.given = total.given + formulas::WeightedGap<double>{Total(d, given) * kUnits, Total(d, probs)};
    total.target =
        total.target + formulas::WeightedGap<double>{Total(d, target) * kUnits, Total(d, weighted)};
    total.unmasked += Total(d, unmasked);
    total.entropy_gap += Total(d, entropies);
    spread = weights = unmasked = given = probs = target = weighted = entropies = zero;
  };
  ForVectors(row, begin, end, add, between);
}

/// Over all classes but `without`.
template <class D, class T>
KnownSums SumKnown(const KnownRow<D, T>& row, std::int64_t classes, bool entropy, std::int64_t without = -1) {
  KnownSums total;
  if (without >= 0) AddKnown(row, 0, without, entropy, total);
  AddKnown(row, without + 1, classes, entropy, total);
  return total;
}

/// A focal loss of several classes: Σ t·(1-p)^γ·ℓ, and Σ t·f of its gradient.
struct FocalSums {
  double loss = 0.0;
  double pull = 0.0;
};

template <class D, class T, class C = hn::TFromD<D>>
HWY_NOINLINE void AddFocal(const KnownRow<D, T>& known, std::int64_t begin, std::int64_t end, C share, C keep,
                           FocalSums& total) {
  using V = hn::Vec<D>;
  const D d;
  const KnownRow<D, T> row = known;
  const V zero = hn::Zero(d);
  V losses = zero, pulls = zero;
  const auto add = [&](V y, V w, V q) HWY_ATTR {
    const V x = row.Exponent(y);
    const V p = row.Prob(x);
    const auto masked = hn::Eq(y, hn::Set(d, MinusInfinity<C>()));
    const V spread = hn::IfThenZeroElse(masked, hn::Mul(hn::Set(d, share), w));
    const V t = hn::MulAdd(hn::Mul(w, q), hn::Set(d, keep), spread);
    const auto none = hn::Eq(t, zero);
    const V loss = hn::Mul(row.Modulation(p), row.Loss(x, p));
    losses = hn::Add(losses, hn::IfThenZeroElse(none, hn::Mul(t, loss)));
    pulls = hn::Add(pulls, hn::IfThenZeroElse(none, hn::Mul(t, row.Pull(x, p))));
  };
  ForVectors(row, begin, end, add, [&]() HWY_ATTR {
    total.loss += Total(d, losses);
    total.pull += Total(d, pulls);
    losses = pulls = zero;
  });
}

template <class D, class T>
FocalSums SumFocal(const KnownRow<D, T>& row, std::int64_t classes, double share, double keep,
                   std::int64_t without) {
  using C = hn::TFromD<D>;
  FocalSums total;
  if (without >= 0) AddFocal(row, 0, without, static_cast<C>(share), static_cast<C>(keep), total);
  AddFocal(row, without + 1, classes, static_cast<C>(share), static_cast<C>(keep), total);
  return total;
}

/// The gradient for the logits with everything looked at; see formulas::RowGradient.
template <class D, class T>
struct CarefulGradient {
  using C = hn::TFromD<D>;
  using V = hn::Vec<D>;
  KnownRow<D, T> row{};
  C of_prob = C{0};
  C of_prob_gap = C{0};
  C share = C{0};
  C of_target = C{0};
  C of_given = C{0};

  HWY_INLINE V Of(V y, V w, V q, V u) const {
    const D d;
    const V x = row.Exponent(y);
    const V p = row.Prob(x);
    const V of_p = hn::NegMulAdd(hn::Set(d, of_prob_gap), AboveLowest(d, x), hn::Set(d, of_prob));
    const auto masked = hn::Eq(y, hn::Set(d, MinusInfinity<C>()));
    V pull = hn::IfThenZeroElse(masked, hn::Mul(hn::Set(d, share), w));
    pull = hn::MulAdd(hn::Mul(w, q), hn::Set(d, of_target), pull);
    if (row.gamma != C{0}) pull = hn::Mul(pull, row.Pull(x, p));
    V g = hn::MulSub(p, of_p, pull);
    g = hn::MulAdd(q, hn::Set(d, of_given), g);
    return row.logits.capped ? hn::Mul(g, TanhSlope(d, u)) : g;
  }
  HWY_INLINE V Whole(std::int64_t c) const {
    const V u = row.logits.capped ? row.logits.LinearWhole(c) : hn::Zero(D());
    return Of(row.logits.Whole(c), row.Weights(c), row.Probs(c), u);
  }
  HWY_INLINE V Part(std::int64_t c, std::size_t count) const {
    const V u = row.logits.capped ? row.logits.LinearPart(c, count) : hn::Zero(D());
    return Of(row.logits.Part(c, count), row.Weights(c, count), row.Probs(c, count), u);
  }
};

/// The gradient for soft targets: (of_loss·w·(1-p)^γ - of_log_prob)·ℓ, and `at_masked`: 0, or the row's NaN.
template <class D, class T>
struct TargetGradient {
  using C = hn::TFromD<D>;
  using V = hn::Vec<D>;
  KnownRow<D, T> row{};
  C of_loss = C{0};
  C of_log_prob = C{0};
  C at_masked = C{0};

  HWY_INLINE V Of(V y, V w) const {
    const D d;
    const V x = row.Exponent(y);
    const V p = row.Prob(x);
    V of_l = hn::Mul(hn::Set(d, of_loss), w);
    if (row.gamma != C{0}) of_l = hn::Mul(of_l, row.Modulation(p));
    of_l = hn::Sub(of_l, hn::Set(d, of_log_prob));
    const auto masked = hn::Eq(y, hn::Set(d, MinusInfinity<C>()));
    return hn::IfThenElse(masked, hn::Set(d, at_masked), hn::Mul(of_l, row.Loss(x, p)));
  }
  HWY_INLINE V Whole(std::int64_t c) const { return Of(row.logits.Whole(c), row.Weights(c)); }
  HWY_INLINE V Part(std::int64_t c, std::size_t count) const {
    return Of(row.logits.Part(c, count), row.Weights(c, count));
  }
};

}  // namespace xent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // XENT_HOST_CPU_ROW_CAREFUL_INL_H_
