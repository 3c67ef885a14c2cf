// Backward of softmax and log-softmax: a sum over the row, then one expression per element.
//   softmax:      p · (g - Σ g·p)
//   log-softmax:  g - e^s · Σ g
// Where a class has no probability nothing flows, whatever arrives from above.
#pragma once

#include "kernels/row/normaliser.cuh"
#include "kernels/row/rows.cuh"
#include "kernels/row/scalars.cuh"

namespace xent::gpu {

struct SoftmaxBackwardArguments {
  ConstMatrixView saved{};     ///< the forward result: p, or s = log p
  ConstMatrixView upstream{};  ///< g
  MatrixView grad{};
  bool log = false;               ///< saved holds log-probabilities
  std::int64_t tile_columns = 0;  ///< columns of each that a team holds in shared memory; rows may be longer
};

template <class T, class Team>
class SoftmaxBackwardRow {
 public:
  using C = Compute<T>;

  __device__ __forceinline__ SoftmaxBackwardRow(const SoftmaxBackwardArguments& arguments, const Team& team,
                                                unsigned char* memory)
      : arguments_(arguments),
        team_(team),
        saved_(memory, team),
        upstream_(memory + tile_bytes<T>(arguments.tile_columns), team) {}

  __device__ __forceinline__ void operator()(std::int64_t r) {
    const std::int64_t classes = arguments_.grad.layout.classes;
    const std::int64_t step = arguments_.tile_columns;
    C sum = C(0);
    for (std::int64_t begin = 0; begin < classes; begin += step) {
      load(r, begin);
      C mine = C(0);
      saved_.for_mine([&](int c, C s) {
        if (!absent(s)) mine += arguments_.log ? upstream_.value(c) : upstream_.value(c) * s;
      });
      sum += team_.reduce(mine, Plus(), C(0));
    }
    T* grad = static_cast<T*>(arguments_.grad.data) + row_offset(arguments_.grad.layout, r);
    const std::int64_t last = (classes - 1) / step * step;
    for (std::int64_t begin = last; begin >= 0; begin -= step) {
      if (begin != last) load(r, begin);
      upstream_.replace_mine([&](int c, C g) {
        const C s = saved_.value(c);
        if (absent(s)) return C(0);
        return arguments_.log ? g - exp_of(s) * sum : s * (g - sum);
      });
      upstream_.store(grad, arguments_.grad.layout.class_stride, begin);
    }
  }

 private:
  __device__ __forceinline__ bool absent(C s) const { return s == (arguments_.log ? -kInfinity<C> : C(0)); }

  __device__ __forceinline__ void load(std::int64_t r, std::int64_t begin) {
    const auto load_one = [&](RowTile<T, Team>& tile, const ConstMatrixView& from) {
      tile.load(static_cast<const T*>(from.data) + row_offset(from.layout, r), from.layout.class_stride,
                begin, columns_from(begin, from.layout.classes, arguments_.tile_columns));
    };
    load_one(saved_, arguments_.saved);
    load_one(upstream_, arguments_.upstream);
  }

  const SoftmaxBackwardArguments& arguments_;
  const Team& team_;
  RowTile<T, Team> saved_;
  RowTile<T, Team> upstream_;
};

template <class T, int kTeam, int kBlock>
__global__ void __launch_bounds__(kBlock)
    softmax_backward_kernel(const __grid_constant__ SoftmaxBackwardArguments arguments) {
  for_rows<kTeam, kBlock>(arguments.grad.layout, 2 * tile_bytes<T>(arguments.tile_columns),
                          [&](const Team<kTeam>& team, unsigned char* memory) {
                            return SoftmaxBackwardRow<T, Team<kTeam>>(arguments, team, memory);
                          });
}

}  // namespace xent::gpu
