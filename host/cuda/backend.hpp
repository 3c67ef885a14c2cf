// The public functions on a CUDA device: preconditions are checked, all memory is the device's, work is
// queued on exec.stream. A build without CUDA has absent.cpp behind these names, where only unavailable() has
// anything to say.
#pragma once

#include <string>

#include <xent/binary_cross_entropy.hpp>
#include <xent/cross_entropy.hpp>
#include <xent/divergence.hpp>
#include <xent/nll.hpp>
#include <xent/shards.hpp>

namespace xent::cuda {

/// Empty, or why the current device cannot be used, in one line. Asked until it can.
std::string unavailable();

void softmax(const ConstMatrixView& logits, const MatrixView& result, bool log, const Exec& exec);
void softmax_backward(const ConstMatrixView& saved, const ConstMatrixView& upstream, const MatrixView& grad,
                      bool log, const Exec& exec);

void cross_entropy(const ConstMatrixView& logits, const TargetView& target,
                   const CrossEntropyOutputs& outputs, const LossOptions& options, const Upstream& upstream,
                   const Exec& exec);
void cross_entropy_backward(const ConstMatrixView& logits, const TargetView& target,
                            const ConstVectorView& lse, const CrossEntropyGrads& grads,
                            const LossOptions& options, const Upstream& upstream, const Exec& exec);

void cross_entropy_partials(const ConstMatrixView& logits, const TargetView& target, const Shard& shard,
                            std::span<RowPartial> partials, const LossOptions& options, const Exec& exec);
void merge_partials(std::span<const RowPartial> partials, std::span<RowPartial> merged, const Exec& exec);
void cross_entropy_from_partials(std::span<const RowPartial> merged, const TargetView& target,
                                 const CrossEntropyOutputs& outputs, const LossOptions& options,
                                 const Exec& exec);
void cross_entropy_shard_backward(const ConstMatrixView& logits, const TargetView& target, const Shard& shard,
                                  std::span<const RowPartial> merged, const CrossEntropyGrads& grads,
                                  const LossOptions& options, const Upstream& upstream, const Exec& exec);

void nll(const ConstMatrixView& log_probs, const LabelView& labels, const NllOutputs& outputs,
         const LossOptions& options, const Exec& exec);
void nll_backward(const LabelView& labels, const MatrixView& grad, const LossOptions& options,
                  const Upstream& upstream, const Exec& exec);

void binary_cross_entropy(const ConstMatrixView& logits, const ConstMatrixView& targets,
                          const BinaryCrossEntropyOutputs& outputs, const BinaryCrossEntropyOptions& options,
                          const BinaryCrossEntropyUpstream& upstream, const Exec& exec);
void kl_divergence(const ConstMatrixView& p_logits, const ConstMatrixView& q_logits,
                   const DivergenceOutputs& outputs, const DivergenceOptions& options,
                   const Upstream& upstream, const Exec& exec);
void js_divergence(const ConstMatrixView& p_logits, const ConstMatrixView& q_logits,
                   const DivergenceOutputs& outputs, const DivergenceOptions& options,
                   const Upstream& upstream, const Exec& exec);

/// Waits for exec.stream, clears the report of exec.workspace and throws LabelError if it held anything.
void check_labels(const Exec& exec);

}  // namespace xent::cuda
