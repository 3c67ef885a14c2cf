// The numbers that there is one of per row. They are functions of their own, compiled once: within the loops
// a compiler would join a product with a sum in one place and not in another, and a row's last bit would
// depend on what else was asked for.
#pragma once

#include "host/cpu/cross_entropy_job.hpp"

namespace xent::cpu {

/// What a row's formulas want of its label, from the label's y, the largest y and the row's sums.
Label label_of(const CrossEntropyJob& job, std::int64_t label, double y, double top, const MaxRest& state);

/// Without z_loss; a null label where the row has none.
RowLoss loss_of(const RowTotals& sums, const RowOptions& options, const Label* label);
/// loss_of with it, last.
void add_penalty(RowLoss& row, const RowOptions& options);

RowGradient gradient_of(const RowTotals& sums, const RowLoss& row, const RowOptions& options,
                        const RowUpstream& upstream, const Label* label);

/// The one class of a row whose gradient is taken apart from the others': the label, or what dominates a row
/// with a soft target. `at` is -1 where there is none.
struct Special {
  std::int64_t at = -1;
  Label label{};
  double q = 1.0;
};

/// What draws all classes but the special one to the target, and their part of a soft one as given.
struct OthersPull {
  double pull = 0.0;
  double given = 0.0;
};

/// ∂/∂z at the special class.
double at_special(const RowTotals& sums, const RowLoss& row, const RowOptions& options,
                  const RowUpstream& upstream, const Special& special, const OthersPull& others);

}  // namespace xent::cpu
