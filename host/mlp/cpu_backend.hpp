// The CPU backend for networks of any depth: f32, SIMD and threads; its bits do not depend on the number of
// threads.
#pragma once

#include <vector>

#include "host/mlp/cpu_network.hpp"
#include "host/mlp/host_backend.hpp"

namespace xent::mlp {

class CpuBackend final : public HostBackend {
 public:
  CpuBackend(const Recipe& recipe, const data::Dataset& train, int threads);

  BatchResult train_batch(const Batch& batch, double lr) override;
  void logits(const std::uint8_t* pixels, std::int64_t count, float* out) const override;
  NetworkState state() const override;
  void set_state(const NetworkState& state) override;
  DType dtype() const override { return DType::f32; }

 private:
  void gather(const Batch& batch);
  void forward_batch(const Batch& batch);
  void drop(double probability, const Batch& batch, std::size_t layer);
  void backward(const Batch& batch, double lr);

  Recipe recipe_;
  const data::Dataset* train_;
  int threads_;
  std::vector<CpuLayer> layers_;
  // Reused by every step: activations_[l] enters layer l, the last holds the logits; deltas_[l] is the
  // loss's gradient by activations_[l].
  std::vector<std::vector<float>> activations_;
  std::vector<std::vector<float>> deltas_;
  std::vector<std::uint8_t> labels_;
};

}  // namespace xent::mlp
