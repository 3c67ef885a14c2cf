// What a call of a loss does besides its rows: the count of those that are valid, what the mean divides by,
// and the sum of their losses, all in stream order and without asking the host.
#pragma once

#include <xent/exec.hpp>
#include <xent/options.hpp>
#include <xent/shards.hpp>

#include "host/cuda/workspace.hpp"
#include "kernels/cross_entropy/arguments.hpp"

namespace xent::cuda {

class LossCall {
 public:
  /// Labels without data where there are none. `classes` are those that a label may name. Options and exec
  /// must outlive the call. Throws InvalidArgument for a workspace that does not suffice.
  LossCall(const LabelView& labels, std::int64_t rows, std::int64_t classes, const LossOptions& options,
           const Exec& exec);

  /// The labels' weights are those that complete partials know, instead of options.class_weights.
  void take_weights_of(const RowPartial* merged) { merged_ = merged; }

  /// Queues the count of the valid rows and the divisor, as far as somebody wants to know: the caller, or a
  /// loss or gradient that divides. Either pointer may be null, and may name the host's memory.
  void count(std::int64_t* valid, double* divisor, bool divides) const;

  /// Labels, options and divisor; the rest is the op's own.
  gpu::CrossEntropyArguments arguments(const Upstream& upstream) const;

  /// Where a kernel puts a loss per row: the caller's view, or what reduce() then adds up.
  VectorView row_loss(const VectorView& loss) const;
  /// Queues the sum or mean of them.
  void reduce(const VectorView& loss) const;

 private:
  bool takes_own_mean() const;
  bool weighted() const;
  void count_valid() const;
  void find_divisor() const;
  unsigned flat_grid(std::int64_t items) const;
  double divisor() const;
  const std::int64_t* counted_divisor() const;
  ConstVectorView divisor_at() const;

  const LabelView& labels_;
  std::int64_t rows_;
  std::int64_t classes_;
  const LossOptions& options_;
  const Exec& exec_;
  CallWorkspace workspace_;
  const RowPartial* merged_ = nullptr;
};

}  // namespace xent::cuda
