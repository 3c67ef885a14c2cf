// The CPU backend of networks with one hidden layer. Its hidden units are split into slabs, which meet only
// where the logits are summed up: so a step wakes the threads twice, and a slab's gradient is used up in
// registers.
#pragma once

#include <vector>

#include "host/mlp/host_backend.hpp"
#include "host/mlp/idle_pixels.hpp"
#include "host/mlp/pixel_batch.hpp"
#include "host/mlp/slab_network.hpp"

namespace xent::mlp {

class SlabBackend final : public HostBackend {
 public:
  static bool serves(const Recipe& recipe) { return recipe.layers.size() == 3; }

  /// Only for recipes that it serves.
  SlabBackend(const Recipe& recipe, const data::Dataset& train, int threads);

  BatchResult train_batch(const Batch& batch, double lr) override;
  void logits(const std::uint8_t* pixels, std::int64_t count, float* out) const override;
  NetworkState state() const override;
  void set_state(const NetworkState& state) override;
  DType dtype() const override { return DType::f32; }

 private:
  std::int64_t classes() const { return recipe_.layers.back(); }
  void forward(const Batch& batch);
  void drop_hidden(const Batch& batch, std::int64_t slab, float* hidden) const;
  void backward(const UpdateRuleF32& rule, const LogitGradient& gradient);
  void settle() const;

  Recipe recipe_;
  const data::Dataset* train_;
  int threads_;
  SlabNetwork network_{};
  mutable IdlePixels idle_;  // weights that lag behind until somebody looks at them
  PixelBatch batch_;
  // Reused by every step; per slab, but for the last three.
  AlignedFloats hidden_;   // rows × kSlab
  AlignedFloats partial_;  // rows × classes: the slab's share of the logits
  std::vector<float> logits_;
  std::vector<float> gradient_;
  std::vector<std::uint8_t> labels_;
};

}  // namespace xent::mlp
