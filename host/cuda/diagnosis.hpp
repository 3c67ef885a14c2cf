// From what the driver says to one line for people.
#pragma once

#include <string>

namespace xent::cuda {

struct DriverFacts {
  int runtime = 0;  ///< CUDA version that the library was built with, as 1000 · major + 10 · minor
  int driver = 0;   ///< the newest that the driver supports; 0: no driver
  int devices = 0;
  std::string reason{};  ///< the runtime's own words if it could not be asked for more
  std::string device_name{};
  int compute_capability = 0;
  bool has_kernels = false;  ///< for the current device
};

/// Empty if all is well.
std::string diagnose(const DriverFacts& facts);

}  // namespace xent::cuda
