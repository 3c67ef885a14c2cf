// One cross-entropy call as its row kernels see it, and the scalar end of a row that they share.
#pragma once

#include <cstdint>
#include <limits>

#include <xent/cross_entropy.hpp>

#include "host/cpu/rows.hpp"

namespace xent::cpu {

struct CrossEntropyJob {
  ConstMatrixView logits{};
  TargetView target{};
  ConstVectorView lse{};  ///< backward only
  CrossEntropyOutputs outputs{};
  LossOptions options{};
  Upstream upstream{};
  double divisor = 1.0;
  bool streaming_stores = false;

  bool ignored(std::int64_t label) const { return options.ignore_index && label == *options.ignore_index; }
  double row_scale(std::int64_t r) const { return divisor == 0.0 ? 0.0 : upstream_at(upstream, r) / divisor; }
  bool wants_argmax() const { return outputs.argmax.given() || outputs.correct_count != nullptr; }
};

/// What rows add up to.
struct CrossEntropyPartial {
  double loss = 0.0;
  std::int64_t correct = 0;

  CrossEntropyPartial& operator+=(const CrossEntropyPartial& other) {
    loss += other.loss;
    correct += other.correct;
    return *this;
  }
};
using CrossEntropyParts = RowParts<CrossEntropyPartial>;

struct RowResult {
  double loss = 0.0;
  double lse = 0.0;
  std::int64_t argmax = -1;
};

inline void store_result(const CrossEntropyJob& job, std::int64_t r, const RowResult& result) {
  const CrossEntropyOutputs& out = job.outputs;
  if (out.loss.given() && job.options.reduction == Reduction::none) store(out.loss, r, result.loss);
  if (out.lse.given()) store(out.lse, r, result.lse);
  if (out.argmax.given()) store(out.argmax, r, result.argmax);
}

/// An ignored row: its logits take no part, everything asked for is written.
template <class T>
void write_ignored_row(const CrossEntropyJob& job, std::int64_t r) {
  store_result(job, r, RowResult{});
  const MatrixView& grad = job.outputs.grad;
  if (!grad.given()) return;
  T* row = static_cast<T*>(grad.data) + grad.layout.row_offset(r);
  for (std::int64_t c = 0; c < grad.layout.classes; ++c) row[c * grad.layout.class_stride] = T(0.0F);
}

/// The target distribution q of a row: on_target at the label, share at every unmasked class.
struct TargetDistribution {
  double smoothing = 0.0;
  double on_target = 1.0;
  double share = 0.0;

  TargetDistribution(double label_smoothing, double unmasked)
      : smoothing(label_smoothing),
        on_target(1.0 - label_smoothing),
        share(label_smoothing == 0.0 ? 0.0 : label_smoothing / unmasked) {}

  /// Σ_c q[c]·(max - z[c]) with 0·inf = 0.
  double expected_gap(double target_gap, double gap) const {
    return (on_target == 0.0 ? 0.0 : on_target * target_gap) + share * gap;
  }
  /// p - q of the label, from the probability of all other classes: 1 - p is never formed.
  double target_gradient(double others, bool target_masked) const {
    return smoothing - (target_masked ? 0.0 : share) - others;
  }
};

}  // namespace xent::cpu
