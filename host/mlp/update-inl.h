// The optimizers' formulas on one vector of parameters, for every loop that applies them. Compiled once per
// SIMD target by Highway's re-inclusion: no ordinary include guard.
#if defined(XENT_HOST_MLP_UPDATE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef XENT_HOST_MLP_UPDATE_INL_H_
#undef XENT_HOST_MLP_UPDATE_INL_H_
#else
#define XENT_HOST_MLP_UPDATE_INL_H_
#endif

#include <hwy/highway.h>

#include "host/mlp/update_rule.hpp"

HWY_BEFORE_NAMESPACE();
namespace xent::mlp::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class D>
HWY_INLINE hn::Vec<D> without_tiny(D d, hn::Vec<D> x) {
  return hn::IfThenZeroElse(hn::Lt(hn::Abs(x), hn::Set(d, 0x1p-100F)), x);
}

/// Every operation is exact or correctly rounded per lane, so a number's result does not depend on the vector
/// it is in. Moments below 2^-100 become 0: subnormal numbers slow the processor down a hundredfold.
template <class D>
HWY_INLINE void update_adam(D d, const UpdateRuleF32& rule, hn::Vec<D> gradient, float* value, float* moment1,
                            float* moment2) {
  const auto w = hn::LoadU(d, value);
  const auto m = hn::LoadU(d, moment1);
  const auto v = hn::LoadU(d, moment2);
  const auto g = hn::MulAdd(hn::Set(d, rule.coupled_decay), w, gradient);
  const auto m_new = without_tiny(d, hn::MulAdd(hn::Set(d, rule.keep1), hn::Sub(g, m), m));
  const auto g2 = hn::Mul(hn::Mul(hn::Set(d, rule.keep2), g), g);
  const auto v_new = without_tiny(d, hn::MulAdd(hn::Set(d, rule.beta2), v, g2));
  const auto denominator =
      hn::MulAdd(hn::Sqrt(v_new), hn::Set(d, rule.denominator_scale), hn::Set(d, rule.epsilon));
  const auto change = hn::Div(hn::Mul(hn::Set(d, rule.step_size), m_new), denominator);
  hn::StoreU(m_new, d, moment1);
  hn::StoreU(v_new, d, moment2);
  hn::StoreU(hn::MulSub(hn::Set(d, rule.shrink), w, change), d, value);
}

template <class D>
HWY_INLINE void update_sgd(D d, const UpdateRuleF32& rule, hn::Vec<D> gradient, float* value,
                           float* moment1) {
  const auto w = hn::LoadU(d, value);
  const auto g = hn::MulAdd(hn::Set(d, rule.coupled_decay), w, gradient);
  const auto m = without_tiny(d, hn::MulAdd(hn::Set(d, rule.momentum), hn::LoadU(d, moment1), g));
  hn::StoreU(m, d, moment1);
  hn::StoreU(hn::NegMulAdd(hn::Set(d, rule.step_size), m, w), d, value);
}

}  // namespace xent::mlp::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // toggle
