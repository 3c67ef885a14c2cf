// Where and how a call runs.
#pragma once

#include <cstddef>
#include <cstdint>

namespace xent {

enum class Device : std::uint8_t {
  cpu,        ///< SIMD and threads.
  reference,  ///< Textbook loops in double precision on one thread: the judge of all others. Slow.
  cuda,       ///< Kernels on the current CUDA device, in the order of a stream.
};

constexpr const char* name(Device device) {
  switch (device) {
    case Device::cpu: return "cpu";
    case Device::reference: return "reference";
    case Device::cuda: return "cuda";
  }
  return "invalid";
}

/// Memory of the caller's for a call's intermediate results; see workspace_bytes in device.hpp.
struct Workspace {
  void* data = nullptr;
  std::size_t bytes = 0;
};

/// With Device::cuda every view, count and workspace names memory that the device can use; the call only
/// queues work on the stream and returns. It allocates nothing and waits for nothing, so it can be captured
/// into a CUDA graph. Labels are not known before the work runs: see check() in device.hpp.
struct Exec {
  Device device = Device::cpu;
  /// CPU threads, the caller's included; 0 = all that the process may run on, 1024 at most. Results do not
  /// depend on it (in the default floating-point environment: worker threads keep that one).
  int threads = 0;
  /// A CUDA stream of the current device; null is the default one. Calls on one stream may share a workspace.
  void* stream = nullptr;
  /// Device memory, zeroed once before its first use; 64-byte aligned.
  Workspace workspace{};
};

}  // namespace xent
