// From rows to the loss and back: which rows count, what the reduction makes of their losses, and what
// each row's gradient is multiplied by.
#pragma once

#include <cstdint>
#include <vector>

#include <xent/options.hpp>
#include <xent/target.hpp>
#include <xent/view.hpp>

namespace xent::reference {

/// The label of row r as int64.
std::int64_t label_at(const LabelView& labels, std::int64_t r);

/// Whether a row with this label is valid, i.e. not ignored.
bool is_valid(std::int64_t label, const LossOptions& options);

/// What a reduction needs to know of the rows.
struct RowCounts {
  std::int64_t valid = 0;
  double divisor = 0.0;  ///< LossOptions::mean_over: Σ class_weights[label] over valid rows, or valid
};
RowCounts count_rows(const TargetView& target, std::int64_t rows, const LossOptions& options);

/// Writes the rows' losses (0 where ignored) to `out`, reduced as the options say.
void write_loss(const std::vector<double>& losses, const RowCounts& counts, const LossOptions& options,
                const VectorView& out);

/// Element i of a vector, the same for all i if it has one, `fallback` if it has none.
double element_or(const ConstVectorView& values, std::int64_t i, double fallback);

/// ∂(reduced loss)/∂(loss of row r) times the upstream gradient of row r: g[r]/d. 0 for an empty mean.
double row_weight(std::int64_t r, const RowCounts& counts, const LossOptions& options,
                  const Upstream& upstream);

}  // namespace xent::reference
