// The backends under test. Each test program links one source that lists its own: the CPU's, the emulated
// CUDA backend's, a GPU's. The suites know none of them.
#pragma once

#include <memory>
#include <ostream>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>
#include <xent/xent.hpp>

namespace xent::testing {

struct Backend {
  const char* name;
  /// How calls run. Variants 0 … kVariants - 1 are ways that must not change a bit: threads, grids,
  /// schedules.
  Exec (*exec)(int variant);
  /// What holds while calls of a variant run: the device's numbers, its error bounds, a schedule. May be
  /// null.
  std::shared_ptr<void> (*enter)(int variant) = nullptr;
};
inline constexpr int kVariants = 4;

std::vector<Backend> every_backend();
/// Fewer, for suites that take long.
std::vector<Backend> main_backends();

inline void PrintTo(const Backend& backend, std::ostream* out) { *out << backend.name; }

/// A backend in one of its variants, while this lives.
class Running {
 public:
  explicit Running(const Backend& backend, int variant = 0)
      : scope_(backend.enter == nullptr ? nullptr : backend.enter(variant)), exec_(backend.exec(variant)) {}
  const Exec& exec() const { return exec_; }

 private:
  std::shared_ptr<void> scope_;
  Exec exec_;
};

/// A suite runs once per backend and logits type.
class Conformance : public ::testing::TestWithParam<std::tuple<Backend, DType>> {
 protected:
  static const Backend& backend() { return std::get<0>(GetParam()); }
  static DType dtype() { return std::get<1>(GetParam()); }
  const Exec& exec() const { return running_.exec(); }

 private:
  Running running_{backend()};
};

inline auto every_dtype() { return ::testing::Values(DType::f32, DType::f16, DType::bf16, DType::f64); }

inline std::string conformance_name(const ::testing::TestParamInfo<Conformance::ParamType>& info) {
  return std::string(std::get<0>(info.param).name) + "_" + name(std::get<1>(info.param));
}

}  // namespace xent::testing
