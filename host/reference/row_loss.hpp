// The loss of one row and its gradients, from the row's probabilities.
#pragma once

#include <xent/options.hpp>

#include "host/reference/row.hpp"
#include "host/reference/target.hpp"

namespace xent::reference {

/// A softmax row as all formulas want it. All are vectors over the classes but lse.
struct Distribution {
  Row p;         ///< probabilities
  Row others;    ///< 1 - p, of the largest class as a sum of the others
  Row log_loss;  ///< ℓ = -log p, never negative by cancellation
  double lse = 0.0;

  /// From z itself.
  explicit Distribution(const Row& z);
  /// From z and a log Σ exp(z) that was computed before and rounded since.
  Distribution(const Row& z, double saved_lse);

  /// Σ_c p[c]·ℓ[c]
  double entropy() const;
};

/// Gradients that arrive at the row's own outputs.
struct RowUpstream {
  double loss = 0.0;  ///< g/d
  double lse = 0.0;
  double log_prob = 0.0;
  double entropy = 0.0;
};

double row_loss(const Distribution& row, const Row& taken, const LossOptions& options);

/// -Σ_c q[c]·ℓ[c]
double log_prob(const Distribution& row, const Row& given);

/// The gradient for z.
Row gradient(const Distribution& row, const RowTarget& target, const LossOptions& options,
             const RowUpstream& upstream);

/// The gradient for q; 0 at masked classes.
Row target_gradient(const Distribution& row, const Row& z, const LossOptions& options,
                    const RowUpstream& upstream);

}  // namespace xent::reference
