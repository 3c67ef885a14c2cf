#include "host/cuda/cross_entropy_kernel.hpp"

#include "host/cuda/launch.hpp"

namespace xent::cuda {

std::int64_t valid_classes(const LossOptions& options, const Layout& layout) {
  return options.transform.valid_classes == 0 ? layout.classes : options.transform.valid_classes;
}

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

gpu::GeneralCrossEntropyArguments general_arguments(const gpu::CrossEntropyArguments& base,
                                                    const TargetView& target, const LossOptions& options,
                                                    const Upstream& upstream) {
  gpu::GeneralCrossEntropyArguments arguments{};
  static_cast<gpu::CrossEntropyArguments&>(arguments) = base;
  const std::int64_t classes = base.logits.layout.classes;
  arguments.plain = is_plain(target, options, upstream, classes);
  arguments.wants_gap = upstream.entropy.given();
  arguments.target = target.kind;
  arguments.probs = target.probs;
  arguments.smoothing = options.label_smoothing;
  arguments.focal_gamma = options.focal_gamma;
  arguments.z_loss = options.z_loss;
  arguments.transform = gpu::Transform(options.transform);
  arguments.logits.layout.classes = valid_classes(options, base.logits.layout);
  arguments.tail = classes - arguments.logits.layout.classes;
  return arguments;
}

void launch_general(gpu::Op op, const gpu::GeneralCrossEntropyArguments& arguments, const Exec& exec) {
  const int matrices = arguments.target == TargetKind::probs ? 2 : 1;
  launch_rows(op,
              {.layout = arguments.logits.layout,
               .dtype = arguments.logits.dtype,
               .tiles = matrices,
               .matrices_read = matrices,
               .writes_matrix = arguments.grad.data != nullptr || arguments.grad_targets.data != nullptr},
              arguments, exec);
}

}  // namespace xent::cuda
