#include "host/reference/target.hpp"

#include <algorithm>
#include <limits>

#include "host/reference/reduction.hpp"

namespace xent::reference {
namespace {

constexpr double kMasked = -std::numeric_limits<double>::infinity();

Row given_target(const TargetView& target, std::int64_t r, std::size_t classes) {
  Row q(classes, 0.0);
  if (target.kind == TargetKind::labels) q[static_cast<std::size_t>(label_at(target.labels, r))] = 1.0;
  if (target.kind == TargetKind::probs) {
    q = read_row(target.probs, r);
    q.resize(classes);
  }
  return q;
}

}  // namespace

RowTarget row_target(const TargetView& target, std::int64_t r, const Row& z, const LossOptions& options) {
  RowTarget result{.label = {}, .given = given_target(target, r, z.size()), .taken = Row(z.size(), 0.0)};
  if (target.kind == TargetKind::labels) result.label = static_cast<std::size_t>(label_at(target.labels, r));
  if (target.kind == TargetKind::none) return result;  // nothing to smooth either
  const double smoothing = options.label_smoothing;
  const auto unmasked = static_cast<double>(z.size()) - static_cast<double>(std::ranges::count(z, kMasked));
  for (std::size_t c = 0; c < z.size(); ++c) {
    double q = smoothing == 1.0 ? 0.0 : (1.0 - smoothing) * result.given[c];
    if (smoothing > 0.0 && z[c] != kMasked) q += smoothing / unmasked;
    const double weight = element_or(options.class_weights, static_cast<std::int64_t>(c), 1.0);
    result.taken[c] = q == 0.0 || weight == 0.0 ? 0.0 : weight * q;
  }
  return result;
}

}  // namespace xent::reference
