// Bulk copies reach shared memory by a way of their own: what threads stored there they see only after a
// fence. Who stored what is not known, stores being plain C++; that bytes have changed is seen at the next
// barrier.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>

#include "tests/simt/where.hpp"

namespace simt {

struct Block;

/// 16 bytes of shared memory that bulk copies have to do with.
struct ProxyUnit {
  std::array<std::byte, 16> seen;
  std::uint32_t stored = 0;  // when they were seen to have changed; 0: not since a bulk copy
};

/// Of a block. Time counts from 1, a barrier at a time.
struct ProxyWatch {
  std::map<const std::byte*, ProxyUnit> units;
  std::uint32_t now = 1;
};

/// Threads of the block have met.
void pass_barrier(Block& block);
/// The running thread's fence.
void fence_bulk();
/// Before a bulk copy: all threads of the block must have fenced since these bytes changed.
void require_fenced(const void* shared, std::size_t bytes, const Where& where);
/// A bulk copy has written them, or is going to.
void settle(const void* shared, std::size_t bytes);

}  // namespace simt
