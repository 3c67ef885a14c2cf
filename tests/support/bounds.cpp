// Error bounds of a row.
#include "tests/support/bounds.hpp"

#include <cmath>
#include <limits>

#include "host/reference/row.hpp"

namespace xent::testing {
namespace {

double units_in_scope = kGapUnits;

}  // namespace

DeviceArithmetic::DeviceArithmetic() { units_in_scope = kDeviceGapUnits; }
DeviceArithmetic::~DeviceArithmetic() { units_in_scope = kGapUnits; }

double gap_units() { return units_in_scope; }

RowBounds::RowBounds(const std::vector<double>& logits, const Tolerance& tolerance) : tolerance_(tolerance) {
  const reference::Normaliser norm = reference::normaliser(logits);
  max_ = norm.max;
  log1p_rest_ = std::log1p(norm.rest);
  mean_gap_ = 0.0;
  double below = 0.0;
  p_.reserve(logits.size());
  gap_.reserve(logits.size());
  for (std::size_t c = 0; c < logits.size(); ++c) {
    p_.push_back(norm.prob(logits[c]));
    gap_.push_back(p_[c] == 0.0 ? 0.0 : gap_units() * (max_ - logits[c]));
    mean_gap_ += p_[c] * gap_[c];
    if (c != norm.argmax) below += p_[c];
  }
  rest_mean_gap_ = below > 0.0 ? mean_gap_ / below : 0.0;
  sum_units_ = reference_sum_error(static_cast<double>(p_.size())) / tolerance_.unit;
}

double RowBounds::prob(std::size_t c) const {
  return p_[c] * tolerance_.unit * (kExpUnits + gap_[c] + mean_gap_ + sum_units_) + tolerance_.tiny;
}

double RowBounds::others(std::size_t y) const {
  double bound = 0.0;  // summed without y: subtracting it from a total would leave nothing of small ones
  for (std::size_t c = 0; c < p_.size(); ++c) {
    if (c != y) bound += prob(c);
  }
  return bound;
}

double RowBounds::log_prob(std::size_t c) const {
  return tolerance_.unit * (2.0 * gap_[c] + log_units() * log1p_rest_) + tolerance_.tiny;
}

double RowBounds::loss(double loss) const {
  if (tolerance_.unit == tolerance(DType::f32).unit && loss > std::numeric_limits<float>::max()) {
    return std::numeric_limits<double>::infinity();
  }
  return tolerance_.unit * ((kLogUnits + sum_units_) * loss + rest_mean_gap_ * log1p_rest_) +
         static_cast<double>(p_.size()) * tolerance_.tiny;
}

double RowBounds::lse() const {
  return tolerance_.unit * (2.0 * std::abs(max_) + log_units() * log1p_rest_) + tolerance_.tiny;
}

}  // namespace xent::testing
