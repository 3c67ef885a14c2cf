// From --device, --threads and --cuda-steps to where and how the library runs.
#pragma once

#include <string>

#include <xent/error.hpp>
#include <xent/exec.hpp>

#include "host/apps/common/text.hpp"
#include "host/apps/mnist/options.hpp"
#include "host/mlp/step_path.hpp"

namespace xent::mnist {

struct ChosenDevice {
  Exec exec{};  ///< threads as a number, never 0
  mlp::StepPath steps = mlp::StepPath::automatic;
  std::string line{};  ///< for people: what was found and what is used
};

/// Throws Unsupported for a device that cannot be used, with the reason.
ChosenDevice choose_device(const MachineOptions& options);

/// What make() returns; a way to step that the device turns out not to have is blamed on --cuda-steps.
template <class Make>
auto blaming_steps(const ChosenDevice& device, const Make& make) {
  try {
    return make();
  } catch (const Unsupported& error) {
    if (device.steps == mlp::StepPath::automatic) throw;
    throw Unsupported(apps::cat("--cuda-steps: ", error.what(), "; use --cuda-steps auto, graph or stream"));
  }
}

}  // namespace xent::mnist
