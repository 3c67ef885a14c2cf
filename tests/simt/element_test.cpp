// The emulated arithmetic: 16-bit floats exhaustively against the library's own conversions, the
// approximations against double.
#include <gtest/gtest.h>

#include <bit>

#include "tests/simt/primitive_kernels.cuh"

namespace {

using namespace xent::gpu;  // NOLINT
using xent::bf16;
using xent::f16;

template <class T>
__global__ void round_trip(const T* in, float* wide, T* back, T* nudged, int n) {
  for (int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x); i < n;
       i += static_cast<int>(gridDim.x * blockDim.x)) {
    wide[i] = widen(in[i]);
    back[i] = narrow<T>(wide[i]);
    nudged[i] = narrow<T>(wide[i] * 1.00048828125F);  // near, at or past the middle between neighbours
  }
}

template <class T>
void expect_the_librarys_conversions() {
  constexpr int kAll = 65536;
  std::vector<T> in(kAll);
  for (int i = 0; i < kAll; ++i) in[static_cast<std::size_t>(i)].bits = static_cast<std::uint16_t>(i);
  std::vector<float> wide(kAll);
  std::vector<T> back(kAll);
  std::vector<T> nudged(kAll);
  launch({.grid = 4, .block = 64}, round_trip<T>, in.data(), wide.data(), back.data(), nudged.data(), kAll);
  for (std::size_t i = 0; i < kAll; ++i) {
    const auto expected = static_cast<float>(in[i]);
    ASSERT_EQ(std::bit_cast<std::uint32_t>(wide[i]), std::bit_cast<std::uint32_t>(expected)) << i;
    ASSERT_EQ(back[i].bits, T(expected).bits) << i;
    if (expected == expected) {
      ASSERT_EQ(back[i].bits, in[i].bits) << i;
    }
    ASSERT_EQ(nudged[i].bits, T(expected * 1.00048828125F).bits) << i;
  }
}

TEST(Element, F16IsTheLibrarys) { expect_the_librarys_conversions<f16>(); }
TEST(Element, Bf16IsTheLibrarys) { expect_the_librarys_conversions<bf16>(); }

template <class T>
void expect_functions(const std::vector<T>& in, double bound) {
  std::vector<T> out(5 * in.size());
  launch({.grid = 1, .block = 32, .shared_bytes = in.size() * sizeof(T)}, math_kernel<T>, in.data(),
         out.data(), static_cast<int>(in.size()));
  for (std::size_t i = 0; i < in.size(); ++i) {
    const double x = in[i];
    const T* const y = &out[5 * i];
    EXPECT_NEAR(y[0] / std::exp2(x), 1, bound) << x;
    EXPECT_NEAR(y[1] * x, 1, bound) << x;
    EXPECT_NEAR(y[2], std::log(x), bound * (1 + std::fabs(std::log(x)))) << x;
    EXPECT_NEAR(y[3] / std::log1p(x), 1, bound) << x;
    EXPECT_EQ(y[4], std::fma(in[i], in[i], -in[i])) << x;
  }
}

TEST(Math, Functions) {
  expect_functions<float>({0.001F, 0.5F, 0.75F, 1.5F, 2, 3.1415927F, 20, 100}, 3e-7);
  expect_functions<double>({0.001, 0.5, 0.75, 1.5, 2, 3.14159, 20, 100}, 1e-15);
}

TEST(Math, ApproximationsFlushSubnormals) {
  EXPECT_EQ(xent::gpu::exp2(-126.0F), 0x1p-126F);
  EXPECT_EQ(xent::gpu::exp2(-127.0F), 0.0F);
  EXPECT_EQ(xent::gpu::exp2(-kInfinity<float>), 0.0F);
  EXPECT_EQ(xent::gpu::exp2(0x1p-130F), 1.0F);
  EXPECT_EQ(reciprocal(0x1p-130F), kInfinity<float>);
  EXPECT_EQ(reciprocal(-0x1p127F), -0.0F);
  EXPECT_TRUE(std::signbit(reciprocal(-0x1p127F)));
  EXPECT_EQ(xent::gpu::exp2(kInfinity<float>), kInfinity<float>);
}

}  // namespace
