#include "host/mlp/step_path.hpp"

namespace xent::mlp {

const char* name(StepPath path) {
  switch (path) {
    case StepPath::automatic: return "auto";
    case StepPath::resident: return "resident";
    case StepPath::graph: return "graph";
    case StepPath::stream: return "stream";
  }
  return "invalid";
}

}  // namespace xent::mlp
