#include "host/api/c_divergence.hpp"

#include "host/api/c_error.hpp"

using xent::c::guarded;
using xent::c::to_exec;
using xent::c::to_options;
using xent::c::to_outputs;
using xent::c::to_upstream;
using xent::c::to_view;

extern "C" {

xent_status xent_kl_divergence(const xent_const_matrix* p_logits, const xent_const_matrix* q_logits,
                               const xent_divergence_outputs* outputs, const xent_divergence_options* options,
                               const xent_upstream* upstream, const xent_exec* exec) {
  return guarded([&] {
    xent::kl_divergence(to_view("p_logits", p_logits), to_view("q_logits", q_logits), to_outputs(outputs),
                        to_options(options), to_upstream(upstream), to_exec(exec));
  });
}

xent_status xent_js_divergence(const xent_const_matrix* p_logits, const xent_const_matrix* q_logits,
                               const xent_divergence_outputs* outputs, const xent_divergence_options* options,
                               const xent_upstream* upstream, const xent_exec* exec) {
  return guarded([&] {
    xent::js_divergence(to_view("p_logits", p_logits), to_view("q_logits", q_logits), to_outputs(outputs),
                        to_options(options), to_upstream(upstream), to_exec(exec));
  });
}

}  // extern "C"
