#include "host/cpu/nll.hpp"

#include <limits>
#include <type_traits>

#include "host/cpu/tasks.hpp"

namespace xent::cpu {
namespace {

double element(const ConstMatrixView& matrix, std::int64_t r, std::int64_t c) {
  const std::int64_t at = matrix.layout.row_offset(r) + c * matrix.layout.class_stride;
  return with_element_type(matrix.dtype, [&]<class T>(T /*type*/) {
    const T value = static_cast<const T*>(matrix.data)[at];
    if constexpr (std::is_floating_point_v<T>) {
      return static_cast<double>(value);
    } else {
      return static_cast<double>(static_cast<float>(value));
    }
  });
}

bool ignored(const LossOptions& options, std::int64_t label) {
  return options.ignore_index && label == *options.ignore_index;
}

double loss_of_row(const ConstMatrixView& log_probs, std::int64_t r, std::int64_t label,
                   const LossOptions& options) {
  if (ignored(options, label)) return 0.0;
  const double log_prob = element(log_probs, r, label);
  const double weight = class_weight(options, label);
  const bool masked = log_prob == -std::numeric_limits<double>::infinity();
  return weight == 0.0 && masked ? 0.0 : -weight * log_prob;  // nothing of an infinity is nothing
}

void gradient_row(const MatrixView& grad, std::int64_t r, std::int64_t label, bool valid, double at_label) {
  const Layout& l = grad.layout;
  with_element_type(grad.dtype, [&]<class T>(T /*type*/) {
    T* row = static_cast<T*>(grad.data) + l.row_offset(r);
    for (std::int64_t c = 0; c < l.classes; ++c) row[c * l.class_stride] = T(0.0F);
    if (!valid) return;
    using Rounded = std::conditional_t<std::is_same_v<T, double>, double, float>;
    row[label * l.class_stride] = T(static_cast<Rounded>(at_label));
  });
}

}  // namespace

void nll(const ConstMatrixView& log_probs, const LabelView& labels, const VectorView& loss,
         const LossOptions& options, double divisor, const plan::CpuPlan& plan) {
  const bool per_row = options.reduction == Reduction::none;
  const auto sum =
      reduce_rows<double>(plan, [&](std::int64_t begin, std::int64_t end, const RowParts<double>& parts) {
        for (std::int64_t r = begin; r < end; ++r) {
          const double row_loss = loss_of_row(log_probs, r, load(labels, r), options);
          if (per_row) store(loss, r, row_loss);
          parts.of(r) += row_loss;
        }
      });
  store_reduced_loss(loss, options, sum, divisor);
}

void nll_backward(const LabelView& labels, const MatrixView& grad_log_probs, const LossOptions& options,
                  const Upstream& upstream, double divisor, const plan::CpuPlan& plan) {
  for_rows(plan, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) {
      const std::int64_t label = load(labels, r);
      const bool valid = !ignored(options, label);
      const double at_label =
          valid && divisor != 0.0 ? -class_weight(options, label) * upstream_at(upstream, r) / divisor : 0.0;
      gradient_row(grad_log_probs, r, label, valid, at_label);
    }
  });
}

}  // namespace xent::cpu
