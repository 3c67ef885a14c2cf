// From --device and --threads to where the library runs.
#pragma once

#include <string>

#include <xent/exec.hpp>

#include "host/apps/mnist/options.hpp"

namespace xent::mnist {

struct ChosenDevice {
  Exec exec{};         ///< threads as a number, never 0
  std::string line{};  ///< for people: what was found and what is used
};

/// Throws Unsupported for a device that cannot be used, with the reason.
ChosenDevice choose_device(const MachineOptions& options);

}  // namespace xent::mnist
