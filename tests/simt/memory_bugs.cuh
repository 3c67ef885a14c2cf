// Kernels with one mistake each in the memory they touch: beyond its end, before it is there, after it has
// gone. Where a result is expected it is what the author meant.
#pragma once

#include "kernels/primitives/async.cuh"
#include "kernels/primitives/cluster.cuh"
#include "kernels/primitives/launch.cuh"
#include "kernels/primitives/shared.cuh"

namespace bugs {

using namespace xent::gpu;  // NOLINT

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

/// out[round] = the sum of in, loaded anew each round into a tile that threads have stored to; `mistake` says
/// what is left out.
enum class Reusing { right, no_fence, one_does_not_fence, fences_too_early, no_stores };
static __global__ void reuse_tile(const float* in, float* out, Reusing mistake) {
  XENT_SHARED(full, Mbarrier);
  XENT_SHARED(tile, float[64]);
  if (threadIdx.x == 0) init(full, 1);
  const bool fences =
      mistake == Reusing::right || (mistake == Reusing::one_does_not_fence && threadIdx.x != 40);
  for (unsigned round = 0; round < 3; ++round) {
    __syncthreads();
    if (threadIdx.x == 0) {
      arrive(full, sizeof tile);
      load_bulk(tile, in, sizeof tile, full);
    }
    wait(full, round % 2);
    out[64 * round + threadIdx.x] = tile[threadIdx.x] + tile[63 - threadIdx.x];
    __syncthreads();
    if (mistake == Reusing::fences_too_early) fence_bulk();
    __syncthreads();
    if (mistake != Reusing::no_stores) tile[threadIdx.x] = -1;
    if (fences) fence_bulk();
  }
}

/// out = in, by way of a tile that the threads fill.
static __global__ void store_what_was_written(const float* in, float* out, bool fence) {
  XENT_SHARED(tile, float[64]);
  tile[threadIdx.x] = in[threadIdx.x];
  if (fence) fence_bulk();
  __syncthreads();
  if (threadIdx.x != 0) return;
  store_bulk(out, tile, sizeof tile);
  commit_stores();
  wait_stores();
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

template <int kBytes>
static __global__ void much_static() {
  XENT_SHARED(row, unsigned char[kBytes]);
  row[threadIdx.x] = 1;
}

}  // namespace bugs
