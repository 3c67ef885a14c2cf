#include "host/cpu/row_formulas.hpp"

#include <cmath>
#include <limits>

namespace xent::cpu {

Label label_of(const CrossEntropyJob& job, std::int64_t label, double y, double top, const MaxRest& state) {
  Label result;
  result.gap = job.transform.scale * (top - y);
  result.weight = job.label_weight(label);
  // Where the label is the maximum, all others together are the rest; else 1 is among the others.
  result.others_sum = y == top ? state.rest : state.sum() - std::exp(-result.gap);
  result.masked = y == -std::numeric_limits<double>::infinity();
  return result;
}

RowLoss loss_of(const RowTotals& sums, const RowOptions& options, const Label* label) {
  return label != nullptr ? formulas::row_loss(sums, options, *label) : formulas::row_loss(sums, options);
}

void add_penalty(RowLoss& row, const RowOptions& options) { formulas::add_penalty(row, options); }

RowGradient gradient_of(const RowTotals& sums, const RowLoss& row, const RowOptions& options,
                        const RowUpstream& upstream, const Label* label) {
  return label != nullptr ? formulas::row_gradient(sums, row, options, upstream, *label)
                          : formulas::row_gradient(sums, row, options, upstream, sums.given.weight);
}

double at_special(const RowTotals& sums, const RowLoss& row, const RowOptions& options,
                  const RowUpstream& upstream, const Special& special, const OthersPull& others) {
  const Label& label = special.label;
  const double others_prob = label.others_sum / sums.sum();
  const double own_pull = upstream.loss * (row.pull - others.pull) - upstream.log_prob * special.q;
  double besides = upstream.lse + 2.0 * options.z_loss * upstream.loss * row.lse;
  if (upstream.entropy != 0.0) besides += upstream.entropy * (label.gap - sums.entropy_gap / sums.sum());
  const double pull = upstream.loss * others.pull - upstream.log_prob * others.given;
  return formulas::times(1.0 - others_prob, pull + besides) - own_pull * others_prob;
}

}  // namespace xent::cpu
