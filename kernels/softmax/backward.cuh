// Backward of softmax and log-softmax: a sum over the row, then one expression per element.
//   softmax:      p · (g - Σ g·p)
//   log-softmax:  g - e^s · Σ g
// Where a class has no probability nothing flows, whatever arrives from above.
#pragma once

#include "kernels/row/normaliser.cuh"
#include "kernels/row/rows.cuh"
#include "kernels/row/scalars.cuh"
#include "kernels/softmax/arguments.hpp"

namespace xent::gpu {

template <class T, class Team>
class SoftmaxBackwardRow {
 public:
  using C = Compute<T>;

  __device__ __forceinline__ SoftmaxBackwardRow(const SoftmaxBackwardArguments& arguments, const Team& team,
                                                unsigned char* memory)
      : arguments_(arguments),
        team_(team),
        tiles_(team, arguments.grad.layout, arguments.tile),
        saved_(memory, arguments.tile, team),
        upstream_(memory + arguments.tile.bytes, arguments.tile, team) {}

  __device__ __forceinline__ void operator()(std::int64_t r) {
    C sum = C(0);
    for (std::int64_t round = 0; round <= tiles_.last(); round += tiles_.step()) {
      load(r, round);
      C mine = C(0);
      saved_.for_mine([&](int c, C s) {
        if (!absent(s)) mine += arguments_.log ? upstream_.value(c) : upstream_.value(c) * s;
      });
      sum += team_.reduce(mine, Plus(), C(0));
    }
    sum = team_.combine(sum, Plus());
    T* grad = static_cast<T*>(arguments_.grad.data) + row_offset(arguments_.grad.layout, r);
    for (std::int64_t round = tiles_.last(); round >= 0; round -= tiles_.step()) {
      if (round != tiles_.last()) load(r, round);
      upstream_.replace_mine([&](int c, C g) {
        const C s = saved_.value(c);
        if (absent(s)) return C(0);
        return arguments_.log ? g - exp_of(s) * sum : s * (g - sum);
      });
      upstream_.store(grad, arguments_.grad.layout.class_stride, tiles_.begin(round));
    }
  }

 private:
  __device__ __forceinline__ bool absent(C s) const { return s == (arguments_.log ? -kInfinity<C> : C(0)); }

  __device__ __forceinline__ void load(std::int64_t r, std::int64_t round) {
    const auto ask = [&](RowTile<T, Team>& tile, const ConstMatrixView& from) {
      tile.ask(static_cast<const T*>(from.data) + row_offset(from.layout, r), from.layout.class_stride,
               tiles_.begin(round), tiles_.columns(round));
    };
    ask(saved_, arguments_.saved);
    ask(upstream_, arguments_.upstream);
    upstream_.await();
  }

  const SoftmaxBackwardArguments& arguments_;
  const Team& team_;
  RowTiles<Team> tiles_;
  RowTile<T, Team> saved_;
  RowTile<T, Team> upstream_;
};

template <class T, int kTeam, int kBlock>
__global__ void __launch_bounds__(kBlock, kResidentBlocks<kBlock>)
    softmax_backward_kernel(const __grid_constant__ SoftmaxBackwardArguments arguments) {
  for_rows<kTeam, kBlock>(arguments.grad.layout, arguments.tile, 2,
                          [&](const Team<kTeam>& team, unsigned char* memory) {
                            return SoftmaxBackwardRow<T, Team<kTeam>>(arguments, team, memory);
                          });
}

struct SoftmaxBackward {
  using Arguments = SoftmaxBackwardArguments;
  template <class T, int kTeam, int kBlock>
  static auto kernel() {
    return &softmax_backward_kernel<T, kTeam, kBlock>;
  }
};

}  // namespace xent::gpu
