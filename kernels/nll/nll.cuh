// Negative log-likelihood of log-probabilities, and its gradient: one element per row is read, the rest is
// zeros.
#pragma once

#include "kernels/cross_entropy/target_row.cuh"
#include "kernels/row/rows.cuh"

namespace xent::gpu {

/// A thread per row.
template <class T, int kBlock>
__global__ void __launch_bounds__(kBlock)
    nll_kernel(const __grid_constant__ CrossEntropyArguments arguments) {
  const Layout& layout = arguments.logits.layout;
  const std::int64_t rows = layout.outer * layout.inner;
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * kBlock;
  for (std::int64_t r = static_cast<std::int64_t>(blockIdx.x) * kBlock + threadIdx.x; r < rows; r += step) {
    const std::int64_t label = load_label(arguments.labels, r);
    const RowKind kind = kind_of(arguments, label);
    double loss = 0.0;
    if (kind == RowKind::valid) {
      const T* row = static_cast<const T*>(arguments.logits.data) + row_offset(layout, r);
      loss = -static_cast<double>(widen(row[label * layout.class_stride]));
      if (arguments.class_weights.size != 0) {
        const double weight = load_scalar<double>(arguments.class_weights, label);
        const bool masked = loss == kInfinity<double>;
        loss = weight == 0.0 && masked ? 0.0 : loss * weight;  // nothing of an infinity is nothing
      }
    } else if (kind == RowKind::bad_label) {
      loss = kNaN<double>;
      report_bad_label(arguments, r, label);
    }
    store_scalar(arguments.row_loss, r, loss);
  }
}

/// -g/d at the label, 0 elsewhere. Nothing but labels is read.
template <class T, class Team>
__device__ __forceinline__ void nll_backward_row(const CrossEntropyArguments& arguments, const Team& team,
                                                 std::int64_t r) {
  const Layout& layout = arguments.grad.layout;
  const std::int64_t label = load_label(arguments.labels, r);
  const RowKind kind = kind_of(arguments, label);
  T* row = static_cast<T*>(arguments.grad.data) + row_offset(layout, r);
  zero_row(team, row, layout.class_stride, layout.classes);
  team.sync_parts();
  if (!team.leads()) return;
  if (kind == RowKind::valid) {
    Compute<T> scale = row_scale<Compute<T>>(arguments, r);
    if (arguments.class_weights.size != 0) scale *= load_scalar<Compute<T>>(arguments.class_weights, label);
    row[label * layout.class_stride] = narrow<T>(-scale);
  } else if (kind == RowKind::bad_label) {
    report_bad_label(arguments, r, label);
  }
}

template <class T, int kTeam, int kBlock>
__global__ void __launch_bounds__(kBlock, kResidentBlocks<kBlock>)
    nll_backward_kernel(const __grid_constant__ CrossEntropyArguments arguments) {
  for_rows<kTeam, kBlock>(
      arguments.grad.layout, TileShape(), 0, [&](const Team<kTeam>& team, unsigned char*) {
        return [&arguments, &team](std::int64_t r) { nll_backward_row<T>(arguments, team, r); };
      });
}

struct NllForward {
  using Arguments = CrossEntropyArguments;
  template <class T, int kTeam, int kBlock>
  static auto kernel() {
    return &nll_kernel<T, kBlock>;
  }
};
struct NllBackward {
  using Arguments = CrossEntropyArguments;
  template <class T, int kTeam, int kBlock>
  static auto kernel() {
    return &nll_backward_kernel<T, kTeam, kBlock>;
  }
};

}  // namespace xent::gpu
