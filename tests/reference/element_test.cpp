// Element access: every type reads back what was written, rounded to its own precision.
#include "host/reference/element.hpp"

#include <array>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace xent::reference {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

double round_trip(DType type, double value) {
  alignas(double) std::array<std::byte, 32> memory{};
  store(memory.data(), type, 2, value);
  return load(memory.data(), type, 2);
}

TEST(ReferenceElement, FloatsRoundToTheirPrecision) {
  EXPECT_EQ(round_trip(DType::f64, 0.1), 0.1);
  EXPECT_EQ(round_trip(DType::f32, 0.1), static_cast<double>(0.1F));
  EXPECT_EQ(round_trip(DType::f16, 0.1), 0.0999755859375);  // 1638 · 2^-14
  EXPECT_EQ(round_trip(DType::bf16, 0.1), 0.10009765625);   // 205 · 2^-11
  EXPECT_EQ(round_trip(DType::f16, 1.0 + 0x1p-11), 1.0) << "a tie goes to even";
  EXPECT_EQ(round_trip(DType::f16, 0x1p-24), 0x1p-24) << "the smallest f16";
  EXPECT_EQ(round_trip(DType::f16, 65520.0), kInf) << "half a step beyond the largest f16";
  EXPECT_EQ(round_trip(DType::bf16, -3.5), -3.5);
}

TEST(ReferenceElement, SpecialFloatsSurvive) {
  for (const DType type : {DType::f32, DType::f16, DType::bf16, DType::f64}) {
    EXPECT_TRUE(std::isnan(round_trip(type, std::nan("")))) << name(type);
    EXPECT_EQ(round_trip(type, -kInf), -kInf) << name(type);
    EXPECT_TRUE(std::signbit(round_trip(type, -0.0))) << name(type);
  }
}

TEST(ReferenceElement, Labels) {
  alignas(std::int64_t) std::array<std::byte, 32> memory{};
  const auto round_trip_label = [&memory](LabelType type, std::int64_t value) {
    store(memory.data(), type, 1, value);
    return load(memory.data(), type, 1);
  };
  EXPECT_EQ(round_trip_label(LabelType::u8, 200), 200);
  EXPECT_EQ(round_trip_label(LabelType::u8, -1), 255);
  EXPECT_EQ(round_trip_label(LabelType::i32, -100), -100);
  EXPECT_EQ(round_trip_label(LabelType::i64, std::int64_t{1} << 40U), std::int64_t{1} << 40U);
}

}  // namespace
}  // namespace xent::reference
