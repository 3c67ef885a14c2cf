// From a row's sums to its loss and to the numbers that its gradient is made of: xent/cross_entropy.hpp's
// formulas, arranged so that nothing cancels in a row that is sure of its class. The CPU and the kernels
// share them; the reference has its own.
//
// With ℓ[c] = gap[c] + log1p(rest) and W = Σ t:
//   loss      = Σ t·ℓ + λ·lse²
//   gradient  = p·(a + b·gap[c]) - g·t[c] + g_log_prob·q[c]
//   a         = g·W - g_log_prob·Σ q + 2·λ·g·lse + g_lse - g_entropy·Σ p·gap,  b = g_entropy
// and at the label, where q is 1, with α = g·W - g_log_prob and p = 1 - others:
//   gradient  = p·(a - α + b·gap) - α·others + g·(W - t)
// A focal loss of a label alone only changes W: w[y]·((1-p)^γ + γ·p·(1-p)^(γ-1)·ℓ).
#pragma once

#include <cmath>

#include "kernels/formulas/row_sums.hpp"

namespace xent::formulas {

/// The options as a row sees them.
template <class C>
struct RowOptions {
  C smoothing = C(0);    ///< ε; 0 without a target
  C focal_gamma = C(0);  ///< γ
  C z_loss = C(0);       ///< λ
};

/// Gradients that arrive at the row's outputs; the loss's already divided by the mean's divisor.
template <class C>
struct RowUpstream {
  C loss = C(0);
  C lse = C(0);
  C log_prob = C(0);
  C entropy = C(0);
};

/// a·b where nothing times anything is nothing.
template <class C>
XENT_HOST_DEVICE constexpr C times(C a, C b) {
  return a == C(0) || b == C(0) ? C(0) : a * b;
}

/// Only a single class of a row can be as probable as that; all others together are then known better than
/// as 1 - p.
inline constexpr double kDominant = 0.75;

/// ℓ of a class from its 1 - p and from what lse - z is. Of a class that is sure a saved lse, being rounded,
/// keeps nothing of the latter, and a focal loss would divide what it keeps instead by 1 - p.
template <class C>
XENT_HOST_DEVICE C log_loss(C others, C gap) {
  return others <= C(1.0 - kDominant) ? -std::log1p(-others) : gap;
}

/// (1 - p)^γ·ℓ and (1 - p)^γ + γ·p·(1 - p)^(γ-1)·ℓ of one class; ℓ and 1 where γ is 0.
template <class C>
struct Focal {
  C loss;
  C pull;

