// Where test buffers lie. Programs that test a device link a source of their own for these two.
#pragma once

#include <cstddef>

namespace xent::testing {

/// 64-byte aligned, exactly as long as asked for, readable by host and device.
std::byte* acquire_memory(std::size_t bytes);
void release_memory(std::byte* memory, std::size_t bytes);

}  // namespace xent::testing
