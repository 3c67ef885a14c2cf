// What a run has shown so far, and how it travels in the checkpoint so that a resumed run knows it too.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/mlp/trainer.hpp"

namespace xent::mnist {

struct Timing {
  double seconds = 0.0;  ///< spent in training steps, not in evaluation
  double samples_per_second = 0.0;
};

struct Epoch {
  std::int64_t number = 0;  ///< from 1
  double train_loss = 0.0, train_accuracy = 0.0;
  double test_loss = 0.0, test_accuracy = 0.0;
  double lr = 0.0;                 ///< of its last step
  std::optional<Timing> timing{};  ///< none for an epoch that an earlier process ran
};

/// Mean over a stretch of steps, a few tens of which make an epoch: fine enough for curves.
struct CurvePoint {
  double epochs = 0.0;  ///< where it ends: 0.5 is the middle of the first epoch
  double loss = 0.0, accuracy = 0.0;
  double lr = 0.0;
};

class History {
 public:
  /// About 400 curve points over the run, from 1 to 40 in each epoch.
  History(std::int64_t epochs, std::int64_t steps_per_epoch);

  /// `before` is where the run stood before the step that gave `result`.
  void add_step(const mlp::Progress& before, const mlp::StepResult& result);
  /// Closes the epoch whose last step was added.
  void end_epoch(const mlp::Evaluation& test, const Timing& timing);

  /// Of the epoch under way (or just ended, until its next step).
  double running_loss() const;
  double running_accuracy() const;

  const std::vector<Epoch>& epochs() const { return epochs_; }
  const std::vector<CurvePoint>& curve() const { return curve_; }

  /// Everything but the timings as JSON: the same run gives the same text however often it was
  /// interrupted.
  std::string to_note() const;
  /// Takes over the note of a checkpoint that stands at `progress`. An empty one (a checkpoint from
  /// elsewhere) leaves the earlier epochs unknown. Throws io::FormatError naming `file`.
  void restore(std::string_view note, const mlp::Progress& progress, const std::string& file);

 private:
  struct Window {
    double loss_sum = 0.0;
    std::int64_t correct = 0;
    std::int64_t samples = 0;
    void add(const mlp::StepResult& result);
  };

  std::int64_t steps_per_epoch_;
  std::int64_t points_per_epoch_;
  std::vector<Epoch> epochs_{};
  std::vector<CurvePoint> curve_{};
  Window window_{};  ///< since the last curve point
  Window epoch_{};
  std::int64_t epoch_number_ = 0;  ///< of `epoch_`, from 1
  double lr_ = 0.0;
};

}  // namespace xent::mnist
