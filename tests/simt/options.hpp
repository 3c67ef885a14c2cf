// How launches run: the order of threads, the seed that replays it, and the limits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>

namespace simt {

/// A launch that could not be made or went wrong; the message says who waits where and how to replay it.
struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

enum class Schedule : std::uint8_t {
  fifo,         ///< in order of index, the same for every seed
  sticky,       ///< a warp runs until it blocks; its lanes, and the warps, in random order
  uniform,      ///< any runnable thread is next
  starve_lane,  ///< one lane of every warp runs only when nothing else can
  starve_warp,  ///< one warp runs only when nothing else can
  mixed,        ///< each block draws one of the above
};

struct Options {
  Schedule schedule = Schedule::mixed;
  std::uint64_t seed = 1;
  unsigned threads = 1;         ///< OS threads; each runs a block (or cluster) at a time
  unsigned yield_one_in = 0;    ///< memory primitives give way once in so many times; 0 is never
  std::size_t stack_bytes = 0;  ///< per thread; 0 is 64 KiB, more under a sanitizer
  std::size_t shared_limit = 227U << 10U;
  std::uint64_t spin_limit = 200'000;
};

/// The defaults with SIMT_SCHEDULE, SIMT_SEED, SIMT_THREADS and SIMT_YIELD applied.
Options environment_options();

/// What launches of this process use; starts as the above.
Options& options();

std::string name(Schedule schedule);

/// Runs the body under fifo and under so many seeds of the mixed schedule; only under the environment's
/// choice if it makes one. The options are as before afterwards.
void for_each_schedule(unsigned seeds, const std::function<void()>& body);

}  // namespace simt
