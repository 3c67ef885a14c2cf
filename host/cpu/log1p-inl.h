// log(1 + x) of vectors of the compute type.
#if defined(XENT_HOST_CPU_LOG1P_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef XENT_HOST_CPU_LOG1P_INL_H_
#undef XENT_HOST_CPU_LOG1P_INL_H_
#else
#define XENT_HOST_CPU_LOG1P_INL_H_
#endif

#include "host/cpu/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace xent::cpu::HWY_NAMESPACE {

template <class C>
struct LogConstants;

// kTerms: of the series of atanh(s)/s in s². With |s| below 0.1716 the first term left out is below a
// sixteenth of the last bit.
template <>
struct LogConstants<float> {
  static constexpr std::uint32_t kOne = 0x3F800000U, kRootHalf = 0x3F3504F3U, kMantissa = 0x007FFFFFU;
  static constexpr int kTerms = 5;
};
template <>
struct LogConstants<double> {
  static constexpr std::uint64_t kOne = 0x3FF0000000000000U, kRootHalf = 0x3FE6A09E667F3BCDU,
                                 kMantissa = 0x000FFFFFFFFFFFFFU;
  static constexpr int kTerms = 11;
};

/// log(1 + x) within 3 ulp where y is 1 + x to within a rounding, a normal number; exactly 0 at 0, NaN where
/// x is. The caller may know y better than by adding: near x = -1 all digits are in y.
///
/// y = 2^k·f with f from √½ to √2, and log f = 2·atanh((f-1) / (f+1)). Where k is 0, x stands for f - 1,
/// whose digits y has lost.
template <class D>
HWY_INLINE hn::Vec<D> Log1p(D d, hn::Vec<D> x, hn::Vec<D> y) {
  using C = hn::TFromD<D>;
  using K = LogConstants<C>;
  constexpr int kMantissaBits = ExpConstants<C>::kMantissaBits;
  const hn::RebindToSigned<D> di;
  const hn::RebindToUnsigned<D> du;
  const auto one = hn::Set(d, C{1});
  const auto shifted = hn::Add(hn::BitCast(du, y), hn::Set(du, K::kOne - K::kRootHalf));
  const auto biased = hn::BitCast(di, hn::ShiftRight<kMantissaBits>(shifted));
  const auto k = hn::ConvertTo(d, hn::Sub(biased, hn::Set(di, ExpConstants<C>::kBias)));
  const auto mantissa = hn::And(shifted, hn::Set(du, K::kMantissa));
  const auto f = hn::BitCast(d, hn::Add(mantissa, hn::Set(du, K::kRootHalf)));
  const auto above = hn::IfThenElse(hn::Eq(k, hn::Zero(d)), x, hn::Sub(f, one));
  const auto s = hn::Div(above, hn::Add(f, one));
  const auto s2 = hn::Mul(s, s);
  auto series = hn::Set(d, C{2} / static_cast<C>(2 * K::kTerms - 1));
  for (int i = K::kTerms - 1; i > 0; --i) {
    series = hn::MulAdd(series, s2, hn::Set(d, C{2} / static_cast<C>(2 * i - 1)));
  }
  const auto log = hn::MulAdd(k, hn::Set(d, static_cast<C>(0.69314718055994531)), hn::Mul(s, series));
  return hn::IfThenElse(hn::IsNaN(x), x, log);
}

}  // namespace xent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // XENT_HOST_CPU_LOG1P_INL_H_
