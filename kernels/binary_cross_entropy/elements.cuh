// Binary cross-entropy, forward and backward: elements know nothing of their neighbours, so a block takes a
// part of the matrix, and rows of any length keep all threads busy. A part passes through tiles, which make
// 16-byte accesses of it wherever its elements lie side by side. Its elements are numbered by row and class,
// and a thread has those of its own numbers in their order, so no bit depends on where they lie.
#pragma once

#include "kernels/binary_cross_entropy/arguments.hpp"
#include "kernels/binary_cross_entropy/formula.cuh"
#include "kernels/row/rows.cuh"
#include "kernels/row/scalars.cuh"
#include "kernels/row/tile.cuh"

namespace xent::gpu {

/// Some whole rows, or a piece of one.
struct ElementPart {
  std::int64_t row;
  std::int64_t column;
  std::int64_t size;

  __device__ __forceinline__ ElementPart(const BinaryCrossEntropyArguments& arguments, std::int64_t number) {
    const Layout& shape = arguments.logits.layout;
    const std::int64_t pieces = (shape.classes + arguments.columns_per_part - 1) / arguments.columns_per_part;
    row = number / pieces * arguments.rows_per_part;
    column = number % pieces * arguments.columns_per_part;
    const std::int64_t rows_left = shape.outer * shape.inner - row;
    const std::int64_t columns_left = shape.classes - column;
    size = (rows_left < arguments.rows_per_part ? rows_left : arguments.rows_per_part) *
           (columns_left < arguments.columns_per_part ? columns_left : arguments.columns_per_part);
  }
};

/// How a matrix's elements follow on one another across its rows.
struct Steps {
  std::int64_t step;
  bool even;  ///< all of them by that step

  __device__ __forceinline__ explicit Steps(const Layout& l) {
    const std::int64_t row_step = l.inner == 1 ? l.outer_stride : l.inner_stride;
    step = l.classes == 1 ? row_step : l.class_stride;
    even = row_step == l.classes * step && (l.inner == 1 || l.outer_stride == l.inner * row_step);
  }
};

template <class T, class Team>
class BinaryCrossEntropyPart {
 public:
  using C = Compute<T>;

  __device__ __forceinline__ BinaryCrossEntropyPart(const BinaryCrossEntropyArguments& arguments,
                                                    const Team& team, unsigned char* memory)
      : arguments_(arguments),
        logits_(memory, arguments.tile, team),
        targets_(memory + arguments.tile.bytes, arguments.tile, team),
        third_(memory + 2 * arguments.tile.bytes, arguments.tile, team) {
    const bool at = arguments.divisor_at.size != 0;
    const double divisor = at ? load_scalar<double>(arguments.divisor_at, 0) : arguments.divisor;
    double scale = arguments.scale;
    if (arguments.upstream_value.size != 0) scale *= load_scalar<double>(arguments.upstream_value, 0);
    scale_ = divisor == 0.0 ? C(0) : static_cast<C>(scale / divisor);
  }

  /// Writes what is asked for; the sum of the losses of this thread's elements, whatever the tiles.
  __device__ __forceinline__ double operator()(const ElementPart& part) {
    double sum = 0.0;
    for (std::int64_t begin = 0; begin < part.size; begin += arguments_.tile.columns) {
      const std::int64_t left = part.size - begin;
      const int n = static_cast<int>(left < arguments_.tile.columns ? left : arguments_.tile.columns);
      ask(logits_, arguments_.logits, part, begin, n);
      ask(targets_, arguments_.targets, part, begin, n);
      if (arguments_.upstream.data != nullptr) {
        ask(third_, arguments_.upstream, part, begin, n);
      } else if (arguments_.losses.data != nullptr) {
        third_.reserve(n);
      }
      logits_.await();
      compute(part, begin, sum);
      store(third_, arguments_.losses, part, begin);
      store(logits_, arguments_.grad, part, begin);
      store(targets_, arguments_.grad_targets, part, begin);
    }
    return sum;
  }

 private:
  // Once for all layouts, and not unrolled: copies could differ in what the compiler fuses.
  using Tile = RowTile<T, Team, 1>;

