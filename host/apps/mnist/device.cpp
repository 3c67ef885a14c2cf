// This build has the CPU and the reference; automatic is the CPU.
#include "host/apps/mnist/device.hpp"

#include <xent/error.hpp>
#include <xent/parallel.hpp>

#include "host/apps/common/machine.hpp"
#include "host/apps/common/text.hpp"

namespace xent::mnist {

ChosenDevice choose_device(const MachineOptions& options) {
  if (options.device == DeviceChoice::cuda) {
    throw Unsupported("--device cuda: this build has no CUDA backend; use --device auto, cpu or reference");
  }
  if (options.device == DeviceChoice::reference) {
    return {
        .exec = {.device = Device::reference, .threads = 1},
        .line = apps::cat("reference: double precision, textbook loops, 1 thread of ", apps::processor())};
  }
  const int threads = thread_count(options.threads);
  const char* why = options.device == DeviceChoice::automatic ? " (this build has no CUDA backend)" : "";
  return {.exec = {.device = Device::cpu, .threads = threads},
          .line = apps::cat("CPU: ", apps::processor(), ", ", std::to_string(threads),
                            threads == 1 ? " thread, " : " threads, ", apps::simd_in_use(), why)};
}

}  // namespace xent::mnist