  XENT_HOST_DEVICE Focal(C gamma, C others, C log_loss) : loss(log_loss), pull(C(1)) {
    if (gamma == C(0)) return;
    const C modulation = std::pow(others, gamma);
    loss = times(modulation, log_loss);
    // ℓ vanishes with 1 - p, faster than (1-p)^(γ-1) grows, and p faster than ℓ grows.
    const C p = C(1) - others;
    pull = modulation + (others == C(0) || p <= C(0) ? C(0) : gamma * p * (modulation / others) * log_loss);
  }
};

/// The label's class.
template <class C>
struct Label {
  C gap = C(0);         ///< m - z
  C weight = C(1);      ///< w
  C others_sum = C(0);  ///< Σ exp(z - m) over all other classes; the rest where it is the maximum
  bool masked = false;
};

/// What there is one of per row.
template <class C>
struct RowLoss {
  C log_sum = C(0);
  C lse = C(0);
  C loss = C(0);
  C log_prob = C(0);
  C entropy = C(0);
  C pull = C(0);   ///< W
  C share = C(0);  ///< ε/K
};

/// A row without a target, or with a soft one. Where a focal loss is taken of several classes, loss and pull
/// need a look at each of them, and are the caller's to replace (add_penalty is then still to be called).
template <class C>
XENT_HOST_DEVICE RowLoss<C> row_loss(const RowSums<C>& sums, const RowOptions<C>& options) {
  RowLoss<C> row;
  row.log_sum = std::log1p(sums.rest);
  row.lse = sums.max + row.log_sum;
  row.entropy = row.log_sum + sums.entropy_gap / sums.sum();
  row.share = options.smoothing == C(0) ? C(0) : options.smoothing / sums.unmasked;
  const C keep = C(1) - options.smoothing;
  row.pull = keep * sums.target.weight + row.share * sums.spread.weight;
  row.loss = times(keep, sums.target.gap) + times(row.share, sums.spread.gap) + row.pull * row.log_sum;
  row.log_prob = -(sums.given.gap + sums.given.weight * row.log_sum);
  return row;
}

/// A row with a label.
template <class C>
XENT_HOST_DEVICE RowLoss<C> row_loss(const RowSums<C>& sums, const RowOptions<C>& options,
                                     const Label<C>& label) {
  RowSums<C> all = sums;
  all.target = {times(label.weight, label.gap), label.weight};
  all.given = {label.gap, C(1)};
  RowLoss<C> row = row_loss(all, options);
  if (options.focal_gamma != C(0) && options.smoothing == C(0)) {
    const C others = label.others_sum / sums.sum();
    const Focal<C> focal(options.focal_gamma, others, log_loss(others, label.gap + row.log_sum));
    row.loss = std::isnan(row.log_sum) ? row.log_sum : times(label.weight, focal.loss);
    row.pull = label.weight * focal.pull;
  }
  return row;
}

/// λ·lse², added last.
template <class C>
XENT_HOST_DEVICE void add_penalty(RowLoss<C>& row, const RowOptions<C>& options) {
  if (options.z_loss != C(0)) row.loss += options.z_loss * row.lse * row.lse;
}

/// The gradient for z[c] is p·(of_prob + of_prob_gap·gap) - share·w - of_target·w·q + of_given·q, share only
/// at unmasked classes; at a label it is at_label instead.
template <class C>
struct RowGradient {
  C of_prob = C(0);
  C of_prob_gap = C(0);
  C share = C(0);
  C of_target = C(0);
  C of_given = C(0);
  C at_label = C(0);
};

template <class C>
XENT_HOST_DEVICE RowGradient<C> row_gradient(const RowSums<C>& sums, const RowLoss<C>& row,
                                             const RowOptions<C>& options, const RowUpstream<C>& upstream,
                                             C given_weight) {
  RowGradient<C> gradient;
  gradient.of_prob = upstream.loss * row.pull - upstream.log_prob * given_weight + upstream.lse;
  if (options.z_loss != C(0)) gradient.of_prob += C(2) * options.z_loss * upstream.loss * row.lse;
  if (upstream.entropy != C(0)) gradient.of_prob -= upstream.entropy * (sums.entropy_gap / sums.sum());
  gradient.of_prob_gap = upstream.entropy;
  gradient.share = upstream.loss * row.share;
  gradient.of_target = upstream.loss * (C(1) - options.smoothing);
  gradient.of_given = upstream.log_prob;
  return gradient;
}

/// With a label: of_target and of_given are in at_label.
template <class C>
XENT_HOST_DEVICE RowGradient<C> row_gradient(const RowSums<C>& sums, const RowLoss<C>& row,
                                             const RowOptions<C>& options, const RowUpstream<C>& upstream,
                                             const Label<C>& label) {
  RowGradient<C> gradient = row_gradient(sums, row, options, upstream, C(1));
  const C others = label.others_sum / sums.sum();
  const C alpha = upstream.loss * row.pull - upstream.log_prob;
  C besides = upstream.lse;  // of_prob without alpha, not as a difference
  if (options.z_loss != C(0)) besides += C(2) * options.z_loss * upstream.loss * row.lse;
  if (upstream.entropy != C(0)) besides += upstream.entropy * (label.gap - sums.entropy_gap / sums.sum());
  const C elsewhere = label.masked ? sums.spread.weight : sums.spread.weight - label.weight;
  gradient.at_label = times(C(1) - others, besides) - alpha * others + gradient.share * elsewhere;
  return gradient;
}

}  // namespace xent::formulas
