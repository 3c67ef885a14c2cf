// The laws of the (max, rest) monoid: identity, commutativity, associativity, and what it is for.
#include "host/cpu/max_rest.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace xent::cpu {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

MaxRest of(double z) { return {z, 0.0}; }

MaxRest of(const std::vector<double>& logits) {
  MaxRest state;
  for (const double z : logits) state = merge(state, of(z));
  return state;
}

void expect_same(const MaxRest& a, const MaxRest& b, double tolerance) {
  EXPECT_EQ(a.max, b.max);
  EXPECT_NEAR(a.rest, b.rest, tolerance * (1.0 + std::fabs(a.rest)));
}

const std::vector<MaxRest> kStates{MaxRest{},         of(0.0),          of(-1e308),
                                   of(1e308),         of({3.0, -2.0}),  of({5.0, 5.0}),
                                   of({-40.0, 40.0}), of({1.5, -kInf}), of({0.1, 0.2, 0.3, 0.4})};

TEST(MaxRest, NothingIsTheIdentityFromBothSides) {
  for (const MaxRest& state : kStates) {
    expect_same(merge(MaxRest{}, state), state, 0.0);
    expect_same(merge(state, MaxRest{}), state, 0.0);
  }
  EXPECT_EQ(MaxRest{}.sum(), 0.0);
  EXPECT_EQ(MaxRest{}.lse(), -kInf);
}

TEST(MaxRest, MaskedClassesAddNothing) { expect_same(merge(of(2.0), MaxRest{-kInf, -1.0}), of(2.0), 0.0); }

TEST(MaxRest, CommutesToTheBit) {
  for (const MaxRest& a : kStates) {
    for (const MaxRest& b : kStates) {
      const MaxRest ab = merge(a, b);
      const MaxRest ba = merge(b, a);
      EXPECT_EQ(ab.max, ba.max);
      if (a.max != b.max) {
        EXPECT_EQ(ab.rest, ba.rest);
      } else {
        EXPECT_DOUBLE_EQ(ab.rest, ba.rest);  // which side is "high" decides the order of one addition
      }
    }
  }
}

TEST(MaxRest, AssociatesWithinRounding) {
  for (const MaxRest& a : kStates) {
    for (const MaxRest& b : kStates) {
      for (const MaxRest& c : kStates) {
        expect_same(merge(merge(a, b), c), merge(a, merge(b, c)), 1e-14);
      }
    }
  }
}

TEST(MaxRest, KeepsTheDigitsOfAConfidentRow) {
  const MaxRest state = of({0.0, 60.0, 1.0});
  const double rest = std::exp(-60.0) + std::exp(-59.0);
  EXPECT_DOUBLE_EQ(state.rest, rest);
  EXPECT_DOUBLE_EQ(state.log_sum(), std::log1p(rest));
  EXPECT_EQ(std::log(state.sum()), 0.0) << "the sum itself has lost them: this is why rest is kept";
}

TEST(MaxRest, CountsEqualMaximaInTheRest) {
  EXPECT_EQ(of({7.0, 7.0, 7.0}).rest, 2.0);
  EXPECT_DOUBLE_EQ(of({7.0, 7.0, 7.0}).lse(), 7.0 + std::log(3.0));
}

TEST(MaxRest, NanIsNotLost) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const MaxRest& state : kStates) {
    EXPECT_TRUE(std::isnan(merge(state, {state.max, nan}).rest));
    EXPECT_TRUE(std::isnan(merge({0.5, nan}, state).rest));
  }
}

}  // namespace
}  // namespace xent::cpu
