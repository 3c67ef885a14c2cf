// A training step in slabs: gather; forward by slab; the loss; backward and update by slab.
#include "host/mlp/slab_backend.hpp"

#include <algorithm>
#include <utility>

#include <xent/cross_entropy.hpp>

#include "host/mlp/blocks.hpp"
#include "host/mlp/elementwise.hpp"

namespace xent::mlp {
namespace {

// Images per forward pass of logits().
constexpr std::int64_t kInferenceRows = 256;

std::size_t size(std::int64_t n) { return static_cast<std::size_t>(n); }

std::int64_t most_rows(const Recipe& recipe, const data::Dataset& train) {
  return std::min(recipe.batch, std::max<std::int64_t>(train.count, 1));
}

std::int64_t slabs_of(const Recipe& recipe) { return (recipe.layers[1] + kSlab - 1) / kSlab; }

/// logits = bias + the slabs' shares, added in the order of the slabs.
void add_shares(const float* shares, std::int64_t slabs, std::int64_t rows, std::int64_t classes,
                const float* bias, float* logits) {
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t c = 0; c < classes; ++c) {
      float sum = bias[c];
      for (std::int64_t slab = 0; slab < slabs; ++slab) sum += shares[(slab * rows + r) * classes + c];
      logits[r * classes + c] = sum;
    }
  }
}

}  // namespace

SlabBackend::SlabBackend(const Recipe& recipe, const data::Dataset& train, int threads)
    : HostBackend(recipe, train),
      recipe_(recipe),
      train_(&train),
      threads_(threads),
      idle_(recipe.layers.front()),
      batch_(recipe.layers.front(), most_rows(recipe, train), 1.0 / (1.0 - recipe.input_dropout)),
      hidden_(aligned_floats(slabs_of(recipe) * most_rows(recipe, train) * kSlab)),
      partial_(aligned_floats(slabs_of(recipe) * most_rows(recipe, train) * recipe.layers.back())) {
  const std::int64_t rows = most_rows(recipe, train);
  logits_.resize(size(rows * classes()));
  gradient_.resize(size(rows * classes()));
  labels_.resize(size(rows));
}

NetworkState SlabBackend::state() const {
  settle();
  return network_.state();
}

void SlabBackend::set_state(const NetworkState& state) {
  network_ = SlabNetwork(state);
  idle_.settled();
}

/// Does the updates that were put off.
void SlabBackend::settle() const {
  for_blocks(network_.slabs(), 1, kParallelWork, threads_, [&](std::int64_t slab, std::int64_t) {
    for (std::int64_t i = 0; i < batch_.features(); ++i) {
      slab_update_idle(idle_.missed(i), i, network_.input_weight(slab));
    }
  });
  idle_.settled();
}

void SlabBackend::drop_hidden(const Batch& batch, std::int64_t slab, float* hidden) const {
  const RandomStream stream(recipe_.seed, Purpose::dropout, static_cast<std::uint64_t>(batch.step), 1);
  const std::int64_t units = std::min(kSlab, recipe_.layers[1] - slab * kSlab);
  for (std::int64_t r = 0; r < batch_.rows(); ++r) {
    apply_dropout_anywhere(stream, r * recipe_.layers[1] + slab * kSlab, units,
                           dropout_threshold(recipe_.dropout),
                           static_cast<float>(1.0 / (1.0 - recipe_.dropout)), hidden + r * kSlab);
  }
}

void SlabBackend::forward(const Batch& batch) {
  const std::int64_t rows = batch_.rows();
  const std::int64_t slabs = network_.slabs();
  const std::int64_t work = rows * recipe_.layers[0] * recipe_.layers[1];
  for_blocks(slabs, 1, work, threads_, [&](std::int64_t slab, std::int64_t) {
    const SlabTensor weight = network_.input_weight(slab);
    float* hidden = hidden_.get() + slab * rows * kSlab;
    for (const std::int32_t i : batch_.lit()) slab_update_idle(idle_.missed_before(i), i, weight);
    slab_hidden(batch_, weight.value, network_.hidden_bias(slab).value, hidden);
    if (recipe_.dropout > 0.0) drop_hidden(batch, slab, hidden);
    slab_logits(hidden, rows, network_.output_weight(slab).value, classes(),
                partial_.get() + slab * rows * classes());
  });
  add_shares(partial_.get(), slabs, rows, classes(), network_.output_bias().value, logits_.data());
}

