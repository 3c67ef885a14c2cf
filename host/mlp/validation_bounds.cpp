#include "host/mlp/validation_bounds.hpp"

#include <algorithm>
#include <cmath>

namespace xent::mlp {
namespace {

using Matrix = ReferenceBackend::Matrix;

std::size_t size(std::int64_t n) { return static_cast<std::size_t>(n); }

double unit_roundoff(DType arithmetic) { return arithmetic == DType::f64 ? 0x1p-53 : 0x1p-24; }

double largest(const Matrix& x) {
  double result = 0.0;
  for (const double value : x) result = std::max(result, std::abs(value));
  return result;
}

std::size_t rows_of(const ReferenceBackend::Pass& pass, const NetworkState& network) {
  return pass.activations.front().size() / size(network.front().inputs);
}

double root_of_longest_sum(const ReferenceBackend::Pass& pass, const NetworkState& network) {
  std::size_t n = rows_of(pass, network);
  for (const LayerState& layer : network) n = std::max({n, size(layer.inputs), size(layer.outputs)});
  return std::sqrt(static_cast<double>(n));
}

/// What the uncertainty of ∂loss/∂(W·x + b) makes uncertain in the layer's own gradients; most of it is zero.
ReferenceBackend::Gradients layer_slack(const LayerState& layer, const Matrix& x, const Matrix& uncertain) {
  const std::size_t inputs = size(layer.inputs);
  const std::size_t outputs = size(layer.outputs);
  ReferenceBackend::Gradients slack{.weight = Matrix(inputs * outputs), .bias = Matrix(outputs)};
  for (std::size_t at = 0; at < uncertain.size(); ++at) {
    if (uncertain[at] == 0.0) continue;
    const std::size_t row = at / outputs;
    const std::size_t unit = at % outputs;
    slack.bias[unit] += uncertain[at];
    for (std::size_t i = 0; i < inputs; ++i) {
      slack.weight[unit * inputs + i] += uncertain[at] * std::abs(x[row * inputs + i]);
    }
  }
  return slack;
}

/// And in ∂loss/∂x.
Matrix input_slack(const LayerState& layer, std::size_t rows, const Matrix& uncertain) {
  const std::size_t inputs = size(layer.inputs);
  const std::size_t outputs = size(layer.outputs);
  Matrix slack(rows * inputs);
  for (std::size_t at = 0; at < uncertain.size(); ++at) {
    if (uncertain[at] == 0.0) continue;
    for (std::size_t i = 0; i < inputs; ++i) {
      slack[at / outputs * inputs + i] +=
          uncertain[at] * std::abs(layer.weight.value[at % outputs * inputs + i]);
    }
  }
  return slack;
}

}  // namespace

ValidationBounds validation_bounds(DType arithmetic, const ReferenceBackend::Pass& pass,
                                   const NetworkState& network) {
  double largest_sum = 0.0;
  for (const Matrix& sums : pass.sums) largest_sum = std::max(largest_sum, largest(sums));
  const double u = unit_roundoff(arithmetic);
  const double products = 4.0 * u * root_of_longest_sum(pass, network) * (1.0 + largest_sum);
  return {.loss = products, .gradient = products, .update = 16.0 * u};
}

std::vector<ReferenceBackend::Gradients> kink_slack(DType arithmetic, const Recipe& recipe,
                                                    const ReferenceBackend::Pass& pass,
                                                    const NetworkState& network) {
  const std::size_t rows = rows_of(pass, network);
  const double relative_margin = 2.0 * unit_roundoff(arithmetic) * root_of_longest_sum(pass, network);
  std::vector<ReferenceBackend::Gradients> slack(network.size());
  Matrix uncertain(
      pass.activations.back().size());  // of ∂loss/∂sums above the layer; the logits have no kink
  for (std::size_t l = network.size(); l-- > 0;) {
    slack[l] = layer_slack(network[l], pass.activations[l], uncertain);
    if (l == 0) break;
    uncertain = input_slack(network[l], rows, uncertain);
    const double margin = relative_margin * largest(pass.sums[l]);
    for (std::size_t i = 0; i < uncertain.size(); ++i) {
      const bool at_kink = std::abs(pass.sums[l][i]) <= margin;
      if (at_kink) uncertain[i] += std::abs(pass.deltas[l][i]);
      const bool silent = pass.activations[l][i] <= 0.0 && !at_kink;
      uncertain[i] = silent ? 0.0 : uncertain[i] / (1.0 - recipe.dropout);
    }
  }
  return slack;
}

}  // namespace xent::mlp
