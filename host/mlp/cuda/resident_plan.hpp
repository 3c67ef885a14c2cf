// Which networks a device can keep on chip while it trains them, and how they are dealt to its
// multiprocessors.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "host/mlp/recipe.hpp"
#include "host/plan/gpu_plan.hpp"
#include "kernels/resident/shape.hpp"

namespace xent::mlp {

struct ResidentPlan {
  std::optional<gpu::ResidentShape> shape{};
  std::string obstacle{};  ///< why there is none: "it has 2 hidden layers, must have 1"
};

/// For steps of at most so many images, at least one. A block to a multiprocessor, with as few units as all
/// of them together need; a second batch where there is room. Not for networks of other than two layers,
/// with more than gpu::kResidentMostClasses classes, or that do not fit.
ResidentPlan plan_resident(const Recipe& recipe, std::int64_t rows, const plan::DeviceProperties& device);

}  // namespace xent::mlp
