// Elements as the library stores them, and the type in which they are computed.
#pragma once

#include <xent/dtype.hpp>

#include "kernels/primitives/portable.cuh"

#ifdef __CUDACC__
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#endif

namespace xent::gpu {

template <class T>
struct ComputeOf {
  using Type = float;
};
template <>
struct ComputeOf<double> {
  using Type = double;
};
template <class T>
using Compute = typename ComputeOf<T>::Type;

__device__ __forceinline__ float widen(float x) { return x; }
__device__ __forceinline__ double widen(double x) { return x; }
__device__ __forceinline__ float widen(f16 x) {
#ifdef __CUDACC__
  return __half2float(__ushort_as_half(x.bits));
#else
  return static_cast<float>(x);
#endif
}
__device__ __forceinline__ float widen(bf16 x) {
#ifdef __CUDACC__
  return __uint_as_float(static_cast<unsigned>(x.bits) << 16U);
#else
  return static_cast<float>(x);
#endif
}

/// Rounds to nearest, ties to even. A NaN stays one; its payload is the device's affair.
template <class T>
__device__ __forceinline__ T narrow(Compute<T> x) {
  return x;
}
template <>
__device__ __forceinline__ f16 narrow<f16>(float x) {
#ifdef __CUDACC__
  f16 y;
  y.bits = __half_as_ushort(__float2half_rn(x));
  return y;
#else
  return f16(x);
#endif
}
template <>
__device__ __forceinline__ bf16 narrow<bf16>(float x) {
#ifdef __CUDACC__
  bf16 y;
  y.bits = __bfloat16_as_ushort(__float2bfloat16_rn(x));
  return y;
#else
  return bf16(x);
#endif
}

}  // namespace xent::gpu
