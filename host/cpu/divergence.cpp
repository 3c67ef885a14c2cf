#include "host/cpu/divergence.hpp"

#include "host/cpu/divergence_rows.hpp"
#include "host/cpu/tasks.hpp"

namespace xent::cpu {
namespace {

void run(bool jensen_shannon, const ConstMatrixView& p_logits, const ConstMatrixView& q_logits,
         const DivergenceOutputs& outputs, const DivergenceOptions& options, const Upstream& upstream,
         double divisor, const plan::CpuPlan& plan) {
  const bool per_row = options.reduction == Reduction::none;
  const DivergenceJob job{.p_logits = p_logits,
                          .q_logits = q_logits,
                          .grad_p = outputs.grad_p,
                          .grad_q = outputs.grad_q,
                          .row_loss = per_row ? outputs.loss : VectorView{},
                          .temperature = options.temperature,
                          .beta = options.beta,
                          .upstream = upstream,
                          .divisor = divisor,
                          .jensen_shannon = jensen_shannon,
                          .streaming_stores = plan.streaming_stores};
  const auto sum =
      reduce_rows<double>(plan, [&](std::int64_t begin, std::int64_t end, const RowParts<double>& parts) {
        divergence_rows(job, begin, end, parts);
      });
  if (outputs.loss.given() && !per_row) store_mean(outputs.loss, sum, divisor, options.empty_mean);
}

}  // namespace

void kl_divergence(const ConstMatrixView& p_logits, const ConstMatrixView& q_logits,
                   const DivergenceOutputs& outputs, const DivergenceOptions& options,
                   const Upstream& upstream, double divisor, const plan::CpuPlan& plan) {
  run(false, p_logits, q_logits, outputs, options, upstream, divisor, plan);
}

void js_divergence(const ConstMatrixView& p_logits, const ConstMatrixView& q_logits,
                   const DivergenceOutputs& outputs, const DivergenceOptions& options,
                   const Upstream& upstream, double divisor, const plan::CpuPlan& plan) {
  run(true, p_logits, q_logits, outputs, options, upstream, divisor, plan);
}

}  // namespace xent::cpu
