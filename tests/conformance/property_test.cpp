// Random combinations of everything that cross_entropy takes: options, targets, types, layouts, upstream
// gradients, outputs asked for. A failure is printed as the simplest case that still fails, with its seed:
// XENT_SEED=<n> replays that one alone, XENT_CASES=<n> runs more or fewer than usual.
#include <cstdlib>
#include <string>

#include "tests/conformance/backend.hpp"
#include "tests/conformance/family/judge.hpp"

namespace xent::testing {
namespace {

#ifndef XENT_PROPERTY_CASES
#define XENT_PROPERTY_CASES 3000
#endif
#ifndef XENT_PROPERTY_CLASSES
#define XENT_PROPERTY_CLASSES 5000
#endif

std::uint64_t from_environment(const char* name, std::uint64_t fallback) {
  const char* const text = std::getenv(name);
  return text == nullptr ? fallback : std::stoull(text);
}

class Property : public ::testing::TestWithParam<Backend> {
 protected:
  static void check(std::uint64_t seed) {
    const Running running(GetParam(), static_cast<int>(seed % kVariants));
    EXPECT_TRUE(family::check_and_shrink(family::draw(seed, XENT_PROPERTY_CLASSES), running.exec()));
  }
};

TEST_P(Property, RandomCases) {
  if (const std::uint64_t seed = from_environment("XENT_SEED", 0); seed != 0) return check(seed);
  const std::uint64_t cases = from_environment("XENT_CASES", XENT_PROPERTY_CASES);
  for (std::uint64_t seed = 1; seed <= cases && !HasFailure(); ++seed) check(seed);
}

INSTANTIATE_TEST_SUITE_P(Every, Property, ::testing::ValuesIn(every_backend()),
                         [](const auto& param) { return std::string(param.param.name); });

}  // namespace
}  // namespace xent::testing
