// The life of a block's shared memory. Closed, it is poisoned (AddressSanitizer) and all NaN.
#pragma once

#include "tests/simt/machine.hpp"

namespace simt {

std::byte* map_arena();
void unmap_arena(std::byte* arena);

/// When the block's first thread runs: only then may others of the cluster touch it.
void open_arena(Block& block);
/// Before the first block, and when a block's last thread is gone.
void close_arena(Block& block);

unsigned declaration_count();

}  // namespace simt
