// Something that can be measured on a GPU, and how it is timed.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "host/cuda/runtime.hpp"

namespace xent::bench {

/// How calls are queued. All but `call` are timed by the device.
enum class Mode : std::uint8_t {
  graph,   ///< a recorded graph of many calls: what the device needs
  stream,  ///< one by one, as many: what the host needs, where that is longer
  call,    ///< one, and its end waited for: what somebody sees who needs the result
};

struct GpuWork {
  /// Queued before each launch and not timed; may be empty.
  std::function<void()> before{};
  /// Queues `calls` calls; with Mode::call also waits.
  std::function<void()> launch{};
  std::int64_t calls = 1;
  double bytes = 0.0;     ///< that one call must move at the least
  std::int64_t sets = 1;  ///< of buffers that the calls use in turn
  bool cold = true;       ///< the sets together exceed the second-level cache: every call reads from memory
  bool timed_by_host = false;
  std::string plan{};
  double operations = 0.0;  ///< of a call that is all arithmetic
  std::string remark{};
};

/// Of so many launches, after `warm` that nobody times.
double seconds_of(const GpuWork& work, std::int64_t launches, std::int64_t warm, cuda::Stream stream);

std::optional<Mode> mode_from(const std::string& text);

/// Reads memory, or copies it (1 read + 1 write) as cudaMemcpy does: many times the second-level cache.
GpuWork read_limit(cuda::Stream stream);
GpuWork copy_limit(cuda::Stream stream);

}  // namespace xent::bench
