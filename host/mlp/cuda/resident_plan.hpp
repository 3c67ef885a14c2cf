// Which networks a device can keep on chip while it trains them, and how they are dealt to its
// multiprocessors.
#pragma once

#include <cstdint>
#include <optional>

#include "host/mlp/recipe.hpp"
#include "host/plan/gpu_plan.hpp"
#include "kernels/resident/shape.hpp"

namespace xent::mlp {

/// For steps of at most so many images, at least one. A block to a multiprocessor, with as few units as all
/// of them together need; a second batch where there is room. Nothing for networks of other than two layers,
/// with more than gpu::kResidentMostClasses classes, or that do not fit.
std::optional<gpu::ResidentShape> plan_resident(const Recipe& recipe, std::int64_t rows,
                                                const plan::DeviceProperties& device);

}  // namespace xent::mlp
