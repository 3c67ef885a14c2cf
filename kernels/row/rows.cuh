// The rows of a matrix dealt to the teams of a launch. Which team has a row changes nothing in it.
#pragma once

#include <xent/view.hpp>

#include "kernels/primitives/team.cuh"

namespace xent::gpu {

/// body(team, memory, first, step, rows): the team's rows are first, first + step … below rows, and memory is
/// its own part of the launch's dynamic shared memory, of as many bytes.
template <int kTeam, int kBlock, class Body>
__device__ __forceinline__ void for_rows(const Layout& layout, std::size_t bytes_per_team, const Body& body) {
  using RowTeam = Team<kTeam>;
  XENT_SHARED(scratch, typename RowTeam::Scratch);
  XENT_DYNAMIC_SHARED(memory);
  const RowTeam team(scratch);
  constexpr auto kTeams = static_cast<std::int64_t>(RowTeam::per_block(kBlock));
  const auto number = static_cast<std::int64_t>(team.number_in_block());
  body(team, memory + number * static_cast<std::int64_t>(bytes_per_team),
       static_cast<std::int64_t>(blockIdx.x) * kTeams + number, static_cast<std::int64_t>(gridDim.x) * kTeams,
       layout.outer * layout.inner);
}

}  // namespace xent::gpu
