// More elements than 32 bits count, signed and unsigned. The row is the same everywhere, so few have to be
// looked at: the first, and those around the borders.
#include <cmath>

#include <gtest/gtest.h>
#include <xent/xent.hpp>

#include "host/cuda/memory.hpp"

namespace xent::testing {
namespace {

constexpr std::int64_t kClasses = 50257;

/// Rows on the device that all hold the same logits, doubled from one by copies.
cuda::DeviceArray<bf16> same_rows(const std::vector<bf16>& row, std::int64_t rows) {
  cuda::DeviceArray<bf16> all(static_cast<std::size_t>(rows * kClasses));
  cuda::copy(all.data(), row.data(), row.size() * sizeof(bf16), nullptr);
  for (std::int64_t done = 1; done < rows; done *= 2) {
    const std::int64_t more = std::min(done, rows - done);
    cuda::copy(all.data() + done * kClasses, all.data(),
               static_cast<std::size_t>(more * kClasses) * sizeof(bf16), nullptr);
  }
  cuda::wait(nullptr);
  return all;
}

void forward_and_backward(std::int64_t elements) {
  const std::int64_t rows = elements / kClasses + 2;
  std::vector<bf16> row(kClasses);
  for (std::size_t c = 0; c < row.size(); ++c) row[c] = bf16(static_cast<float>(c % 17) * 0.25F);
  const std::int32_t label = 50000;
  double loss = 0.0;
  std::vector<bf16> grad(row.size());
  cross_entropy(matrix(std::as_const(row).data(), 1, kClasses), labels(&label, 1),
                {.loss = vector(&loss, 1), .grad = matrix(grad.data(), 1, kClasses)},
                {.reduction = Reduction::none}, {.scale = 512.0}, {.device = Device::reference});

  const cuda::DeviceArray<bf16> all = same_rows(row, rows);
  cuda::DeviceArray<std::int32_t> y(static_cast<std::size_t>(rows));
  y.upload(std::vector<std::int32_t>(static_cast<std::size_t>(rows), label), nullptr);
  cuda::DeviceArray<float> losses(static_cast<std::size_t>(rows));
  cuda::DeviceArray<unsigned char> workspace(workspace_bytes(rows));
  cuda::fill_zero(workspace.data(), workspace.bytes(), nullptr);
  const Exec exec{.device = Device::cuda, .workspace = {workspace.data(), workspace.bytes()}};
  cross_entropy(matrix(all.data(), rows, kClasses), labels(y.data(), rows),
                {.loss = vector(losses.data(), rows), .grad = matrix(all.data(), rows, kClasses)},
                {.reduction = Reduction::none}, {.scale = 512.0}, exec);
  check(exec);
  const std::vector<float> got_losses = losses.download(nullptr);
  for (std::int64_t r = 0; r < rows; ++r) {
    ASSERT_NEAR(got_losses[static_cast<std::size_t>(r)], loss, 1e-5 * loss) << "row " << r;
  }
  std::vector<bf16> got(row.size());
  for (const std::int64_t r : {std::int64_t{0}, rows / 2, rows - 2, rows - 1}) {
    cuda::copy(got.data(), all.data() + r * kClasses, got.size() * sizeof(bf16), nullptr);
    cuda::wait(nullptr);
    for (std::size_t c = 0; c < got.size(); ++c) {
      const auto want = static_cast<float>(grad[c]);
      ASSERT_NEAR(static_cast<float>(got[c]), want, 0.01 * std::abs(want)) << "row " << r << ", class " << c;
    }
  }
}

TEST(HugeOnDevice, MoreThanSigned32BitsOfElements) { forward_and_backward(std::int64_t{1} << 31); }
TEST(HugeOnDevice, MoreThanUnsigned32BitsOfElements) { forward_and_backward(std::int64_t{1} << 32); }

}  // namespace
}  // namespace xent::testing
