// Vectors of the compute type (float, or double for f64) to and from memory of any element type, and
// their exponential. Compiled once per SIMD target by Highway's re-inclusion: no ordinary include guard.
#if defined(XENT_HOST_CPU_VECTOR_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef XENT_HOST_CPU_VECTOR_INL_H_
#undef XENT_HOST_CPU_VECTOR_INL_H_
#else
#define XENT_HOST_CPU_VECTOR_INL_H_
#endif

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>

#include <hwy/highway.h>

#include <xent/dtype.hpp>

HWY_BEFORE_NAMESPACE();
namespace xent::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

template <class T>
struct ComputeOf {
  using type = float;
};
template <>
struct ComputeOf<double> {
  using type = double;
};
template <class T>
using Compute = typename ComputeOf<T>::type;

// ---- Whole vectors. Loads and stores need only element alignment. ----

template <class D>
HWY_INLINE hn::Vec<D> LoadVector(D d, const hn::TFromD<D>* from) {
  return hn::LoadU(d, from);
}

template <class D>
HWY_INLINE hn::Vec<D> LoadVector(D d, const bf16* from) {
  const hn::Rebind<std::uint16_t, D> d16;
  const hn::RebindToUnsigned<D> d32;
  const auto halves = hn::LoadU(d16, reinterpret_cast<const std::uint16_t*>(from));
  return hn::BitCast(d, hn::ShiftLeft<16>(hn::PromoteTo(d32, halves)));
}

// Without SIMD, Highway's own f16 conversions know neither infinity nor subnormal results; xent's do.
inline constexpr bool kScalarF16 = HWY_TARGET == HWY_SCALAR;

template <class D>
HWY_INLINE hn::Vec<D> LoadVector(D d, const f16* from) {
  if constexpr (kScalarF16) {
    return hn::Set(d, static_cast<float>(*from));
  } else {
    const hn::Rebind<hwy::float16_t, D> d16;
    return hn::PromoteTo(d, hn::LoadU(d16, reinterpret_cast<const hwy::float16_t*>(from)));
  }
}

/// Rounded to nearest even, as the scalar conversions of xent::bf16 and xent::f16 do; NaN stays NaN.
template <class D>
HWY_INLINE auto ToBf16Bits(D /*d*/, hn::Vec<D> v) {
  const hn::RebindToUnsigned<D> d32;
  const hn::Rebind<std::uint16_t, D> d16;
  const auto bits = hn::BitCast(d32, v);
  const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(d32, 1));
  const auto rounded = hn::Add(bits, hn::Add(odd, hn::Set(d32, 0x7FFF)));
  const auto quiet = hn::Or(bits, hn::Set(d32, 0x00400000));
  const auto nan = hn::RebindMask(d32, hn::IsNaN(v));
  return hn::TruncateTo(d16, hn::ShiftRight<16>(hn::IfThenElse(nan, quiet, rounded)));
}

template <bool kStream, class D, class DTo, class V>
HWY_INLINE void StoreBits(DTo d, V v, hn::TFromD<DTo>* to) {
  if constexpr (kStream) {
    hn::Stream(v, d, to);
  } else {
    hn::StoreU(v, d, to);
  }
}

/// kStream writes past the caches; then `to` must be aligned to the stored vector's size.
template <bool kStream, class D>
HWY_INLINE void StoreVector(D d, hn::Vec<D> v, hn::TFromD<D>* to) {
  StoreBits<kStream, D>(d, v, to);
}

template <bool kStream, class D>
HWY_INLINE void StoreVector(D d, hn::Vec<D> v, bf16* to) {
  const hn::Rebind<std::uint16_t, D> d16;
  StoreBits<kStream, D>(d16, ToBf16Bits(d, v), reinterpret_cast<std::uint16_t*>(to));
}

template <bool kStream, class D>
HWY_INLINE void StoreVector(D /*d*/, hn::Vec<D> v, f16* to) {
  if constexpr (kScalarF16) {
    *to = f16(hn::GetLane(v));
  } else {
    const hn::Rebind<hwy::float16_t, D> d16;
    const hn::Rebind<std::uint16_t, D> bits16;
    const auto halves = hn::DemoteTo(d16, v);
    StoreBits<kStream, D>(bits16, hn::BitCast(bits16, halves), reinterpret_cast<std::uint16_t*>(to));
  }
}

// ---- The first n < Lanes(d) elements, never touching memory beyond them. ----

