#include "host/cpu/binary_cross_entropy.hpp"

#include <limits>

#include "host/cpu/binary_cross_entropy_rows.hpp"
#include "host/cpu/tasks.hpp"

namespace xent::cpu {

void binary_cross_entropy(const ConstMatrixView& logits, const ConstMatrixView& targets,
                          const BinaryCrossEntropyOutputs& outputs, const BinaryCrossEntropyOptions& options,
                          const BinaryCrossEntropyUpstream& upstream, double divisor,
                          const plan::CpuPlan& plan) {
  const BinaryCrossEntropyJob job{.logits = logits,
                                  .targets = targets,
                                  .upstream = upstream.values,
                                  .losses = outputs.losses,
                                  .grad = outputs.grad,
                                  .grad_targets = outputs.grad_targets,
                                  .class_weights = options.class_weights,
                                  .pos_weight = options.pos_weight,
                                  .scale = mean_scale(upstream.scale, upstream.value, divisor),
                                  .streaming_stores = plan.streaming_stores};
  const auto sum =
      reduce_rows<double>(plan, [&](std::int64_t begin, std::int64_t end, const RowParts<double>& parts) {
        binary_cross_entropy_rows(job, begin, end, parts);
      });
  if (outputs.loss.given()) store_mean(outputs.loss, sum, divisor, options.empty_mean);
}

}  // namespace xent::cpu
