// Shuffles, schedules, counts and saves; the backend does the arithmetic.
#include "host/mlp/trainer.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include <xent/cross_entropy.hpp>
#include <xent/error.hpp>
#include <xent/parallel.hpp>

#include "host/io/file.hpp"
#include "host/mlp/backend.hpp"
#include "host/mlp/fingerprint.hpp"
#include "host/mlp/schedule.hpp"

namespace xent::mlp {
namespace {

template <class... Parts>
[[noreturn]] void refuse(const Parts&... parts) {
  std::string text = "trainer: ";
  const auto append = [&](const auto& part) {
    if constexpr (std::is_arithmetic_v<std::remove_cvref_t<decltype(part)>>) {
      text += std::to_string(part);
    } else {
      text += part;
    }
  };
  (append(parts), ...);
  throw InvalidArgument(text);
}

void check_data(const Recipe& recipe, const data::Dataset& dataset) {
  constexpr std::int64_t kMaxCount = std::int64_t{1} << 31;
  if (dataset.count < 1 || dataset.count >= kMaxCount) {
    refuse("the dataset has ", dataset.count, " images, must have from 1 to 2^31 - 1");
  }
  const auto count = static_cast<std::size_t>(dataset.count);
  if (dataset.pixels.size() != count * static_cast<std::size_t>(dataset.features()) ||
      dataset.labels.size() != count) {
    refuse("the dataset has ", dataset.pixels.size(), " pixel bytes and ", dataset.labels.size(),
           " labels, which is not what ", dataset.count, " images of ", dataset.height, " x ", dataset.width,
           " take");
  }
  if (recipe.layers.front() != dataset.features() || recipe.layers.back() != dataset.classes) {
    refuse("the network has ", recipe.layers.front(), " inputs and ", recipe.layers.back(),
           " outputs, the data needs ", dataset.features(), " and ", dataset.classes);
  }
  if (dataset.classes > 256) refuse("the dataset has ", dataset.classes, " classes, must have at most 256");
  const std::uint8_t largest = *std::max_element(dataset.labels.begin(), dataset.labels.end());
  if (largest >= dataset.classes) {
    refuse("the dataset has a label ", largest, ", must be below ", dataset.classes);
  }
}

}  // namespace

void check_run(const Recipe& recipe, const data::Dataset& train) {
  check(recipe);
  check_data(recipe, train);
  const std::int64_t side = std::min(train.height, train.width);
  if (recipe.shift >= side) {
    refuse("shift is ", recipe.shift, ", must be below the images' shorter side of ", side);
  }
}

namespace {

bool all_finite(const NetworkState& network) {
  const auto finite = [](const Parameter& parameter) {
    return std::ranges::all_of(parameter.value, [](double value) { return std::isfinite(value); });
  };
  return std::ranges::all_of(
      network, [&](const LayerState& layer) { return finite(layer.weight) && finite(layer.bias); });
}

}  // namespace

struct Trainer::State {
  Recipe recipe;
  const data::Dataset* train;
  Exec exec;
  std::unique_ptr<Backend> backend;
  Progress progress{};
  std::string note{};
  mutable std::optional<std::uint64_t> data_fingerprint{};  // taken when first needed

  State(const Recipe& recipe_, const data::Dataset& train_, const Exec& exec_, StepPath path)
      : recipe(recipe_), train(&train_), exec(exec_) {
    check_run(recipe, train_);
    exec.threads = thread_count(exec.threads);
    backend = make_backend(recipe, train_, exec, path);
  }

  /// For what is computed on results that have come back to the host.
  Exec exec_on_host() const {
    return {.device = exec.device == Device::cuda ? Device::cpu : exec.device, .threads = exec.threads};
  }

  std::int64_t steps_per_epoch() const { return (train->count + recipe.batch - 1) / recipe.batch; }

  std::uint64_t fingerprint_of_data() const {
    if (!data_fingerprint) data_fingerprint = fingerprint(*train);
    return *data_fingerprint;
  }

  [[noreturn]] void report_divergence(const std::string& what) const {
    throw Diverged("epoch " + std::to_string(progress.epoch + 1) + ", step " +
                   std::to_string(progress.step_in_epoch + 1) + " of " + std::to_string(steps_per_epoch()) +
                   ": " + what);
  }

