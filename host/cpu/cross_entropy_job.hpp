// One cross-entropy call as its row kernels see it, and the scalar end of a row that they share.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

#include <xent/cross_entropy.hpp>

#include "host/cpu/max_rest.hpp"
#include "host/cpu/rows.hpp"
#include "host/plan/cpu_plan.hpp"
#include "kernels/formulas/row_loss.hpp"

namespace xent::cpu {

using RowOptions = formulas::RowOptions<double>;
using RowUpstream = formulas::RowUpstream<double>;
using RowLoss = formulas::RowLoss<double>;
using RowGradient = formulas::RowGradient<double>;
using Label = formulas::Label<double>;
using RowTotals = formulas::RowSums<double>;

/// What a row's y, the numbers that its loops read, have to do with its logits: z = scale·y. Without bias and
/// softcap y is x itself. Else it is made row by row: x·of_logit + bias, or the tanh of that.
struct CpuTransform {
  double scale = 1.0;          ///< as the compute type has it
  double slope = 1.0;          ///< ∂z/∂x, but for the tanh's own
  double of_logit = 1.0;       ///< where y is made
  const void* bias = nullptr;  ///< of the compute type, one per class; null for zeros
  bool made = false;
  bool capped = false;
};

/// A packed number of class c.
inline double per_class(const void* packed, DType dtype, std::int64_t c, double otherwise) {
  if (packed == nullptr) return otherwise;
  return dtype == DType::f64 ? static_cast<const double*>(packed)[c]
                             : static_cast<double>(static_cast<const float*>(packed)[c]);
}

struct CrossEntropyJob {
  ConstMatrixView logits{};  ///< of the valid classes only, as the target
  TargetView target{};
  ConstVectorView lse{};  ///< backward only
  CrossEntropyOutputs outputs{};
  LossOptions options{};
  Upstream upstream{};
  double divisor = 1.0;
  bool streaming_stores = false;
  CpuTransform transform{};
  const void* weights = nullptr;  ///< of the compute type, one per class; null where loops need none
  double weight_sum = 0.0;        ///< of all classes, 1 each without class weights

  std::int64_t classes() const { return logits.layout.classes; }
  bool has_labels() const { return target.kind == TargetKind::labels; }
  bool soft() const { return target.kind == TargetKind::probs; }
  bool smoothed() const { return options.label_smoothing != 0.0; }
  bool ignored(std::int64_t label) const { return options.ignore_index && label == *options.ignore_index; }
  bool wants_argmax() const { return outputs.argmax.given() || outputs.correct_count != nullptr; }
  bool wants_rank() const { return outputs.target_rank.given() || outputs.top_k_count != nullptr; }
  bool wants_gradient() const { return outputs.grad.given() || outputs.grad_targets.given(); }
  /// Whether a focal loss takes more of a row than its label.
  bool focal_classes() const { return options.focal_gamma != 0.0 && (soft() || smoothed()); }
  /// Whether each element takes more than an exponential and a factor. No output has a say in it: the bits
  /// of the others would depend on it.
  bool per_element() const { return soft() || smoothed() || transform.made || upstream.entropy.given(); }

  /// Whether the loss is that of labels alone, and nothing but its gradient arrives from above.
  bool plain() const {
    return has_labels() && !per_element() && transform.scale == 1.0 && transform.slope == 1.0 &&
           !options.class_weights.given() && options.focal_gamma == 0.0 && options.z_loss == 0.0 &&
           !upstream.lse.given() && !upstream.log_prob.given() && options.transform.valid_classes == 0;
  }

  /// w of a label, as the loops know it.
  double label_weight(std::int64_t label) const;

