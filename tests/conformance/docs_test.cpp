// docs/numerics.md quotes the table of tolerance.hpp; here it is held to it.
#include <cmath>
#include <fstream>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/tolerance.hpp"

namespace xent::testing {
namespace {

std::string power_of_two(double value) {
  EXPECT_EQ(value, std::ldexp(1.0, std::ilogb(value))) << "not a power of two";
  return "2^" + std::to_string(std::ilogb(value));
}

TEST(Docs, NumericsQuotesTheToleranceTable) {
  std::ifstream file(XENT_NUMERICS_DOC);
  ASSERT_TRUE(file) << XENT_NUMERICS_DOC;
  std::ostringstream text;
  text << file.rdbuf();
  for (const DType type : {DType::f32, DType::f16, DType::bf16, DType::f64}) {
    const Tolerance t = tolerance(type);
    const std::string row = std::string("| ") + name(type) + " | " + power_of_two(t.unit) + " | " +
                            power_of_two(t.store) + " | " + power_of_two(t.step) + " | " +
                            power_of_two(t.tiny) + " |";
    EXPECT_NE(text.str().find(row), std::string::npos) << "missing: " << row;
  }
  EXPECT_EQ(kGapUnits, 1.25) << "the formulas there say 1.25";
  EXPECT_EQ(kDeviceGapUnits, 2.25) << "the formulas there say 2.25";
  EXPECT_EQ(kExpUnits, 8.0) << "the formulas there say 8";
  EXPECT_EQ(kLogUnits, 8.0) << "the formulas there say 8";
  EXPECT_EQ(kLseUnits, 4.0) << "the formulas there say 4";
  EXPECT_EQ(kTransformUnits, 4.0) << "the formulas there say 4";
  EXPECT_EQ(kOptionUnits, 8.0) << "the formulas there say 8";
}

}  // namespace
}  // namespace xent::testing
