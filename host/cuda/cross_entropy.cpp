// Cross-entropy: a kernel over the rows, between what LossCall queues before and after.
#include <xent/error.hpp>

#include "host/cuda/backend.hpp"
#include "host/cuda/cross_entropy_kernel.hpp"
#include "host/cuda/launch.hpp"
#include "host/cuda/loss_call.hpp"

namespace xent::cuda {
namespace {

/// The outputs that are not the plain kernel's.
void add_outputs(gpu::GeneralCrossEntropyArguments& arguments, const CrossEntropyOutputs& outputs) {
  arguments.wants_gap = arguments.wants_gap || outputs.entropy.given();
  arguments.grad_targets = outputs.grad_targets;
  arguments.log_prob = outputs.log_prob;
  arguments.entropy = outputs.entropy;
  arguments.target_rank = outputs.target_rank;
  arguments.top_k_count = outputs.top_k_count;
  arguments.top_k = outputs.top_k;
}

/// Those that are.
void add_plain_outputs(gpu::CrossEntropyArguments& arguments, const LossCall& call,
                       const CrossEntropyOutputs& outputs) {
  arguments.grad = outputs.grad;
  arguments.row_loss = call.row_loss(outputs.loss);
  arguments.row_loss_too = outputs.row_loss;
  arguments.row_lse = outputs.lse;
  arguments.argmax = outputs.argmax;
  arguments.correct_count = outputs.correct_count;
}

}  // namespace

void cross_entropy(const ConstMatrixView& logits, const TargetView& target,
                   const CrossEntropyOutputs& outputs, const LossOptions& options, const Upstream& upstream,
                   const Exec& exec) {
  const LossCall call(target.labels, logits.layout.rows(), valid_classes(options, logits.layout), options,
                      exec);
  call.count(outputs.valid_count, outputs.divisor,
             outputs.loss.given() || outputs.grad.given() || outputs.grad_targets.given());
  for (std::int64_t* const count : {outputs.correct_count, outputs.top_k_count}) {
    if (count != nullptr) fill_zero(count, sizeof *count, exec.stream);
  }
  gpu::CrossEntropyArguments base = call.arguments(upstream);
  base.logits = logits;
  add_plain_outputs(base, call, outputs);
  // What a plain call gives keeps its bits whatever else is asked for: the general kernel takes it by the
  // plain one's formulas.
  if (is_plain(target, options, upstream, logits.layout.classes) && !wants_more(outputs)) {
    launch_rows(gpu::Op::cross_entropy,
                {.layout = logits.layout,
                 .dtype = logits.dtype,
                 .writes_matrix = outputs.grad.given(),
                 .reads_ahead = logits.layout.class_stride == 1},
                base, exec);
  } else {
    gpu::GeneralCrossEntropyArguments arguments = general_arguments(base, target, options, upstream);
    add_outputs(arguments, outputs);
    launch_general(gpu::Op::cross_entropy_general, arguments, exec);
  }
  call.reduce(outputs.loss);
}

void cross_entropy_backward(const ConstMatrixView& logits, const TargetView& target,
                            const ConstVectorView& lse, const CrossEntropyGrads& grads,
                            const LossOptions& options, const Upstream& upstream, const Exec& exec) {
  const LossCall call(target.labels, logits.layout.rows(), valid_classes(options, logits.layout), options,
                      exec);
  call.count(nullptr, nullptr, true);
  gpu::CrossEntropyArguments base = call.arguments(upstream);
  base.logits = logits;
  base.lse = lse;
  base.grad = grads.grad;
  if (!is_plain(target, options, upstream, logits.layout.classes)) {
    gpu::GeneralCrossEntropyArguments arguments = general_arguments(base, target, options, upstream);
    arguments.grad_targets = grads.grad_targets;
    return launch_general(gpu::Op::cross_entropy_general_backward, arguments, exec);
  }
  launch_rows(gpu::Op::cross_entropy_backward,
              {.layout = logits.layout,
               .dtype = logits.dtype,
               .writes_matrix = true,
               .reads_ahead = logits.layout.class_stride == 1},
              base, exec);
}

}  // namespace xent::cuda
