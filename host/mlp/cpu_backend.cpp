// A training step on the CPU: gather, forward, cross-entropy, backward with the update fused in.
#include "host/mlp/cpu_backend.hpp"

#include <algorithm>
#include <utility>

#include <xent/cross_entropy.hpp>

#include "host/mlp/augment.hpp"
#include "host/mlp/blocks.hpp"
#include "host/mlp/elementwise.hpp"

namespace xent::mlp {
namespace {

// Rows per task of the gather and the dropout.
constexpr std::int64_t kGatherRows = 8;
// Operations that one gathered or dropped element is worth, for deciding whether to wake threads.
constexpr std::int64_t kElementWork = 32;
// Images per forward pass of logits().
constexpr std::int64_t kInferenceRows = 1024;

std::size_t size(std::int64_t n) { return static_cast<std::size_t>(n); }

}  // namespace

CpuBackend::CpuBackend(const Recipe& recipe, const data::Dataset& train, int threads)
    : HostBackend(recipe, train), recipe_(recipe), train_(&train), threads_(threads) {
  const std::int64_t rows = std::min(recipe.batch, train.count);
  for (const std::int64_t width : recipe.layers) {
    activations_.emplace_back(size(rows * width));
    deltas_.emplace_back(size(rows * width));
  }
  deltas_.front() = {};  // nobody wants the gradient by the pixels
  labels_.resize(size(rows));
}

NetworkState CpuBackend::state() const {
  NetworkState state;
  for (const CpuLayer& layer : layers_) state.push_back(layer_state(layer));
  return state;
}

void CpuBackend::set_state(const NetworkState& state) {
  layers_.clear();
  for (const LayerState& layer : state) layers_.push_back(cpu_layer(layer));
}

void CpuBackend::gather(const Batch& batch) {
  const auto rows = static_cast<std::int64_t>(batch.samples.size());
  const std::int64_t features = recipe_.layers.front();
  for_blocks(rows, kGatherRows, rows * features * kElementWork, threads_,
             [&](std::int64_t begin, std::int64_t end) {
               thread_local std::vector<std::uint8_t> pixels;
               pixels.resize(size(features));
               for (std::int64_t row = begin; row < end; ++row) {
                 labels_[size(row)] = train_->labels[size(batch.samples[size(row)])];
                 copy_augmented(recipe_, *train_, batch, row, pixels.data());
                 normalise_pixels(pixels.data(), features, activations_.front().data() + row * features);
               }
             });
}

void CpuBackend::drop(double probability, const Batch& batch, std::size_t layer) {
  if (probability == 0.0) return;
  const RandomStream stream(recipe_.seed, Purpose::dropout, static_cast<std::uint64_t>(batch.step),
                            static_cast<std::uint32_t>(layer));
  const std::int64_t n = static_cast<std::int64_t>(batch.samples.size()) * recipe_.layers[layer];
  constexpr std::int64_t kElements = 4096;  // a multiple of 4, as apply_dropout wants
  for_blocks(n, kElements, n * kElementWork, threads_, [&](std::int64_t begin, std::int64_t end) {
    apply_dropout(stream, begin, end - begin, dropout_threshold(probability),
                  static_cast<float>(1.0 / (1.0 - probability)), activations_[layer].data() + begin);
  });
}

void CpuBackend::forward_batch(const Batch& batch) {
  const auto rows = static_cast<std::int64_t>(batch.samples.size());
  drop(recipe_.input_dropout, batch, 0);
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    const bool hidden = l + 1 < layers_.size();
    forward(layers_[l], rows, activations_[l].data(), hidden, activations_[l + 1].data(), threads_);
    if (hidden) drop(recipe_.dropout, batch, l + 1);
  }
}

void CpuBackend::backward(const Batch& batch, double lr) {
  const auto rows = static_cast<std::int64_t>(batch.samples.size());
  const UpdateRule rule = update_rule(recipe_, batch.step, lr);
  const auto scale = static_cast<float>(1.0 / (1.0 - recipe_.dropout));
  for (std::size_t l = layers_.size(); l-- > 0;) {
    const float* delta = deltas_[l + 1].data();
    const float* x = activations_[l].data();
    if (l > 0) backward_input(layers_[l], rows, delta, x, scale, deltas_[l].data(), threads_);
    backward_update(layers_[l], rows, delta, x, rule, threads_);
  }
}

BatchResult CpuBackend::train_batch(const Batch& batch, double lr) {
  const auto rows = static_cast<std::int64_t>(batch.samples.size());
  const std::int64_t classes = recipe_.layers.back();
  gather(batch);
  forward_batch(batch);

  BatchResult result;
  float* delta = deltas_.back().data();
  cross_entropy(matrix(std::as_const(activations_.back()).data(), rows, classes),
                labels(labels_.data(), rows),
                {.loss = vector(&result.loss, 1),
                 .grad = matrix(delta, rows, classes),
                 .correct_count = &result.correct},
                {.label_smoothing = recipe_.label_smoothing}, {}, {.threads = threads_});
  flush_tiny({.data = delta, .rows = rows, .cols = classes, .stride = classes});
  backward(batch, lr);
  return result;
}

void CpuBackend::logits(const std::uint8_t* pixels, std::int64_t count, float* out) const {
  const std::int64_t features = recipe_.layers.front();
  const std::int64_t widest = *std::max_element(recipe_.layers.begin(), recipe_.layers.end());
  const std::int64_t chunk = std::min(count, kInferenceRows);
  std::vector<float> x(size(chunk * widest));
  std::vector<float> y(size(chunk * widest));
  for (std::int64_t first = 0; first < count; first += chunk) {
    const std::int64_t rows = std::min(chunk, count - first);
    normalise_pixels(pixels + first * features, rows * features, x.data());
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      const bool hidden = l + 1 < layers_.size();
      float* target = hidden ? y.data() : out + first * recipe_.layers.back();
      forward(layers_[l], rows, x.data(), hidden, target, threads_);
      x.swap(y);
    }
  }
}

}  // namespace xent::mlp
