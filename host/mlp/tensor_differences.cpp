#include "host/mlp/tensor_differences.hpp"

#include <algorithm>
#include <cmath>

namespace xent::mlp {
namespace {

using Gradients = ReferenceBackend::Gradients;

// What a tensor's differences are divided by at least: the CPU makes zeros of numbers below 2^-100, and a
// tensor of nothing else would be all wrong.
constexpr double kSmallest = 0x1p-80;

bool finite(const Tensor& x) {
  return std::ranges::all_of(x, [](double value) { return std::isfinite(value); });
}
bool finite(const Parameter& one) { return finite(one.value) && finite(one.moment1) && finite(one.moment2); }

}  // namespace

const Parameter& parameter(const NetworkState& network, std::size_t index) {
  return index % 2 == 0 ? network[index / 2].weight : network[index / 2].bias;
}

const Tensor& tensor(const std::vector<Gradients>& gradients, std::size_t index) {
  return index % 2 == 0 ? gradients[index / 2].weight : gradients[index / 2].bias;
}

bool finite(const NetworkState& network) {
  return std::ranges::all_of(
      network, [](const LayerState& layer) { return finite(layer.weight) && finite(layer.bias); });
}
bool finite(const std::vector<Gradients>& gradients) {
  return std::ranges::all_of(
      gradients, [](const Gradients& layer) { return finite(layer.weight) && finite(layer.bias); });
}

bool same_bits(const NetworkState& a, const NetworkState& b) {
  bool same = true;
  for (std::size_t i = 0; i < 2 * a.size(); ++i) {
    const Parameter& one = parameter(a, i);
    const Parameter& other = parameter(b, i);
    same = same && one.value == other.value && one.moment1 == other.moment1 && one.moment2 == other.moment2;
  }
  return same;
}

double largest(const Tensor& x) {
  double result = 0.0;
  for (const double value : x) result = std::max(result, std::abs(value));
  return result;
}

double largest_difference(const Tensor& a, const Tensor& b, const Tensor* slack) {
  double result = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double difference = std::abs(a[i] - b[i]) - (slack != nullptr ? (*slack)[i] : 0.0);
    if (!(difference <= result)) result = difference;
    if (std::isnan(result)) break;
  }
  return result;
}

double relative(double difference, double scale) { return difference / std::max(scale, kSmallest); }

double norm(const Tensor& x) {
  double squares = 0.0;
  for (const double value : x) squares += value * value;
  return std::sqrt(squares);
}

double distance(const Tensor& a, const Tensor& b) {
  double squares = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) squares += (a[i] - b[i]) * (a[i] - b[i]);
  return std::sqrt(squares);
}

}  // namespace xent::mlp
