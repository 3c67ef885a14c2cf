// What a class of two distributions adds to their divergence, and to its gradients, a vector at a time.
#if defined(XENT_HOST_CPU_DIVERGENCE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef XENT_HOST_CPU_DIVERGENCE_INL_H_
#undef XENT_HOST_CPU_DIVERGENCE_INL_H_
#else
#define XENT_HOST_CPU_DIVERGENCE_INL_H_
#endif

#include "host/cpu/log1p-inl.h"
#include "host/cpu/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace xent::cpu::HWY_NAMESPACE {

/// Below this |s|, e^-s - 1 + s is taken from its series: further off its parts cancel by 3 bits at most.
template <class C>
inline constexpr C kNearLogRatio = C{0.5};
/// Terms of that series: the first one left out is below a sixteenth of the last bit.
template <class C>
inline constexpr int kNearTerms = std::is_same_v<C, float> ? 8 : 14;

/// (-1)^k / (k + 2)!, the coefficients of (e^-s - 1 + s) / s².
constexpr double near_coefficient(int k) {
  double coefficient = 1.0;
  for (int i = 2; i <= k + 2; ++i) coefficient /= i;
  return k % 2 == 0 ? coefficient : -coefficient;
}

/// e^-s - 1 + s for |s| up to kNearLogRatio.
template <class D>
HWY_INLINE hn::Vec<D> NearExcess(D d, hn::Vec<D> s) {
  using C = hn::TFromD<D>;
  constexpr int kTerms = kNearTerms<C>;
  auto series = hn::Set(d, static_cast<C>(near_coefficient(kTerms - 1)));
  for (int k = kTerms - 2; k >= 0; --k) {
    series = hn::MulAdd(series, s, hn::Set(d, static_cast<C>(near_coefficient(k))));
  }
  return hn::Mul(hn::Mul(s, s), series);
}

template <class D>
HWY_INLINE auto IsNear(D d, hn::Vec<D> s) {
  return hn::Lt(hn::Abs(s), hn::Set(d, kNearLogRatio<hn::TFromD<D>>));
}

/// Nothing of an infinity is nothing.
template <class D>
HWY_INLINE hn::Vec<D> OfNothing(D d, hn::Vec<D> p, hn::Vec<D> s) {
  return hn::IfThenZeroElse(hn::Eq(p, hn::Zero(d)), hn::Mul(p, s));
}

/// p·(e^-s - 1 + s) with s = log(p/q): what the class adds to KL(p‖q), never negative.
template <class D>
HWY_INLINE hn::Vec<D> Excess(D d, hn::Vec<D> p, hn::Vec<D> q, hn::Vec<D> s) {
  const auto near = hn::Mul(p, NearExcess(d, s));
  const auto far = hn::Add(hn::Sub(q, p), OfNothing(d, p, s));
  return hn::IfThenElse(IsNear(d, s), near, far);
}

/// q - p, by p·(e^-s - 1) where they are close.
template <class D>
HWY_INLINE hn::Vec<D> Difference(D d, hn::Vec<D> p, hn::Vec<D> q, hn::Vec<D> s) {
  return hn::IfThenElse(IsNear(d, s), hn::Mul(p, hn::Sub(NearExcess(d, s), s)), hn::Sub(q, p));
}

/// log p and log q against their mixture m = β·p + (1-β)·q.
template <class D>
struct MixtureRatios {
  hn::Vec<D> p_over_m;
  hn::Vec<D> q_over_m;
};

/// From s = log(p/q). With r = e^-|s|, the smaller of the two over the larger, and κ the smaller one's share,
/// log(larger/m) = -log(1 - κ·(1-r)); the other is |s| less. Nothing of it can overflow.
template <class D>
HWY_INLINE MixtureRatios<D> OverMixture(D d, hn::Vec<D> s, hn::Vec<D> beta, hn::Vec<D> one_less_beta) {
  using C = hn::TFromD<D>;
  const auto one = hn::Set(d, C{1});
  const auto distance = hn::Abs(s);
  const auto p_is_larger = hn::Ge(s, hn::Zero(d));
  const auto share = hn::IfThenElse(p_is_larger, one_less_beta, beta);
  const auto other_share = hn::IfThenElse(p_is_larger, beta, one_less_beta);
  const auto r = ExpNotAbove(d, hn::Neg(distance));
  const auto below_one =
      hn::IfThenElse(IsNear(d, s), hn::Sub(distance, NearExcess(d, distance)), hn::Sub(one, r));
  const auto log_larger =
      hn::Neg(Log1p(d, hn::Neg(hn::Mul(share, below_one)), hn::MulAdd(share, r, other_share)));
  const auto log_smaller = hn::Sub(log_larger, distance);
  return {hn::IfThenElse(p_is_larger, log_larger, log_smaller),
          hn::IfThenElse(p_is_larger, log_smaller, log_larger)};
}

}  // namespace xent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // XENT_HOST_CPU_DIVERGENCE_INL_H_