  __device__ __forceinline__ void ask(Tile& tile, const ConstMatrixView& from, const ElementPart& part,
                                      std::int64_t begin, int n) const {
    const T* const data = static_cast<const T*>(from.data);
    const Steps steps(from.layout);
    if (one_row() || steps.even) {
      tile.ask(data + first(from.layout, part), steps.step, begin, n);
    } else {
      tile.gather(n, [&](int e) { return data + place(from.layout, part, begin + e); });
    }
  }
  __device__ __forceinline__ void store(const Tile& tile, const MatrixView& to, const ElementPart& part,
                                        std::int64_t begin) const {
    if (to.data == nullptr) return;
    T* const data = static_cast<T*>(to.data);
    const Steps steps(to.layout);
    if (one_row() || steps.even) {
      tile.store(data + first(to.layout, part), steps.step, begin);
    } else {
      tile.scatter([&](int e) { return data + place(to.layout, part, begin + e); });
    }
  }

  __device__ __forceinline__ bool one_row() const { return arguments_.rows_per_part == 1; }
  static __device__ __forceinline__ std::int64_t first(const Layout& l, const ElementPart& part) {
    return row_offset(l, part.row) + part.column * l.class_stride;
  }
  /// Where an element of several rows lies. They are few and short: it is counted in 32 bits.
  static __device__ __forceinline__ std::int64_t place(const Layout& l, const ElementPart& part,
                                                       std::int64_t e) {
    const auto width = static_cast<unsigned>(l.classes);
    const unsigned r = static_cast<unsigned>(e) / width;
    return row_offset(l, part.row + r) + (static_cast<unsigned>(e) - r * width) * l.class_stride;
  }

  /// Results take the place of what was read: a thread's columns are its own.
  __device__ __forceinline__ void compute(const ElementPart& part, std::int64_t begin, double& sum) {
    logits_.for_mine([&](int e, C x) {
      const std::int64_t column = one_row() ? part.column + begin + e
                                            : static_cast<unsigned>(begin + e) %
                                                  static_cast<unsigned>(arguments_.logits.layout.classes);
      const C weight = class_value(arguments_.class_weights, column);
      const C positive = weight * class_value(arguments_.pos_weight, column);
      const BinaryElement<C> element(x, targets_.value(e), weight, positive);
      const C loss = element.loss();
      sum += static_cast<double>(loss);
      const C scale = arguments_.upstream.data == nullptr ? scale_ : scale_ * third_.value(e);
      if (arguments_.losses.data != nullptr) third_.put(e, loss);
      if (arguments_.grad.data != nullptr) logits_.put(e, element.grad(scale));
      if (arguments_.grad_targets.data != nullptr) targets_.put(e, element.grad_target(scale));
    });
  }
  static __device__ __forceinline__ C class_value(const ConstVectorView& values, std::int64_t column) {
    return values.size == 0 ? C(1) : load_scalar<C>(values, column);
  }

  const BinaryCrossEntropyArguments& arguments_;
  Tile logits_;   ///< then their gradient
  Tile targets_;  ///< then theirs
  Tile third_;    ///< the upstream gradient, then the losses
  C scale_;
};

/// Threads of which a multiprocessor's registers suffice: three tiles of doubles want a few more than 64.
template <class T>
inline constexpr int kElementThreads = sizeof(T) == sizeof(double) ? 768 : 1024;

/// A block per part.
template <class T, int kBlock>
__global__ void __launch_bounds__(kBlock, kElementThreads<T> / kBlock)
    binary_cross_entropy_kernel(const __grid_constant__ BinaryCrossEntropyArguments arguments) {
  XENT_SHARED(scratch, typename Team<kBlock>::Scratch);
  XENT_DYNAMIC_SHARED(memory);
  const Team<kBlock> team(scratch);
  BulkFill<Team<kBlock>>::begin(team, arguments.tile);
  BinaryCrossEntropyPart<T, Team<kBlock>> take(arguments, team, memory);
  for (std::int64_t number = blockIdx.x; number < arguments.parts; number += gridDim.x) {
    const double sum = take(ElementPart(arguments, number));
    if (arguments.part_loss == nullptr) continue;
    const double all = team.reduce(sum, Plus(), 0.0);
    if (team.leads()) arguments.part_loss[number] = all;
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
