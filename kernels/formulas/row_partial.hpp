// Partials of a row: how two become one, and what the whole row's sums are.
#pragma once

#include <cmath>

#include <xent/shards.hpp>

#include "kernels/formulas/row_loss.hpp"

namespace xent::formulas {

namespace detail {

/// The sums of `part` counted from `max`, which is no lower than its own.
XENT_HOST_DEVICE inline RowPartial counted_from(double max, const RowPartial& part) {
  RowPartial moved = part;
  if (part.max == max) return moved;
  const double step = max - part.max;  // infinite where the part has no class at all
  const double decay = std::exp(-step);
  const double sum = 1.0 + part.rest;
  moved.max = max;
  moved.rest = sum * decay;  // all of it: the maximum's own 1 is another's
  moved.entropy_gap = decay == 0.0 ? 0.0 : decay * (part.entropy_gap + sum * step);
  const auto gap = [step](double of, double weight) {
    return WeightedGap<double>{of, weight}.moved(step).gap;
  };
  moved.target_gap = gap(part.target_gap, part.target_weight);
  moved.given_gap = gap(part.given_gap, part.given_weight);
  moved.spread_gap = gap(part.spread_gap, part.spread_weight);
  return moved;
}

}  // namespace detail

/// Classes of both: associative and commutative up to rounding; RowPartial{} is the identity.
XENT_HOST_DEVICE inline RowPartial merge(const RowPartial& a, const RowPartial& b) {
  // A NaN counts as the largest; of equals the lowest class is the argmax.
  const bool a_nan = a.max != a.max;
  const bool b_nan = b.max != b.max;
  const bool a_is_high = a_nan || b_nan ? a_nan : a.max >= b.max;
  RowPartial merged = a;  // the one with the higher maximum; a choice of references would go through memory
  RowPartial low = b;
  if (!a_is_high) {
    merged = b;
    low = a;
  }
  const bool tie = a_nan ? b_nan : a.max == b.max;
  if (merged.argmax < 0 || (tie && low.argmax >= 0 && low.argmax < merged.argmax)) merged.argmax = low.argmax;
  const bool equal = low.max == merged.max;
  low = detail::counted_from(merged.max, low);
  // Equal maxima: the second one's 1 is part of the rest.
  merged.rest += low.rest + (equal ? 1.0 : 0.0);
  merged.entropy_gap += low.entropy_gap;
  merged.target_gap += low.target_gap;
  merged.target_weight += low.target_weight;
  merged.given_gap += low.given_gap;
  merged.given_weight += low.given_weight;
  merged.spread_gap += low.spread_gap;
  merged.spread_weight += low.spread_weight;
  merged.unmasked += low.unmasked;
  if (low.labels != 0) {
    merged.label_z = low.label_z;
    merged.label_weight = low.label_weight;
  }
  merged.labels += low.labels;
  return merged;
}

/// The sums of all classes together; without a distribution the rest is NaN.
XENT_HOST_DEVICE inline RowSums<double> sums_of(const RowPartial& all) {
  const bool finite = all.max - all.max == 0.0;
  return {.max = all.max,
          .rest = finite ? all.rest : std::numeric_limits<double>::quiet_NaN(),
          .entropy_gap = all.entropy_gap,
          .target = {all.target_gap, all.target_weight},
          .given = {all.given_gap, all.given_weight},
          .spread = {all.spread_gap, all.spread_weight},
          .unmasked = all.unmasked};
}

XENT_HOST_DEVICE inline Label<double> label_of(const RowPartial& all) {
  const double sum = 1.0 + all.rest;
  const bool masked = all.label_z == -std::numeric_limits<double>::infinity();
  return {.gap = all.max - all.label_z,
          .weight = all.label_weight,
          .others_sum = all.label_z == all.max ? all.rest : sum - std::exp(all.label_z - all.max),
          .masked = masked};
}

/// The loss and the other numbers of a row, with or without a label.
XENT_HOST_DEVICE inline RowLoss<double> row_loss(const RowPartial& all, bool has_label,
                                                 const RowOptions<double>& options) {
  RowLoss<double> row =
      has_label ? row_loss(sums_of(all), options, label_of(all)) : row_loss(sums_of(all), options);
  add_penalty(row, options);
  return row;
}

}  // namespace xent::formulas
