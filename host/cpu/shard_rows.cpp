// Rows of a part of a vocabulary: their sums, and their gradients from the sums of all parts together. By the
// passes that look at every class: a shard has many columns, and they are in the cache.
#include "host/cpu/shard_rows.hpp"

#include <hwy/cache_control.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "host/cpu/shard_rows.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "host/cpu/row_gradient-inl.h"
#include "kernels/formulas/row_partial.hpp"

HWY_BEFORE_NAMESPACE();
namespace xent::cpu::HWY_NAMESPACE {
namespace {

template <class T>
using Vectors = hn::ScalableTag<Compute<T>>;

/// The sum and maximum of all parts are known in double.
template <class D, class T>
KnownRow<D, T> Against(const CrossEntropyJob& job, const MadeLogits<D, T>& logits, const TermInputs<D, T>& in,
                       double max, double rest) {
  const auto high = static_cast<hn::TFromD<D>>(max);
  return SeenFrom<D, T>(job, logits, in, high, max - static_cast<double>(high), rest);
}

template <class T>
RowPartial SumsOf(const ShardJob& shard, std::int64_t r) {
  using D = Vectors<T>;
  using C = Compute<T>;
  if (shard.ignored(r)) return {};
  const CrossEntropyJob& job = shard.job;
  thread_local Scratch packed_logits, packed_probs, made;
  const std::int64_t classes = job.classes();
  const auto logits = MakeLogits<D, T>(job, r, packed_logits, made);
  RowNormaliser<D, MadeLogits<D, T>, NoTerms<D>> normaliser(logits, {}, classes,
                                                            static_cast<C>(job.transform.scale));
  Nothing nothing;
  const RowSums found = normaliser.Run(nothing);
  const MadeLogits<D, T>& y = normaliser.row();

  RowPartial part;
  part.max = found.state.max;
  const std::int64_t argmax = ArgMax(D(), y, classes, found);
  const C top = y.One(argmax);
  const bool masked = top == MinusInfinity<C>();
  if (top != top) part.max = std::numeric_limits<double>::quiet_NaN();
  part.rest = masked ? -1.0 : found.state.rest;
  part.argmax = shard.first_class + argmax;
  if (const std::int64_t label = shard.label_of(r); label >= 0) {
    const C at = y.One(label);
    const double gap = job.transform.scale * (static_cast<double>(top) - static_cast<double>(at));
    part.label_z = at == top ? part.max : part.max - gap;
    part.label_weight = job.label_weight(label);
    part.labels = 1;
  }
  const auto in = MakeInputs<D, T>(job, r, packed_probs);
  const KnownRow<D, T> row = Against<D, T>(job, y, in, masked ? 0.0 : found.state.max, 0.0);
  KnownSums sums = SumKnown(row, classes, true);
  if (masked) sums.given.gap = sums.target.gap = 0.0;  // infinite as soon as there is a maximum
  part.entropy_gap = sums.entropy_gap;
  part.given_gap = sums.given.gap;
  part.given_weight = sums.given.weight;
  part.target_gap = sums.target.gap;
  part.target_weight = sums.target.weight;
  part.spread_gap = sums.spread.gap;
  part.spread_weight = sums.spread.weight;
  part.unmasked = sums.unmasked;
  return part;
}

template <class T>
void GradientsOf(const ShardJob& shard, const RowPartial& all, std::int64_t r) {
  using D = Vectors<T>;
  using C = Compute<T>;
  const CrossEntropyJob& job = shard.job;
  const MatrixView& grad = job.outputs.grad;
  const MatrixView& grad_targets = job.outputs.grad_targets;
  if (shard.ignored(r)) {
    if (grad.given()) write_zeros<T>(grad, r, 0);
    if (grad_targets.given()) write_zeros<T>(grad_targets, r, 0);
    return;
  }
  thread_local Scratch packed_logits, packed_probs, made, packed_grad, packed_grad_targets;
  const std::int64_t classes = job.classes();
  auto logits = MakeLogits<D, T>(job, r, packed_logits, made);
  Nothing nothing;
  logits.Prepare(0, classes, nothing);
  const auto in = MakeInputs<D, T>(job, r, packed_probs);

  const formulas::RowSums<double> sums = formulas::sums_of(all);
  const RowOptions options = job.row_options();
  const RowLoss loss = formulas::row_loss(all, job.has_labels(), options);
  const RowUpstream upstream = job.row_upstream(r);
  RowGradient gradient = job.has_labels()
                             ? formulas::row_gradient(sums, loss, options, upstream, formulas::label_of(all))
                             : formulas::row_gradient(sums, loss, options, upstream, sums.given.weight);
  if (job.has_labels()) gradient.of_target = gradient.of_given = 0.0;
  KnownRow<D, T> row = Against<D, T>(job, logits, in, sums.max, sums.rest);
  row.gamma = C{0};  // a label's is in its own gradient

  // Both are made before either may take its matrix's place.
  T* to_targets = nullptr;
  if (grad_targets.given()) {
    const bool in_place = grad_targets.data == job.target.probs.data;
    to_targets = in_place ? packed_grad_targets.get<T>(static_cast<std::size_t>(grad_targets.layout.classes))
                          : row_to_write<T>(grad_targets, r, packed_grad_targets);
    const TargetGradient<D, T> value{
        .row = row,
        .of_loss = static_cast<C>(gradient.of_target),
        .of_log_prob = static_cast<C>(gradient.of_given),
        .at_masked = sums.rest == sums.rest ? C{0} : std::numeric_limits<C>::quiet_NaN()};
    WriteRow(D(), to_targets, classes, value, false);
  }
  if (grad.given()) {
    const std::int64_t label = shard.label_of(r);
    const double at_label =
        label < 0 || gradient.at_label == 0.0
            ? 0.0
            : gradient.at_label * slope_at(job, static_cast<double>(static_cast<C>(logits.at[label])), label);
    T* out = row_to_write<T>(grad, r, packed_grad);
    WriteRow<D, T>(D(), out, classes, MakeCareful(row, gradient, job.transform.slope), job.streaming_stores,
                   {label, T(static_cast<C>(at_label))});
    finish_row(grad, r, out, classes);
  }
  if (to_targets == nullptr) return;
  T* out = static_cast<T*>(grad_targets.data) + grad_targets.layout.row_offset(r);
  if (to_targets != out) {
    for (std::int64_t c = 0; c < classes; ++c) out[c * grad_targets.layout.class_stride] = to_targets[c];
  }
  write_zeros<T>(grad_targets, r, classes);
}

void ShardSums(const ShardJob& job, std::span<RowPartial> partials, std::int64_t begin, std::int64_t end) {
  with_element_type(job.job.logits.dtype, [&]<class T>(T /*type*/) {
    for (std::int64_t r = begin; r < end; ++r) partials[static_cast<std::size_t>(r)] = SumsOf<T>(job, r);
  });
}

void ShardGradients(const ShardJob& job, std::span<const RowPartial> merged, std::int64_t begin,
                    std::int64_t end) {
  with_element_type(job.job.logits.dtype, [&]<class T>(T /*type*/) {
    for (std::int64_t r = begin; r < end; ++r) GradientsOf<T>(job, merged[static_cast<std::size_t>(r)], r);
  });
  if (job.job.streaming_stores) hwy::FlushStream();
}

}  // namespace
}  // namespace xent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace xent::cpu {

HWY_EXPORT(ShardSums);
HWY_EXPORT(ShardGradients);

void shard_sums(const ShardJob& job, std::span<RowPartial> partials, std::int64_t begin, std::int64_t end) {
  HWY_DYNAMIC_DISPATCH(ShardSums)(job, partials, begin, end);
}

void shard_gradients(const ShardJob& job, std::span<const RowPartial> merged, std::int64_t begin,
                     std::int64_t end) {
  HWY_DYNAMIC_DISPATCH(ShardGradients)(job, merged, begin, end);
}

}  // namespace xent::cpu
#endif
