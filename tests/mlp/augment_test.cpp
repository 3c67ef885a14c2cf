// Shifted samples against moving one pixel at a time.
#include "host/mlp/augment.hpp"

#include <vector>

#include <gtest/gtest.h>

#include "host/mlp/random.hpp"
#include "tests/mlp/made_up_data.hpp"

namespace xent::mlp {
namespace {

TEST(CopyAugmented, MovesEveryPixelByTheRandomShift) {
  const data::Dataset dataset = test::made_up_data(7, 5, 8);
  for (const std::int64_t limit : {0, 1, 3, 4}) {
    Recipe recipe;
    recipe.shift = limit;
    recipe.seed = 3;
    const std::vector<std::int64_t> samples{6, 0, 3, 3, 1};
    for (std::int64_t step = 0; step < 20; ++step) {
      const Batch batch{.samples = samples, .step = step};
      for (std::int64_t row = 0; row < 5; ++row) {
        const auto image = dataset.image(samples[static_cast<std::size_t>(row)]);
        const Shift shift =
            random_shift(RandomStream(3, Purpose::shift, static_cast<std::uint64_t>(step)), row, limit);
        std::vector<std::uint8_t> moved(40, 99);
        copy_augmented(recipe, dataset, batch, row, moved.data());
        for (std::int64_t y = 0; y < 5; ++y) {
          for (std::int64_t x = 0; x < 8; ++x) {
            const std::int64_t from_y = y - shift.down;
            const std::int64_t from_x = x - shift.right;
            const bool inside = from_y >= 0 && from_y < 5 && from_x >= 0 && from_x < 8;
            const int expected = inside ? image[static_cast<std::size_t>(from_y * 8 + from_x)] : 0;
            ASSERT_EQ(moved[static_cast<std::size_t>(y * 8 + x)], expected) << limit << " " << y << " " << x;
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace xent::mlp
