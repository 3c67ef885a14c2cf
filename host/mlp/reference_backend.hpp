// The network by its definition: textbook loops in double, one thread. The judge of the other backends.
#pragma once

#include <vector>

#include "host/mlp/backend.hpp"
#include "host/mlp/update_rule.hpp"

namespace xent::mlp {

class ReferenceBackend final : public Backend {
 public:
  ReferenceBackend(const Recipe& recipe, const data::Dataset& train);

  BatchResult train(const Batch& batch, double lr) override;
  void logits(const std::uint8_t* pixels, std::int64_t count, float* out) const override;
  NetworkState state() const override { return layers_; }
  void set_state(const NetworkState& state) override { layers_ = state; }
  DType dtype() const override { return DType::f64; }

  struct Gradients {
    std::vector<double> weight{};
    std::vector<double> bias{};
  };
  /// Mean loss of the batch and its gradient by every parameter, layer by layer; changes nothing.
  BatchResult gradients(const Batch& batch, std::vector<Gradients>& out) const;

 private:
  using Matrix = std::vector<double>;  // rows × features, row-major

  Matrix inputs(const Batch& batch) const;
  /// All activations from the inputs to the logits; with a batch, under its dropout.
  std::vector<Matrix> forward(Matrix input, const Batch* batch) const;

  Recipe recipe_;
  const data::Dataset* train_;
  NetworkState layers_;
};

}  // namespace xent::mlp
