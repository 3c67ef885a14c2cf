// The limits of the machine: how fast threads can read memory, and copy it.
#pragma once

#include "bench/workload.hpp"

namespace xent::bench {

/// Reads 256 MiB, with or without asking for memory ahead of its use: whichever was faster in a short trial,
/// named in the remark.
Workload read_limit(int threads);

/// Copies 128 MiB to another 128 MiB (1 read + 1 write): the fastest of memcpy and of stores past the
/// caches, these with or without asking for memory ahead.
Workload copy_limit(int threads);

}  // namespace xent::bench
