// The backends on the host, which tests can give any samples.
#pragma once

#include <memory>

#include "host/mlp/cpu_backend.hpp"
#include "host/mlp/reference_backend.hpp"

namespace xent::mlp::test {

inline std::unique_ptr<HostBackend> host_backend(const Recipe& recipe, const data::Dataset& dataset,
                                                 Device device) {
  if (device == Device::reference) return std::make_unique<ReferenceBackend>(recipe, dataset);
  return std::make_unique<CpuBackend>(recipe, dataset, 2);
}

}  // namespace xent::mlp::test
