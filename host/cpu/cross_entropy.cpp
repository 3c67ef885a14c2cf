#include "host/cpu/cross_entropy.hpp"

#include <array>
#include <limits>

#include <xent/parallel.hpp>

#include "host/cpu/cross_entropy_rows.hpp"
#include "host/cpu/tasks.hpp"

namespace xent::cpu {

void cross_entropy(const ConstMatrixView& logits, const TargetView& target,
                   const CrossEntropyOutputs& outputs, const LossOptions& options, const Upstream& upstream,
                   double divisor, const plan::CpuPlan& plan) {
  const CrossEntropyJob job{.logits = logits,
                            .target = target,
                            .outputs = outputs,
                            .options = options,
                            .upstream = upstream,
                            .divisor = divisor,
                            .streaming_stores = plan.streaming_stores};
  const auto kernel =
      plan.mapping == plan::CpuMapping::row_per_lane ? cross_entropy_lanes : cross_entropy_rows;
  const auto total = reduce_rows<CrossEntropyPartial>(
      plan, [&](std::int64_t begin, std::int64_t end, const CrossEntropyParts& parts) {
        kernel(job, begin, end, parts);
      });
  if (outputs.loss.given()) store_reduced_loss(outputs.loss, options, total.loss, divisor);
  if (outputs.correct_count != nullptr) *outputs.correct_count = total.correct;
}

void cross_entropy_backward(const ConstMatrixView& logits, const TargetView& target,
                            const ConstVectorView& lse, const CrossEntropyGrads& grads,
                            const LossOptions& options, const Upstream& upstream, double divisor,
                            const plan::CpuPlan& plan) {
  const CrossEntropyJob job{.logits = logits,
                            .target = target,
                            .lse = lse,
                            .outputs = {.grad = grads.grad, .grad_targets = grads.grad_targets},
                            .options = options,
                            .upstream = upstream,
                            .divisor = divisor,
                            .streaming_stores = plan.streaming_stores};
  for_rows(plan, [&](std::int64_t begin, std::int64_t end) { cross_entropy_backward_rows(job, begin, end); });
}

}  // namespace xent::cpu
