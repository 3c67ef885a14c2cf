// Arithmetic that the device has an instruction for. The emulation computes it exactly and then, where the
// instruction flushes subnormal numbers to zero, flushes them; the last bits differ, so compare with bounds.
#pragma once

#include <cmath>

#include "kernels/primitives/portable.cuh"

namespace xent::gpu {

#ifndef __CUDACC__
namespace detail {
inline float flush(float x) { return std::fabs(x) < 0x1p-126F ? std::copysign(0.0F, x) : x; }
}  // namespace detail
#endif

/// 2^x within 2 ulp; subnormal x is 0 and so is a subnormal result.
__device__ __forceinline__ float exp2(float x) {
#ifdef __CUDACC__
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
#else
  return detail::flush(std::exp2(detail::flush(x)));
#endif
}
__device__ __forceinline__ double exp2(double x) { return ::exp2(x); }

/// 1/x within 1 ulp; a subnormal x gives infinity and a subnormal result 0.
__device__ __forceinline__ float reciprocal(float x) {
#ifdef __CUDACC__
  float y;
  asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
#else
  return detail::flush(1.0F / detail::flush(x));
#endif
}
__device__ __forceinline__ double reciprocal(double x) { return 1.0 / x; }

__device__ __forceinline__ float log(float x) { return ::logf(x); }
__device__ __forceinline__ double log(double x) { return ::log(x); }
__device__ __forceinline__ float log1p(float x) { return ::log1pf(x); }
__device__ __forceinline__ double log1p(double x) { return ::log1p(x); }

__device__ __forceinline__ float tanh(float x) { return ::tanhf(x); }
__device__ __forceinline__ double tanh(double x) { return ::tanh(x); }
__device__ __forceinline__ float cosh(float x) { return ::coshf(x); }
__device__ __forceinline__ double cosh(double x) { return ::cosh(x); }

/// One rounding in both worlds.
__device__ __forceinline__ float fma(float a, float b, float c) { return ::fmaf(a, b, c); }
__device__ __forceinline__ double fma(double a, double b, double c) { return ::fma(a, b, c); }

/// Byte i of a word as a number, without a conversion, which has few units: 2^23 + byte has the byte as its
/// last digits.
template <int kByte>
__device__ __forceinline__ float byte_of(std::uint32_t word) {
#ifdef __CUDACC__
  return __uint_as_float(__byte_perm(word, 0x4B000000U, 0x7440 + kByte)) - 0x1p23F;
#else
  return static_cast<float>((word >> (8 * kByte)) & 0xFFU);
#endif
}

template <class T>
inline constexpr T kInfinity = static_cast<T>(__builtin_huge_val());
template <class T>
inline constexpr T kNaN = static_cast<T>(__builtin_nan(""));
template <class T>
inline constexpr T kLog2E = static_cast<T>(1.4426950408889634074);
template <class T>
inline constexpr T kLn2 = static_cast<T>(0.6931471805599453094);

}  // namespace xent::gpu
