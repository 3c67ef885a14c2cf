// Binary cross-entropy, forward and backward: elements know nothing of their neighbours, so a block takes a
// part of the matrix, a thread one element after another, and rows of any length keep all threads busy.
#pragma once

#include "kernels/binary_cross_entropy/arguments.hpp"
#include "kernels/primitives/block.cuh"
#include "kernels/primitives/math.cuh"
#include "kernels/row/normaliser.cuh"
#include "kernels/row/rows.cuh"
#include "kernels/row/scalars.cuh"

namespace xent::gpu {

/// Where an element lies in any matrix of the call's shape.
struct ElementPlace {
  std::int64_t outer;
  std::int64_t inner;
  std::int64_t column;

  __device__ __forceinline__ ElementPlace(const Layout& shape, std::int64_t row, std::int64_t column_)
      : outer(shape.inner == 1 ? row : row / shape.inner),
        inner(shape.inner == 1 ? 0 : row % shape.inner),
        column(column_) {}
  __device__ __forceinline__ std::int64_t in(const Layout& l) const {
    return outer * l.outer_stride + inner * l.inner_stride + column * l.class_stride;
  }
};

/// Nothing of an infinity is nothing.
template <class C>
__device__ __forceinline__ C times(C coefficient, C value) {
  return coefficient == C(0) ? C(0) : coefficient * value;
}

template <class T>
class BinaryCrossEntropyElements {
 public:
  using C = Compute<T>;

  __device__ __forceinline__ explicit BinaryCrossEntropyElements(const BinaryCrossEntropyArguments& arguments)
      : arguments_(arguments) {
    const bool at = arguments.divisor_at.size != 0;
    const double divisor = at ? load_scalar<double>(arguments.divisor_at, 0) : arguments.divisor;
    double scale = arguments.scale;
    if (arguments.upstream_value.size != 0) scale *= load_scalar<double>(arguments.upstream_value, 0);
    scale_ = divisor == 0.0 ? C(0) : static_cast<C>(scale / divisor);
  }

  /// Writes what is asked for; the element's loss.
  __device__ __forceinline__ C operator()(const ElementPlace& place) const {
    const C x = load(arguments_.logits, place);
    const C y = load(arguments_.targets, place);
    const C weight = class_value(arguments_.class_weights, place.column);
    const C positive = weight * class_value(arguments_.pos_weight, place.column);
    const C on_one = positive * y;
    const C on_zero = weight * (C(1) - y);
    const C e = exp_of(x < C(0) ? x : -x);
    const C tail = log1p(e);
    const C above = x > C(0) ? x : C(0);
    const C below = x < C(0) ? -x : C(0);
    // A NaN comes through the tail, which is never infinite.
    const C loss = times(on_one, below) + (times(on_zero, above) + (on_one + on_zero) * tail);
    if (arguments_.losses.data != nullptr) store(arguments_.losses, place, loss);
    if (arguments_.grad.data == nullptr && arguments_.grad_targets.data == nullptr) return loss;
    const C scale = arguments_.upstream.data == nullptr ? scale_ : scale_ * load(arguments_.upstream, place);
    if (arguments_.grad.data != nullptr) {
      const C large = C(1) / (C(1) + e);
      const C small = e * large;
      const C sigma = x < C(0) ? small : large;
      const C one_less = x < C(0) ? large : small;  // σ(-x)
      store(arguments_.grad, place, (on_zero * sigma - on_one * one_less) * scale);
    }
    if (arguments_.grad_targets.data != nullptr) {
      const C p = positive * scale;
      const C w = weight * scale;
      store(arguments_.grad_targets, place, (times(p, below) - times(w, above)) + (p - w) * tail);
    }
    return loss;
  }

 private:
  static __device__ __forceinline__ C load(const ConstMatrixView& matrix, const ElementPlace& place) {
    return widen(static_cast<const T*>(matrix.data)[place.in(matrix.layout)]);
  }
  static __device__ __forceinline__ void store(const MatrixView& matrix, const ElementPlace& place, C value) {
    static_cast<T*>(matrix.data)[place.in(matrix.layout)] = narrow<T>(value);
  }
  static __device__ __forceinline__ C class_value(const ConstVectorView& values, std::int64_t column) {
    return values.size == 0 ? C(1) : load_scalar<C>(values, column);
  }

  const BinaryCrossEntropyArguments& arguments_;
  C scale_;
};

/// A block per part.
template <class T, int kBlock>
__global__ void __launch_bounds__(kBlock, kResidentBlocks<kBlock>)
    binary_cross_entropy_kernel(const __grid_constant__ BinaryCrossEntropyArguments arguments) {
  XENT_SHARED(scratch, BlockScratch<double>);
  const Layout& shape = arguments.logits.layout;
  const BinaryCrossEntropyElements<T> elements(arguments);
  const std::int64_t rows = shape.outer * shape.inner;
  const std::int64_t pieces = (shape.classes + arguments.columns_per_part - 1) / arguments.columns_per_part;
  const std::int64_t groups = (rows + arguments.rows_per_part - 1) / arguments.rows_per_part;
  for (std::int64_t part = blockIdx.x; part < groups * pieces; part += gridDim.x) {
    const std::int64_t row = part / pieces * arguments.rows_per_part;
    const std::int64_t column = part % pieces * arguments.columns_per_part;
    const std::int64_t rows_left = rows - row;
    const std::int64_t columns_left = shape.classes - column;
    const std::int64_t columns =
        columns_left < arguments.columns_per_part ? columns_left : arguments.columns_per_part;
    double sum = 0.0;
    if (arguments.rows_per_part == 1) {
      for (std::int64_t c = threadIdx.x; c < columns; c += kBlock) {
        sum += static_cast<double>(elements(ElementPlace(shape, row, column + c)));
      }
    } else {
      // Few and short rows: their elements are counted in 32 bits.
      const std::int64_t count = rows_left < arguments.rows_per_part ? rows_left : arguments.rows_per_part;
      const auto size = static_cast<unsigned>(count * columns);
      const auto width = static_cast<unsigned>(columns);
      for (unsigned e = threadIdx.x; e < size; e += kBlock) {
        const unsigned r = e / width;
        sum += static_cast<double>(elements(ElementPlace(shape, row + r, column + (e - r * width))));
      }
    }
    if (arguments.part_loss == nullptr) continue;
    sum = reduce_block(sum, Plus(), 0.0, scratch);
    if (threadIdx.x == 0) arguments.part_loss[part] = sum;
  }
}

struct BinaryCrossEntropy {
  using Arguments = BinaryCrossEntropyArguments;
  template <class T, int kTeam, int kBlock>
  static auto kernel() {
    return &binary_cross_entropy_kernel<T, kBlock>;
  }
};

}  // namespace xent::gpu
