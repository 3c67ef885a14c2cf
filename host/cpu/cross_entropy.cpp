#include "host/cpu/cross_entropy.hpp"

#include <xent/parallel.hpp>

#include "host/cpu/cross_entropy_rows.hpp"
#include "host/cpu/tasks.hpp"

namespace xent::cpu {
void cross_entropy(const ConstMatrixView& logits, const TargetView& target,
                   const CrossEntropyOutputs& outputs, const LossOptions& options, const Upstream& upstream,
                   double divisor, const plan::CpuPlan& plan) {
  CrossEntropyJob job = make_job(logits, target, options, upstream, divisor, plan);
  job.outputs = outputs;
  const bool terms = job.per_element() || outputs.entropy.given();
  const auto lanes = job.plain() ? cross_entropy_lanes : cross_entropy_term_lanes;
  const auto rows = terms ? cross_entropy_term_rows : cross_entropy_rows;
  const auto kernel = plan.mapping == plan::CpuMapping::row_per_lane ? lanes : rows;
  const auto total = reduce_rows<CrossEntropyPartial>(
      plan, [&](std::int64_t begin, std::int64_t end, const CrossEntropyParts& parts) {
        kernel(job, begin, end, parts);
      });
  if (outputs.loss.given()) store_reduced_loss(outputs.loss, options, total.loss, divisor);
  if (outputs.correct_count != nullptr) *outputs.correct_count = total.correct;
  if (outputs.top_k_count != nullptr) *outputs.top_k_count = total.top_k;
}

void cross_entropy_backward(const ConstMatrixView& logits, const TargetView& target,
                            const ConstVectorView& lse, const CrossEntropyGrads& grads,
                            const LossOptions& options, const Upstream& upstream, double divisor,
                            const plan::CpuPlan& plan) {
  CrossEntropyJob job = make_job(logits, target, options, upstream, divisor, plan);
  job.lse = lse;
  job.outputs = {.grad = grads.grad, .grad_targets = grads.grad_targets};
  const bool lanes = plan.mapping == plan::CpuMapping::row_per_lane && job.plain();
  const auto kernel = lanes ? cross_entropy_backward_lanes : cross_entropy_backward_rows;
  for_rows(plan, [&](std::int64_t begin, std::int64_t end) { kernel(job, begin, end); });
}

}  // namespace xent::cpu
