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
#include <type_traits>

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

/// Bits whose upper half is v as bf16, to nearest even. Of no NaN: one could become infinite.
template <class D>
HWY_INLINE auto RoundToBf16(D /*d*/, hn::Vec<D> v) {
  const hn::RebindToUnsigned<D> d32;
  const auto bits = hn::BitCast(d32, v);
  const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(d32, 1));
  return hn::Add(bits, hn::Add(odd, hn::Set(d32, 0x7FFF)));
}

/// Rounded to nearest even, as the scalar conversions of xent::bf16 and xent::f16 do; NaN stays NaN.
template <class D>
HWY_INLINE auto ToBf16Bits(D d, hn::Vec<D> v) {
  const hn::RebindToUnsigned<D> d32;
  const hn::Rebind<std::uint16_t, D> d16;
  const auto quiet = hn::Or(hn::BitCast(d32, v), hn::Set(d32, 0x00400000));
  const auto nan = hn::RebindMask(d32, hn::IsNaN(v));
  return hn::TruncateTo(d16, hn::ShiftRight<16>(hn::IfThenElse(nan, quiet, RoundToBf16(d, v))));
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

/// What StoreTwo<true> wants `to` aligned to.
template <class D, class T>
HWY_INLINE std::size_t AlignmentOfTwo() {
  const std::size_t vector = hn::Lanes(D()) * sizeof(T);
  return std::is_same_v<T, bf16> ? 2 * vector : vector;
}

/// Two vectors side by side.
template <bool kStream, class D, class T>
HWY_INLINE void StoreTwo(D d, hn::Vec<D> v0, hn::Vec<D> v1, T* to) {
  StoreVector<kStream>(d, v0, to);
  StoreVector<kStream>(d, v1, to + hn::Lanes(d));
}

#if HWY_TARGET != HWY_SCALAR
template <bool kStream, class D>
HWY_INLINE void StoreTwo(D d, hn::Vec<D> v0, hn::Vec<D> v1, bf16* to) {
  if (HWY_UNLIKELY(!hn::AllFalse(d, hn::IsNaN(hn::Add(v0, v1))))) {
    StoreVector<kStream>(d, v0, to);
    StoreVector<kStream>(d, v1, to + hn::Lanes(d));
    return;
  }
  const hn::Repartition<std::uint16_t, D> d16;
  const auto low = hn::BitCast(d16, RoundToBf16(d, v0));
  const auto high = hn::BitCast(d16, RoundToBf16(d, v1));
  StoreBits<kStream, D>(d16, hn::ConcatOdd(d16, high, low), reinterpret_cast<std::uint16_t*>(to));
}
#endif

/// A vector's worth of elements that lie in aligned memory, past the caches.
template <class D, class T>
HWY_INLINE void StreamLanes(D /*d*/, const T* from, T* to) {
  const hn::Rebind<hwy::UnsignedFromSize<sizeof(T)>, D> bits;
  using Bits = hn::TFromD<decltype(bits)>;
  hn::Stream(hn::Load(bits, reinterpret_cast<const Bits*>(from)), bits, reinterpret_cast<Bits*>(to));
}

// ---- The first n < Lanes(d) elements, never touching memory beyond them. ----

/// Whether vectors of T are loaded and stored under a mask, without a fault where it is off.
template <class D, class T>
inline constexpr bool kMasked =
    (HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3) && std::is_same_v<T, hn::TFromD<D>>;

template <class D, class T>
HWY_INLINE hn::Vec<D> LoadPart(D d, const T* from, std::size_t n, T fill) {
  if constexpr (kMasked<D, T>) {
    const auto exists = hn::FirstN(d, n);
    return hn::IfThenElse(exists, hn::MaskedLoad(exists, d, from), hn::Set(d, fill));
  } else {
    HWY_ALIGN T buffer[hn::MaxLanes(D())];
    for (std::size_t i = 0; i < hn::Lanes(d); ++i) buffer[i] = i < n ? from[i] : fill;
    return LoadVector(d, buffer);
  }
}

template <class D, class T>
HWY_INLINE void StorePart(D d, hn::Vec<D> v, T* to, std::size_t n) {
  if constexpr (kMasked<D, T>) {
    hn::BlendedStore(v, hn::FirstN(d, n), d, to);
  } else {
    HWY_ALIGN T buffer[hn::MaxLanes(D())];
    StoreVector<false>(d, v, buffer);
    for (std::size_t i = 0; i < n; ++i) to[i] = buffer[i];
  }
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
  static constexpr int kBias = 127, kMantissaBits = 23;
  static constexpr float kShift = 12582912.0F + kBias;  // adding 1.5·2^23 leaves round(t) in the low bits
  static constexpr float kLn2High = 0.693145752F, kLn2Low = 1.42860677e-6F;
  static constexpr float kLowest = -88.0F, kHighest = 88.0F;
  // Minimax for (2^r - 1)/r on |r| ≤ 1/2, relative error of 2^r 3.1e-9; found by iteratively re-weighted
  // least squares on Chebyshev nodes, one coefficient rounded after the other.
  static constexpr float kPolynomial[] = {0.000153299799F, 0.00133911869F, 0.00961849838F,
                                          0.0555035919F,   0.240226477F,   0.693147182F};
};

/// ln2^k / k!
constexpr double TaylorOfExp2(int k) {
  double term = 1.0;
  for (int i = 1; i <= k; ++i) term *= 0.6931471805599453 / i;
  return term;
}

template <>
struct ExpConstants<double> {
  static constexpr int kBias = 1023, kMantissaBits = 52;
  static constexpr double kShift = 6755399441055744.0 + kBias;
  static constexpr double kLn2High = 0.693147180369123816490, kLn2Low = 1.90821492927058770002e-10;
  static constexpr double kLowest = -709.0, kHighest = 709.0;
  // The first term left out is below 2^-57 of the result.
  static constexpr double kPolynomial[] = {
      TaylorOfExp2(13), TaylorOfExp2(12), TaylorOfExp2(11), TaylorOfExp2(10), TaylorOfExp2(9),
      TaylorOfExp2(8),  TaylorOfExp2(7),  TaylorOfExp2(6),  TaylorOfExp2(5),  TaylorOfExp2(4),
      TaylorOfExp2(3),  TaylorOfExp2(2),  TaylorOfExp2(1)};
};

/// The larger one, and NaN where x is NaN.
template <class D>
HWY_INLINE hn::Vec<D> AtLeast(D /*d*/, hn::Vec<D> low, hn::Vec<D> x) {
#if HWY_ARCH_X86 && HWY_TARGET != HWY_SCALAR
  return hn::Max(low, x);  // the instruction gives its second operand where one is NaN
#else
  return hn::IfThenElse(hn::Lt(x, low), low, x);
#endif
}

/// Where e^x has come down to exactly 0 already, at the least; NaN where x is NaN.
template <class D>
HWY_INLINE hn::Vec<D> AboveLowest(D d, hn::Vec<D> x) {
  return AtLeast(d, hn::Set(d, ExpConstants<hn::TFromD<D>>::kLowest), x);
}

/// ExpNotAbove for x that AboveLowest gave.
template <class D>
HWY_INLINE hn::Vec<D> ExpWithin(D d, hn::Vec<D> x) {
  using C = hn::TFromD<D>;
  using K = ExpConstants<C>;
  const hn::RebindToUnsigned<D> bits;
  const auto log2e = hn::Set(d, static_cast<C>(1.4426950408889634));
  const auto shift = hn::Set(d, K::kShift);
  const auto one = hn::Set(d, C{1});
  const auto shifted = hn::MulAdd(x, log2e, shift);
  const auto n = hn::Sub(shifted, shift);
#if HWY_NATIVE_FMA
  const auto r = hn::MulSub(x, log2e, n);
#else  // the product would be rounded, so r comes from ln2 in two parts (Cody and Waite)
  const auto high = hn::Sub(x, hn::Mul(n, hn::Set(d, K::kLn2High)));
  const auto r = hn::Mul(hn::Sub(high, hn::Mul(n, hn::Set(d, K::kLn2Low))), log2e);
#endif
  auto p = hn::Set(d, K::kPolynomial[0]);
  for (std::size_t i = 1; i < std::size(K::kPolynomial); ++i) {
    p = hn::MulAdd(p, r, hn::Set(d, K::kPolynomial[i]));
  }
  p = hn::MulAdd(p, r, one);
  return hn::Mul(p, hn::BitCast(d, hn::ShiftLeft<K::kMantissaBits>(hn::BitCast(bits, shifted))));
}

/// e^x for x ≤ kHighest, within 1.5 ulp and a quarter of what rounding x may do; exactly 1 at 0, exactly 0 at
/// -inf and from about kLowest down; NaN gives NaN. Above kHighest the result is meaningless.
///
/// x·log2(e) = n + r with |r| ≤ 1/2, 2^r is a polynomial, and 2^n is made of its exponent bits: n + bias,
/// shifted into place. At kLowest they are 0, and so is 2^n.
template <class D>
HWY_INLINE hn::Vec<D> ExpNotAbove(D d, hn::Vec<D> x) {
  return ExpWithin(d, AboveLowest(d, x));
}

/// The same for any x: +inf above kHighest.
template <class D>
HWY_INLINE hn::Vec<D> ExpOrInfinity(D d, hn::Vec<D> x) {
  using C = hn::TFromD<D>;
  const auto overflows = hn::Gt(x, hn::Set(d, ExpConstants<C>::kHighest));
  return hn::IfThenElse(overflows, hn::Set(d, std::numeric_limits<C>::infinity()), ExpNotAbove(d, x));
}

}  // namespace xent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // XENT_HOST_CPU_VECTOR_INL_H_
