// Splitting work into blocks whose bounds depend on the shape alone, run by the library's threads.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>

#include <xent/parallel.hpp>

namespace xent::mlp {

/// Below this many operations, waking threads costs more than it saves.
constexpr std::int64_t kParallelWork = 1 << 20;

/// body(begin, end) for consecutive blocks of at most `block` in [0, n); `work` is the operations in all.
/// Every thread count runs the very same calls, so results do not depend on it.
template <class Body>
void for_blocks(std::int64_t n, std::int64_t block, std::int64_t work, int threads, const Body& body) {
  const auto run = [&](std::int64_t i) { body(i * block, std::min(n, (i + 1) * block)); };
  const std::int64_t tasks = (n + block - 1) / block;
  if (work < kParallelWork || tasks < 2) {
    for (std::int64_t i = 0; i < tasks; ++i) run(i);
  } else {
    parallel_for(tasks, threads, std::cref(run));  // by reference: a copy would allocate
  }
}

}  // namespace xent::mlp
