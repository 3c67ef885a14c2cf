// Reductions over rows.
#include "host/reference/reduction.hpp"

#include <limits>

#include "host/reference/element.hpp"

namespace xent::reference {
namespace {

double divisor(const RowCounts& counts, const LossOptions& options) {
  if (options.reduction != Reduction::mean) return 1.0;
  if (options.denominator) return *options.denominator;
  return element_or(options.denominator_at, 0, counts.divisor);
}

double mean_over_nothing(const LossOptions& options) {
  return options.empty_mean == EmptyMean::zero ? 0.0 : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

std::int64_t label_at(const LabelView& labels, std::int64_t r) {
  return load(labels.data, labels.type, r * labels.stride);
}

bool is_valid(std::int64_t label, const LossOptions& options) { return options.ignore_index != label; }

RowCounts count_rows(const TargetView& target, std::int64_t rows, const LossOptions& options) {
  RowCounts counts;
  if (target.kind != TargetKind::labels) return {.valid = rows, .divisor = static_cast<double>(rows)};
  for (std::int64_t r = 0; r < rows; ++r) {
    const std::int64_t label = label_at(target.labels, r);
    if (!is_valid(label, options)) continue;
    ++counts.valid;
    const bool weighted = options.mean_over == MeanOver::weights;
    counts.divisor +=
        weighted && options.class_weights.given() ? element_or(options.class_weights, label, 1.0) : 1.0;
  }
  return counts;
}

void write_loss(const std::vector<double>& losses, const RowCounts& counts, const LossOptions& options,
                const VectorView& out) {
  if (options.reduction == Reduction::none) {
    for (std::size_t r = 0; r < losses.size(); ++r) {
      store(out.data, out.dtype, static_cast<std::int64_t>(r) * out.stride, losses[r]);
    }
    return;
  }
  double sum = 0.0;
  for (const double loss : losses) sum += loss;
  const double d = divisor(counts, options);
  store(out.data, out.dtype, 0, d == 0.0 ? mean_over_nothing(options) : sum / d);
}

double element_or(const ConstVectorView& values, std::int64_t i, double fallback) {
  if (values.size == 0) return fallback;
  return load(values.data, values.dtype, values.size == 1 ? 0 : i * values.stride);
}

double row_weight(std::int64_t r, const RowCounts& counts, const LossOptions& options,
                  const Upstream& upstream) {
  const double d = divisor(counts, options);
  return d == 0.0 ? 0.0 : upstream.scale * element_or(upstream.values, r, 1.0) / d;
}

}  // namespace xent::reference
