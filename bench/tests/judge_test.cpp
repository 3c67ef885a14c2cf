// The benchmark's judge of errors: the library passes, and a planted mistake is measured at its size.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "bench/judge.hpp"

namespace xent::bench {
namespace {

constexpr DType kTypes[] = {DType::f32, DType::f16, DType::bf16, DType::f64};
constexpr Operation kMatrixOperations[] = {
    Operation::cross_entropy, Operation::cross_entropy_backward, Operation::softmax,
    Operation::log_softmax,   Operation::log_softmax_backward,   Operation::softmax_backward,
    Operation::nll_backward};
constexpr Operation kLosses[] = {Operation::cross_entropy, Operation::cross_entropy_forward, Operation::nll};

/// Beyond what docs/numerics.md allows for these logits.
constexpr double kTooMuch = 60.0;

LossCase small(Operation operation, DType dtype) {
  return {.operation = operation, .dtype = dtype, .rows = 5, .classes = 9, .reduction = Reduction::none};
}

template <class T>
LossBuffers<T> called(const LossCase& c) {
  LossBuffers<T> buffers(c, 1, 1);
  call(c, buffers, {.threads = 1});
  return buffers;
}

TEST(Judge, TheLibraryPasses) {
  for (const DType dtype : kTypes) {
    for (const Operation operation : kMatrixOperations) {
      const Judgement judged = judge(small(operation, dtype), 2);
      EXPECT_LT(judged.worst, kTooMuch) << name(operation) << " " << xent::name(dtype);
      EXPECT_EQ(judged.rows, 5);
    }
  }
}

TEST(Judge, NeverLooksAtNothing) {
  for (const Operation operation : kMatrixOperations) {
    if (operation == Operation::nll_backward) continue;  // nothing but signs is computed there
    const double worst = judge(small(operation, DType::f32), 1).worst;
    EXPECT_GT(worst, 0.0) << name(operation);
  }
}

TEST(Judge, RowsAreBounded) {
  EXPECT_EQ(judge({.operation = Operation::softmax, .rows = 20, .classes = 1 << 19}, 2).rows, 2);
  EXPECT_EQ(judge({.operation = Operation::softmax, .rows = 2, .classes = 3 << 19}, 2).rows, 1);
}

TEST(Judge, AWrongElementAnywhereIsSeen) {
  for (const DType dtype : kTypes) {
    for (const Operation operation : kMatrixOperations) {
      with_type(dtype, [&, c = small(operation, dtype)](auto zero) {
        using T = decltype(zero);
        for (const std::int64_t at : {std::int64_t{0}, c.rows * c.classes - 1}) {
          LossBuffers<T> buffers = called<T>(c);
          buffers.result.data()[at] = T(7.0F);
          EXPECT_GT(worst_error(c, buffers, 1), kTooMuch) << name(operation) << " " << xent::name(dtype);
          buffers.result.data()[at] = T(std::numeric_limits<float>::quiet_NaN());
          EXPECT_TRUE(std::isinf(worst_error(c, buffers, 1))) << name(operation) << " " << xent::name(dtype);
        }
      });
    }
  }
}

TEST(Judge, AWrongLossIsSeen) {
  for (const DType dtype : kTypes) {
    for (const Operation operation : kLosses) {
      with_type(dtype, [&, c = small(operation, dtype)](auto zero) {
        LossBuffers<decltype(zero)> buffers = called<decltype(zero)>(c);
        buffers.loss.data()[c.rows - 1] *= 1.001F;
        EXPECT_GT(worst_error(c, buffers, 1), kTooMuch) << name(operation) << " " << xent::name(dtype);
      });
    }
  }
}

TEST(Judge, UnitsAreThoseOfTheStoredType) {
  const LossCase c = small(Operation::softmax, DType::f32);
  LossBuffers<float> buffers = called<float>(c);
  const double before = worst_error(c, buffers, 1);
  buffers.result.data()[0] *= 1.0F + 0x1p-14F;  // 1024 units of 2^-24
  EXPECT_NEAR(worst_error(c, buffers, 1), 1024.0, before + 2.0);
}

}  // namespace
}  // namespace xent::bench
