// Kernels with one mistake each in how threads meet. Where a result is expected it is what the author meant.
#pragma once

#include "kernels/primitives/atomic.cuh"
#include "kernels/primitives/block.cuh"
#include "kernels/primitives/launch.cuh"
#include "kernels/primitives/memory.cuh"
#include "kernels/primitives/shared.cuh"

namespace bugs {

using namespace xent::gpu;  // NOLINT

/// out[i] = n - 1 - i; the barrier between write and read is missing.
static __global__ void reverse_without_barrier(float* out) {
  XENT_SHARED(row, float[256]);
  row[threadIdx.x] = static_cast<float>(threadIdx.x);
  out[threadIdx.x] = row[blockDim.x - 1 - threadIdx.x];
}

/// out[i] = sum over r < 4 of (i + 1) % n + r; the buffer is written again while others still read it.
static __global__ void reuse_without_barrier(float* out) {
  XENT_SHARED(row, float[256]);
  float sum = 0;
  for (unsigned round = 0; round < 4; ++round) {
    row[threadIdx.x] = static_cast<float>(threadIdx.x + round);
    __syncthreads();
    sum += row[(threadIdx.x + 1) % blockDim.x];
  }
  out[threadIdx.x] = sum;
}

/// out[i] = 7, which thread 0 provides and nobody waits for.
static __global__ void first_thread_initialises(float* out) {
  XENT_SHARED(value, float);
  if (threadIdx.x == 0) value = 7;
  out[threadIdx.x] = value;
}

/// out[i] = i ^ 1, within a warp but without its barrier.
static __global__ void exchange_without_warp_barrier(float* out) {
  XENT_SHARED(row, float[32]);
  row[threadIdx.x] = static_cast<float>(threadIdx.x);
  out[threadIdx.x] = row[threadIdx.x ^ 1U];
}

/// *out = the number of threads, if only the increments were atomic. The load between gives way.
static __global__ void count_without_atomic(float* out, const float* anything) {
  XENT_SHARED(count, float);
  if (threadIdx.x == 0) count = 0;
  __syncthreads();
  const float seen = count;
  load_chunk(anything);
  count = seen + 1;
  __syncthreads();
  if (threadIdx.x == 0) *out = count;
}

/// *out = the number of blocks, if only the increments were atomic.
static __global__ void count_blocks_without_atomic(float* out) {
  if (threadIdx.x == 0) *out += 1;
}

/// The last block reads what the others wrote, with no fence to publish it.
static __global__ void last_block_without_fence(float* partial, unsigned* done, float* out, bool publish) {
  if (threadIdx.x != 0) return;
  partial[blockIdx.x] = 1;
  if (publish) __threadfence();
  if (atomic_add(done, 1U) != gridDim.x - 1) return;
  __threadfence();
  float sum = 0;
  for (unsigned b = 0; b < gridDim.x; ++b) sum += partial[b];
  *out = sum;
}

static __global__ void barrier_in_both_branches(float* out) {
  if (threadIdx.x < 32) {
    out[threadIdx.x] = 1;
    __syncthreads();
  } else {
    __syncthreads();
    out[threadIdx.x] = 2;
  }
}

static __global__ void reduction_in_both_branches(float* out) {
  XENT_SHARED(scratch, BlockScratch<float>);
  if (threadIdx.x < 32) {
    out[threadIdx.x] = reduce_block(1.0F, Plus(), 0.0F, scratch);
  } else {
    out[threadIdx.x] = reduce_block(1.0F, Plus(), 0.0F, scratch);
  }
}

/// Odd lanes wait for their warp, even ones for the block.
static __global__ void different_barriers() {
  if (threadIdx.x % 2 == 0) {
    __syncthreads();
  } else {
    __syncwarp();
  }
}

static __global__ void half_a_warp_at_the_barrier() {
  if (threadIdx.x % 32 < 16) __syncthreads();
  __syncwarp();
}

static __global__ void shuffle_in_both_branches(float* out) {
  float value = 1;
  if (threadIdx.x < 5) {
    value += __shfl_xor_sync(kAllLanes, value, 1);
  } else {
    value += __shfl_xor_sync(kAllLanes, value, 1);
  }
  out[threadIdx.x] = value;
}

static __global__ void different_masks(float* out) {
  const unsigned mask = threadIdx.x < 8 ? kAllLanes : 0xFFFFFF00U;
  out[threadIdx.x] = __shfl_xor_sync(mask, 1.0F, 8);
}

static __global__ void shuffle_after_exit(float* out, unsigned n) {
  if (threadIdx.x >= n) return;
  out[threadIdx.x] = reduce_lanes(1.0F, Plus());
}

static __global__ void not_in_the_mask(float* out) { out[threadIdx.x] = __shfl_sync(0xFFFFU, 1.0F, 0); }

static __global__ void shuffle_beyond_the_mask(float* out) {
  if (threadIdx.x < 16) out[threadIdx.x] = __shfl_xor_sync(0xFFFFU, 1.0F, 16);
}

/// All but thread 0 wait for a flag that is never set.
static __global__ void waits_for_nobody(unsigned* flag) {
  if (threadIdx.x == 0) return;
  while (atomic_add(flag, 0U) == 0) {
  }
}

/// A lock that thread after thread takes: its holder has to get its turn.
static __global__ void lock_in_turn(unsigned* lock, float* out) {
  while (atomic_compare_exchange(lock, 0U, 1U) != 0) {
  }
  __threadfence();
  *out += 1;
  __threadfence();
  atomic_exchange(lock, 0U);
}

static __global__ void gives_up() {
  if (threadIdx.x == 3) __trap();
}

}  // namespace bugs
