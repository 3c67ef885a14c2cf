// One element of the backward of softmax and log-softmax.
#if defined(XENT_HOST_CPU_SOFTMAX_BACKWARD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef XENT_HOST_CPU_SOFTMAX_BACKWARD_INL_H_
#undef XENT_HOST_CPU_SOFTMAX_BACKWARD_INL_H_
#else
#define XENT_HOST_CPU_SOFTMAX_BACKWARD_INL_H_
#endif

#include "host/cpu/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace xent::cpu::HWY_NAMESPACE {

/// softmax: Σ g·p and p·(g - Σ). log-softmax: Σ g over unmasked classes and g - e^{log p}·Σ.
template <bool kLog, class D>
struct SoftmaxGradient {
  using C = hn::TFromD<D>;
  using V = hn::Vec<D>;
  D d{};

  /// Where the class has no probability nothing flows, whatever arrives from above.
  HWY_INLINE auto Absent(V s) const { return hn::Eq(s, kLog ? hn::Set(d, MinusInfinity<C>()) : hn::Zero(d)); }
  HWY_INLINE V Term(V s, V g) const { return hn::IfThenZeroElse(Absent(s), kLog ? g : hn::Mul(g, s)); }
  HWY_INLINE V Of(V s, V g, V sum) const {
    if constexpr (kLog) return hn::IfThenZeroElse(Absent(s), hn::NegMulAdd(ExpOrInfinity(d, s), sum, g));
    return hn::IfThenZeroElse(Absent(s), hn::Mul(s, hn::Sub(g, sum)));
  }
};

}  // namespace xent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // XENT_HOST_CPU_SOFTMAX_BACKWARD_INL_H_
