#include "host/cpu/partials.hpp"

#include "host/cpu/shard_rows.hpp"
#include "host/cpu/tasks.hpp"
#include "kernels/formulas/row_partial.hpp"

namespace xent::cpu {

void cross_entropy_partials(const ConstMatrixView& logits, const TargetView& target, const Shard& shard,
                            std::span<RowPartial> partials, const LossOptions& options,
                            const plan::CpuPlan& plan) {
  const ShardJob job{make_job(logits, target, options, {}, 1.0, plan), shard.first_class};
  for_rows(plan, [&](std::int64_t begin, std::int64_t end) { shard_sums(job, partials, begin, end); });
}

void cross_entropy_shard_backward(const ConstMatrixView& logits, const TargetView& target, const Shard& shard,
                                  std::span<const RowPartial> merged, const CrossEntropyGrads& grads,
                                  const LossOptions& options, const Upstream& upstream, double divisor,
                                  const plan::CpuPlan& plan) {
  ShardJob job{make_job(logits, target, options, upstream, divisor, plan), shard.first_class};
  job.job.outputs = {.grad = grads.grad, .grad_targets = grads.grad_targets};
  for_rows(plan, [&](std::int64_t begin, std::int64_t end) { shard_gradients(job, merged, begin, end); });
}

void merge_partials(std::span<const RowPartial> partials, std::span<RowPartial> merged, int threads) {
  constexpr std::size_t kRowsPerTask = 4096;
  const std::size_t rows = merged.size();
  const auto tasks = static_cast<std::int64_t>((rows + kRowsPerTask - 1) / kRowsPerTask);
  parallel_for(tasks, threads, [&](std::int64_t task) {
    const std::size_t begin = static_cast<std::size_t>(task) * kRowsPerTask;
    for (std::size_t r = begin; r < std::min(rows, begin + kRowsPerTask); ++r) {
      RowPartial all = partials[r];
      for (std::size_t at = rows + r; at < partials.size(); at += rows)
        all = formulas::merge(all, partials[at]);
      merged[r] = all;
    }
  });
}

std::optional<std::size_t> incomplete_row(std::span<const RowPartial> merged, const TargetView& target,
                                          const LossOptions& options) {
  for (std::size_t r = 0; r < merged.size(); ++r) {
    const bool ignored = options.ignore_index == load(target.labels, static_cast<std::int64_t>(r));
    if (!ignored && merged[r].labels != 1) return r;
  }
  return std::nullopt;
}

double sum_of_label_weights(std::span<const RowPartial> merged, const TargetView& target,
                            const LossOptions& options) {
  double sum = 0.0;
  for (std::size_t r = 0; r < merged.size(); ++r) {
    if (options.ignore_index != load(target.labels, static_cast<std::int64_t>(r)))
      sum += merged[r].label_weight;
  }
  return sum;
}

void cross_entropy_from_partials(std::span<const RowPartial> merged, const TargetView& target,
                                 const CrossEntropyOutputs& outputs, const LossOptions& options,
                                 double divisor, const plan::CpuPlan& plan) {
  const CrossEntropyJob job{.target = target, .outputs = outputs, .options = options, .divisor = divisor};
  const bool labels = target.kind == TargetKind::labels;
  const formulas::RowOptions<double> row_options{
      .smoothing = target.kind == TargetKind::none ? 0.0 : options.label_smoothing,
      .focal_gamma = options.focal_gamma,
      .z_loss = options.z_loss};
  const auto total = reduce_rows<CrossEntropyPartial>(
      plan, [&](std::int64_t begin, std::int64_t end, const CrossEntropyParts& parts) {
        for (std::int64_t r = begin; r < end; ++r) {
          const std::int64_t label = labels ? load(target.labels, r) : -1;
          RowResult result;
          if (!labels || !job.ignored(label)) {
            const RowPartial& all = merged[static_cast<std::size_t>(r)];
            const formulas::RowLoss<double> row = formulas::row_loss(all, labels, row_options);
            result = {.loss = row.loss,
                      .lse = row.lse,
                      .log_prob = row.log_prob,
                      .entropy = row.entropy,
                      .argmax = all.argmax};
            parts.of(r) += {.loss = row.loss, .correct = all.argmax == label ? 1 : 0};
          }
          store_result(job, r, result);
        }
      });
  if (outputs.loss.given()) store_reduced_loss(outputs.loss, options, total.loss, divisor);
  if (outputs.correct_count != nullptr) *outputs.correct_count = total.correct;
}

}  // namespace xent::cpu
