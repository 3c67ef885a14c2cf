// Reductions over rows.
#include "host/reference/reduction.hpp"

#include <limits>

#include "host/reference/element.hpp"

namespace xent::reference {
namespace {

double divisor(std::int64_t valid, const LossOptions& options) {
  if (options.reduction != Reduction::mean) return 1.0;
  return options.denominator.value_or(static_cast<double>(valid));
}

double mean_over_nothing(const LossOptions& options) {
  return options.empty_mean == EmptyMean::zero ? 0.0 : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

std::int64_t label_at(const LabelView& labels, std::int64_t r) {
  return load(labels.data, labels.type, r * labels.stride);
}

bool is_valid(std::int64_t label, const LossOptions& options) { return options.ignore_index != label; }

std::int64_t count_valid(const LabelView& labels, const LossOptions& options) {
  std::int64_t valid = 0;
  for (std::int64_t r = 0; r < labels.size; ++r) {
    if (is_valid(label_at(labels, r), options)) ++valid;
  }
  return valid;
}

void write_loss(const std::vector<double>& losses, std::int64_t valid, const LossOptions& options,
                const VectorView& out) {
  if (options.reduction == Reduction::none) {
    for (std::size_t r = 0; r < losses.size(); ++r) {
      store(out.data, out.dtype, static_cast<std::int64_t>(r) * out.stride, losses[r]);
    }
    return;
  }
  double sum = 0.0;
  for (const double loss : losses) sum += loss;
  const double d = divisor(valid, options);
  store(out.data, out.dtype, 0, d == 0.0 ? mean_over_nothing(options) : sum / d);
}

double row_weight(std::int64_t r, std::int64_t valid, const LossOptions& options, const Upstream& upstream) {
  const ConstVectorView& values = upstream.values;
  double g = upstream.scale;
  if (values.size == 1) g *= load(values.data, values.dtype, 0);
  if (values.size > 1) g *= load(values.data, values.dtype, r * values.stride);
  return g / divisor(valid, options);
}

}  // namespace xent::reference
