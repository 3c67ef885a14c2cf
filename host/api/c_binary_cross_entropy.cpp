#include "host/api/c_binary_cross_entropy.hpp"

#include "host/api/c_error.hpp"

extern "C" xent_status xent_binary_cross_entropy(const xent_const_matrix* logits,
                                                 const xent_const_matrix* targets,
                                                 const xent_binary_cross_entropy_outputs* outputs,
                                                 const xent_binary_cross_entropy_options* options,
                                                 const xent_binary_cross_entropy_upstream* upstream,
                                                 const xent_exec* exec) {
  return xent::c::guarded([&] {
    xent::binary_cross_entropy(xent::c::to_view("logits", logits), xent::c::to_view("targets", targets),
                               xent::c::to_outputs(outputs), xent::c::to_options(options),
                               xent::c::to_upstream(upstream), xent::c::to_exec(exec));
  });
}
