// The vectors' hyperbolic tangent. No ordinary include guard: see vector-inl.h.
#if defined(XENT_HOST_CPU_TANH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef XENT_HOST_CPU_TANH_INL_H_
#undef XENT_HOST_CPU_TANH_INL_H_
#else
#define XENT_HOST_CPU_TANH_INL_H_
#endif

#include "host/cpu/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace xent::cpu::HWY_NAMESPACE {

/// 1/x within an ulp, for normal x of moderate size: a division keeps its unit busy for as long as a dozen
/// other instructions.
template <class D>
HWY_INLINE hn::Vec<D> Reciprocal(D d, hn::Vec<D> x) {
  const auto one = hn::Set(d, hn::TFromD<D>{1});
#if HWY_TARGET == HWY_AVX3
  if constexpr (sizeof(hn::TFromD<D>) == 4) {
    const auto guess = hn::ApproximateReciprocal(x);  // 14 bits
    return hn::MulAdd(hn::NegMulAdd(x, guess, one), guess, guess);
  }
#endif
  return hn::Div(one, x);
}

/// tanh(u), within a few ulp; NaN where u is NaN. With t = e^(-2|u|) - 1 it is -t / (2 + t), and t keeps its
/// last digits where it is small: the exponential's polynomial is that of (2^r - 1)/r.
template <class D>
HWY_INLINE hn::Vec<D> TanhOf(D d, hn::Vec<D> u) {
  using C = hn::TFromD<D>;
  using K = ExpConstants<C>;
  const hn::RebindToUnsigned<D> bits;
  const auto per_two = hn::Set(d, static_cast<C>(2 * 1.4426950408889634));
  const auto shift = hn::Set(d, K::kShift);
  const auto x = AtLeast(d, hn::Set(d, K::kLowest / 2), hn::Neg(hn::Abs(u)));
  const auto shifted = hn::MulAdd(x, per_two, shift);
  const auto n = hn::Sub(shifted, shift);
#if HWY_NATIVE_FMA
  const auto r = hn::MulSub(x, per_two, n);
#else
  const auto high = hn::Sub(hn::Add(x, x), hn::Mul(n, hn::Set(d, K::kLn2High)));
  const auto r = hn::Mul(hn::Sub(high, hn::Mul(n, hn::Set(d, K::kLn2Low))),
                         hn::Set(d, static_cast<C>(1.4426950408889634)));
#endif
  auto p = hn::Set(d, K::kPolynomial[0]);
  for (std::size_t i = 1; i < std::size(K::kPolynomial); ++i) {
    p = hn::MulAdd(p, r, hn::Set(d, K::kPolynomial[i]));
  }
  const auto power = hn::BitCast(d, hn::ShiftLeft<K::kMantissaBits>(hn::BitCast(bits, shifted)));
  const auto t = hn::MulAdd(hn::Mul(p, r), power, hn::Sub(power, hn::Set(d, C{1})));
  return hn::CopySign(hn::Mul(t, Reciprocal(d, hn::Add(t, hn::Set(d, C{2})))), u);
}

/// 1 - tanh² without its cancellation; 0 at infinities.
template <class D>
HWY_INLINE hn::Vec<D> TanhSlope(D d, hn::Vec<D> u) {
  using C = hn::TFromD<D>;
  const auto e = ExpNotAbove(d, hn::Mul(hn::Abs(u), hn::Set(d, C{-2})));
  const auto sum = hn::Add(e, hn::Set(d, C{1}));
  return hn::Div(hn::Mul(e, hn::Set(d, C{4})), hn::Mul(sum, sum));
}

}  // namespace xent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // XENT_HOST_CPU_TANH_INL_H_
