// The batch's bytes, marks and lists against the plainest way to find them.
#include "host/mlp/pixel_batch.hpp"

#include <gtest/gtest.h>

#include "host/mlp/augment.hpp"
#include "host/mlp/elementwise.hpp"
#include "tests/mlp/dark_data.hpp"

namespace xent::mlp {
namespace {

bool bit(std::uint64_t word, std::int64_t j) { return (word >> static_cast<unsigned>(j) & 1U) != 0; }

void expect_marks_of_its_bytes(const PixelBatch& batch) {
  for (std::int64_t r = 0; r < batch.rows(); ++r) {
    for (std::int64_t i = 0; i < 64 * batch.row_words(); ++i) {
      const bool lit = i < batch.features() && batch.row(r)[i] != 0;
      ASSERT_EQ(bit(batch.row_word(r, i / 64), i % 64), lit) << "row " << r << " pixel " << i;
    }
  }
  std::vector<std::int32_t> lit, idle;
  for (std::int64_t i = 0; i < batch.features(); ++i) {
    bool any = false;
    for (std::int64_t r = 0; r < 64 * batch.column_words(); ++r) {
      const bool expected = r < batch.rows() && batch.row(r)[i] != 0;
      ASSERT_EQ(bit(batch.column_word(i, r / 64), r % 64), expected) << "row " << r << " pixel " << i;
      any = any || expected;
    }
    (any ? lit : idle).push_back(static_cast<std::int32_t>(i));
  }
  EXPECT_EQ(std::vector(batch.lit().begin(), batch.lit().end()), lit);
  EXPECT_EQ(std::vector(batch.idle().begin(), batch.idle().end()), idle);
}

TEST(PixelBatch, MarksWhatIsNotZero) {
  for (const std::int64_t features : {1, 35, 63, 64, 65, 784}) {
    const data::Dataset set = test::dark_data(130, 1, features);
    PixelBatch batch(features, 130, 1.0);
    // Fewer rows after more: nothing of the larger batch may stay.
    for (const std::int64_t rows : {130, 65, 64, 63, 1}) {
      SCOPED_TRACE(testing::Message() << rows << " x " << features);
      batch.take(set.pixels.data(), rows);
      ASSERT_EQ(batch.rows(), rows);
      for (std::int64_t i = 0; i < rows * features; ++i) {
        ASSERT_EQ(batch.row(i / features)[i % features], set.pixels[static_cast<std::size_t>(i)]);
      }
      expect_marks_of_its_bytes(batch);
    }
  }
}

TEST(PixelBatch, MovesAndDropsAsTheGeneralPathDoes) {
  const data::Dataset set =
      test::made_up_data(90, 5, 7);  // 35 pixels: rows start anywhere in a block of words
  Recipe recipe = test::busy_recipe();
  recipe.shift = 2;
  std::vector<std::int64_t> samples;
  for (std::int64_t i = 0; i < 70; ++i) samples.push_back(i * 11 % 90);
  const Batch step{.samples = samples, .step = 3};
  const double scale = 1.0 / (1.0 - recipe.input_dropout);
  PixelBatch batch(35, 70, scale);
  batch.gather(recipe, set, step, 2);
  expect_marks_of_its_bytes(batch);

  std::vector<float> expected(70 * 35);
  for (std::int64_t r = 0; r < 70; ++r) {
    std::uint8_t bytes[35];
    copy_augmented(recipe, set, step, r, bytes);
    normalise_pixels(bytes, 35, expected.data() + r * 35);
  }
  apply_dropout(RandomStream(recipe.seed, Purpose::dropout, 3, 0), 0, 70 * 35,
                dropout_threshold(recipe.input_dropout), static_cast<float>(scale), expected.data());
  for (std::int64_t i = 0; i < 70 * 35; ++i) {
    ASSERT_EQ(batch.values()[batch.row(i / 35)[i % 35]], expected[static_cast<std::size_t>(i)]) << i;
  }
}

}  // namespace
}  // namespace xent::mlp
