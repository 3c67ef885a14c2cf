// A device's training judged step by step by the reference, which does the same in double.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <xent/exec.hpp>

#include "host/data/dataset.hpp"
#include "host/mlp/backend.hpp"
#include "host/mlp/recipe.hpp"

namespace xent::mlp {

/// The worst of the steps: the one where the deviation came nearest to its bound or went furthest beyond.
/// Infinite where the device has a number that is none and the reference has one.
struct Deviation {
  double value = 0.0;
  double allowed = 0.0;
  std::int64_t step = 0;  ///< from 1

  bool within() const { return value <= allowed; }
};

struct TensorValidation {
  std::string name{};  ///< fc1.weight, fc1.bias, …
  Deviation gradient{};
  Deviation update{};
  /// After the last step, between two runs that each went on alone.
  double drift = 0.0;      ///< largest difference of a weight ÷ largest weight
  double drift_rms = 0.0;  ///< root mean square of the differences ÷ that of the weights
};

struct Validation {
  std::int64_t steps = 0;  ///< done: fewer than asked for where the device's weights stop being numbers
  Deviation loss{};
  Deviation correct{};  ///< in answers, not relative
  std::vector<TensorValidation> tensors{};
  double loss_drift = 0.0;  ///< largest of all steps, relative
  bool repeatable = true;   ///< the same steps again, as many at once as in training: the same bits

  bool within() const;  ///< of all that has a bound, and repeatable
};

/// Hears of every step that is done, and the device's result.
using OnStep = std::function<void(std::int64_t done, const BatchResult& result)>;

/// Trains the recipe's first `steps` steps on the device and compares each with the reference:
///
/// In step. Before a step the reference takes over the device's network, so deviations do not add up.
/// - Loss, relative.
/// - Gradient: each tensor's largest difference ÷ its largest gradient, where ReLU's kink does not explain it
///   (kink_slack). It is read off a second backend of the device: SGD without momentum and decay, at learning
///   rate 0, leaves the gradient itself in its momentum buffer.
/// - Update: the optimizer's formula in double, from the *device's* gradient, against the weights and moments
///   that the device ends with; each tensor's largest difference ÷ its largest number. With the reference's
///   gradient this would say nothing: Adam divides by √v, so a gradient that is all rounding moves its weight
///   by a whole learning rate, in a direction that rounding decides.
///
/// On their own. Both start at the initial weights and go their ways. How far they drift apart is told, not
/// judged: training multiplies any difference, for the reason just given.
///
/// Last, the device repeats the steps, as many at once as it is given in training. That must give the same
/// bits.
///
/// Throws Diverged where the training leaves the numbers that the device's type holds, and InvalidArgument if
/// steps is not from 1 to the recipe's total.
Validation validate(const Recipe& recipe, const data::Dataset& train, std::int64_t steps, const Exec& exec,
                    const OnStep& on_step = {}, StepPath path = StepPath::automatic);

/// The same of any backend; `make` is called with the recipe and with that of the second backend.
using BackendMaker = std::function<std::unique_ptr<Backend>(const Recipe& recipe)>;
Validation validate_made(const Recipe& recipe, const data::Dataset& train, std::int64_t steps,
                         const BackendMaker& make, const OnStep& on_step = {});

}  // namespace xent::mlp
