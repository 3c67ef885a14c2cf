// Comparison within a bound, and a record of how much of the bounds is used.
#include "tests/support/compare.hpp"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <map>
#include <string>

#include "tests/support/tolerance.hpp"

namespace xent::testing {
namespace {

/// Prints the largest error per name when the program ends, if asked to.
class Meter {
 public:
  ~Meter() {
    for (const auto& [name, ratio] : worst_) std::printf("%-40s %.3f of its bound\n", name.c_str(), ratio);
  }
  void record(std::string_view name, DType stored, double ratio) {
    if (!asked_) return;
    double& worst = worst_[std::string(name) + " as " + xent::name(stored)];
    if (ratio > worst) worst = ratio;
  }

 private:
  bool asked_ = std::getenv("XENT_SHOW_ERRORS") != nullptr;
  std::map<std::string, double> worst_;
};

int quiet = 0;

double largest(DType type) {
  switch (type) {
    case DType::f32: return std::numeric_limits<float>::max();
    case DType::f16: return 65504.0;
    case DType::bf16: return 0x1.FEp127;
    case DType::f64: return std::numeric_limits<double>::max();
  }
  return 0.0;
}

}  // namespace

Quiet::Quiet() { ++quiet; }
Quiet::~Quiet() { --quiet; }

bool close(std::string_view name, double got, double want, double bound, DType stored) {
  static Meter meter;
  if (std::isnan(want)) {
    if (std::isnan(got)) return true;
  } else if (std::isinf(want) || std::isinf(got)) {
    const bool overflowed = std::abs(want) * (1.0 + tolerance(stored).store) + bound >= largest(stored);
    if (got == want || (std::isinf(got) && overflowed && std::signbit(got) == std::signbit(want)))
      return true;
  } else {
    const double allowed = bound + tolerance(stored).store * std::abs(want) + 0.5 * tolerance(stored).step;
    meter.record(name, stored, std::abs(got - want) / allowed);
    if (std::abs(got - want) <= allowed) return true;
    if (quiet > 0) return false;
    std::printf("%s: got %.17g, want %.17g, error %.3g, allowed %.3g\n", std::string(name).c_str(), got, want,
                std::abs(got - want), allowed);
    return false;
  }
  if (quiet > 0) return false;
  std::printf("%s: got %.17g, want %.17g\n", std::string(name).c_str(), got, want);
  return false;
}

}  // namespace xent::testing
