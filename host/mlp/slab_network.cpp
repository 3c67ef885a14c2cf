// From PyTorch's order of the weights to that of the slabs, and back.
#include "host/mlp/slab_network.hpp"

#include <algorithm>

namespace xent::mlp {

AlignedFloats aligned_floats(std::int64_t n) {
  const auto size = static_cast<std::size_t>(n);
  AlignedFloats floats = hwy::AllocateAligned<float>(size);
  if (!floats) throw std::bad_alloc();
  std::fill_n(floats.get(), size, 0.0F);
  return floats;
}

/// Number i of the state goes to place(i).
template <class Place>
SlabNetwork::Tensor SlabNetwork::tensor(const Parameter& from, std::int64_t size, const Place& place) {
  const auto floats = [&](const std::vector<double>& numbers) {
    AlignedFloats to = aligned_floats(size);
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      to[static_cast<std::size_t>(place(static_cast<std::int64_t>(i)))] = static_cast<float>(numbers[i]);
    }
    return to;
  };
  return {floats(from.value), floats(from.moment1),
          from.moment2.empty() ? AlignedFloats() : floats(from.moment2)};
}

template <class Place>
Parameter SlabNetwork::parameter(const Tensor& from, std::int64_t count, const Place& place) {
  const auto doubles = [&](const AlignedFloats& floats) {
    std::vector<double> to(floats ? static_cast<std::size_t>(count) : 0);
    for (std::size_t i = 0; i < to.size(); ++i) {
      to[i] = floats[static_cast<std::size_t>(place(static_cast<std::int64_t>(i)))];
    }
    return to;
  };
  return {doubles(from.value), doubles(from.moment1), doubles(from.moment2)};
}

auto SlabNetwork::input_weight_place() const {
  return [inputs = inputs_](std::int64_t i) {
    const std::int64_t unit = i / inputs;
    return (unit / kSlab * inputs + i % inputs) * kSlab + unit % kSlab;
  };
}

auto SlabNetwork::output_weight_place() const {
  return [hidden = hidden_, classes = classes_](std::int64_t i) {
    const std::int64_t unit = i % hidden;
    return (unit / kSlab * classes + i / hidden) * kSlab + unit % kSlab;
  };
}

namespace {
constexpr auto kSamePlace = [](std::int64_t i) { return i; };
}

SlabNetwork::SlabNetwork(const NetworkState& state)
    : inputs_(state[0].inputs), hidden_(state[0].outputs), classes_(state[1].outputs) {
  const std::int64_t units = slabs() * kSlab;
  input_weight_ = tensor(state[0].weight, units * inputs_, input_weight_place());
  hidden_bias_ = tensor(state[0].bias, units, kSamePlace);
  output_weight_ = tensor(state[1].weight, units * classes_, output_weight_place());
  output_bias_ = tensor(state[1].bias, classes_, kSamePlace);
}

NetworkState SlabNetwork::state() const {
  return {{.inputs = inputs_,
           .outputs = hidden_,
           .weight = parameter(input_weight_, inputs_ * hidden_, input_weight_place()),
           .bias = parameter(hidden_bias_, hidden_, kSamePlace)},
          {.inputs = hidden_,
           .outputs = classes_,
           .weight = parameter(output_weight_, hidden_ * classes_, output_weight_place()),
           .bias = parameter(output_bias_, classes_, kSamePlace)}};
}

}  // namespace xent::mlp
