// More than 2^31 elements, where 32-bit index arithmetic breaks. 4.3 GB of memory: only with
// XENT_TEST_HUGE=1 in the environment.
#include <cmath>
#include <cstdlib>
#include <limits>
#include <vector>

#include <gtest/gtest.h>
#include <xent/xent.hpp>

namespace xent::testing {
namespace {

// 2^31 + 50257 elements or a few more, so that the last row lies beyond what 32 bits can count.
constexpr std::int64_t kClasses = 50257;
constexpr std::int64_t kRows = (std::int64_t{1} << 31) / kClasses + 2;
static_assert((kRows - 1) * kClasses > std::numeric_limits<std::int32_t>::max());

/// Zeros but for one class per row: the label's logit is 8.
constexpr float kPeak = 8.0F;

std::int64_t label_of(std::int64_t r) { return (r * 7919) % 256; }

TEST(Huge, ForwardAndInPlaceBackwardBeyond32Bits) {
  if (std::getenv("XENT_TEST_HUGE") == nullptr) GTEST_SKIP() << "set XENT_TEST_HUGE=1 (needs 4.3 GB)";
  std::vector<bf16> logits(static_cast<std::size_t>(kRows * kClasses));
  std::vector<std::uint8_t> label(static_cast<std::size_t>(kRows));
  for (std::int64_t r = 0; r < kRows; ++r) {
    label[static_cast<std::size_t>(r)] = static_cast<std::uint8_t>(label_of(r));
    logits[static_cast<std::size_t>(r * kClasses + label_of(r))] = bf16(kPeak);
  }
  const MatrixView matrix_view = matrix(logits.data(), kRows, kClasses);
  std::vector<double> loss(static_cast<std::size_t>(kRows));
  std::vector<std::int32_t> argmax(static_cast<std::size_t>(kRows));
  std::int64_t correct = 0;
  cross_entropy(matrix_view, labels(label.data(), kRows),
                {.loss = vector(loss.data(), kRows),
                 .argmax = indices(argmax.data(), kRows),
                 .grad = matrix_view,
                 .correct_count = &correct},
                {.reduction = Reduction::none}, {.scale = -1024.0});
  EXPECT_EQ(correct, kRows);

  // All rows hold the same numbers, so all have the same loss and the same gradients.
  const double rest = static_cast<double>(kClasses - 1) * std::exp(-kPeak);
  const bf16 other(static_cast<float>(-1024.0 * std::exp(-kPeak) / (1.0 + rest)));
  const bf16 target(static_cast<float>(1024.0 * rest / (1.0 + rest)));
  for (std::int64_t r = 0; r < kRows; ++r) {
    ASSERT_NEAR(loss[static_cast<std::size_t>(r)], std::log1p(rest), 1e-6) << "row " << r;
    ASSERT_EQ(argmax[static_cast<std::size_t>(r)], label_of(r)) << "row " << r;
  }
  for (const std::int64_t r : {std::int64_t{0}, kRows / 2, kRows - 1}) {
    for (std::int64_t c = 0; c < kClasses; ++c) {
      const bf16 want = c == label_of(r) ? target : other;
      ASSERT_EQ(logits[static_cast<std::size_t>(r * kClasses + c)].bits, want.bits)
          << "row " << r << ", class " << c;
    }
  }
}

}  // namespace
}  // namespace xent::testing
