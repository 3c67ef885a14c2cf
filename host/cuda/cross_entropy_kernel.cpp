#include "host/cuda/cross_entropy_kernel.hpp"

namespace xent::cuda {

bool is_plain(const TargetView& target, const LossOptions& options, const Upstream& upstream,
              std::int64_t classes) {
  const LogitTransform& transform = options.transform;
  const bool transforms = transform.logit_scale != 1.0 || transform.temperature != 1.0 ||
                          transform.softcap != 0.0 || transform.bias.given() ||
                          (transform.valid_classes != 0 && transform.valid_classes != classes);
  return target.kind == TargetKind::labels && !options.class_weights.given() && options.focal_gamma == 0.0 &&
         options.z_loss == 0.0 && !transforms && !upstream.lse.given() && !upstream.log_prob.given() &&
         !upstream.entropy.given();
}

bool wants_more(const CrossEntropyOutputs& outputs) {
  return outputs.log_prob.given() || outputs.entropy.given() || outputs.target_rank.given() ||
         outputs.top_k_count != nullptr;
}

KernelChoice choose_kernels(const TargetView& target, const CrossEntropyOutputs& outputs,
                            const LossOptions& options, const Upstream& upstream,
                            const ConstMatrixView& logits) {
  if (!is_plain(target, options, upstream, logits.layout.classes)) return {.general = true};
  if (!wants_more(outputs)) return {.plain = true};
  // In f64 the general kernels share a row among fewer threads, which add up in another order.
  return {.plain = logits.dtype == DType::f64, .general = true};
}

}  // namespace xent::cuda