  /// Takes over a step's result, the next one after those counted so far.
  StepResult count(const BatchResult& trained, double lr) {
    if (!std::isfinite(trained.loss)) report_divergence("the loss is not a finite number");
    if (progress.step_in_epoch == 0) {
      progress.epoch_loss_sum = 0.0;
      progress.epoch_correct = 0;
      progress.epoch_samples = 0;
    }
    const std::int64_t samples = std::min(recipe.batch, train->count - progress.step_in_epoch * recipe.batch);
    progress.epoch_loss_sum += trained.loss * static_cast<double>(samples);
    progress.epoch_correct += trained.correct;
    progress.epoch_samples += samples;
    ++progress.step;
    const bool epoch_ended = ++progress.step_in_epoch == steps_per_epoch();
    if (epoch_ended) {
      progress.step_in_epoch = 0;
      ++progress.epoch;
    }
    return {.loss = trained.loss,
            .correct = trained.correct,
            .samples = samples,
            .lr = lr,
            .epoch_ended = epoch_ended};
  }
};

Trainer::Trainer(const Recipe& recipe, const data::Dataset& train, const Exec& exec, StepPath path)
    : state_(std::make_unique<State>(recipe, train, exec, path)) {
  state_->backend->set_state(initial_state(recipe));
}
Trainer::Trainer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Trainer::~Trainer() = default;
Trainer::Trainer(Trainer&&) noexcept = default;
Trainer& Trainer::operator=(Trainer&&) noexcept = default;

bool Trainer::done() const { return state_->progress.epoch >= state_->recipe.epochs; }
std::int64_t Trainer::steps_per_epoch() const { return state_->steps_per_epoch(); }
const Recipe& Trainer::recipe() const { return state_->recipe; }
const Progress& Trainer::progress() const { return state_->progress; }
std::optional<StepChoice> Trainer::step_choice() const { return state_->backend->step_choice(); }
const std::string& Trainer::note() const { return state_->note; }

StepResult Trainer::step() { return steps(1).front(); }

std::vector<StepResult> Trainer::steps(std::int64_t max) {
  if (done()) refuse("all ", state_->recipe.epochs, " epochs are done");
  if (max < 1) refuse("max is ", max, ", must be at least 1");
  const Progress& progress = state_->progress;
  const std::int64_t left = steps_per_epoch() - progress.step_in_epoch;
  std::vector<double> lr;
  for (std::int64_t i = 0; i < std::min({max, left, state_->backend->steps_at_once()}); ++i) {
    lr.push_back(learning_rate(state_->recipe, progress.step + i, state_->recipe.epochs * steps_per_epoch()));
  }
  const std::vector<BatchResult> trained = state_->backend->train(
      {.epoch = progress.epoch, .first_in_epoch = progress.step_in_epoch, .first = progress.step, .lr = lr});
  std::vector<StepResult> results;
  results.reserve(lr.size());
  for (std::size_t i = 0; i < lr.size(); ++i) results.push_back(state_->count(trained[i], lr[i]));
  return results;
}

std::vector<float> Trainer::logits(const std::uint8_t* pixels, std::int64_t count) const {
  std::vector<float> result(static_cast<std::size_t>(count * state_->recipe.layers.back()));
  state_->backend->logits(pixels, count, result.data());
  return result;
}

Evaluation Trainer::evaluate(const data::Dataset& dataset) const {
  check_data(state_->recipe, dataset);
  const std::int64_t count = dataset.count;
  const std::int64_t classes = dataset.classes;
  const std::vector<float> scores = logits(dataset.pixels.data(), count);

  std::vector<double> losses(static_cast<std::size_t>(count));
  Evaluation result;
  result.predictions.resize(losses.size());
  std::int64_t correct = 0;
  cross_entropy(matrix(scores.data(), count, classes), labels(dataset.labels.data(), count),
                {.loss = vector(losses.data(), count),
                 .argmax = indices(result.predictions.data(), count),
                 .correct_count = &correct},
                {.reduction = Reduction::none}, {}, state_->exec_on_host());

  result.accuracy = static_cast<double>(correct) / static_cast<double>(count);
  result.confusion.assign(static_cast<std::size_t>(classes * classes), 0);
  for (std::size_t i = 0; i < losses.size(); ++i) {
    result.loss += losses[i] / static_cast<double>(count);
    result.label_probability.push_back(static_cast<float>(std::exp(-losses[i])));
    ++result.confusion[dataset.labels[i] * static_cast<std::size_t>(classes) + result.predictions[i]];
  }
  return result;
}

void Trainer::save(const std::filesystem::path& path, const std::string& note) const {
  const Checkpoint checkpoint{.recipe = state_->recipe,
                              .progress = state_->progress,
                              .samples = state_->train->count,
                              .data_fingerprint = state_->fingerprint_of_data(),
                              .dtype = state_->backend->dtype(),
                              .note = note,
                              .network = state_->backend->state()};
  if (!all_finite(checkpoint.network)) state_->report_divergence("a weight is not a finite number");
  io::write_file_atomically(path, encode(checkpoint));
}

Trainer Trainer::resume(const std::filesystem::path& file, const data::Dataset& train, const Exec& exec,
                        StepPath path) {
  return resume(load_checkpoint(file), train, exec, path);
}

Trainer Trainer::resume(const Checkpoint& checkpoint, const data::Dataset& train, const Exec& exec,
                        StepPath path) {
  if (checkpoint.samples != train.count || checkpoint.data_fingerprint != fingerprint(train)) {
    throw InvalidArgument("the checkpoint was saved while training on " + std::to_string(checkpoint.samples) +
                          " images, which are not the " + std::to_string(train.count) + " given");
  }
  auto state = std::make_unique<State>(checkpoint.recipe, train, exec, path);
  state->data_fingerprint = checkpoint.data_fingerprint;
  state->backend->set_state(checkpoint.network);
  state->progress = checkpoint.progress;
  state->note = checkpoint.note;
  return Trainer(std::move(state));
}

}  // namespace xent::mlp
