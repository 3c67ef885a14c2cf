// The two worlds a kernel is compiled for: CUDA, and its emulation by a plain C++ compiler. The language's
// own names (threadIdx, __syncthreads, __shfl_xor_sync, atomicCAS …) mean the same in both.
#pragma once

#ifdef __CUDACC__
#include <cuda_runtime.h>
#else
#include "tests/simt/cuda.hpp"
#endif

#include <cstddef>
#include <cstdint>

#ifdef __CUDACC__
#define XENT_UNROLL _Pragma("unroll")
#define XENT_UNROLL_BY(n) XENT_PRAGMA(unroll(n))
#define XENT_PRAGMA(...) _Pragma(#__VA_ARGS__)
#else
#define XENT_UNROLL
#define XENT_UNROLL_BY(n)
#endif

/// Clusters, mbarriers and bulk copies exist; without them the primitives still compile (see each).
#if !defined(__CUDACC__) || !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900
#define XENT_HAS_SM90 1
#else
#define XENT_HAS_SM90 0
#endif

namespace xent::gpu {

#ifdef __CUDACC__

/// Nothing on the device; in the emulation the line that reports name.
struct Where {
  static constexpr __host__ __device__ Where current() { return {}; }
};

/// Inside a primitive: reports name the primitive's caller.
struct CalledFrom {
  __device__ __forceinline__ explicit CalledFrom(Where) {}
};

#else

using simt::CalledFrom;
using simt::Where;

#endif

}  // namespace xent::gpu
