// The network by its definition: textbook loops in double, one thread. The judge of the other backends.
#pragma once

#include <vector>

#include "host/mlp/host_backend.hpp"
#include "host/mlp/update_rule.hpp"

namespace xent::mlp {

/// One optimizer step of one tensor by its formula, moments and all.
void apply_update(const UpdateRule& rule, Parameter& parameter, const std::vector<double>& gradient);

class ReferenceBackend final : public HostBackend {
 public:
  ReferenceBackend(const Recipe& recipe, const data::Dataset& train);

  BatchResult train_batch(const Batch& batch, double lr) override;
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

  using Matrix = std::vector<double>;  ///< rows × features, row-major
  /// All that a forward and a backward pass work out. Entry l of each list belongs to what enters layer l,
  /// the last to the logits.
  struct Pass {
    BatchResult result{};
    std::vector<Matrix> activations{};   ///< the inputs first
    std::vector<Matrix> sums{};          ///< W·x + b, before ReLU and dropout; the first is empty
    std::vector<Matrix> deltas{};        ///< ∂loss/∂activations; the first is empty
    std::vector<Gradients> gradients{};  ///< of each layer
  };
  Pass pass(const Batch& batch) const;

 private:
  Matrix inputs(const Batch& batch) const;
  /// Fills activations; with a batch, under its dropout, and sums too.
  void forward(Matrix input, const Batch* batch, Pass& pass) const;

  Recipe recipe_;
  const data::Dataset* train_;
  NetworkState layers_;
};

}  // namespace xent::mlp
