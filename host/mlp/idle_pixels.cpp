#include "host/mlp/idle_pixels.hpp"

#include <algorithm>

namespace xent::mlp {
namespace {

std::span<const UpdateRuleF32> last(std::span<const UpdateRuleF32> rules, std::int64_t n) {
  return rules.last(static_cast<std::size_t>(n));
}

}  // namespace

void IdlePixels::begin_step(const UpdateRuleF32& rule) {
  if (rules_.size() == kMost) rules_.erase(rules_.begin());
  rules_.push_back(rule);
}

std::span<const UpdateRuleF32> IdlePixels::missed_before(std::int64_t i) const {
  return last(std::span(rules_).first(rules_.size() - 1), missed_steps(i));
}

std::span<const UpdateRuleF32> IdlePixels::due(std::int64_t i) const {
  const bool most = missed_steps(i) + 1 == kMost;
  return last(rules_, most ? kMost : 0);
}

void IdlePixels::end_step(const PixelBatch& batch) {
  for (const std::int32_t i : batch.lit()) missed_[static_cast<std::size_t>(i)] = 0;
  for (const std::int32_t i : batch.idle()) {
    std::uint8_t& missed = missed_[static_cast<std::size_t>(i)];
    missed = missed + 1 < kMost ? static_cast<std::uint8_t>(missed + 1) : std::uint8_t{0};
  }
}

std::span<const UpdateRuleF32> IdlePixels::missed(std::int64_t i) const {
  return last(rules_, missed_steps(i));
}

void IdlePixels::settled() { std::fill(missed_.begin(), missed_.end(), std::uint8_t{0}); }

}  // namespace xent::mlp
