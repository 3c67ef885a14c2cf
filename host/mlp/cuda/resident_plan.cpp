#include "host/mlp/cuda/resident_plan.hpp"

namespace xent::mlp {
namespace {

// What the kernel has in static memory, and what the driver keeps of each block's.
constexpr std::size_t kSharedReserve = 2 << 10;

// More bytes than any block has, in elements of at least one: below, sizes are far from overflowing.
constexpr std::int64_t kTooMany = 1 << 20;

constexpr std::int64_t divide_up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

ResidentPlan too_large(std::int64_t units, std::int64_t rows, std::size_t least,
                       const plan::DeviceProperties& device) {
  return {.obstacle = "a block with " + std::to_string(units) + " of its hidden units and " +
                      std::to_string(rows) + " images needs at least " + std::to_string(least) +
                      " bytes of shared memory, the device gives it " +
                      std::to_string(device.shared_per_block)};
}

}  // namespace

ResidentPlan plan_resident(const Recipe& recipe, std::int64_t rows, const plan::DeviceProperties& device) {
  if (recipe.layers.size() != 3) {
    return {.obstacle = "it has " + std::to_string(recipe.layers.size() - 2) + " hidden layers, must have 1"};
  }
  if (recipe.layers.back() > gpu::kResidentMostClasses) {
    return {.obstacle = "it has " + std::to_string(recipe.layers.back()) + " classes, must have at most " +
                        std::to_string(gpu::kResidentMostClasses)};
  }
  const std::int64_t features = recipe.layers.front();
  const std::int64_t hidden = recipe.layers[1];
  const std::int64_t groups = divide_up(divide_up(hidden, gpu::kResidentUnits), device.multiprocessors);
  const std::int64_t units = groups * gpu::kResidentUnits;
  if (units > kTooMany / features || rows > kTooMany / features || rows > kTooMany / units) {
    return too_large(units, rows, kTooMany, device);
  }
  gpu::ResidentShape shape{.features = static_cast<int>(features),
                           .hidden = static_cast<int>(hidden),
                           .classes = static_cast<int>(recipe.layers.back()),
                           .rows = static_cast<int>(rows),
                           .units = static_cast<int>(units),
                           .copies = recipe.optimizer == Optimizer::sgd ? 2 : 3};
  for (shape.images = 2; shape.images >= 1; --shape.images) {
    if (shape.bytes() + kSharedReserve <= device.shared_per_block) return {.shape = shape};
  }
  shape.images = 1;
  return too_large(units, rows, shape.bytes() + kSharedReserve, device);
}

}  // namespace xent::mlp
