// What the kernels of cross-entropy and NLL share about a row: its kind, its scale, its results, its target.
#pragma once

#include "kernels/cross_entropy/arguments.hpp"
#include "kernels/primitives/atomic.cuh"
#include "kernels/row/ahead.cuh"
#include "kernels/row/normaliser.cuh"
#include "kernels/row/scalars.cuh"

namespace xent::gpu {

enum class RowKind : std::uint8_t { valid, ignored, bad_label };

/// Labels lie below it.
__device__ __forceinline__ std::int64_t label_classes_of(const CrossEntropyArguments& arguments) {
  return arguments.logits.layout.classes;
}
__device__ __forceinline__ std::int64_t label_classes_of(const GeneralCrossEntropyArguments& arguments) {
  return arguments.label_classes != 0 ? arguments.label_classes : arguments.logits.layout.classes;
}

template <class Arguments>
__device__ __forceinline__ RowKind kind_of(const Arguments& arguments, std::int64_t label) {
  if (arguments.has_ignore_index && label == arguments.ignore_index) return RowKind::ignored;
  return label >= 0 && label < label_classes_of(arguments) ? RowKind::valid : RowKind::bad_label;
}

/// What row r's gradient is multiplied by.
template <class C>
__device__ __forceinline__ C row_scale(const CrossEntropyArguments& arguments, std::int64_t r) {
  const Upstream& upstream = arguments.upstream;
  double scale = upstream.scale;
  if (upstream.values.size != 0) {
    scale *= load_scalar<double>(upstream.values, upstream.values.size == 1 ? 0 : r);
  }
  double divisor = arguments.divisor;
  if (arguments.valid_rows != nullptr) divisor = static_cast<double>(*arguments.valid_rows);
  if (arguments.divisor_at.size != 0) divisor = load_scalar<double>(arguments.divisor_at, 0);
  return divisor == 0.0 ? C(0) : static_cast<C>(scale / divisor);
}

struct RowResult {
  double loss = 0.0;
  double lse = 0.0;
  std::int64_t argmax = -1;
};

/// One thread of the team writes what there is one of per row.
__device__ __forceinline__ void store_result(const CrossEntropyArguments& arguments, std::int64_t r,
                                             const RowResult& result) {
  if (arguments.row_loss.size != 0) store_scalar(arguments.row_loss, r, result.loss);
  if (arguments.row_loss_too.size != 0) store_scalar(arguments.row_loss_too, r, result.loss);
  if (arguments.row_lse.size != 0) store_scalar(arguments.row_lse, r, result.lse);
  if (arguments.argmax.size != 0) store_index(arguments.argmax, r, result.argmax);
}

/// Row and label have to change together, so a lock guards them; only a row below all before it takes it.
template <class Arguments>
__device__ __forceinline__ void report_bad_label(const Arguments& arguments, std::int64_t r,
                                                 std::int64_t label) {
  LabelReport* const report = arguments.bad_labels;
  if (report == nullptr) return;
  atomic_add(&report->count, std::uint64_t{1});
  const std::uint64_t complement = ~static_cast<std::uint64_t>(r);
  if (atomic_max(&report->highest_complement, complement) > complement) return;
  // Milliseconds, then the row goes unnamed: a workspace that was never zeroed may hold a lock that nobody
  // has.
  int tries = 1 << 14;
  while (atomic_compare_exchange(&report->lock, 0U, 1U) != 0U) {
    if (--tries == 0) return;
    __nanosleep(100);
  }
  __threadfence();
  volatile LabelReport& shared = *report;  // others wrote it while they had the lock
  if (shared.has_first == 0 || r < shared.first_row) {
    shared.has_first = 1;
    shared.first_row = r;
    shared.first_value = label;
    shared.classes = label_classes_of(arguments);
  }
  __threadfence();
  atomic_exchange(&report->lock, 0U);
}

/// A row without a class to compare with: ignored, or with a label that names none. Its logits are not read.
template <class T, class Team, class Arguments>
__device__ __forceinline__ void skip_row(const Arguments& arguments, const Team& team, std::int64_t r,
                                         RowKind kind, std::int64_t label) {
  const bool bad = kind == RowKind::bad_label;
  if (team.leads()) {
    const double nothing = bad ? kNaN<double> : 0.0;
    store_result(arguments, r, {.loss = nothing, .lse = nothing, .argmax = -1});
    if (bad) report_bad_label(arguments, r, label);
  }
  const MatrixView& grad = arguments.grad;
  if (grad.data == nullptr) return;
  zero_row(team, static_cast<T*>(grad.data) + row_offset(grad.layout, r), grad.layout.class_stride,
           grad.layout.classes);
}

/// Asks ahead for row `next`, if there is one and it is not to be skipped.
template <class T, class Team>
__device__ __forceinline__ void ask_for_label_row(const CrossEntropyArguments& arguments,
                                                  const RowTiles<Team>& tiles, RowTileAhead<T, Team>& tile,
                                                  std::int64_t next) {
  const Layout& layout = arguments.logits.layout;
  if (!tile.can_ask(arguments.tile, tiles, layout) || next >= layout.outer * layout.inner) return;
  if (kind_of(arguments, load_label(arguments.labels, next)) != RowKind::valid) return;
  tile.ask_ahead(static_cast<const T*>(arguments.logits.data) + row_offset(layout, next) + tiles.begin(0),
                 tiles.columns(0));
}

/// The target distribution q of a row: 1 - ε more at the label, share at every unmasked class.
template <class C>
struct TargetDistribution {
  C smoothing;
  C on_target;
  C share;

  __device__ __forceinline__ TargetDistribution(double label_smoothing, std::int64_t unmasked)
      : smoothing(static_cast<C>(label_smoothing)),
        on_target(static_cast<C>(1.0 - label_smoothing)),
        share(label_smoothing == 0.0 ? C(0)
                                     : static_cast<C>(label_smoothing / static_cast<double>(unmasked))) {}

  /// The loss, from max - z of the label and log Σ exp(z - max).
  __device__ __forceinline__ C loss(C label_gap, const GapSums<C>& gaps, C log_sum) const {
    C gap = on_target == C(0) ? C(0) : on_target * label_gap;
    // A share may be nothing, and the gaps infinite.
    if (share != C(0)) gap += gaps.gap * share / GapSums<C>::kUnit;
    return gap + log_sum;
  }

  /// p - q of the label, from the probability of all other classes: 1 - p is never formed.
  __device__ __forceinline__ C gradient(C others, bool target_masked) const {
    return smoothing - (target_masked ? C(0) : share) - others;
  }
};

/// The gradient of a row with a label and no option but smoothing.
template <class C>
struct PlainGradient {
  C factor;
  C share;
  C at_label;

  PlainGradient() = default;
  __device__ __forceinline__ PlainGradient(const TargetDistribution<C>& target, C scale,
                                           const MaxRest<C>& state, C z_label)
      : share(scale * target.share) {
    const C sum = state.sum();
    factor = scale / sum;
    // Where the target is the maximum, all others together are the rest; else 1 is among the others.
    const C others = z_label == state.max ? state.rest : sum - exp_of(z_label - state.max);
    at_label = scale * target.gradient(others / sum, z_label == -kInfinity<C>);
  }
  /// Of any class but the label's.
  __device__ __forceinline__ C elsewhere(C logit, C max) const {
    const C p = exp_of(logit - max) * factor;
    return share != C(0) && logit != -kInfinity<C> ? p - share : p;
  }
};

}  // namespace xent::gpu
