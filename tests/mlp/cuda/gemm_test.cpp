// The own matrix products of a linear layer against their sums in double.
#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "host/cuda/gemm.hpp"
#include "tests/simt/options.hpp"
#include "tests/support/rng.hpp"

namespace xent::cuda {
namespace {

/// Less than a tile, one exactly, a bit more in each direction; depths that end within a slice.
constexpr Linear kShapes[] = {{1, 1, 1}, {3, 2, 5}, {16, 24, 5}, {64, 16, 64}, {65, 33, 10}, {70, 17, 130}};

std::vector<float> normals(std::int64_t size, std::uint64_t seed) {
  testing::Rng rng(seed);
  std::vector<float> values;
  for (std::int64_t i = 0; i < size; ++i) values.push_back(static_cast<float>(rng.normal()));
  return values;
}

/// Σ_k a(k)·b(k), and how far a sum in single precision may be off.
struct Sum {
  double value = 0.0;
  double bound = 0.0;
};
template <class A, class B>
Sum dot(std::int64_t depth, const A& a, const B& b) {
  Sum sum;
  double magnitude = 0.0;
  for (std::int64_t k = 0; k < depth; ++k) {
    sum.value += static_cast<double>(a(k)) * static_cast<double>(b(k));
    magnitude += std::abs(static_cast<double>(a(k)) * static_cast<double>(b(k)));
  }
  sum.bound = static_cast<double>(depth + 2) * 0x1p-24 * (magnitude + 1.0);
  return sum;
}

struct Layer {
  Linear shape;
  std::vector<float> x, weight, bias, delta_y;

  explicit Layer(const Linear& linear)
      : shape(linear),
        x(normals(linear.rows * linear.inputs, 1)),
        weight(normals(linear.inputs * linear.outputs, 2)),
        bias(normals(linear.outputs, 3)),
        delta_y(normals(linear.rows * linear.outputs, 4)) {}

  auto of_x(std::int64_t row) const {
    return [this, row](std::int64_t i) { return x[static_cast<std::size_t>(row * shape.inputs + i)]; };
  }
};

float at(const std::vector<float>& matrix, std::int64_t row, std::int64_t col, std::int64_t cols) {
  return matrix[static_cast<std::size_t>(row * cols + col)];
}
std::vector<float> unwritten(std::int64_t size) {
  return std::vector<float>(static_cast<std::size_t>(size), std::numeric_limits<float>::quiet_NaN());
}

TEST(KernelProducts, ForwardIsTheProductWithBiasAndReLU) {
  for (const Linear& shape : kShapes) {
    const Layer layer(shape);
    for (const bool relu : {false, true}) {
      std::vector<float> y = unwritten(shape.rows * shape.outputs);
      make_kernel_products(nullptr)->forward(shape, layer.x.data(), layer.weight.data(), layer.bias.data(),
                                             relu, y.data());
      for (std::int64_t r = 0; r < shape.rows; ++r) {
        for (std::int64_t o = 0; o < shape.outputs; ++o) {
          const Sum sum = dot(shape.inputs, layer.of_x(r),
                              [&](std::int64_t i) { return at(layer.weight, o, i, shape.inputs); });
          const double value = sum.value + static_cast<double>(layer.bias[static_cast<std::size_t>(o)]);
          ASSERT_NEAR(at(y, r, o, shape.outputs), relu ? std::max(value, 0.0) : value, sum.bound)
              << shape.rows << " x " << shape.inputs << " x " << shape.outputs << ": " << r << ", " << o;
        }
      }
    }
  }
}

TEST(KernelProducts, InputGradientIsTheProductWithTheWeights) {
  for (const Linear& shape : kShapes) {
    const Layer layer(shape);
    std::vector<float> delta_x = unwritten(shape.rows * shape.inputs);
    make_kernel_products(nullptr)->input_gradient(shape, layer.delta_y.data(), layer.weight.data(),
                                                  delta_x.data());
    for (std::int64_t r = 0; r < shape.rows; ++r) {
      for (std::int64_t i = 0; i < shape.inputs; ++i) {
        const Sum sum = dot(
            shape.outputs, [&](std::int64_t o) { return at(layer.delta_y, r, o, shape.outputs); },
            [&](std::int64_t o) { return at(layer.weight, o, i, shape.inputs); });
        ASSERT_NEAR(at(delta_x, r, i, shape.inputs), sum.value, sum.bound) << r << ", " << i;
      }
    }
  }
}

TEST(KernelProducts, ParameterGradientsAreSumsOverTheRows) {
  for (const Linear& shape : kShapes) {
    const Layer layer(shape);
    std::vector<float> delta_weight = unwritten(shape.outputs * shape.inputs);
    std::vector<float> delta_bias = unwritten(shape.outputs);
    make_kernel_products(nullptr)->parameter_gradients(shape, layer.delta_y.data(), layer.x.data(),
                                                       delta_weight.data(), delta_bias.data());
    for (std::int64_t o = 0; o < shape.outputs; ++o) {
      const auto delta = [&](std::int64_t r) { return at(layer.delta_y, r, o, shape.outputs); };
      const Sum bias = dot(shape.rows, delta, [](std::int64_t) { return 1.0F; });
      ASSERT_NEAR(delta_bias[static_cast<std::size_t>(o)], bias.value, bias.bound) << o;
      for (std::int64_t i = 0; i < shape.inputs; ++i) {
        const Sum sum =
            dot(shape.rows, delta, [&](std::int64_t r) { return at(layer.x, r, i, shape.inputs); });
        ASSERT_NEAR(at(delta_weight, o, i, shape.inputs), sum.value, sum.bound) << o << ", " << i;
      }
    }
  }
}

TEST(KernelProducts, ReLULetsNaNPass) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float weight[] = {1.0F, -1.0F};
  const float bias[] = {0.0F, 0.0F};
  float y[2] = {};
  make_kernel_products(nullptr)->forward({1, 1, 2}, &nan, weight, bias, true, y);
  EXPECT_TRUE(std::isnan(y[0]) && std::isnan(y[1]));
}

TEST(KernelProducts, BitsDoNotDependOnTheOrderOfThreads) {
  const Layer layer({70, 33, 66});
  std::vector<float> first;
  simt::for_each_schedule(4, [&] {
    std::vector<float> all = unwritten(66 * 33 + 66);
    make_kernel_products(nullptr)->parameter_gradients(layer.shape, layer.delta_y.data(), layer.x.data(),
                                                       all.data(), all.data() + 66 * 33);
    if (first.empty()) first = all;
    EXPECT_EQ(all, first);
  });
}

}  // namespace
}  // namespace xent::cuda
