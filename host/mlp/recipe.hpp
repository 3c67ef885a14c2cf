// Everything that decides a training run. Two runs with equal recipes and data give equal bits.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace xent::mlp {

enum class Optimizer : std::uint8_t { sgd, adam, adamw };
enum class Schedule : std::uint8_t { constant, cosine, exponential, linear };

const char* name(Optimizer optimizer);
const char* name(Schedule schedule);
/// The inverse of name(); throw InvalidArgument for another text, listing the names.
Optimizer optimizer_from(const std::string& text);
Schedule schedule_from(const std::string& text);

/// The defaults are the recipe "default" (docs/trainer.md says how it was chosen).
struct Recipe {
  std::vector<std::int64_t> layers{784, 512, 10};  ///< widths, input to output
  std::int64_t epochs = 10;
  std::int64_t batch = 64;
  Optimizer optimizer = Optimizer::adam;
  double lr = 0.005;
  Schedule schedule = Schedule::exponential;
  double final_lr_ratio = 0.01;   ///< lr at the last step ÷ lr, for every schedule but constant
  std::int64_t warmup_steps = 0;  ///< linear from 0 to lr, before the schedule
  double momentum = 0.9;          ///< sgd
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;  ///< adam, adamw
  double weight_decay = 0.0;  ///< decoupled for adamw, added to the gradient for sgd and adam
  double label_smoothing = 0.1;
  double dropout = 0.0;        ///< of hidden units
  double input_dropout = 0.0;  ///< of pixels
  std::int64_t shift = 0;      ///< each image moved by up to this many pixels each way, each time seen
  std::uint64_t seed = 1;

  bool operator==(const Recipe&) const = default;
};

/// "article", "default" or "best". Throws InvalidArgument for another name, listing these.
Recipe named_recipe(const std::string& name);

/// Of all layers together, biases aside.
inline constexpr std::int64_t kMaxWeights = std::int64_t{1} << 31;

/// Throws InvalidArgument naming the field, its value and the allowed range.
void check(const Recipe& recipe);

}  // namespace xent::mlp
