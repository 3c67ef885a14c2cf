// How a CUDA device takes its steps: what was asked for, and what came of it.
#pragma once

#include <cstdint>
#include <string>

namespace xent::mlp {

/// Resident steps round differently, so a run stays with them or without. Between graph and stream no bit
/// changes.
enum class StepPath : std::uint8_t {
  automatic,  ///< resident where that can be, else graph
  resident,   ///< one launch for many steps: the network stays on chip
  graph,      ///< a kernel for each operation, a step of them recorded once and launched often
  stream,     ///< the same kernels, queued one by one
};

/// As --cuda-steps spells it.
const char* name(StepPath path);

struct StepChoice {
  StepPath path = StepPath::graph;  ///< never automatic
  std::string why{};                ///< in a line
};

}  // namespace xent::mlp
