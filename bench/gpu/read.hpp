// Reading memory and doing nothing with it: the limit for a kernel that writes little.
#pragma once

#include <cstdint>

namespace xent::bench {

constexpr std::int64_t kReadBytesPerChunk = 16;

/// Queues a kernel that reads so many chunks of 16 bytes. `sink` is device memory that is practically never
/// written; without it nothing would have to be read.
void launch_read(const void* from, std::int64_t chunks, unsigned* sink, unsigned grid, void* stream);

}  // namespace xent::bench