void SlabBackend::backward(const UpdateRuleF32& rule, const LogitGradient& gradient) {
  const std::int64_t rows = batch_.rows();
  const auto scale = static_cast<float>(1.0 / (1.0 - recipe_.dropout));
  const std::int64_t work = rows * recipe_.layers[0] * recipe_.layers[1];
  for_blocks(network_.slabs(), 1, work, threads_, [&](std::int64_t slab, std::int64_t) {
    thread_local AlignedFloats delta;  // grown once per thread
    thread_local std::int64_t delta_rows = 0;
    if (delta_rows < rows) delta = aligned_floats((delta_rows = rows) * kSlab);
    const float* hidden = hidden_.get() + slab * rows * kSlab;
    const SlabTensor weight = network_.input_weight(slab);
    slab_delta(gradient, network_.output_weight(slab).value, hidden, scale, delta.get());
    slab_update_outputs(rule, gradient, hidden, network_.output_weight(slab));
    slab_update_bias(rule, delta.get(), rows, network_.hidden_bias(slab));
    slab_update_inputs(rule, batch_, delta.get(), weight);
    for (const std::int32_t i : batch_.idle()) slab_update_idle(idle_.due(i), i, weight);
  });
}

BatchResult SlabBackend::train_batch(const Batch& batch, double lr) {
  const UpdateRule rule = update_rule(recipe_, batch.step, lr);
  const UpdateRuleF32 rule_f32 = in_f32(rule);
  batch_.gather(recipe_, *train_, batch, threads_);
  const std::int64_t rows = batch_.rows();
  for (std::int64_t r = 0; r < rows; ++r) labels_[size(r)] = train_->labels[size(batch.samples[size(r)])];
  idle_.begin_step(rule_f32);
  forward(batch);

  BatchResult result;
  cross_entropy(matrix(std::as_const(logits_).data(), rows, classes()),
                labels(std::as_const(labels_).data(), rows),
                {.loss = vector(&result.loss, 1),
                 .grad = matrix(gradient_.data(), rows, classes()),
                 .correct_count = &result.correct},
                {.label_smoothing = recipe_.label_smoothing}, {}, {.threads = threads_});
  flush_tiny({.data = gradient_.data(), .rows = rows, .cols = classes(), .stride = classes()});
  backward(rule_f32, {.data = gradient_.data(), .rows = rows, .classes = classes()});
  idle_.end_step(batch_);

  std::vector<float> bias_gradient(size(classes()));
  column_sums(gradient_.data(), rows, classes(), classes(), bias_gradient.data());
  const SlabTensor bias = network_.output_bias();
  update(rule, classes(), bias_gradient.data(), bias.value, bias.moment1, bias.moment2);
  return result;
}

void SlabBackend::logits(const std::uint8_t* pixels, std::int64_t count, float* out) const {
  settle();
  const std::int64_t blocks = (count + kInferenceRows - 1) / kInferenceRows;
  const std::int64_t work = count * recipe_.layers[0] * recipe_.layers[1];
  for_blocks(blocks, 1, work, threads_, [&](std::int64_t block, std::int64_t) {
    const std::int64_t first = block * kInferenceRows;
    const std::int64_t rows = std::min(kInferenceRows, count - first);
    PixelBatch images(batch_.features(), rows, 1.0);
    images.take(pixels + first * batch_.features(), rows);
    const AlignedFloats hidden = aligned_floats(rows * kSlab);
    const AlignedFloats shares = aligned_floats(network_.slabs() * rows * classes());
    for (std::int64_t slab = 0; slab < network_.slabs(); ++slab) {
      slab_hidden(images, network_.input_weight(slab).value, network_.hidden_bias(slab).value, hidden.get());
      slab_logits(hidden.get(), rows, network_.output_weight(slab).value, classes(),
                  shares.get() + slab * rows * classes());
    }
    add_shares(shares.get(), network_.slabs(), rows, classes(), network_.output_bias().value,
               out + first * classes());
  });
}

}  // namespace xent::mlp
