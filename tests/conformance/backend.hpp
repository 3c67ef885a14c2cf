// The backends under test. A new one is added here and runs through every suite.
#pragma once

#include <ostream>
#include <string>
#include <tuple>

#include <gtest/gtest.h>
#include <xent/xent.hpp>

namespace xent::testing {

struct Backend {
  const char* name;
  Exec exec;
};

inline constexpr Backend kOneThread{"cpu_1_thread", {.device = Device::cpu, .threads = 1}};
inline constexpr Backend kTwoThreads{"cpu_2_threads", {.device = Device::cpu, .threads = 2}};
inline constexpr Backend kReference{"reference", {.device = Device::reference, .threads = 1}};

inline void PrintTo(const Backend& backend, std::ostream* out) { *out << backend.name; }

/// A suite runs once per backend and logits type.
class Conformance : public ::testing::TestWithParam<std::tuple<Backend, DType>> {
 protected:
  static const Exec& exec() { return std::get<0>(GetParam()).exec; }
  static DType dtype() { return std::get<1>(GetParam()); }
};

inline auto every_dtype() { return ::testing::Values(DType::f32, DType::f16, DType::bf16, DType::f64); }

inline std::string conformance_name(const ::testing::TestParamInfo<Conformance::ParamType>& info) {
  return std::string(std::get<0>(info.param).name) + "_" + name(std::get<1>(info.param));
}

}  // namespace xent::testing
