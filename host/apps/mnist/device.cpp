// Automatic is the CUDA device if there is one to use, else the CPU.
#include "host/apps/mnist/device.hpp"

#include <xent/device.hpp>
#include <xent/error.hpp>
#include <xent/parallel.hpp>

#include "host/apps/common/machine.hpp"
#include "host/apps/common/text.hpp"
#include "host/mlp/backend.hpp"

namespace xent::mnist {
namespace {

ChosenDevice cuda(int threads, mlp::StepPath steps) {
  return {.exec = {.device = Device::cuda, .threads = threads},
          .steps = steps,
          .line = apps::cat("CUDA: ", mlp::describe_cuda_device())};
}

/// `why` not something else, or nothing.
ChosenDevice cpu(int threads, const std::string& why) {
  return {.exec = {.device = Device::cpu, .threads = threads},
          .line = apps::cat("CPU: ", apps::processor(), ", ", std::to_string(threads),
                            threads == 1 ? " thread, " : " threads, ", apps::simd_in_use(),
                            why.empty() ? why : apps::cat(" (", why, ")"))};
}

}  // namespace

ChosenDevice choose_device(const MachineOptions& options) {
  const int threads = thread_count(options.threads);
  switch (options.device) {
    case DeviceChoice::reference:
      return {
          .exec = {.device = Device::reference, .threads = 1},
          .line = apps::cat("reference: double precision, textbook loops, 1 thread of ", apps::processor())};
    case DeviceChoice::cpu: return cpu(threads, {});
    case DeviceChoice::cuda:
    case DeviceChoice::automatic: break;
  }
  const std::string why = unavailable(Device::cuda);
  if (why.empty()) return cuda(threads, options.step_path);
  if (options.device == DeviceChoice::cuda) {
    throw Unsupported(apps::cat("--device cuda: ", why, "; use --device auto, cpu or reference"));
  }
  if (options.step_path != mlp::StepPath::automatic) {
    throw Unsupported(
        apps::cat("--cuda-steps ", mlp::name(options.step_path), ": ", why, "; use --cuda-steps auto"));
  }
  return cpu(threads, why);
}

}  // namespace xent::mnist
