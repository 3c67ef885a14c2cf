// Forward, backward and update, each as its formula reads.
#include "host/mlp/reference_backend.hpp"

#include <algorithm>
#include <cmath>

#include <xent/cross_entropy.hpp>

#include "host/mlp/augment.hpp"
#include "host/mlp/random.hpp"

namespace xent::mlp {
namespace {

std::size_t size(std::int64_t n) { return static_cast<std::size_t>(n); }

/// Inverted dropout: kept elements are divided by the probability of keeping.
void drop(const Recipe& recipe, double probability, std::int64_t step, std::size_t layer,
          std::vector<double>& x) {
  const RandomStream stream(recipe.seed, Purpose::dropout, static_cast<std::uint64_t>(step),
                            static_cast<std::uint32_t>(layer));
  const std::uint32_t threshold = dropout_threshold(probability);
  for (std::size_t i = 0; i < x.size(); ++i) {
    x[i] = stream.word(i) < threshold ? 0.0 : x[i] / (1.0 - probability);
  }
}

std::vector<double> linear(const LayerState& layer, const std::vector<double>& x) {
  const std::size_t inputs = size(layer.inputs);
  const std::size_t outputs = size(layer.outputs);
  const std::size_t rows = x.size() / inputs;
  std::vector<double> y(rows * outputs);
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t o = 0; o < outputs; ++o) {
      double sum = layer.bias.value[o];
      for (std::size_t i = 0; i < inputs; ++i) sum += layer.weight.value[o * inputs + i] * x[r * inputs + i];
      y[r * outputs + o] = sum;
    }
  }
  return y;
}

/// ∂loss/∂weight = deltaᵀ·x and ∂loss/∂bias = Σ_rows delta, where delta = ∂loss/∂y.
ReferenceBackend::Gradients linear_gradients(const LayerState& layer, const std::vector<double>& x,
                                             const std::vector<double>& delta) {
  const std::size_t inputs = size(layer.inputs);
  const std::size_t outputs = size(layer.outputs);
  ReferenceBackend::Gradients sum{.weight = std::vector<double>(inputs * outputs, 0.0),
                                  .bias = std::vector<double>(outputs, 0.0)};
  for (std::size_t r = 0; r < delta.size() / outputs; ++r) {
    for (std::size_t o = 0; o < outputs; ++o) {
      const double d = delta[r * outputs + o];
      sum.bias[o] += d;
      for (std::size_t i = 0; i < inputs; ++i) sum.weight[o * inputs + i] += d * x[r * inputs + i];
    }
  }
  return sum;
}

/// ∂loss/∂x = delta·W.
std::vector<double> input_gradient(const LayerState& layer, const std::vector<double>& delta) {
  const std::size_t inputs = size(layer.inputs);
  const std::size_t outputs = size(layer.outputs);
  std::vector<double> result(delta.size() / outputs * inputs, 0.0);
  for (std::size_t r = 0; r < delta.size() / outputs; ++r) {
    for (std::size_t o = 0; o < outputs; ++o) {
      const double d = delta[r * outputs + o];
      for (std::size_t i = 0; i < inputs; ++i) {
        result[r * inputs + i] += d * layer.weight.value[o * inputs + i];
      }
    }
  }
  return result;
}

}  // namespace

void apply_update(const UpdateRule& rule, Parameter& parameter, const std::vector<double>& gradient) {
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    double& w = parameter.value[i];
    double& m = parameter.moment1[i];
    const double g = gradient[i] + rule.coupled_decay * w;
    if (!rule.adaptive) {
      m = rule.momentum * m + g;
      w -= rule.step_size * m;
      continue;
    }
    double& v = parameter.moment2[i];
    m += (1.0 - rule.beta1) * (g - m);
    v = rule.beta2 * v + (1.0 - rule.beta2) * g * g;
    w = rule.shrink * w - rule.step_size * m / (std::sqrt(v) * rule.denominator_scale + rule.epsilon);
  }
}

ReferenceBackend::ReferenceBackend(const Recipe& recipe, const data::Dataset& train)
    : HostBackend(recipe, train), recipe_(recipe), train_(&train) {}

