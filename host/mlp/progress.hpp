// How far a run has come.
#pragma once

#include <cstdint>

namespace xent::mlp {

/// Where a run stands. Everything random is a pure function of (seed, epoch, step, index), so this and
/// the tensors are all the state there is.
struct Progress {
  std::int64_t epoch = 0;          ///< epochs completed
  std::int64_t step_in_epoch = 0;  ///< steps completed in the current one
  std::int64_t step = 0;           ///< steps completed in all
  double epoch_loss_sum = 0.0;     ///< over the samples of the current epoch so far
  std::int64_t epoch_correct = 0;
  std::int64_t epoch_samples = 0;

  bool operator==(const Progress&) const = default;
};

}  // namespace xent::mlp
