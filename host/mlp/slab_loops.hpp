// The loops of a network with one hidden layer, over a slab of its hidden units, on the calling thread.
//
// All have one form: a strip of sums stays in registers while number after number, times a row of memory, is
// added to it. A pixel that is zero is passed over, which changes no bit of a sum.
#pragma once

#include <cstdint>
#include <span>

#include "host/mlp/pixel_batch.hpp"
#include "host/mlp/update_rule.hpp"

namespace xent::mlp {

/// Hidden units of a slab: a strip of eight vectors where vectors are 64 bytes long, several where shorter.
constexpr std::int64_t kSlab = 128;

/// Parameters and what the optimizer remembers of them, as rows of kSlab numbers; moment2 is null for SGD.
struct SlabTensor {
  float* value = nullptr;
  float* moment1 = nullptr;
  float* moment2 = nullptr;
};

/// The gradient of logits by loss: rows × classes, no gaps.
struct LogitGradient {
  const float* data = nullptr;
  std::int64_t rows = 0;
  std::int64_t classes = 0;
};

/// hidden[r] = relu(bias + Σ_i x[r,i]·weight[i]) for every row, summed in the order of the pixels.
void slab_hidden(const PixelBatch& x, const float* weight, const float* bias, float* hidden);

/// logits[r,c] = Σ_h hidden[r,h]·weight[c,h], the slab's share of rows × classes logits.
void slab_logits(const float* hidden, std::int64_t rows, const float* weight, std::int64_t classes,
                 float* logits);

/// delta[r] = Σ_c gradient[r,c]·weight[c], zero where `hidden` is, elsewhere times `scale`; tiny ones become
/// 0.
void slab_delta(const LogitGradient& gradient, const float* weight, const float* hidden, float scale,
                float* delta);

/// The update of weight[c] by its gradient Σ_r gradient[r,c]·hidden[r].
void slab_update_outputs(const UpdateRuleF32& rule, const LogitGradient& gradient, const float* hidden,
                         const SlabTensor& weight);

/// The update of the hidden units' bias by its gradient Σ_r delta[r].
void slab_update_bias(const UpdateRuleF32& rule, const float* delta, std::int64_t rows,
                      const SlabTensor& bias);

/// The update of weight[i] by its gradient Σ_r x[r,i]·delta[r], for pixels i that are not zero in the whole
/// batch.
void slab_update_inputs(const UpdateRuleF32& rule, const PixelBatch& x, const float* delta,
                        const SlabTensor& weight);

/// Updates of weight[i], one after the other, by a gradient of zero.
void slab_update_idle(std::span<const UpdateRuleF32> rules, std::int64_t i, const SlabTensor& weight);

}  // namespace xent::mlp
