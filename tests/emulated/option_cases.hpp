// Cross-entropy calls with the options that the plain kernels do not know, judged by the reference on the
// same bytes.
#pragma once

#include <cstdint>
#include <vector>

#include <gtest/gtest.h>
#include <xent/xent.hpp>

namespace xent::testing {

struct OptionCase {
  const char* name = "plain";
  TargetKind target = TargetKind::labels;
  LossOptions options{};  ///< without its views
  bool ignores = false;   ///< a third of the labels
  bool weights = false;
  bool bias = false;
  bool denominator_at = false;
  bool upstream = false;  ///< of every output
};

/// Each option alone, and all at once for each kind of target.
std::vector<OptionCase> option_cases();
/// The last of them: all at once.
OptionCase every_option(TargetKind target);

struct OptionShape {
  DType dtype;
  std::int64_t rows;
  std::int64_t classes;
  std::uint64_t seed;
};

/// Both calls, forward with every output and backward from its lse.
::testing::AssertionResult judge_options(const OptionCase& posed, const OptionShape& shape, const Exec& exec);

}  // namespace xent::testing
