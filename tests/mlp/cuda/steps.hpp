// Numbers of a made-up run of steps, for kernels that look theirs up.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/mlp/arguments.hpp"

namespace xent::mlp::test {

/// Three steps, the last of which is under way; the others would give something else.
class MadeUpSteps {
 public:
  static constexpr std::int64_t kUnderWay = 2;

  explicit MadeUpSteps(const gpu::StepScalars& under_way) {
    scalars_[kUnderWay] = under_way;
    for (std::int64_t i = 0; i < kUnderWay; ++i) {
      scalars_[static_cast<std::size_t>(i)] = {
          .step = under_way.step + 50 + i, .place = 0, .update = {.coupled_decay = 9.0F, .step_size = 77.0F}};
    }
  }

  gpu::StepTable table() {
    return {.scalars = scalars_.data(), .outcomes = outcomes_.data(), .number = &number_};
  }
  const std::vector<gpu::StepOutcome>& outcomes() const { return outcomes_; }
  std::int64_t number() const { return number_; }

 private:
  std::vector<gpu::StepScalars> scalars_{3};
  std::vector<gpu::StepOutcome> outcomes_{3};
  std::int64_t number_ = kUnderWay;
};

}  // namespace xent::mlp::test
