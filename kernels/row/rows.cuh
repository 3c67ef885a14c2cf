// The rows of a matrix dealt to the teams of a launch. Which team has a row changes nothing in it.
#pragma once

#include <xent/view.hpp>

#include "kernels/primitives/team.cuh"

namespace xent::gpu {

/// make_row(team, memory) gives what does a row: it is called with the number of each of the team's rows.
/// Memory is the team's own part of the launch's dynamic shared memory, of as many bytes.
template <int kTeam, int kBlock, class MakeRow>
__device__ __forceinline__ void for_rows(const Layout& layout, std::size_t bytes_per_team,
                                         const MakeRow& make_row) {
  using RowTeam = Team<kTeam>;
  XENT_SHARED(scratch, typename RowTeam::Scratch);
  XENT_DYNAMIC_SHARED(memory);
  const RowTeam team(scratch);
  constexpr auto kTeams = static_cast<std::int64_t>(RowTeam::per_block(kBlock));
  const auto number = static_cast<std::int64_t>(team.number_in_block());
  auto row = make_row(team, memory + number * static_cast<std::int64_t>(bytes_per_team));
  const std::int64_t rows = layout.outer * layout.inner;
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * kTeams;
  for (std::int64_t r = static_cast<std::int64_t>(blockIdx.x) * kTeams + number; r < rows; r += step) row(r);
}

}  // namespace xent::gpu
