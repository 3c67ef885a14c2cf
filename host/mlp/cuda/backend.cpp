#include "host/mlp/cuda/backend.hpp"

#include <algorithm>
#include <utility>

#include <xent/cross_entropy.hpp>
#include <xent/device.hpp>
#include <xent/error.hpp>

#include "host/mlp/cuda/dropout.hpp"
#include "host/mlp/cuda/grid.hpp"
#include "host/mlp/cuda/make_cuda_backend.hpp"
#include "host/mlp/update_rule.hpp"
#include "kernels/instances/mlp.hpp"

namespace xent::mlp {
namespace {

// Images per forward pass of logits().
constexpr std::int64_t kInferenceRows = 4096;

std::size_t size(std::int64_t n) { return static_cast<std::size_t>(n); }

}  // namespace

CudaBackend::CudaBackend(const Recipe& recipe, const data::Dataset& train, StepPath path)
    : recipe_(recipe),
      steps_per_epoch_((train.count + recipe.batch - 1) / recipe.batch),
      data_(train, recipe.seed, stream_.get()),
      network_(recipe, stream_.get()) {
  if (train.count == 0) return;
  full_.rows = std::min(recipe.batch, train.count);
  last_.rows = train.count - (steps_per_epoch_ - 1) * recipe.batch;
  scalars_ = cuda::DeviceArray<gpu::StepScalars>(size(steps_per_epoch_));
  outcomes_ = cuda::DeviceArray<gpu::StepOutcome>(size(steps_per_epoch_));
  number_ = cuda::DeviceArray<std::int64_t>(1);
  table_ = {.scalars = scalars_.data(), .outcomes = outcomes_.data(), .number = number_.data()};
  choose(path);
  if (!resident_) prepare_operations();
}

ResidentPlan CudaBackend::plan_on_chip() const {
  ResidentPlan plan = plan_resident(recipe_, full_.rows, cuda::device_properties());
  if (!plan.shape) return plan;
  const auto blocks = static_cast<unsigned>(plan.shape->blocks());
  const unsigned most = gpu::resident_blocks(network_.adaptive(), plan.shape->bytes());
  if (blocks <= most) return plan;
  return {.obstacle = "its " + std::to_string(blocks) + " blocks wait for one another, the device runs " +
                      std::to_string(most) + " such at once"};
}

void CudaBackend::choose(StepPath path) {
  choice_ = {.path = path, .why = "asked for"};
  if (path == StepPath::graph || path == StepPath::stream) return;
  const ResidentPlan plan = plan_on_chip();
  if (plan.shape) {
    resident_.emplace(recipe_, *plan.shape);
    if (path == StepPath::resident) return;
    choice_ = {.path = StepPath::resident,
               .why = "the network stays on chip, on " + std::to_string(plan.shape->blocks()) +
                      " multiprocessors with " + std::to_string(plan.shape->units) + " hidden units each"};
    return;
  }
  const std::string why = "the network cannot stay on chip: " + plan.obstacle;
  if (path == StepPath::resident) {
    throw Unsupported(std::string("trainer: path is ") + name(path) + ", and " + why);
  }
  choice_ = {.path = StepPath::graph, .why = why};
}

void CudaBackend::prepare_operations() {
  for (const std::int64_t width : recipe_.layers) {
    activations_.emplace_back(size(full_.rows * width));
    deltas_.emplace_back(activations_.size() == 1 ? 0 : size(full_.rows * width));  // none by the pixels
  }
  labels_ = cuda::DeviceArray<std::uint8_t>(size(full_.rows));
  loss_ = cuda::DeviceArray<double>(1);
  correct_ = cuda::DeviceArray<std::int64_t>(1);
  workspace_ = cuda::DeviceArray<unsigned char>(workspace_bytes(full_.rows));
  cuda::fill_zero(workspace_.data(), workspace_.bytes(), stream_.get());
}

void CudaBackend::drop_hidden(std::size_t layer, std::int64_t rows) {
  if (recipe_.dropout == 0.0) return;
  const std::int64_t elements = rows * recipe_.layers[layer];
  gpu::launch_dropout({.grid = quad_grid(elements), .stream = stream_.get()},
                      {.dropout = dropout(recipe_, layer),
                       .steps = table_,
                       .size = elements,
                       .x = activations_[layer].data()});
}

void CudaBackend::queue_loss(std::int64_t rows) {
  const std::int64_t classes = recipe_.layers.back();
  cross_entropy(matrix(std::as_const(activations_.back()).data(), rows, classes),
                labels(labels_.data(), rows),
                {.loss = vector(loss_.data(), 1),
                 .grad = matrix(deltas_.back().data(), rows, classes),
                 .correct_count = correct_.data()},
                {.label_smoothing = recipe_.label_smoothing}, {},
                {.device = Device::cuda,
                 .stream = stream_.get(),
                 .workspace = {workspace_.data(), workspace_.bytes()}});
}

void CudaBackend::queue_step(std::int64_t rows) {
  const cuda::Stream stream = stream_.get();
  gpu::launch_gather({.grid = quad_grid(rows * recipe_.layers.front()), .stream = stream},
                     {.pixels = data_.pixels(),
                      .labels = data_.labels(),
                      .order = data_.order(),
                      .height = data_.height(),
                      .width = data_.width(),
                      .rows = rows,
                      .shift = recipe_.shift,
                      .seed = recipe_.seed,
                      .dropout = dropout(recipe_, 0),
                      .steps = table_,
                      .x = activations_.front().data(),
                      .batch_labels = labels_.data()});
  const std::size_t layers = network_.layers().size();
  for (std::size_t l = 0; l < layers; ++l) {
    network_.forward(l, rows, activations_[l].data(), activations_[l + 1].data());
    if (l + 1 < layers) drop_hidden(l + 1, rows);
  }
  queue_loss(rows);
  for (std::size_t l = layers; l-- > 0;) {
    network_.backward_parameters(l, rows, deltas_[l + 1].data(), activations_[l].data());
    if (l == 0) break;
    network_.backward_input(l, rows, deltas_[l + 1].data(), deltas_[l].data());
    const std::int64_t elements = rows * recipe_.layers[l];
    gpu::launch_relu_backward({.grid = quad_grid(elements), .stream = stream},
                              {.activation = activations_[l].data(),
                               .scale = keep_scale(recipe_.dropout),
                               .size = elements,
                               .delta = deltas_[l].data()});
  }
  network_.update(table_);
  gpu::launch_end_step({.stream = stream}, table_, loss_.data(), correct_.data());
}

void CudaBackend::run(RecordedStep& step) {
  if (!step.ran || choice_->path == StepPath::stream) {
    queue_step(step.rows);
    step.ran = true;
    return;
  }
  if (!step.graph.recorded()) {
    step.graph.record(stream_.get(), [this, rows = step.rows] { queue_step(rows); });
  }
  step.graph.launch(stream_.get());
}

std::vector<gpu::StepScalars> CudaBackend::scalars_of(const Steps& steps) const {
  std::vector<gpu::StepScalars> all;
  for (const double lr : steps.lr) {
    const auto i = static_cast<std::int64_t>(all.size());
    all.push_back({.step = steps.first + i,
                   .place = (steps.first_in_epoch + i) * recipe_.batch,
                   .update = in_f32(update_rule(recipe_, steps.first + i, lr))});
  }
  return all;
}

std::vector<BatchResult> CudaBackend::train(const Steps& steps) {
  const std::vector<gpu::StepScalars> scalars = scalars_of(steps);
  data_.shuffle(steps.epoch);
  scalars_.upload(scalars, stream_.get());
  cuda::fill_zero(number_.data(), number_.bytes(), stream_.get());
  if (resident_) {
    resident_->run(data_, network_, table_, static_cast<int>(scalars.size()), stream_.get());
  } else {
    for (const gpu::StepScalars& one : scalars) {
      run(one.place + full_.rows <= data_.count() ? full_ : last_);
    }
  }
  std::vector<gpu::StepOutcome> outcomes(scalars.size());
  cuda::copy(outcomes.data(), outcomes_.data(), outcomes.size() * sizeof(gpu::StepOutcome), stream_.get());
  cuda::wait(stream_.get());

  std::vector<BatchResult> results;
  results.reserve(outcomes.size());
  for (const gpu::StepOutcome& one : outcomes) results.push_back({.loss = one.loss, .correct = one.correct});
  return results;
}

void CudaBackend::logits(const std::uint8_t* pixels, std::int64_t count, float* out) const {
  const cuda::Stream stream = stream_.get();
  const std::int64_t features = recipe_.layers.front();
  const std::int64_t classes = recipe_.layers.back();
  const std::int64_t widest = *std::max_element(recipe_.layers.begin(), recipe_.layers.end());
  const std::int64_t chunk = std::min(count, kInferenceRows);
  const cuda::DeviceArray<std::uint8_t> bytes(size(chunk * features));
  cuda::DeviceArray<float> x(size(chunk * widest));
  cuda::DeviceArray<float> y(size(chunk * widest));
  for (std::int64_t first = 0; first < count; first += chunk) {
    const std::int64_t rows = std::min(chunk, count - first);
    cuda::copy(bytes.data(), pixels + first * features, size(rows * features), stream);
    gpu::launch_normalise({.grid = flat_grid(rows * features), .stream = stream}, bytes.data(),
                          rows * features, x.data());
    for (std::size_t l = 0; l < network_.layers().size(); ++l) {
      network_.forward(l, rows, x.data(), y.data());
      std::swap(x, y);
    }
    cuda::copy(out + first * classes, x.data(), size(rows * classes) * sizeof(float), stream);
  }
  cuda::wait(stream);
}

std::unique_ptr<Backend> make_cuda_backend(const Recipe& recipe, const data::Dataset& train, StepPath path) {
  return std::make_unique<CudaBackend>(recipe, train, path);
}

std::string describe_cuda_device() { return cuda::device_name() + ", " + cuda::linear_products_name(); }

}  // namespace xent::mlp
