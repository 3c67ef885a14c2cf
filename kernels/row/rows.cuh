// The rows of a matrix dealt to the teams of a launch. Which team has a row changes nothing in it.
#pragma once

#include <xent/view.hpp>

#include "kernels/primitives/team.cuh"
#include "kernels/row/bulk_fill.cuh"
#include "kernels/shapes/tile_shape.hpp"

namespace xent::gpu {

/// Blocks of so many threads for which a multiprocessor's registers suffice at once: 1024 threads of 64. For
/// __launch_bounds__; left to itself the compiler spills a few to make room for one block more.
template <int kBlock>
inline constexpr int kResidentBlocks = 1024 / kBlock;

/// make_row(team, memory) gives what does a row: it is called with the number of each of the team's rows, and
/// if it wants to know with that of the row after it, beyond the last where there is none. Memory is the
/// part's own share of the launch's dynamic shared memory, of so many tiles.
template <int kTeam, int kBlock, class MakeRow>
__device__ __forceinline__ void for_rows(const Layout& layout, const TileShape& tile, int tiles,
                                         const MakeRow& make_row) {
  using RowTeam = Team<kTeam>;
  XENT_SHARED(scratch, typename RowTeam::Scratch);
  XENT_DYNAMIC_SHARED(memory);
  const RowTeam team(scratch);
  BulkFill<RowTeam>::begin(team, tile);
  constexpr auto kTeams = static_cast<std::int64_t>(RowTeam::per_block(kBlock));
  const auto number = static_cast<std::int64_t>(team.number_in_block());
  auto row = make_row(team, memory + number * tiles * static_cast<std::int64_t>(tile.bytes));
  const std::int64_t rows = layout.outer * layout.inner;
  for (std::int64_t r = team.group() * kTeams + number; r < rows; r += team.groups() * kTeams) {
    if constexpr (requires { row(r, r); }) {
      row(r, r + team.groups() * kTeams);
    } else {
      row(r);
    }
  }
  team.leave();
}

/// How a row is cut into tiles: each part of the team holds its own tile of a round, side by side.
template <class Team>
class RowTiles {
 public:
  __device__ __forceinline__ RowTiles(const Team& team, const Layout& layout, const TileShape& tile)
      : team_(team), classes_(layout.classes), columns_(static_cast<int>(tile.columns)) {}

  /// Rounds begin at 0, step(), 2·step() … last().
  __device__ __forceinline__ int step() const { return team_.parts() * columns_; }
  __device__ __forceinline__ std::int64_t last() const { return (classes_ - 1) / step() * step(); }
  /// The caller's part of the round that begins there; none of it may be left.
  __device__ __forceinline__ std::int64_t begin(std::int64_t round) const { return round + offset(); }
  __device__ __forceinline__ int columns(std::int64_t round) const {
    const std::int64_t left = classes_ - begin(round);
    return static_cast<int>(left < 0 ? 0 : left < columns_ ? left : columns_);
  }
  /// Whether the column is among the caller's part.
  __device__ __forceinline__ bool holds(std::int64_t column) const {
    const std::int64_t within = column % step() - offset();
    return within >= 0 && within < columns_;
  }

 private:
  __device__ __forceinline__ int offset() const { return team_.part() * columns_; }

  const Team& team_;
  std::int64_t classes_;
  int columns_;
};

}  // namespace xent::gpu