  RowOptions row_options() const {
    return {
        .smoothing = options.label_smoothing, .focal_gamma = options.focal_gamma, .z_loss = options.z_loss};
  }
  RowUpstream row_upstream(std::int64_t r) const {
    const auto of = [&](const ConstVectorView& values) {
      return values.given() ? upstream.scale * load(values, r) : 0.0;
    };
    return {.loss = divisor == 0.0 ? 0.0 : upstream_at(upstream, r) / divisor,
            .lse = of(upstream.lse),
            .log_prob = of(upstream.log_prob),
            .entropy = of(upstream.entropy)};
  }
};

/// Without lse and outputs. The call's numbers per class stay in the calling thread's memory until its next
/// call.
CrossEntropyJob make_job(const ConstMatrixView& logits, const TargetView& target, const LossOptions& options,
                         const Upstream& upstream, double divisor, const plan::CpuPlan& plan);

inline double CrossEntropyJob::label_weight(std::int64_t label) const {
  return per_class(weights, logits.dtype, label, class_weight(options, label));
}

/// What rows add up to.
struct CrossEntropyPartial {
  double loss = 0.0;
  std::int64_t correct = 0;
  std::int64_t top_k = 0;

  CrossEntropyPartial& operator+=(const CrossEntropyPartial& other) {
    loss += other.loss;
    correct += other.correct;
    top_k += other.top_k;
    return *this;
  }
};
using CrossEntropyParts = RowParts<CrossEntropyPartial>;

struct RowResult {
  double loss = 0.0;
  double lse = 0.0;
  double log_prob = 0.0;
  double entropy = 0.0;
  std::int64_t argmax = -1;
  std::int64_t target_rank = -1;
};

inline void store_result(const CrossEntropyJob& job, std::int64_t r, const RowResult& result) {
  const CrossEntropyOutputs& out = job.outputs;
  if (out.loss.given() && job.options.reduction == Reduction::none) store(out.loss, r, result.loss);
  if (out.row_loss.given()) store(out.row_loss, r, result.loss);
  if (out.lse.given()) store(out.lse, r, result.lse);
  if (out.log_prob.given()) store(out.log_prob, r, result.log_prob);
  if (out.entropy.given()) store(out.entropy, r, result.entropy);
  if (out.argmax.given()) store(out.argmax, r, result.argmax);
  if (out.target_rank.given()) store(out.target_rank, r, result.target_rank);
}

/// Stores a valid row's result and adds it to what rows add up to.
inline void take_result(const CrossEntropyJob& job, std::int64_t r, std::int64_t label,
                        const RowResult& result, CrossEntropyPartial& partial) {
  store_result(job, r, result);
  const bool hit = result.target_rank >= 0 && result.target_rank < job.outputs.top_k;
  partial += {.loss = result.loss,
              .correct = job.has_labels() && result.argmax == label ? 1 : 0,
              .top_k = hit ? 1 : 0};
}

template <class T>
void write_zeros(const MatrixView& matrix, std::int64_t r, std::int64_t from_class) {
  T* row = static_cast<T*>(matrix.data) + matrix.layout.row_offset(r);
  for (std::int64_t c = from_class; c < matrix.layout.classes; ++c) {
    row[c * matrix.layout.class_stride] = T(0.0F);
  }
}

/// An ignored row: its logits take no part, everything asked for is written.
template <class T>
void write_ignored_row(const CrossEntropyJob& job, std::int64_t r) {
  store_result(job, r, RowResult{});
  if (job.outputs.grad.given()) write_zeros<T>(job.outputs.grad, r, 0);
}

/// A class with formulas::kDominant of the probability leaves the others a quarter, so the sum of all below
/// this is theirs.
inline constexpr double kSmall = 0.5;

/// A number as the sum of two of the compute type, so that an f64 lse keeps its digits.
template <class C>
struct TwoParts {
  C high;
  C low;

  explicit TwoParts(double whole) : high(static_cast<C>(whole)) {
    const double rounded_off = whole - static_cast<double>(high);
    low = rounded_off == rounded_off ? static_cast<C>(rounded_off) : C{0};  // inf - inf
  }
};

/// ∂z/∂x of class c, whose x is given; 1 - tanh² would be lost where the tanh saturates.
inline double slope_at(const CrossEntropyJob& job, double x, std::int64_t c) {
  const CpuTransform& transform = job.transform;
  if (!transform.capped) return transform.slope;
  const double cosh = std::cosh(transform.of_logit * x + per_class(transform.bias, job.logits.dtype, c, 0.0));
  return transform.slope / (cosh * cosh);
}

}  // namespace xent::cpu
