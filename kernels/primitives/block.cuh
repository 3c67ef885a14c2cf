// What all threads of a block do together. The number of threads is a multiple of 32; scratch is shared
// memory of the caller's, free for the next call as soon as this one returns.
//   XENT_SHARED(scratch, BlockScratch<float>);
//   const float sum = reduce_block(mine, Plus(), 0.0F, scratch);
#pragma once

#include "kernels/primitives/shared.cuh"
#include "kernels/primitives/warp.cuh"

namespace xent::gpu {

__device__ __forceinline__ unsigned thread_rank() {
  return threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
}
__device__ __forceinline__ unsigned block_threads() { return blockDim.x * blockDim.y * blockDim.z; }
__device__ __forceinline__ unsigned warp_id() { return thread_rank() / kWarpSize; }
__device__ __forceinline__ unsigned block_warps() { return block_threads() / kWarpSize; }

template <class T>
struct BlockScratch {
  T warp[32];
};

/// Leaves every warp's value in the scratch, where all can read it.
template <class T>
__device__ __forceinline__ void share_by_warp(T value, bool write, BlockScratch<T>& scratch) {
  __syncthreads();  // the call before may still be reading
  if (write) scratch.warp[warp_id()] = value;
  __syncthreads();
}

/// All threads get op over the block's values, in thread order, by a fixed tree; op need not commute.
template <class T, class Op>
__device__ __forceinline__ T reduce_block(T value, Op op, T identity, BlockScratch<T>& scratch,
                                          Where where = Where::current()) {
  const CalledFrom caller(where);
  share_by_warp(reduce_lanes(value, op), lane_id() == 0, scratch);
  return reduce_lanes(lane_id() < block_warps() ? scratch.warp[lane_id()] : identity, op);
}

template <class T>
struct Scan {
  T before;  ///< op over the threads below the caller
  T total;   ///< op over the block
};

template <class T, class Op>
__device__ __forceinline__ Scan<T> scan_block(T value, Op op, T identity, BlockScratch<T>& scratch,
                                              Where where = Where::current()) {
  const CalledFrom caller(where);
  const T below = scan_lanes(value, op, identity);
  share_by_warp(op(below, value), lane_id() == kWarpSize - 1, scratch);
  const T warp = lane_id() < block_warps() ? scratch.warp[lane_id()] : identity;
  const T warps_below = shuffle(scan_lanes(warp, op, identity), warp_id());
  return {op(warps_below, below), reduce_lanes(warp, op)};
}

struct Plus {
  template <class T>
  __device__ __forceinline__ T operator()(T a, T b) const {
    return a + b;
  }
};
struct Maximum {
  template <class T>
  __device__ __forceinline__ T operator()(T a, T b) const {
    return a < b ? b : a;
  }
};
struct Minimum {
  template <class T>
  __device__ __forceinline__ T operator()(T a, T b) const {
    return b < a ? b : a;
  }
};

}  // namespace xent::gpu
