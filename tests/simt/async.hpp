// Asynchronous copies. Until somebody has waited as he must, their destination is poisoned and NaN.
#pragma once

#include "tests/simt/proxy.hpp"
#include "tests/simt/runtime.hpp"

namespace simt {

/// cp.async of 16 bytes, of which the last 16 - bytes are zero instead.
void copy_async(void* shared, const void* global, unsigned bytes, const Where& where);
void commit_copies();
/// Completes all groups but the last `keep` committed ones.
void wait_copies(unsigned keep);

void mbarrier_init(std::uint64_t* barrier, unsigned arrivals, const Where& where);
void mbarrier_arrive(std::uint64_t* barrier, std::uint32_t announced_bytes, const Where& where);
/// Whether the phase of this parity is over; if not, others get a turn and a load may land.
bool mbarrier_try_wait(std::uint64_t* barrier, unsigned parity, const Where& where);

void bulk_load(void* shared, const void* global, std::uint32_t bytes, std::uint64_t* barrier,
               const Where& where);
void bulk_store(void* global, const void* shared, std::uint32_t bytes, const Where& where);
void commit_stores();
void wait_stores(unsigned keep);

}  // namespace simt
