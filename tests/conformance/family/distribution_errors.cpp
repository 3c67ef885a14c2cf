#include "tests/conformance/family/distribution_errors.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "host/reference/reduction.hpp"
#include "host/reference/transform.hpp"
#include "tests/support/bounds.hpp"

namespace xent::testing::family {
namespace {

using reference::Row;

constexpr double kReference = 0x1p-53;  // the reference rounds, too
constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kFar = 200.0;       // gaps beyond have no probability in f32, and nothing to tell in f64
constexpr double kAbsurd = 1e4;      // a probability from an lse whose type could not hold it
constexpr double kUnsettled = 0.25;  // errors of z from which first order is none

double sech_squared(double w) {
  const double cosh = std::cosh(w);
  return 1.0 / (cosh * cosh);
}

}  // namespace

TransformErrors::TransformErrors(const RowQuestion& row)
    : z(reference::transformed(row.x, row.options.transform)),
      dz(z.size(), 0.0),
      slope(z.size()),
      dslope(z.size(), 0.0) {
  const LogitTransform& t = row.options.transform;
  const double unit = row.tolerance.unit + kReference;
  const bool off = t.logit_scale == 1.0 && t.temperature == 1.0 && t.softcap == 0.0 && !t.bias.given();
  for (std::size_t c = 0; c < z.size(); ++c) {
    slope[c] = reference::slope(t, c, row.x[c]);
    if (std::isfinite(z[c])) largest = std::max(largest, std::abs(z[c]));
    if (off || !std::isfinite(z[c])) continue;
    const double scaled = t.logit_scale * row.x[c];
    const double bias = reference::element_or(t.bias, static_cast<std::int64_t>(c), 0.0);
    const double du = kTransformUnits * unit * (std::abs(scaled) + std::abs(bias));
    if (std::isfinite(scaled)) largest = std::max({largest, std::abs(scaled), std::abs(scaled + bias)});
    dz[c] = (std::isfinite(scaled) ? du / t.temperature : 0.0) + kTransformUnits * unit * std::abs(z[c]);
    dslope[c] = kTransformUnits * unit * slope[c];
    if (t.softcap == 0.0 || std::isinf(scaled)) continue;
    const double w = std::abs(scaled + bias) / t.softcap;
    const double dw = du / t.softcap;
    const double moved = t.softcap * (std::tanh(w + dw) - std::tanh(w - dw));
    dz[c] = moved / t.temperature + kTransformUnits * unit * std::abs(z[c]);
    const double linear = t.logit_scale / t.temperature;
    dslope[c] +=
        slope[c] * unit * kTransformUnits * (1.0 + w) +
        (sech_squared(std::max(w - dw, 0.0)) - sech_squared(w + dw) + 4.0 * row.tolerance.tiny) * linear;
  }
}

DistributionErrors::DistributionErrors(const RowQuestion& row, const TransformErrors& transform)
    : of(transform.z), p(of.p.size()), others(of.p.size()), log_loss(of.p.size()) {
  const Row& z = transform.z;
  const Row& dz = transform.dz;
  const reference::Normaliser norm = reference::normaliser(z);
  const double unit = row.tolerance.unit + kReference;
  const double tiny = row.tolerance.tiny;
  const std::size_t top = norm.argmax;
  const double log_sum = std::log1p(norm.rest);
  const auto gap = [&](std::size_t c) { return norm.max - z[c]; };
  double mean_gap = 0.0;
  double below = 0.0;
  double dz_below = 0.0;
  for (std::size_t c = 0; c < z.size(); ++c) {
    if (c == top || of.p[c] == 0.0) continue;
    mean_gap += gap_units() * of.p[c] * gap(c);
    below += of.p[c];
    dz_below += of.p[c] * dz[c];
    settled = settled && (gap(c) - dz[c] - dz[top] > kFar || dz[c] + dz[top] < kUnsettled);
  }
  for (std::size_t c = 0; c < z.size(); ++c) {  // also classes without a probability may be the largest
    settled = settled && (z[c] == -kInf || of.p[c] > 0.0 || gap(c) - dz[c] - dz[top] > kFar);
  }
  const double sum_units = reference_sum_error(static_cast<double>(z.size())) / unit;
  const double rest_units = kExpUnits + sum_units + (below > 0.0 ? mean_gap / below : 0.0);
  double below_error = 0.0;
  for (std::size_t c = 0; c < z.size(); ++c) {
    // ∂log p[c]/∂z[k] is 1 - p[c] for k = c, else -p[k].
    const double moved =
        std::min(dz[c], kFar) * of.others[c] + dz_below + (c == top ? 0.0 : of.p[top] * dz[top]);
    const double own_gap = of.p[c] == 0.0 ? 0.0 : gap_units() * gap(c);
    p[c] = of.p[c] * (unit * (kExpUnits + own_gap + mean_gap + sum_units) + moved) + tiny;
    log_loss[c] = unit * (kLogUnits * of.log_loss[c] + rest_units * log_sum) + moved + tiny;
    if (of.p[c] == 0.0) log_loss[c] += dz[c] + dz[top];
    if (c != top) below_error += of.p[c] * unit * (kExpUnits + own_gap + mean_gap + sum_units) + tiny;
  }
  for (std::size_t c = 0; c < z.size(); ++c) {
    others[c] = c == top ? below_error + of.p[top] * (below * dz[top] + dz_below) + kExpUnits * unit * below
                         : p[c] + kExpUnits * unit * of.others[c];
  }
  lse = unit * (2.0 * std::abs(norm.max) + (kLogUnits + rest_units) * log_sum) + dz_below +
        of.p[top] * dz[top] + tiny;
  add_entropy(unit, tiny);
}

DistributionErrors::DistributionErrors(const RowQuestion& row, const TransformErrors& transform,
                                       double saved_lse, double lse_unit)
    : of(transform.z, saved_lse), p(of.p.size()), others(of.p.size()), log_loss(of.p.size()) {
  const double unit = row.tolerance.unit + kReference;
  const double tiny = row.tolerance.tiny;
  const auto classes = static_cast<double>(p.size());
  off_one = kLseUnits * std::abs(saved_lse) * (lse_unit + unit) + reference_sum_error(classes);
  double sum_error = 0.0;
  for (std::size_t c = 0; c < p.size(); ++c) {
    const double dz = transform.dz[c];
    const double loss = std::abs(of.log_loss[c]);
    settled = settled && (dz < kUnsettled || loss - dz > kFar) && of.p[c] < kAbsurd;
    const double growth = of.p[c] == 0.0 ? 0.0 : (gap_units() + 0.75) * loss;
    p[c] = of.p[c] * (unit * (kExpUnits + growth) + std::min(dz, 1.0)) + tiny;
    log_loss[c] = unit * kLogUnits * loss + off_one + dz + tiny;
    sum_error += p[c];
  }
  for (std::size_t c = 0; c < p.size(); ++c) {
    others[c] = of.p[c] > 0.5 ? (sum_error - p[c]) + off_one * of.others[c] + tiny
                              : p[c] + off_one + kExpUnits * unit * of.others[c];
  }
  add_entropy(unit, tiny);
}

void DistributionErrors::add_entropy(double unit, double tiny) {
  const double value = of.entropy();
  entropy = kExpUnits * unit * std::abs(value) + off_one * (1.0 + std::abs(value));
  for (std::size_t c = 0; c < p.size(); ++c) {
    const double loss = std::abs(of.log_loss[c]);
    if (loss == kInf) continue;
    entropy += of.p[c] == 0.0 ? tiny * kFar : p[c] * loss + of.p[c] * log_loss[c];
  }
}

}  // namespace xent::testing::family
