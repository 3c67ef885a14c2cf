// Stacks of fibers.
#pragma once

#include <cstddef>

#include "tests/simt/context.hpp"

namespace simt {

std::size_t default_stack_bytes();

/// Number `n`'s stack. Its end is displaced by a few cache lines, differently for neighbours: stacks at
/// the same distance from a page's start would all compete for the same few cache sets.
void map_stack(Context& context, std::size_t bytes, std::size_t n);
void unmap_stack(Context& context, std::size_t bytes);

/// The OS thread's own, which AddressSanitizer wants to know when it is switched back to.
void describe_own_stack(Context& context);

}  // namespace simt
