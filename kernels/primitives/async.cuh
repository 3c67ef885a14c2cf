// Copies that go on while the thread does something else.
//   copy_async, commit_copies, wait_copies      16 bytes to shared memory by each thread (before sm_80 it is
//                                               an ordinary copy)
//   load_bulk with an Mbarrier                  a long run to shared memory, asked for by one thread (sm_90)
//   store_bulk, commit_stores, wait_stores      a long run from shared memory (sm_90)
// What needs sm_90 compiles for older devices, where calling it traps. A thread has waited for all its
// copies before it exits.
#pragma once

#include "kernels/primitives/memory.cuh"

#ifndef __CUDACC__
#include "tests/simt/async.hpp"
#endif

namespace xent::gpu {

#ifdef __CUDACC__
__device__ __forceinline__ unsigned shared_address(const void* p) {
  return static_cast<unsigned>(__cvta_generic_to_shared(p));
}
#endif

/// Copies 16 bytes to shared memory, of which the last 16 - bytes become zero instead of being read. The
/// caller sees them after wait_copies, other threads after a barrier as well.
__device__ __forceinline__ void copy_async(void* shared, const void* global, unsigned bytes = 16,
                                           [[maybe_unused]] Where where = Where::current()) {
#ifndef __CUDACC__
  simt::copy_async(shared, global, bytes, where);
#elif !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(shared)), "l"(global),
               "r"(bytes)
               : "memory");
#else
  uint4 raw = {0, 0, 0, 0};
  if (bytes == 16) {
    raw = __ldcs(static_cast<const uint4*>(global));
  } else {
    memcpy(&raw, global, bytes);
  }
  *static_cast<uint4*>(shared) = raw;
#endif
}

__device__ __forceinline__ void commit_copies() {
#ifndef __CUDACC__
  simt::commit_copies();
#elif !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
  asm volatile("cp.async.commit_group;" ::: "memory");
#endif
}

/// Waits for the caller's committed groups but the last kKeep.
template <int kKeep = 0>
__device__ __forceinline__ void wait_copies() {
#ifndef __CUDACC__
  simt::wait_copies(kKeep);
#elif !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
  asm volatile("cp.async.wait_group %0;" ::"n"(kKeep) : "memory");
#endif
}

/// In shared memory: counts arrivals and landed bytes, phase after phase; the first phase has parity 0.
struct Mbarrier {
  std::uint64_t word;
};

#if defined(__CUDACC__) && !XENT_HAS_SM90
#define XENT_SM90(...) __trap()
#else
#define XENT_SM90(...) __VA_ARGS__
#endif

/// By one thread, before a barrier that all pass who use it.
__device__ __forceinline__ void init(Mbarrier& barrier, unsigned arrivals,
                                     [[maybe_unused]] Where where = Where::current()) {
#ifndef __CUDACC__
  simt::mbarrier_init(&barrier.word, arrivals, where);
#else
  XENT_SM90(
      asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;\n\tfence.mbarrier_init.release.cluster;\n\t"
                   "fence.proxy.async.shared::cta;" ::"r"(shared_address(&barrier)),
                   "r"(arrivals)
                   : "memory"));
#endif
}

/// One arrival, which also announces so many bytes of bulk loads: the phase lasts until they have landed.
__device__ __forceinline__ void arrive(Mbarrier& barrier, std::uint32_t announced_bytes = 0,
                                       [[maybe_unused]] Where where = Where::current()) {
#ifndef __CUDACC__
  simt::mbarrier_arrive(&barrier.word, announced_bytes, where);
#else
  XENT_SM90(
      asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(shared_address(&barrier)),
                   "r"(announced_bytes)
                   : "memory"));
#endif
}

/// Waits until the phase of this parity is over; what landed in it is then the caller's to read.
__device__ __forceinline__ void wait(Mbarrier& barrier, unsigned parity,
                                     [[maybe_unused]] Where where = Where::current()) {
#ifndef __CUDACC__
  while (!simt::mbarrier_try_wait(&barrier.word, parity, where)) {
  }
#else
  XENT_SM90(
      asm volatile("{\n\t.reg .pred over;\n\t"
                   "again: mbarrier.try_wait.parity.shared::cta.b64 over, [%0], %1;\n\t"
                   "@!over bra again;\n\t}" ::"r"(shared_address(&barrier)),
                   "r"(parity)
                   : "memory"));
#endif
}

/// Size and addresses are multiples of 16. The bytes were, or will be, announced by an arrival at the
/// barrier.
__device__ __forceinline__ void load_bulk(void* shared, const void* global, std::uint32_t bytes,
                                          Mbarrier& barrier,
                                          [[maybe_unused]] Where where = Where::current()) {
#ifndef __CUDACC__
  simt::bulk_load(shared, global, bytes, &barrier.word, where);
#else
  XENT_SM90(asm volatile(
      "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];" ::"r"(
          shared_address(shared)),
      "l"(global), "r"(bytes), "r"(shared_address(&barrier))
      : "memory"));
#endif
}

/// Makes what the caller stored to shared memory visible to bulk copies that are asked for after a barrier.
__device__ __forceinline__ void fence_bulk() {
#ifndef __CUDACC__
  simt::fence_bulk();
#else
  XENT_SM90(asm volatile("fence.proxy.async.shared::cta;" ::: "memory"));
#endif
}

__device__ __forceinline__ void store_bulk(void* global, const void* shared, std::uint32_t bytes,
                                           [[maybe_unused]] Where where = Where::current()) {
#ifndef __CUDACC__
  simt::bulk_store(global, shared, bytes, where);
#else
  XENT_SM90(asm volatile("cp.async.bulk.global.shared::cta.bulk_group [%0], [%1], %2;" ::"l"(global),
                         "r"(shared_address(shared)), "r"(bytes)
                         : "memory"));
#endif
}

__device__ __forceinline__ void commit_stores() {
#ifndef __CUDACC__
  simt::commit_stores();
#else
  XENT_SM90(asm volatile("cp.async.bulk.commit_group;" ::: "memory"));
#endif
}

/// Waits for the caller's stores but the last kKeep groups: the shared memory is free, the bytes are out.
template <int kKeep = 0>
__device__ __forceinline__ void wait_stores() {
#ifndef __CUDACC__
  simt::wait_stores(kKeep);
#else
  XENT_SM90(asm volatile("cp.async.bulk.wait_group %0;" ::"n"(kKeep) : "memory"));
#endif
}

#undef XENT_SM90

}  // namespace xent::gpu
