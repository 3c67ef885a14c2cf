// Pixels that are zero in a whole batch have a gradient of zero, but momentum still moves their weights.
// These updates are put off, and done one after the other, with the very same results, as soon as the pixel
// is lit again: a third of the optimizer's memory traffic is never made.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "host/mlp/pixel_batch.hpp"
#include "host/mlp/update_rule.hpp"

namespace xent::mlp {

class IdlePixels {
 public:
  /// Steps that a pixel's updates are put off at the most.
  static constexpr std::int64_t kMost = 32;

  explicit IdlePixels(std::int64_t features) : missed_(static_cast<std::size_t>(features)) {}

  /// A step with this rule begins.
  void begin_step(const UpdateRuleF32& rule);
  /// The steps before this one whose updates pixel i has missed, oldest first.
  std::span<const UpdateRuleF32> missed_before(std::int64_t i) const;
  /// The same with this step, if they are as many as may be put off, else none.
  std::span<const UpdateRuleF32> due(std::int64_t i) const;
  /// The step ends; everybody has done what missed_before() of lit pixels and due() of idle ones told.
  void end_step(const PixelBatch& batch);

  /// Between steps: what pixel i has missed; and that all has been done.
  std::span<const UpdateRuleF32> missed(std::int64_t i) const;
  void settled();

 private:
  std::int64_t missed_steps(std::int64_t i) const { return missed_[static_cast<std::size_t>(i)]; }

  std::vector<UpdateRuleF32> rules_{};  // the last ones, at most kMost, newest last
  std::vector<std::uint8_t> missed_;    // steps, by pixel
};

}  // namespace xent::mlp
