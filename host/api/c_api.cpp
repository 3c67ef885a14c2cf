// The C ABI's functions: convert, call the C++ function of the same name, turn exceptions into statuses.
#include <xent/c_api.h>

#include "host/api/c_convert.hpp"
#include "host/api/c_error.hpp"
#include "host/api/check.hpp"

using xent::c::guarded;
using xent::c::optional_view;
using xent::c::to_exec;
using xent::c::to_options;
using xent::c::to_outputs;
using xent::c::to_upstream;
using xent::c::to_view;

extern "C" {

xent_status xent_softmax(const xent_const_matrix* logits, const xent_matrix* probs, const xent_exec* exec) {
  return guarded([&] { xent::softmax(to_view("logits", logits), to_view("probs", probs), to_exec(exec)); });
}

xent_status xent_log_softmax(const xent_const_matrix* logits, const xent_matrix* log_probs,
                             const xent_exec* exec) {
  return guarded(
      [&] { xent::log_softmax(to_view("logits", logits), to_view("log_probs", log_probs), to_exec(exec)); });
}

xent_status xent_softmax_backward(const xent_const_matrix* probs, const xent_const_matrix* grad_probs,
                                  const xent_matrix* grad_logits, const xent_exec* exec) {
  return guarded([&] {
    xent::softmax_backward(to_view("probs", probs), to_view("grad_probs", grad_probs),
                           to_view("grad_logits", grad_logits), to_exec(exec));
  });
}

xent_status xent_log_softmax_backward(const xent_const_matrix* log_probs,
                                      const xent_const_matrix* grad_log_probs, const xent_matrix* grad_logits,
                                      const xent_exec* exec) {
  return guarded([&] {
    xent::log_softmax_backward(to_view("log_probs", log_probs), to_view("grad_log_probs", grad_log_probs),
                               to_view("grad_logits", grad_logits), to_exec(exec));
  });
}

xent_status xent_nll(const xent_const_matrix* log_probs, const xent_labels* labels,
                     const xent_nll_outputs* outputs, const xent_loss_options* options,
                     const xent_exec* exec) {
  return guarded([&] {
    xent::nll(to_view("log_probs", log_probs), to_view("labels", labels), to_outputs(outputs),
              to_options(options), to_exec(exec));
  });
}

xent_status xent_nll_backward(const xent_labels* labels, const xent_matrix* grad_log_probs,
                              const xent_loss_options* options, const xent_upstream* upstream,
                              const xent_exec* exec) {
  return guarded([&] {
    xent::nll_backward(to_view("labels", labels), to_view("grad_log_probs", grad_log_probs),
                       to_options(options), to_upstream(upstream), to_exec(exec));
  });
}

xent_status xent_cross_entropy(const xent_const_matrix* logits, const xent_labels* labels,
                               const xent_cross_entropy_outputs* outputs, const xent_loss_options* options,
                               const xent_upstream* upstream, const xent_exec* exec) {
  return guarded([&] {
    xent::cross_entropy(to_view("logits", logits), to_view("labels", labels), to_outputs(outputs),
                        to_options(options), to_upstream(upstream), to_exec(exec));
  });
}

xent_status xent_cross_entropy_backward(const xent_const_matrix* logits, const xent_labels* labels,
                                        const xent_const_vector* lse, const xent_matrix* grad,
                                        const xent_loss_options* options, const xent_upstream* upstream,
                                        const xent_exec* exec) {
  return guarded([&] {
    xent::cross_entropy_backward(to_view("logits", logits), to_view("labels", labels), to_view("lse", lse),
                                 to_view("grad", grad), to_options(options), to_upstream(upstream),
                                 to_exec(exec));
  });
}

xent_status xent_cross_entropy_soft(const xent_const_matrix* logits, const xent_const_matrix* targets,
                                    const xent_cross_entropy_outputs* outputs,
                                    const xent_loss_options* options, const xent_upstream* upstream,
                                    const xent_exec* exec) {
  return guarded([&] {
    xent::cross_entropy(to_view("logits", logits), to_view("targets", targets), to_outputs(outputs),
                        to_options(options), to_upstream(upstream), to_exec(exec));
  });
}

xent_status xent_cross_entropy_soft_backward(const xent_const_matrix* logits,
                                             const xent_const_matrix* targets, const xent_const_vector* lse,
                                             const xent_matrix* grad, const xent_matrix* grad_targets,
                                             const xent_loss_options* options, const xent_upstream* upstream,
                                             const xent_exec* exec) {
  return guarded([&] {
    xent::cross_entropy_backward(to_view("logits", logits), to_view("targets", targets), to_view("lse", lse),
                                 {optional_view("grad", grad), optional_view("grad_targets", grad_targets)},
                                 to_options(options), to_upstream(upstream), to_exec(exec));
  });
}

xent_status xent_entropy(const xent_const_matrix* logits, const xent_vector* entropy, const xent_matrix* grad,
                         const xent_loss_options* options, const xent_upstream* upstream,
                         const xent_exec* exec) {
  return guarded([&] {
    xent::entropy(to_view("logits", logits), to_view("entropy", entropy), optional_view("grad", grad),
                  xent::c::to_transform(options), to_upstream(upstream), to_exec(exec));
  });
}

xent_status xent_thread_count(int32_t requested, int32_t* count) {
  return guarded([&] {
    if (count == nullptr) xent::api::reject("count", "null pointer", "the address of an int32_t");
    *count = xent::thread_count(requested);
  });
}

xent_status xent_unavailable(xent_device device, const char** why) {
  return guarded([&] {
    if (why == nullptr) xent::api::reject("why", "null pointer", "the address of a const char*");
    xent::c::require_listed("device", "value", device, XENT_CUDA);
    static thread_local std::string text;  // stays until this thread asks again
    text = xent::unavailable(static_cast<xent::Device>(device));
    *why = text.c_str();
  });
}

xent_status xent_workspace_bytes(int64_t rows, size_t* bytes) {
  return guarded([&] {
    if (bytes == nullptr) xent::api::reject("bytes", "null pointer", "the address of a size_t");
    *bytes = xent::workspace_bytes(rows);
  });
}

xent_status xent_check(const xent_exec* exec) {
  return guarded([&] { xent::check(to_exec(exec)); });
}

xent_status xent_parallel_for(int64_t tasks, int32_t threads, void (*body)(int64_t task, void* context),
                              void* context) {
  return guarded([&] {
    if (body == nullptr) xent::api::reject("body", "null pointer", "a function");
    xent::parallel_for(tasks, threads, [&](std::int64_t task) { body(task, context); });
  });
}

uint16_t xent_f16_from_float(float value) { return xent::f16(value).bits; }

float xent_f16_to_float(uint16_t bits) {
  xent::f16 half;
  half.bits = bits;
  return static_cast<float>(half);
}

uint16_t xent_bf16_from_float(float value) { return xent::bf16(value).bits; }

float xent_bf16_to_float(uint16_t bits) {
  xent::bf16 half;
  half.bits = bits;
  return static_cast<float>(half);
}

const char* xent_version(void) { return XENT_VERSION_STRING; }

}  // extern "C"
