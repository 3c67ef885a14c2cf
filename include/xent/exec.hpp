// Where and how a call runs.
#pragma once

#include <cstdint>

namespace xent {

enum class Device : std::uint8_t {
  cpu,        ///< SIMD and threads.
  reference,  ///< Textbook loops in double precision on one thread: the judge of all others. Slow.
  cuda,       ///< Not in this build yet: throws Unsupported.
};

constexpr const char* name(Device device) {
  switch (device) {
    case Device::cpu: return "cpu";
    case Device::reference: return "reference";
    case Device::cuda: return "cuda";
  }
  return "invalid";
}

struct Exec {
  Device device = Device::cpu;
  /// CPU threads, the caller's included; 0 = all that the process may run on, 1024 at most. Results do not
  /// depend on it (in the default floating-point environment: worker threads keep that one).
  int threads = 0;
};

}  // namespace xent
