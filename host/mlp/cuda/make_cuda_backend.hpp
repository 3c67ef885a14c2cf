// The door to the CUDA backend. A build without CUDA has absent.cpp behind it.
#pragma once

#include <memory>

#include "host/mlp/backend.hpp"

namespace xent::mlp {

/// Only where unavailable(Device::cuda) is empty. On the current device. Throws OutOfMemory, and
/// Unsupported where steps are to be resident and cannot.
std::unique_ptr<Backend> make_cuda_backend(const Recipe& recipe, const data::Dataset& train, StepPath path);

}  // namespace xent::mlp
