// One training run as its observers see it: the console, the JSON log and the report.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include <xent/exec.hpp>

#include "host/apps/mnist/history.hpp"
#include "host/data/dataset.hpp"
#include "host/mlp/trainer.hpp"
#include "host/mlp/validate.hpp"

namespace xent::mnist {

using WallClock = std::chrono::steady_clock;

inline double seconds_since(WallClock::time_point start) {
  return std::chrono::duration<double>(WallClock::now() - start).count();
}

struct Run {
  std::string program{};      ///< as it was called
  std::string recipe_name{};  ///< article, default, best or custom
  std::string device_line{};
  Exec exec{};
  const data::TrainTest& data;
  std::optional<mlp::Progress> resumed_at{};
  WallClock::time_point start{};  ///< of the process
  mlp::Trainer trainer;
  History history;
  double train_seconds = 0.0;       ///< in training steps of this process
  std::int64_t steps = 0;           ///< of this process
  std::int64_t samples = 0;         ///< seen in those steps
  Timing epoch_timing{};            ///< of this process's part of the epoch under way
  double evaluation_seconds = 0.0;  ///< of the latest one

  const mlp::Recipe& recipe() const { return trainer.recipe(); }
  double wall_seconds() const { return seconds_since(start); }
};

/// Weights and biases of the layers.
inline std::int64_t parameter_count(const mlp::Recipe& recipe) {
  std::int64_t count = 0;
  for (std::size_t i = 1; i < recipe.layers.size(); ++i) {
    count += (recipe.layers[i - 1] + 1) * recipe.layers[i];
  }
  return count;
}

class RunObserver {
 public:
  RunObserver() = default;
  RunObserver(const RunObserver&) = delete;
  RunObserver& operator=(const RunObserver&) = delete;
  virtual ~RunObserver() = default;

  virtual void started(const Run&) {}
  virtual void stepped(const Run&) {}
  virtual void epoch_ended(const Run&, const mlp::Evaluation& /*test*/) {}
  virtual void interrupted(const Run&, const std::filesystem::path& /*checkpoint*/) {}
  /// Where it stands, the step that failed did not count.
  virtual void diverged(const Run&) {}
  /// Told after started() where the device was judged instead of trained on.
  virtual void validated(const Run&, const mlp::Validation&) {}
  virtual void finished(const Run&, const mlp::Evaluation& /*test*/) {}
};

}  // namespace xent::mnist
