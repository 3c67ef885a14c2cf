// The life of a block's shared memory. Closed, it is poisoned (AddressSanitizer) and all NaN.
#pragma once

#include "tests/simt/machine.hpp"

namespace simt {

std::byte* map_arena();
void unmap_arena(std::byte* arena);

/// For the next block, which does not run yet.
void renew_arena(Block& block);
/// When the block's first thread runs: only then may others of the cluster touch it.
void open_arena(Block& block);
/// When its last thread is gone.
void close_arena(Block& block);

unsigned declaration_count();

}  // namespace simt
