// The plainest loops over memory there are, vectorised for the processor at hand: the machine's own limits.
#pragma once

#include <cstdint>

namespace xent::bench {

/// Sum of n floats, n a multiple of 1024; asks for memory `ahead` floats ahead of its use, 0 = leaves that
/// to the processor.
float read_floats(const float* from, std::int64_t n, std::int64_t ahead);

/// Copies n floats, n a multiple of 1024, both aligned to 64 bytes, with stores that pass the caches by.
void stream_floats(const float* from, float* to, std::int64_t n, std::int64_t ahead);

}  // namespace xent::bench
