// Shift augmentation, one image row at a time.
#include "host/mlp/augment.hpp"

#include <algorithm>
#include <cstring>

#include "host/mlp/random.hpp"

namespace xent::mlp {

void copy_augmented(const Recipe& recipe, const data::Dataset& dataset, const Batch& batch, std::int64_t row,
                    std::uint8_t* out) {
  const auto image = dataset.image(batch.samples[static_cast<std::size_t>(row)]);
  if (recipe.shift == 0) {
    std::memcpy(out, image.data(), image.size());
    return;
  }
  const RandomStream stream(recipe.seed, Purpose::shift, static_cast<std::uint64_t>(batch.step));
  const Shift shift = random_shift(stream, row, recipe.shift);
  std::memset(out, 0, image.size());
  const std::int64_t kept = dataset.width - std::abs(shift.right);
  const std::int64_t first = std::max<std::int64_t>(shift.down, 0);
  const std::int64_t last = std::min(dataset.height, dataset.height + shift.down);
  for (std::int64_t y = first; y < last && kept > 0; ++y) {
    std::memcpy(out + y * dataset.width + std::max<std::int64_t>(shift.right, 0),
                image.data() + (y - shift.down) * dataset.width + std::max<std::int64_t>(-shift.right, 0),
                static_cast<std::size_t>(kept));
  }
}

}  // namespace xent::mlp