ReferenceBackend::Matrix ReferenceBackend::inputs(const Batch& batch) const {
  const std::size_t features = size(recipe_.layers.front());
  std::vector<std::uint8_t> pixels(batch.samples.size() * features);
  for (std::size_t r = 0; r < batch.samples.size(); ++r) {
    copy_augmented(recipe_, *train_, batch, static_cast<std::int64_t>(r), pixels.data() + r * features);
  }
  Matrix x(pixels.size());
  std::transform(pixels.begin(), pixels.end(), x.begin(), [](std::uint8_t pixel) { return pixel / 255.0; });
  if (recipe_.input_dropout > 0.0) drop(recipe_, recipe_.input_dropout, batch.step, 0, x);
  return x;
}

void ReferenceBackend::forward(Matrix input, const Batch* batch, Pass& pass) const {
  pass.activations = {std::move(input)};
  pass.sums = {{}};
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    Matrix y = linear(layers_[l], pass.activations.back());
    if (batch != nullptr) pass.sums.push_back(y);
    if (l + 1 < layers_.size()) {
      for (double& h : y) h = h < 0.0 ? 0.0 : h;
      if (batch != nullptr && recipe_.dropout > 0.0) drop(recipe_, recipe_.dropout, batch->step, l + 1, y);
    }
    pass.activations.push_back(std::move(y));
  }
}

ReferenceBackend::Pass ReferenceBackend::pass(const Batch& batch) const {
  Pass pass;
  forward(inputs(batch), &batch, pass);
  const std::vector<Matrix>& activations = pass.activations;
  const auto rows = static_cast<std::int64_t>(batch.samples.size());
  std::vector<std::uint8_t> labels_of_batch(batch.samples.size());
  std::transform(batch.samples.begin(), batch.samples.end(), labels_of_batch.begin(),
                 [this](std::int64_t sample) { return train_->labels[size(sample)]; });

  Matrix delta(activations.back().size());
  cross_entropy(matrix(activations.back().data(), rows, recipe_.layers.back()),
                labels(labels_of_batch.data(), rows),
                {.loss = vector(&pass.result.loss, 1),
                 .grad = matrix(delta.data(), rows, recipe_.layers.back()),
                 .correct_count = &pass.result.correct},
                {.label_smoothing = recipe_.label_smoothing}, {}, {.device = Device::reference});

  pass.gradients.resize(layers_.size());
  pass.deltas.resize(activations.size());
  pass.deltas.back() = delta;
  for (std::size_t l = layers_.size(); l-- > 0;) {
    pass.gradients[l] = linear_gradients(layers_[l], activations[l], delta);
    if (l == 0) break;
    delta = pass.deltas[l] = input_gradient(layers_[l], delta);
    // An activation of zero was cut by ReLU or dropped; the others were scaled by dropout.
    for (std::size_t i = 0; i < delta.size(); ++i) {
      delta[i] = activations[l][i] <= 0.0 ? 0.0 : delta[i] / (1.0 - recipe_.dropout);
    }
  }
  return pass;
}

BatchResult ReferenceBackend::gradients(const Batch& batch, std::vector<Gradients>& out) const {
  Pass all = pass(batch);
  out = std::move(all.gradients);
  return all.result;
}

BatchResult ReferenceBackend::train_batch(const Batch& batch, double lr) {
  std::vector<Gradients> gradient;
  const BatchResult result = gradients(batch, gradient);
  const UpdateRule rule = update_rule(recipe_, batch.step, lr);
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    apply_update(rule, layers_[l].weight, gradient[l].weight);
    apply_update(rule, layers_[l].bias, gradient[l].bias);
  }
  return result;
}

void ReferenceBackend::logits(const std::uint8_t* pixels, std::int64_t count, float* out) const {
  Matrix x(size(count * recipe_.layers.front()));
  std::transform(pixels, pixels + x.size(), x.begin(), [](std::uint8_t pixel) { return pixel / 255.0; });
  Pass all;
  forward(std::move(x), nullptr, all);
  const Matrix& scores = all.activations.back();
  std::transform(scores.begin(), scores.end(), out, [](double z) { return static_cast<float>(z); });
}

}  // namespace xent::mlp
