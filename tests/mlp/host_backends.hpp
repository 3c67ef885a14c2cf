// The backends on the host, which tests can give any samples.
#pragma once

#include <memory>

#include "host/mlp/host_backend.hpp"
#include "host/mlp/reference_backend.hpp"

namespace xent::mlp::test {

inline std::unique_ptr<HostBackend> host_backend(const Recipe& recipe, const data::Dataset& dataset,
                                                 Device device) {
  if (device == Device::reference) return std::make_unique<ReferenceBackend>(recipe, dataset);
  return make_cpu_backend(recipe, dataset, 2);
}

}  // namespace xent::mlp::test
