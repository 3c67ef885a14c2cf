// From rows to the loss and back: which rows count, what the reduction makes of their losses, and what
// each row's gradient is multiplied by.
#pragma once

#include <cstdint>
#include <vector>

#include <xent/options.hpp>
#include <xent/view.hpp>

namespace xent::reference {

/// The label of row r as int64.
std::int64_t label_at(const LabelView& labels, std::int64_t r);

/// Whether a row with this label is valid, i.e. not ignored.
bool is_valid(std::int64_t label, const LossOptions& options);
std::int64_t count_valid(const LabelView& labels, const LossOptions& options);

/// Writes the rows' losses (0 where ignored) to `out`, reduced as the options say.
void write_loss(const std::vector<double>& losses, std::int64_t valid, const LossOptions& options,
                const VectorView& out);

/// ∂(reduced loss)/∂(loss of row r) times the upstream gradient of row r: g[r]/d.
double row_weight(std::int64_t r, std::int64_t valid, const LossOptions& options, const Upstream& upstream);

}  // namespace xent::reference
