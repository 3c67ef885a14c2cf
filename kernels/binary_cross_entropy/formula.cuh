// An element's binary cross-entropy and its gradients (include/xent/binary_cross_entropy.hpp), all from one
// exponential.
#pragma once

#include "kernels/primitives/math.cuh"
#include "kernels/row/normaliser.cuh"

namespace xent::gpu {

template <class C>
class BinaryElement {
 public:
  /// A logit and its target; what the class counts, and what its positive answers do.
  __device__ __forceinline__ BinaryElement(C x, C y, C weight, C positive)
      : x_(x),
        weight_(weight),
        positive_(positive),
        on_one_(positive * y),
        on_zero_(weight * (C(1) - y)),
        e_(exp_of(x < C(0) ? x : -x)),
        tail_(log1p(e_)) {}

  __device__ __forceinline__ C loss() const {
    // A NaN comes through the tail, which is never infinite.
    return times(on_one_, below()) + (times(on_zero_, above()) + (on_one_ + on_zero_) * tail_);
  }
  /// ∂(scale · loss)/∂x; 1 - σ is never formed.
  __device__ __forceinline__ C grad(C scale) const {
    const C large = C(1) / (C(1) + e_);
    const C small = e_ * large;
    const C sigma = x_ < C(0) ? small : large;
    const C one_less = x_ < C(0) ? large : small;  // σ(-x)
    return (on_zero_ * sigma - on_one_ * one_less) * scale;
  }
  /// ∂(scale · loss)/∂y
  __device__ __forceinline__ C grad_target(C scale) const {
    const C p = positive_ * scale;
    const C w = weight_ * scale;
    return (times(p, below()) - times(w, above())) + (p - w) * tail_;
  }

 private:
  /// Nothing of an infinity is nothing.
  static __device__ __forceinline__ C times(C coefficient, C value) {
    return coefficient == C(0) ? C(0) : coefficient * value;
  }
  __device__ __forceinline__ C above() const { return x_ > C(0) ? x_ : C(0); }
  __device__ __forceinline__ C below() const { return x_ < C(0) ? -x_ : C(0); }

  C x_;
  C weight_;
  C positive_;
  C on_one_;
  C on_zero_;
  C e_;  ///< e^-|x|
  C tail_;
};

}  // namespace xent::gpu
