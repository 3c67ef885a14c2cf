#include "host/mlp/cuda/resident_plan.hpp"

namespace xent::mlp {
namespace {

// What the kernel has in static memory, and what the driver keeps of each block's.
constexpr std::size_t kSharedReserve = 2 << 10;

// More elements than any block has room for: below, sizes are far from overflowing.
constexpr std::int64_t kTooMany = 1 << 20;

constexpr std::int64_t divide_up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

}  // namespace

std::optional<gpu::ResidentShape> plan_resident(const Recipe& recipe, std::int64_t rows,
                                                const plan::DeviceProperties& device) {
  if (recipe.layers.size() != 3 || recipe.layers.back() > gpu::kResidentMostClasses) return std::nullopt;
  const std::int64_t features = recipe.layers.front();
  const std::int64_t hidden = recipe.layers[1];
  const std::int64_t groups = divide_up(divide_up(hidden, gpu::kResidentUnits), device.multiprocessors);
  if (groups > kTooMany / gpu::kResidentUnits) return std::nullopt;
  const std::int64_t units = groups * gpu::kResidentUnits;
  if (units > kTooMany / features || rows > kTooMany / features || rows > kTooMany / units) {
    return std::nullopt;
  }
  gpu::ResidentShape shape{.features = static_cast<int>(features),
                           .hidden = static_cast<int>(hidden),
                           .classes = static_cast<int>(recipe.layers.back()),
                           .rows = static_cast<int>(rows),
                           .units = static_cast<int>(units),
                           .copies = recipe.optimizer == Optimizer::sgd ? 2 : 3};
  for (shape.images = 2; shape.images >= 1; --shape.images) {
    if (shape.bytes() + kSharedReserve <= device.shared_per_block) return shape;
  }
  return std::nullopt;
}

}  // namespace xent::mlp