template <class D, class T>
HWY_INLINE hn::Vec<D> LoadPart(D d, const T* from, std::size_t n, T fill) {
  HWY_ALIGN T buffer[hn::MaxLanes(D())];
  for (std::size_t i = 0; i < hn::Lanes(d); ++i) buffer[i] = i < n ? from[i] : fill;
  return LoadVector(d, buffer);
}

template <class D, class T>
HWY_INLINE void StorePart(D d, hn::Vec<D> v, T* to, std::size_t n) {
  HWY_ALIGN T buffer[hn::MaxLanes(D())];
  StoreVector<false>(d, v, buffer);
  for (std::size_t i = 0; i < n; ++i) to[i] = buffer[i];
}

template <class T>
constexpr T MinusInfinity() {
  return static_cast<T>(-std::numeric_limits<Compute<T>>::infinity());
}

// ---- exp ----

template <class C>
struct ExpConstants;

template <>
struct ExpConstants<float> {
  static constexpr float kShift = 12582912.0F;  // 1.5·2^23: adding it leaves round(x) in the low bits
  static constexpr float kLn2High = 0.693145752F, kLn2Low = 1.42860677e-6F;
  static constexpr float kLowest = -86.5F, kHighest = 88.0F;
  static constexpr int kMantissaBits = 23;
  // Minimax for e^r - 1 - r on |r| ≤ ln2/2, relative error 3.1e-9; found by iteratively re-weighted
  // least squares on Chebyshev nodes.
  static constexpr float kPolynomial[] = {0.00138145403F, 0.00836874527F, 0.0416683909F, 0.166665204F,
                                          0.499999934F};
};

template <>
struct ExpConstants<double> {
  static constexpr double kShift = 6755399441055744.0;
  static constexpr double kLn2High = 0.693147180369123816490, kLn2Low = 1.90821492927058770002e-10;
  static constexpr double kLowest = -707.0, kHighest = 709.0;
  static constexpr int kMantissaBits = 52;
  // Taylor: the first term left out is r^14/14! < 2^-57 of the result.
  static constexpr double kPolynomial[] = {1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800,
                                           1.0 / 362880,     1.0 / 40320,     1.0 / 5040,     1.0 / 720,
                                           1.0 / 120,        1.0 / 24,        1.0 / 6,        1.0 / 2};
};

/// e^x for x ≤ kHighest, to about 1 ulp; exactly 1 at 0, exactly 0 below kLowest (so no result is
/// subnormal) and at -inf; NaN gives NaN. Above kHighest the result is meaningless.
///
/// x = n·ln2 + r with |r| ≤ ln2/2; e^r is a polynomial, and 2^n goes into the exponent bits by an
/// integer addition (Cody and Waite's reduction).
template <class D>
HWY_INLINE hn::Vec<D> ExpNotAbove(D d, hn::Vec<D> x) {
  using C = hn::TFromD<D>;
  using K = ExpConstants<C>;
  const hn::RebindToUnsigned<D> bits;
  const auto shift = hn::Set(d, K::kShift);
  const auto shifted = hn::MulAdd(x, hn::Set(d, static_cast<C>(1.4426950408889634)), shift);
  const auto n = hn::Sub(shifted, shift);
  auto r = hn::NegMulAdd(n, hn::Set(d, K::kLn2High), x);
  r = hn::NegMulAdd(n, hn::Set(d, K::kLn2Low), r);
  auto p = hn::Set(d, K::kPolynomial[0]);
  for (std::size_t i = 1; i < std::size(K::kPolynomial); ++i) {
    p = hn::MulAdd(p, r, hn::Set(d, K::kPolynomial[i]));
  }
  const auto one = hn::Set(d, C{1});
  p = hn::MulAdd(hn::MulAdd(p, r, one), r, one);
  const auto scaled =
      hn::Add(hn::BitCast(bits, p), hn::ShiftLeft<K::kMantissaBits>(hn::BitCast(bits, shifted)));
  // A NaN's bits would not survive that addition, so it is passed on as it came.
  const auto e = hn::IfThenElse(hn::IsNaN(x), x, hn::BitCast(d, scaled));
  return hn::IfThenZeroElse(hn::Lt(x, hn::Set(d, K::kLowest)), e);
}

/// The same for any x: +inf above kHighest.
template <class D>
HWY_INLINE hn::Vec<D> Exp(D d, hn::Vec<D> x) {
  using C = hn::TFromD<D>;
  const auto overflows = hn::Gt(x, hn::Set(d, ExpConstants<C>::kHighest));
  return hn::IfThenElse(overflows, hn::Set(d, std::numeric_limits<C>::infinity()), ExpNotAbove(d, x));
}

}  // namespace xent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // XENT_HOST_CPU_VECTOR_INL_H_
