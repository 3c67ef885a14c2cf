// The device that the emulated CUDA backend believes it has. Multiprocessors are few, so that grids wrap.
#pragma once

#include <cstdint>

#include "host/plan/gpu_plan.hpp"

namespace xent::testing {

/// With clusters and much shared memory, as sm_90.
inline constexpr plan::DeviceProperties kLargeDevice{.compute_capability = 90,
                                                     .multiprocessors = 2,
                                                     .threads_per_multiprocessor = 2048,
                                                     .shared_per_multiprocessor = 228U << 10U,
                                                     .shared_per_block = 227U << 10U};
/// As sm_75: no clusters, and rows soon outgrow its shared memory.
inline constexpr plan::DeviceProperties kSmallDevice{.compute_capability = 75,
                                                     .multiprocessors = 1,
                                                     .threads_per_multiprocessor = 1024,
                                                     .shared_per_multiprocessor = 64U << 10U,
                                                     .shared_per_block = 64U << 10U};

/// Within its scope the backend plans for this device.
class EmulatedDevice {
 public:
  explicit EmulatedDevice(const plan::DeviceProperties& device);
  ~EmulatedDevice();
  EmulatedDevice(const EmulatedDevice&) = delete;
  EmulatedDevice& operator=(const EmulatedDevice&) = delete;

 private:
  plan::DeviceProperties before_;
};

/// Of this process so far.
std::int64_t graph_launches();

/// Within its scope the backend plans by these.
class EmulatedThresholds {
 public:
  explicit EmulatedThresholds(const plan::GpuThresholds& thresholds);
  ~EmulatedThresholds();
  EmulatedThresholds(const EmulatedThresholds&) = delete;
  EmulatedThresholds& operator=(const EmulatedThresholds&) = delete;

 private:
  plan::GpuThresholds before_;
};

}  // namespace xent::testing
