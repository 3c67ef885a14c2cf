// What the blocks of a cluster do together (sm_90 and later). Below, every block is a cluster of one and
// the same code runs: rank 0 of 1, the cluster's barrier is the block's, addresses map to themselves.
#pragma once

#include "kernels/primitives/portable.cuh"

namespace xent::gpu {

__device__ __forceinline__ unsigned cluster_rank() {
#ifndef __CUDACC__
  return simt::cluster_rank();
#elif XENT_HAS_SM90
  unsigned rank;
  asm("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
  return rank;
#else
  return 0;
#endif
}

__device__ __forceinline__ unsigned cluster_size() {
#ifndef __CUDACC__
  return simt::cluster_size();
#elif XENT_HAS_SM90
  unsigned size;
  asm("mov.u32 %0, %%cluster_nctarank;" : "=r"(size));
  return size;
#else
  return 1;
#endif
}

/// Which cluster of the grid this is, and of how many, in a grid of one dimension.
__device__ __forceinline__ unsigned cluster_id() {
#if defined(__CUDACC__) && XENT_HAS_SM90
  unsigned id;
  asm("mov.u32 %0, %%clusterid.x;" : "=r"(id));
  return id;
#else
  return blockIdx.x / cluster_size();
#endif
}
__device__ __forceinline__ unsigned cluster_count() {
#if defined(__CUDACC__) && XENT_HAS_SM90
  unsigned count;
  asm("mov.u32 %0, %%nclusterid.x;" : "=r"(count));
  return count;
#else
  return gridDim.x / cluster_size();
#endif
}

/// The barrier in two halves: what was written before arriving is seen after waiting. Every thread of the
/// cluster calls both, in turn.
__device__ __forceinline__ void cluster_arrive([[maybe_unused]] Where where = Where::current()) {
#ifndef __CUDACC__
  simt::arrive_at_cluster(where);
#elif XENT_HAS_SM90
  asm volatile("barrier.cluster.arrive.release;" ::: "memory");
#endif
}

__device__ __forceinline__ void cluster_wait([[maybe_unused]] Where where = Where::current()) {
#ifndef __CUDACC__
  simt::wait_for_cluster(where);
#elif XENT_HAS_SM90
  asm volatile("barrier.cluster.wait.acquire;" ::: "memory");
#else
  __syncthreads();
#endif
}

/// Needed before the first access to another block's shared memory, as the block may not have started,
/// and after the last, as it may otherwise be gone.
__device__ __forceinline__ void cluster_sync(Where where = Where::current()) {
  cluster_arrive(where);
  cluster_wait(where);
}

/// Where the object of the caller's shared memory lies in that of the block of this rank.
template <class T>
__device__ __forceinline__ T* map_shared(T* own, unsigned rank,
                                         [[maybe_unused]] Where where = Where::current()) {
#ifndef __CUDACC__
  return static_cast<T*>(simt::map_shared(own, rank, where));
#elif XENT_HAS_SM90
  std::uint64_t address;
  asm("mapa.u64 %0, %1, %2;" : "=l"(address) : "l"(reinterpret_cast<std::uint64_t>(own)), "r"(rank));
  return reinterpret_cast<T*>(address);
#else
  return rank == 0 ? own : nullptr;
#endif
}

}  // namespace xent::gpu
