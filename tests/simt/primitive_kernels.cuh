// Kernels that call every primitive: nvcc compiles them, the emulation runs them.
#pragma once

#include "kernels/primitives/async.cuh"
#include "kernels/primitives/atomic.cuh"
#include "kernels/primitives/block.cuh"
#include "kernels/primitives/cluster.cuh"
#include "kernels/primitives/element.cuh"
#include "kernels/primitives/grid.cuh"
#include "kernels/primitives/launch.cuh"
#include "kernels/primitives/math.cuh"
#include "kernels/primitives/memory.cuh"
#include "kernels/primitives/shared.cuh"
#include "kernels/primitives/warp.cuh"

namespace xent::gpu {

/// Composition of x -> a·x + b (modulo 2^32): associative, and the order matters.
struct Affine {
  unsigned a = 1;
  unsigned b = 0;
};
struct Compose {  // first the left one
  __device__ Affine operator()(Affine left, Affine right) const {
    return {left.a * right.a, right.a * left.b + right.b};
  }
};
inline constexpr Affine kUnchanged{};

template <class T, int kGroup>
__global__ void group_kernel(const T* in, T* reduced, T* scanned, bool by_group) {
  const unsigned mask = by_group ? group_mask<kGroup>() : kAllLanes;
  const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
  reduced[i] = reduce_lanes<kGroup>(in[i], Plus(), mask);
  scanned[i] = scan_lanes<kGroup>(in[i], Plus(), T{}, mask);
}

template <int kGroup>
__global__ void affine_group_kernel(const Affine* in, Affine* reduced, Affine* scanned) {
  reduced[threadIdx.x] = reduce_lanes<kGroup>(in[threadIdx.x], Compose());
  scanned[threadIdx.x] = scan_lanes<kGroup>(in[threadIdx.x], Compose(), kUnchanged);
}

/// Four shuffles of each thread's value, as the arguments say.
template <class T>
__global__ void shuffle_kernel(const T* in, T* out, unsigned distance, unsigned width) {
  const unsigned i = threadIdx.x;
  const unsigned n = blockDim.x;
  out[i] = shuffle(in[i], distance, width);
  out[n + i] = shuffle_xor(in[i], distance);
  out[2 * n + i] = shuffle_up(in[i], distance, width);
  out[3 * n + i] = shuffle_down(in[i], distance, width);
}

static __global__ void vote_kernel(const int* in, unsigned* out, unsigned mask) {
  if ((mask >> lane_id() & 1U) == 0) return;
  out[3 * threadIdx.x] = __ballot_sync(mask, in[threadIdx.x]);
  out[3 * threadIdx.x + 1] = static_cast<unsigned>(__any_sync(mask, in[threadIdx.x]));
  out[3 * threadIdx.x + 2] = static_cast<unsigned>(__all_sync(mask, in[threadIdx.x]));
  __syncwarp(mask);
}

template <class T, class Op>
__global__ void block_kernel(const T* in, T* reduced, T* before, T* total, Op op, T identity) {
  XENT_SHARED(scratch, BlockScratch<T>);
  const unsigned i = blockIdx.x * block_threads() + thread_rank();
  reduced[i] = reduce_block(in[i], op, identity, scratch);
  const Scan<T> scan = scan_block(in[i], op, identity, scratch);
  before[i] = scan.before;
  total[i] = scan.total;
}

static __global__ void block_vote_kernel(const int* in, int* out) {
  const unsigned i = 3 * thread_rank();
  const int mine = in[thread_rank()];
  out[i] = __syncthreads_count(mine);
  out[i + 1] = __syncthreads_and(mine);
  out[i + 2] = __syncthreads_or(mine);
}

/// Every block of a cluster leaves its number, plus that of all, in every other one's shared memory.
static __global__ void cluster_kernel(unsigned* out) {
  XENT_SHARED(seen, unsigned[16]);
  cluster_sync();
  const unsigned number = cluster_id() * cluster_size() + cluster_rank();
  const unsigned after_all = cluster_count() * cluster_size();
  if (threadIdx.x < cluster_size()) map_shared(&seen[0], threadIdx.x)[cluster_rank()] = after_all + number;
  cluster_arrive();
  cluster_wait();
  if (threadIdx.x < cluster_size()) out[blockIdx.x * 16 + threadIdx.x] = seen[threadIdx.x];
}

template <class T, Cache kCache>
__global__ void memory_kernel(const T* in, T* out, std::int64_t n) {
  constexpr Cache kStore = kCache == Cache::read_only ? Cache::normal : kCache;
  const std::int64_t stride = blockDim.x * Chunk<T>::kSize;
  std::int64_t i = std::int64_t{threadIdx.x} * Chunk<T>::kSize;
  for (; i + Chunk<T>::kSize <= n; i += stride) {
    Chunk<T> chunk = load_chunk<kCache>(in + i);
    for (T& x : chunk.element) x = narrow<T>(widen(x) * 2);
    store_chunk<kStore>(out + i, chunk);
  }
  for (; i < n; ++i) store<kStore>(out + i, narrow<T>(widen(load<kCache>(in + i)) * 2));
}

/// A thread's chunk by way of shared memory, another thread's back; of the last only `bytes` bytes.
static __global__ void copy_kernel(const uint4* in, uint4* out, unsigned bytes) {
  XENT_SHARED(buffer, uint4[64]);
  const unsigned i = threadIdx.x;
  copy_async(&buffer[i], in + i, i == 63 ? bytes : 16);
  commit_copies();
  wait_copies();
  __syncthreads();
  out[i] = buffer[63 - i];
}

/// in -> shared -> out in tiles, two in flight; each thread adds 1 to its element on the way.
static __global__ void bulk_kernel(const float* in, float* out, int tiles) {
  XENT_SHARED(full, Mbarrier[2]);
  XENT_SHARED(tile, float[2][128]);
  const auto ask = [&](int t) {
    arrive(full[t & 1], sizeof tile[0]);
    load_bulk(tile[t & 1], in + t * 128, sizeof tile[0], full[t & 1]);
  };
  if (threadIdx.x == 0) {
    init(full[0], 1);
    init(full[1], 1);
    ask(0);
  }
  __syncthreads();
  for (int t = 0; t < tiles; ++t) {
    if (threadIdx.x == 0 && t + 1 < tiles) {
      wait_stores();  // of the tile before, from the buffer that is loaded next
      ask(t + 1);
    }
    wait(full[t & 1], static_cast<unsigned>(t / 2) & 1U);
    tile[t & 1][threadIdx.x] += 1;
    fence_bulk();
    __syncthreads();
    if (threadIdx.x == 0) {
      store_bulk(out + t * 128, tile[t & 1], sizeof tile[0]);
      commit_stores();
    }
  }
  if (threadIdx.x == 0) wait_stores();
}

template <class T>
__global__ void atomic_kernel(T* sum, T* least, T* most, T* last, T* claimed) {
  const auto mine = static_cast<T>(blockIdx.x * blockDim.x + threadIdx.x + 1);
  atomic_add(sum, mine);
  atomic_min(least, mine);
  atomic_max(most, mine);
  atomic_exchange(last, mine);
  if (atomic_load(sum) != 0) atomic_compare_exchange(claimed, T{0}, mine);
}

/// The last block to finish adds up what all blocks left: no second launch.
static __global__ void last_block_kernel(const unsigned* in, unsigned* partial, unsigned* done,
                                         unsigned* sum) {
  XENT_SHARED(scratch, BlockScratch<unsigned>);
  XENT_SHARED(is_last, bool);
  const unsigned total = reduce_block(in[blockIdx.x * blockDim.x + threadIdx.x], Plus(), 0U, scratch);
  if (threadIdx.x == 0) {
    partial[blockIdx.x] = total;
    __threadfence();
    is_last = atomic_add(done, 1U) == gridDim.x - 1;
    __threadfence();
  }
  __syncthreads();
  if (!is_last) return;
  const unsigned mine = threadIdx.x < gridDim.x ? partial[threadIdx.x] : 0;
  const unsigned all = reduce_block(mine, Plus(), 0U, scratch);
  if (threadIdx.x == 0) *sum = all;
}

/// x[b] is what block b leaves in a round: its number plus all blocks' of the round before, in 2 · blocks
/// places that take turns. Every thread of a block reads what the others' threads wrote.
static __global__ void grid_kernel(unsigned* x, unsigned* arrivals, int rounds) {
  XENT_SHARED(scratch, BlockScratch<unsigned>);
  GridBarrier barrier(arrivals);
  unsigned* now = x;
  unsigned* next = x + gridDim.x;
  for (int round = 0; round < rounds; ++round) {
    const unsigned mine = threadIdx.x < gridDim.x ? now[threadIdx.x] : 0;
    const unsigned all = reduce_block(mine, Plus(), 0U, scratch);
    if (threadIdx.x == blockDim.x - 1) next[blockIdx.x] = all + blockIdx.x;
    barrier.arrive();
    unsigned* const before = now;  // work that no other block looks at
    now = next;
    next = before;
    barrier.wait();
  }
}

template <class T>
__global__ void math_kernel(const T* in, T* out, int n) {
  XENT_DYNAMIC_SHARED(bytes);
  T* const staged = reinterpret_cast<T*>(bytes);
  for (int i = static_cast<int>(threadIdx.x); i < n; i += static_cast<int>(blockDim.x)) {
    staged[i] = in[i];
    out[5 * i] = exp2(staged[i]);
    out[5 * i + 1] = reciprocal(staged[i]);
    out[5 * i + 2] = log(staged[i]);
    out[5 * i + 3] = log1p(staged[i]);
    out[5 * i + 4] = fma(staged[i], staged[i], -staged[i]);
  }
}

}  // namespace xent::gpu
