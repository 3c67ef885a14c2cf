// Kernels with one mistake each. Where a result is expected it is what the author meant.
#pragma once

#include "kernels/primitives/async.cuh"
#include "kernels/primitives/atomic.cuh"
#include "kernels/primitives/block.cuh"
#include "kernels/primitives/cluster.cuh"
#include "kernels/primitives/launch.cuh"
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

static __global__ void read_uninitialised(float* out) {
  XENT_SHARED(row, float[64]);
  XENT_DYNAMIC_SHARED(bytes);
  if (threadIdx.x < 32) row[threadIdx.x] = 1;
  __syncthreads();
  out[2 * threadIdx.x] = row[threadIdx.x];
  out[2 * threadIdx.x + 1] = reinterpret_cast<float*>(bytes)[threadIdx.x];
}

static __global__ void beyond_static(float* out, int excess) {
  XENT_SHARED(row, float[32]);
  XENT_SHARED(other, float[32]);
  other[threadIdx.x] = 0;
  float* const p = row;  // no longer an array whose bounds UBSan knows
  p[static_cast<int>(threadIdx.x) + excess] = 1;
  out[threadIdx.x] = row[0] + other[0];
}

static __global__ void beyond_dynamic(float* out, int excess) {
  XENT_DYNAMIC_SHARED(bytes);
  auto* const row = reinterpret_cast<float*>(bytes);
  row[static_cast<int>(threadIdx.x) + excess] = 1;
  out[threadIdx.x] = 1;
}

static __global__ void beyond_global(float* out, int excess) {
  out[static_cast<int>(threadIdx.x) + excess] = 1;
}

static __global__ void beyond_local(float* out, int excess) {
  float local[8];
  for (float& x : local) x = 1;
  volatile int index = 7 + excess;
  local[index] = 2;
  __syncthreads();
  out[threadIdx.x] = local[threadIdx.x % 8];
}

static __global__ void misaligned(const float* in, float* out) { out[0] = load_chunk(in + 1).element[0]; }

/// out[block] = the size of the cluster, but a block may be gone when the others read it.
static __global__ void read_a_block_that_left(float* out, bool wait_for_all) {
  XENT_SHARED(one, float);
  if (threadIdx.x == 0) one = 1;
  cluster_sync();
  float sum = 0;
  if (cluster_rank() != 0) __syncthreads();
  for (unsigned r = 0; r < cluster_size(); ++r) sum += *map_shared(&one, r);
  if (threadIdx.x == 0) out[blockIdx.x] = sum;
  if (wait_for_all) cluster_sync();
}

/// out[block] = 1 as left there by the block before, which does not wait until it runs.
static __global__ void write_to_a_block_before_it_runs(float* out) {
  XENT_SHARED(slot, float);
  if (threadIdx.x == 0) *map_shared(&slot, (cluster_rank() + 1) % cluster_size()) = 1;
  cluster_sync();
  if (threadIdx.x == 0) out[blockIdx.x] = slot;
}

static __global__ void arrive_twice() {
  cluster_arrive();
  cluster_arrive();
  cluster_wait();
}

static __global__ void wait_without_arriving() { cluster_wait(); }

static __global__ void map_what_is_not_shared(float* out) { *map_shared(out, 0) = 1; }

/// out[i] = in[i]; `mistake` says what is left out.
enum class Copying { right, no_wait, no_barrier, wrong_group };
static __global__ void copy_through_shared(const float4* in, float4* out, Copying mistake) {
  XENT_SHARED(buffer, float4[64]);
  copy_async(&buffer[threadIdx.x], in + threadIdx.x);
  commit_copies();
  if (mistake == Copying::right || mistake == Copying::no_barrier) wait_copies();
  if (mistake == Copying::wrong_group) wait_copies<1>();
  if (mistake != Copying::no_barrier) __syncthreads();
  out[63 - threadIdx.x] = buffer[63 - threadIdx.x];
  wait_copies();
}

/// out[i] = sum over tiles of in[tile][i]; `mistake` says what is left out.
enum class Loading { right, no_wait, no_barrier_before_reuse, no_init_barrier };
static __global__ void sum_tiles(const float* in, float* out, int tiles, Loading mistake) {
  XENT_SHARED(full, Mbarrier[2]);
  XENT_SHARED(tile, float[2][64]);
  if (threadIdx.x == 0) {
    init(full[0], 1);
    init(full[1], 1);
  }
  if (mistake != Loading::no_init_barrier) __syncthreads();
  const auto ask = [&](int t) {
    if (threadIdx.x != 0) return;
    arrive(full[t % 2], sizeof tile[0]);
    load_bulk(tile[t % 2], in + t * 64, sizeof tile[0], full[t % 2]);
  };
  ask(0);
  float sum = 0;
  for (int t = 0; t < tiles; ++t) {
    if (t + 1 < tiles) ask(t + 1);
    if (mistake != Loading::no_wait) wait(full[t % 2], static_cast<unsigned>(t / 2 % 2));
    sum += tile[t % 2][(threadIdx.x + 7) % 64];
    if (mistake != Loading::no_barrier_before_reuse) __syncthreads();
  }
  out[threadIdx.x] = sum;
  wait(full[(tiles - 1) % 2], static_cast<unsigned>((tiles - 1) / 2 % 2));
}

static __global__ void copy_and_leave(const float4* in) {
  XENT_SHARED(buffer, float4[32]);
  copy_async(&buffer[threadIdx.x], in + threadIdx.x);
}

static __global__ void uninitialised_mbarrier() {
  XENT_SHARED(full, Mbarrier);
  arrive(full);
}

static __global__ void arrives_too_often() {
  XENT_SHARED(full, Mbarrier);
  if (threadIdx.x == 0) {
    init(full, 1);
    arrive(full, 16);
    arrive(full);
  }
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

template <int kBytes>
static __global__ void much_static() {
  XENT_SHARED(row, unsigned char[kBytes]);
  row[threadIdx.x] = 1;
}

}  // namespace bugs
