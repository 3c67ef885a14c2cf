// A training step as its kernels see it. All arrays lie on the device; matrices are row-major without gaps.
#pragma once

#include <cstdint>

namespace xent::gpu {

/// An optimizer step's numbers in the precision of the weights: the trainer's update rule has the formulas.
struct UpdateScalars {
  float shrink = 1.0F;
  float coupled_decay = 0.0F;
  float step_size = 0.0F;
  float momentum = 0.0F;
  float keep1 = 0.0F;  ///< 1 - β1
  float beta2 = 0.0F;
  float keep2 = 0.0F;  ///< 1 - β2
  float denominator_scale = 1.0F;
  float epsilon = 0.0F;
};

struct StepScalars {
  std::int64_t step = 0;   ///< in the run: the key of what is random
  std::int64_t place = 0;  ///< of the step's first sample in the epoch's order
  UpdateScalars update{};
};

struct StepOutcome {
  double loss = 0.0;
  std::int64_t correct = 0;
};

/// The steps that the host has asked for, and which of them is under way. A kernel finds its step's numbers
/// here and not among its arguments, so the same recorded launches serve every step.
struct StepTable {
  const StepScalars* scalars = nullptr;
  StepOutcome* outcomes = nullptr;
  std::int64_t* number = nullptr;  ///< of the step under way, in both arrays
};

/// Inverted dropout; a threshold of 0 drops nothing.
struct Dropout {
  std::uint64_t seed = 0;
  std::uint32_t layer = 0;
  std::uint32_t threshold = 0;  ///< an element whose random word is below it becomes 0
  float scale = 1.0F;           ///< of the others
};

struct GatherArguments {
  const std::uint8_t* pixels = nullptr;  ///< of all samples
  const std::uint8_t* labels = nullptr;
  const std::uint32_t* order = nullptr;  ///< the epoch's samples
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t rows = 0;   ///< samples of the step
  std::int64_t shift = 0;  ///< each moved by up to so many pixels each way
  std::uint64_t seed = 0;
  Dropout dropout{};
  StepTable steps{};
  float* x = nullptr;                    ///< rows × pixels of an image
  std::uint8_t* batch_labels = nullptr;  ///< rows
};

struct DropoutArguments {
  Dropout dropout{};
  StepTable steps{};
  std::int64_t size = 0;
  float* x = nullptr;
};

struct ReluBackwardArguments {
  const float* activation = nullptr;
  float scale = 1.0F;  ///< dropout's
  std::int64_t size = 0;
  float* delta = nullptr;
};

struct ColumnSumArguments {
  const float* x = nullptr;
  std::int64_t rows = 0;
  std::int64_t cols = 0;
  float* sums = nullptr;
};

/// c = a·b + bias for c rows × cols with inner extent depth; a and b may be stored as their transposes.
struct GemmArguments {
  std::int64_t rows = 0;
  std::int64_t cols = 0;
  std::int64_t depth = 0;
  const float* a = nullptr;
  const float* b = nullptr;
  const float* bias = nullptr;  ///< one per column, or null
  bool relu = false;            ///< after the bias
  float* c = nullptr;
};

/// All parameters of the network in one array, so that one pass updates them.
struct OptimizerArguments {
  const float* gradient = nullptr;
  float* value = nullptr;
  float* moment1 = nullptr;
  float* moment2 = nullptr;  ///< not touched unless the optimizer is adaptive
  std::int64_t size = 0;
  StepTable steps{};
};

}  // namespace xent::gpu
