// A cross-entropy call as its kernels see it. Views point to device memory; what is not given is skipped.
#pragma once

#include <xent/cross_entropy.hpp>

#include "kernels/primitives/atomic.cuh"
#include "kernels/primitives/math.cuh"
#include "kernels/row/scalars.cuh"
#include "kernels/row/tile.cuh"

namespace xent::gpu {

/// Labels out of range, gathered without the host: how many, and the first row that has one. Before the first
/// launch count is 0 and first_row kNone.
struct LabelReport {
  static constexpr unsigned long long kNone = ~0ULL;
  unsigned long long count = 0;
  unsigned long long first_row = kNone;
};

struct CrossEntropyArguments {
  ConstMatrixView logits{};
  LabelView labels{};
  ConstVectorView lse{};  ///< backward only
  MatrixView grad{};
  VectorView row_loss{};  ///< a loss per row: the caller's, or what a reduction then adds up
  VectorView row_lse{};
  IndexView argmax{};
  unsigned long long* correct_count = nullptr;
  LabelReport* bad_labels = nullptr;

  bool has_ignore_index = false;
  std::int64_t ignore_index = 0;
  double label_smoothing = 0.0;
  Upstream upstream{};
  double divisor = 1.0;
  const unsigned long long* valid_rows = nullptr;  ///< if given, the divisor is what it points to, at least 1

  std::int64_t tile_columns = 0;  ///< columns that a team holds in shared memory; rows may be longer
};

enum class RowKind : std::uint8_t { valid, ignored, bad_label };

__device__ __forceinline__ RowKind kind_of(const CrossEntropyArguments& arguments, std::int64_t label) {
  if (arguments.has_ignore_index && label == arguments.ignore_index) return RowKind::ignored;
  return label >= 0 && label < arguments.logits.layout.classes ? RowKind::valid : RowKind::bad_label;
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
  if (arguments.valid_rows != nullptr) {
    divisor = *arguments.valid_rows == 0 ? 1.0 : static_cast<double>(*arguments.valid_rows);
  }
  return static_cast<C>(scale / divisor);
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
  if (arguments.row_lse.size != 0) store_scalar(arguments.row_lse, r, result.lse);
  if (arguments.argmax.size != 0) store_index(arguments.argmax, r, result.argmax);
}

__device__ __forceinline__ void report_bad_label(const CrossEntropyArguments& arguments, std::int64_t r) {
  if (arguments.bad_labels == nullptr) return;
  atomic_add(&arguments.bad_labels->count, 1ULL);
  atomic_min(&arguments.bad_labels->first_row, static_cast<unsigned long long>(r));
}

/// A row without a class to compare with: ignored, or with a label that names none. Its logits are not read.
template <class T, class Team>
__device__ __forceinline__ void skip_row(const CrossEntropyArguments& arguments, const Team& team,
                                         std::int64_t r, RowKind kind) {
  const bool bad = kind == RowKind::bad_label;
  if (team.rank() == 0) {
    const double nothing = bad ? kNaN<double> : 0.0;
    store_result(arguments, r, {.loss = nothing, .lse = nothing, .argmax = -1});
    if (bad) report_bad_label(arguments, r);
  }
  const MatrixView& grad = arguments.grad;
  if (grad.data == nullptr) return;
  zero_row(team, static_cast<T*>(grad.data) + row_offset(grad.layout, r), grad.layout.class_stride,
           grad.layout.classes);
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

  /// p - q of the label, from the probability of all other classes: 1 - p is never formed.
  __device__ __forceinline__ C gradient(C others, bool target_masked) const {
    return smoothing - (target_masked ? C(0) : share) - others;
  }
};

}  // namespace xent::gpu
