// Tensors of networks and gradients, compared number by number.
#pragma once

#include <cstddef>
#include <vector>

#include "host/mlp/reference_backend.hpp"

namespace xent::mlp {

using Tensor = std::vector<double>;

/// Tensor `index` in the order fc1.weight, fc1.bias, fc2.weight …
const Parameter& parameter(const NetworkState& network, std::size_t index);
const Tensor& tensor(const std::vector<ReferenceBackend::Gradients>& gradients, std::size_t index);

bool finite(const NetworkState& network);
bool finite(const std::vector<ReferenceBackend::Gradients>& gradients);
bool same_bits(const NetworkState& a, const NetworkState& b);

double largest(const Tensor& x);  ///< magnitude
/// Largest difference, each less its slack (if any); NaN if one is.
double largest_difference(const Tensor& a, const Tensor& b, const Tensor* slack = nullptr);
/// Root of the sum of the squares, of x or of the differences.
double norm(const Tensor& x);
double distance(const Tensor& a, const Tensor& b);

/// difference ÷ scale, unless the scale is next to nothing.
double relative(double difference, double scale);

}  // namespace xent::mlp
