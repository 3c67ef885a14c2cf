// The README's example for a stream, called as its reader would.
#include <cuda_runtime_api.h>

#include <cmath>

#include <gtest/gtest.h>
#include <xent/xent.hpp>

#include "host/cuda/memory.hpp"

void loss_and_gradient(const xent::bf16* logits, const int* labels, float* loss, xent::bf16* grad, int rows,
                       int classes, void* workspace, cudaStream_t stream);

namespace xent::testing {
namespace {

TEST(Example, OnAStream) {
  const cuda::OwnedStream stream;
  cuda::DeviceArray<bf16> logits(6);
  cuda::DeviceArray<bf16> grad(6);
  cuda::DeviceArray<int> labels(2);
  cuda::DeviceArray<float> loss(1);
  cuda::DeviceArray<unsigned char> workspace(workspace_bytes(2));
  cuda::fill_zero(workspace.data(), workspace.bytes(), stream.get());
  logits.upload(std::vector<bf16>{bf16(1.0F), bf16(2.0F), bf16(0.5F), bf16(9.0F), bf16(9.0F), bf16(9.0F)},
                stream.get());
  labels.upload(std::vector<int>{1, -100}, stream.get());
  loss_and_gradient(logits.data(), labels.data(), loss.data(), grad.data(), 2, 3, workspace.data(),
                    static_cast<cudaStream_t>(stream.get()));
  const double sum = std::exp(1.0) + std::exp(2.0) + std::exp(0.5);
  EXPECT_NEAR(loss.download(stream.get())[0], std::log(sum) - 2.0, 1e-6);
  EXPECT_NEAR(static_cast<float>(grad.download(stream.get())[0]), std::exp(1.0) / sum, 2e-3);
  EXPECT_EQ(static_cast<float>(grad.download(stream.get())[3]), 0.0F);
}

}  // namespace
}  // namespace xent::testing
