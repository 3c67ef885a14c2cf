// The losses of a step's rows, each by one block: the logits from all blocks' shares, the row's loss and its
// gradient by the library's own formulas.
#pragma once

#include "kernels/cross_entropy/target_row.cuh"
#include "kernels/primitives/team.cuh"
#include "kernels/resident/memory.cuh"

namespace xent::gpu {

/// A row's logits, one per lane.
struct LaneTile {
  using C = float;
  float z;
  bool holds;

  template <class F>
  __device__ __forceinline__ void for_mine(const F& f) const {
    if (holds) f(static_cast<int>(lane_id()), z);
  }
};

/// Blocks' shares in order of their numbers modulo 32, then by a fixed tree. A warp has a class at a time.
__device__ __forceinline__ void add_shares(const ResidentArguments& arguments, const ResidentMemory& memory,
                                           int row, float* logits) {
  const ResidentShape& shape = arguments.shape;
  const auto blocks = static_cast<int>(gridDim.x);
  for (int c = static_cast<int>(warp_id()); c < shape.classes; c += kResidentBlock / 32) {
    float sum = 0.0F;
    XENT_UNROLL_BY(4)
    for (int block = static_cast<int>(lane_id()); block < blocks; block += 32) {
      sum += arguments.partials[(row * blocks + block) * shape.classes + c];
    }
    sum = reduce_lanes(sum, Plus());
    if (lane_id() == 0) logits[c] = sum + memory.parameters()[shape.bias2() + c];
  }
}

/// By one warp. A label that names no class is no access out of bounds: loss NaN, gradient 0.
__device__ __forceinline__ void finish_row(const ResidentArguments& arguments, const Team<32>& team, int row,
                                           int rows, int label, const float* logits) {
  const ResidentShape& shape = arguments.shape;
  const auto lane = static_cast<int>(lane_id());
  const LaneTile tile{lane < shape.classes ? logits[lane] : 0.0F, lane < shape.classes};
  const float max = tile_maximum(team, tile);
  const Best<float> best = tile_best(team, tile, 0);
  const GapSums<float> gaps = tile_gaps(team, tile, max);
  MaxRest<float> state = tile_state(team, tile, max);
  if (max == -kInfinity<float>) state.rest = kNaN<float>;  // no distribution

  const bool valid = label < shape.classes;
  const float z_label = logits[valid ? label : 0];
  const TargetDistribution<float> target(arguments.label_smoothing, gaps.unmasked);
  const PlainGradient<float> gradient(target, static_cast<float>(1.0 / rows), state, z_label);
  if (tile.holds) {
    const float delta = lane == label ? gradient.at_label : gradient.elsewhere(tile.z, max);
    arguments.deltas[row * shape.classes + lane] = valid ? delta : 0.0F;
  }
  if (lane != 0) return;
  const float loss = target.loss(max - z_label, gaps, log1p(state.rest));
  arguments.row_loss[row] = valid ? static_cast<double>(loss) : kNaN<double>;
  arguments.row_right[row] = valid && best.index == label ? 1 : 0;
}

/// Rows are dealt to the blocks.
__device__ __forceinline__ void losses(const ResidentArguments& arguments, const ResidentMemory& memory,
                                       const StepScalars& step, int rows) {
  XENT_SHARED(logits, float[kResidentMostClasses]);
  XENT_SHARED(scratch, Team<32>::Scratch);
  const Team<32> team(scratch);
  for (int row = static_cast<int>(blockIdx.x); row < rows; row += static_cast<int>(gridDim.x)) {
    const int label = arguments.batch.labels[arguments.batch.order[step.place + row]];
    add_shares(arguments, memory, row, logits);
    __syncthreads();
    if (warp_id() == 0) finish_row(arguments, team, row, rows, label, logits);
    __syncthreads();  // before the logits are replaced
  }
}

/// What the step gave, by one warp of the last block.
__device__ __forceinline__ void report(const ResidentArguments& arguments, int number, int rows) {
  if (blockIdx.x != gridDim.x - 1 || warp_id() != 0) return;
  double loss = 0.0;
  int right = 0;
  for (int row = static_cast<int>(lane_id()); row < rows; row += 32) {
    loss += arguments.row_loss[row];
    right += arguments.row_right[row];
  }
  loss = reduce_lanes(loss, Plus());
  right = reduce_lanes(right, Plus());
  if (lane_id() == 0) arguments.batch.steps.outcomes[number] = {loss / rows, right};
}

}  // namespace xent::gpu
