#include "host/cpu/softmax.hpp"

#include "host/cpu/softmax_rows.hpp"
#include "host/cpu/tasks.hpp"

namespace xent::cpu {
namespace {

void run(const SoftmaxJob& job, const plan::CpuPlan& plan) {
  const auto kernel = plan.mapping == plan::CpuMapping::row_per_lane ? softmax_lanes : softmax_rows;
  for_rows(plan, [&](std::int64_t begin, std::int64_t end) { kernel(job, begin, end); });
}

void run(const SoftmaxBackwardJob& job, const plan::CpuPlan& plan) {
  const bool lanes = plan.mapping == plan::CpuMapping::row_per_lane;
  const auto kernel = lanes ? softmax_backward_lanes : softmax_backward_rows;
  for_rows(plan, [&](std::int64_t begin, std::int64_t end) { kernel(job, begin, end); });
}

}  // namespace

void softmax(const ConstMatrixView& logits, const MatrixView& probs, const plan::CpuPlan& plan) {
  run({.logits = logits, .result = probs, .streaming_stores = plan.streaming_stores}, plan);
}

void log_softmax(const ConstMatrixView& logits, const MatrixView& log_probs, const plan::CpuPlan& plan) {
  run({.logits = logits, .result = log_probs, .log = true, .streaming_stores = plan.streaming_stores}, plan);
}

void softmax_backward(const ConstMatrixView& probs, const ConstMatrixView& grad_probs,
                      const MatrixView& grad_logits, const plan::CpuPlan& plan) {
  run({.saved = probs,
       .upstream = grad_probs,
       .grad = grad_logits,
       .streaming_stores = plan.streaming_stores},
      plan);
}

void log_softmax_backward(const ConstMatrixView& log_probs, const ConstMatrixView& grad_log_probs,
                          const MatrixView& grad_logits, const plan::CpuPlan& plan) {
  run({.saved = log_probs,
       .upstream = grad_log_probs,
       .grad = grad_logits,
       .log = true,
       .streaming_stores = plan.streaming_stores},
      plan);
}

}  // namespace xent::cpu
