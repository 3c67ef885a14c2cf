// The training loop, one step at a time: the caller decides when to evaluate, report, save or stop.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <xent/error.hpp>
#include <xent/exec.hpp>

#include "host/data/dataset.hpp"
#include "host/mlp/checkpoint.hpp"
#include "host/mlp/progress.hpp"
#include "host/mlp/recipe.hpp"
#include "host/mlp/step_path.hpp"

namespace xent::mlp {

/// The loss or a weight is no longer a finite number, and no step will mend it. The message says when.
class Diverged : public Error {
 public:
  using Error::Error;
};

struct StepResult {
  double loss = 0.0;  ///< mean over the batch
  std::int64_t correct = 0;
  std::int64_t samples = 0;
  double lr = 0.0;
  bool epoch_ended = false;
};

struct Evaluation {
  double loss = 0.0;  ///< mean, without smoothing
  double accuracy = 0.0;
  std::vector<std::int64_t> confusion{};    ///< classes × classes, [label][prediction]
  std::vector<std::uint8_t> predictions{};  ///< per sample
  std::vector<float> label_probability{};   ///< per sample: probability given to the true class
};

/// Throws InvalidArgument naming what of the recipe is out of range, or does not fit the data.
void check_run(const Recipe& recipe, const data::Dataset& train);

class Trainer {
 public:
  /// The data must outlive the trainer. Throws InvalidArgument if recipe and data, or device and path, do not
  /// fit, and Unsupported for what the device cannot do.
  Trainer(const Recipe& recipe, const data::Dataset& train, const Exec& exec,
          StepPath path = StepPath::automatic);
  ~Trainer();
  Trainer(Trainer&&) noexcept;
  Trainer& operator=(Trainer&&) noexcept;

  bool done() const;  ///< all epochs of the recipe are done
  std::int64_t steps_per_epoch() const;
  /// One step. Throws Diverged; then progress still stands before the step.
  StepResult step();
  /// At most so many steps, at least one: no further than to the end of the epoch, nor than the backend likes
  /// to go at once. A CUDA device trains a whole epoch without asking the host.
  /// Throws Diverged naming the first step with a loss that is no number; progress then stands before that
  /// step, while the weights may already be those of the last one.
  std::vector<StepResult> steps(std::int64_t max);

  Evaluation evaluate(const data::Dataset& dataset) const;

  /// Logits per image, count × classes; pixels are count × features bytes.
  std::vector<float> logits(const std::uint8_t* pixels, std::int64_t count) const;

  const Recipe& recipe() const;
  const Progress& progress() const;
  /// How the device takes its steps, and why so; nothing where there is but one way.
  std::optional<StepChoice> step_choice() const;

  /// safetensors with PyTorch's names (fc1.weight …), optimizer state, recipe and progress; atomic.
  /// `note` is the caller's own UTF-8 text, up to a few MiB, kept beside them.
  /// Throws io::IoError, and Diverged rather than replace a good checkpoint by a useless one.
  void save(const std::filesystem::path& path, const std::string& note = {}) const;
  /// Continues bit for bit where save() was called, on the same device and path. Throws io::IoError,
  /// io::FormatError, or InvalidArgument when the checkpoint was saved while training on other data.
  static Trainer resume(const std::filesystem::path& file, const data::Dataset& train, const Exec& exec,
                        StepPath path = StepPath::automatic);
  static Trainer resume(const Checkpoint& checkpoint, const data::Dataset& train, const Exec& exec,
                        StepPath path = StepPath::automatic);
  /// The note of the checkpoint that this run was resumed from; empty for a new run.
  const std::string& note() const;

 private:
  struct State;
  explicit Trainer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace xent::mlp
