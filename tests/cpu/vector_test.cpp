// Every SIMD target's exponential and conversions, against libm and the scalar conversions.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "tests/cpu/vector_probe.hpp"

namespace xent::cpu {
namespace {

template <class T>
double ulps(T got, double want) {
  const T nearest = static_cast<T>(want);
  const double step = static_cast<double>(std::nextafter(nearest, std::numeric_limits<T>::infinity())) -
                      static_cast<double>(nearest);
  return std::fabs(static_cast<double>(got) - want) / step;
}

/// The error in ulps that ExpNotAbove promises: rounding x may move e^x by |x| ulp, and a quarter more is its
/// own.
double exp_bound(double x) { return 1.5 + std::fabs(x) / 4; }

TEST(Vector, SomeTargetRuns) { EXPECT_FALSE(vector_probes().empty()); }

TEST(Vector, ExpF32KeepsItsBound) {
  std::vector<float> x;
  for (float v = -86.4F; v <= 87.9F; v += 1.37e-3F) x.push_back(v);
  for (float v = 1e-8F; v < 1.0F; v *= 1.01F) x.push_back(-v);
  std::vector<float> y(x.size());
  for (const VectorProbe& probe : vector_probes()) {
    probe.exp_f32(x.data(), y.data(), x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      ASSERT_LE(ulps(y[i], std::exp(static_cast<double>(x[i]))), exp_bound(x[i]))
          << probe.target << " exp(" << x[i] << ")";
    }
  }
}

TEST(Vector, ExpF64KeepsItsBound) {
  std::vector<double> x;
  for (double v = -706.9; v <= 708.0; v += 0.0173) x.push_back(v);
  std::vector<double> y(x.size());
  for (const VectorProbe& probe : vector_probes()) {
    probe.exp_f64(x.data(), y.data(), x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      ASSERT_LE(ulps(y[i], static_cast<double>(std::exp(static_cast<long double>(x[i])))), exp_bound(x[i]))
          << probe.target << " exp(" << x[i] << ")";
    }
  }
}

template <class T, class Function>
void expect_special_values(const char* target, const Function& exp) {
  const T inf = std::numeric_limits<T>::infinity();
  const T x[] = {0,
                 static_cast<T>(-0.0),
                 -inf,
                 inf,
                 std::numeric_limits<T>::quiet_NaN(),
                 T{-1000},
                 T{1000},
                 std::numeric_limits<T>::lowest(),
                 std::numeric_limits<T>::denorm_min()};
  T y[std::size(x)];
  exp(x, y, std::size(x));
  EXPECT_EQ(y[0], T{1}) << target;
  EXPECT_EQ(y[1], T{1}) << target;
  EXPECT_EQ(y[2], T{0}) << target;
  EXPECT_EQ(y[3], inf) << target;
  EXPECT_TRUE(std::isnan(y[4])) << target;
  EXPECT_EQ(y[5], T{0}) << target;
  EXPECT_EQ(y[6], inf) << target;
  EXPECT_EQ(y[7], T{0}) << target;
  EXPECT_EQ(y[8], T{1}) << target;
}

TEST(Vector, ExpKeepsEveryNan) {
  const float f32[] = {std::bit_cast<float>(0x7FC00001U), std::bit_cast<float>(0xFFFFFFFFU),
                       std::bit_cast<float>(0x7FFFFE01U)};
  const double f64[] = {std::bit_cast<double>(0x7FF8000000000001ULL), std::bit_cast<double>(~0ULL)};
  for (const VectorProbe& probe : vector_probes()) {
    float y32[std::size(f32)];
    probe.exp_f32(f32, y32, std::size(f32));
    for (const float y : y32) EXPECT_TRUE(std::isnan(y)) << probe.target;
    double y64[std::size(f64)];
    probe.exp_f64(f64, y64, std::size(f64));
    for (const double y : y64) EXPECT_TRUE(std::isnan(y)) << probe.target;
  }
}

TEST(Vector, ExpOfSpecialValues) {
  for (const VectorProbe& probe : vector_probes()) {
    expect_special_values<float>(probe.target.c_str(), probe.exp_f32);
    expect_special_values<double>(probe.target.c_str(), probe.exp_f64);
  }
}

template <class Half>
std::vector<Half> every_value() {
  std::vector<Half> values(1U << 16U);
  for (std::size_t i = 0; i < values.size(); ++i) values[i].bits = static_cast<std::uint16_t>(i);
  values.resize(values.size() - 3);  // an odd count, so that the last vector is a part
  return values;
}

template <class Half>
bool is_nan(Half value) {
  return std::isnan(static_cast<float>(value));
}

template <class Half, class Copy>
void expect_round_trip(const char* target, const Copy& copy) {
  const std::vector<Half> from = every_value<Half>();
  std::vector<Half> to(from.size());
  copy(from.data(), to.data(), from.size());
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (is_nan(from[i])) {
      ASSERT_TRUE(is_nan(to[i])) << target << " " << i;
    } else {
      ASSERT_EQ(from[i].bits, to[i].bits) << target << " " << i;
    }
  }
}

TEST(Vector, SixteenBitFloatsSurviveALoadAndAStore) {
  for (const VectorProbe& probe : vector_probes()) {
    expect_round_trip<f16>(probe.target.c_str(), probe.copy_f16);
    expect_round_trip<bf16>(probe.target.c_str(), probe.copy_bf16);
  }
}

/// Values on and next to every rounding boundary of both types, and a sample of all floats.
std::vector<float> rounding_cases() {
  std::vector<float> cases;
  for (std::uint32_t high = 0; high < (1U << 16U); high += 7) {
    for (const std::uint32_t low : {0U, 1U, 0x0FFFU, 0x1000U, 0x1001U, 0x7FFFU, 0x8000U, 0x8001U, 0xFFFFU}) {
      cases.push_back(std::bit_cast<float>((high << 16U) | low));
    }
  }
  return cases;
}

template <class Half, class Round>
void expect_rounding_as_scalar(const char* target, const Round& round) {
  const std::vector<float> from = rounding_cases();
  std::vector<Half> to(from.size());
  round(from.data(), to.data(), from.size());
  for (std::size_t i = 0; i < from.size(); ++i) {
    const Half want(from[i]);
    if (std::isnan(from[i])) {
      ASSERT_TRUE(is_nan(to[i]) && is_nan(want)) << target << " " << from[i];
    } else {
      ASSERT_EQ(to[i].bits, want.bits) << target << " " << from[i];
    }
  }
}

TEST(Vector, RoundsAsTheScalarConversionsDo) {
  for (const VectorProbe& probe : vector_probes()) {
    expect_rounding_as_scalar<f16>(probe.target.c_str(), probe.round_f16);
    expect_rounding_as_scalar<bf16>(probe.target.c_str(), probe.round_bf16);
  }
}

}  // namespace
}  // namespace xent::cpu
