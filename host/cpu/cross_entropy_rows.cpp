// Cross-entropy of long rows: the classes of one row lie along the vector lanes. A row is read from memory
// once for its loss, and again from the cache for its gradient while the next row is read.
#include "host/cpu/cross_entropy_rows.hpp"

#include <hwy/cache_control.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "host/cpu/cross_entropy_rows.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "host/cpu/row_formulas.hpp"
#include "host/cpu/row_pending-inl.h"
#include "host/cpu/row_rank-inl.h"

HWY_BEFORE_NAMESPACE();
namespace xent::cpu::HWY_NAMESPACE {
namespace {

/// Where options change nothing but a row's scalars, or the scale of its logits.
template <class T>
class Rows {
 public:
  using C = Compute<T>;
  using D = hn::ScalableTag<C>;

  Rows(const CrossEntropyJob& job, const CrossEntropyParts& parts)
      : job_(job), parts_(parts), classes_(job.classes()), pending_(job.outputs.grad, classes_) {}

  void Run(std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) Row(r);
    pending_.Close();
  }

 private:
  void Row(std::int64_t r) {
    const std::int64_t label = job_.has_labels() ? load(job_.target.labels, r) : -1;
    if (job_.ignored(label)) return write_ignored_row<T>(job_, r);

    thread_local Scratch packed_logits;
    const T* x = read_row<T>(job_.logits, r, packed_logits);
    const RowSums found = Read(r, x);

    const formulas::RowSums<double> sums{.max = found.state.max, .rest = found.state.rest};
    Label of_label;
    if (label >= 0) {
      of_label = label_of(job_, label, static_cast<double>(static_cast<C>(x[label])), found.top, found.state);
    }
    RowLoss row = loss_of(sums, options_, label >= 0 ? &of_label : nullptr);
    add_penalty(row, options_);
    RowResult result{.loss = row.loss, .lse = row.lse, .log_prob = row.log_prob};
    const Logits<D, T> logits{x};
    if (job_.wants_argmax()) result.argmax = ArgMax(D(), logits, classes_, found);
    if (job_.wants_rank()) result.target_rank = RankOf(D(), logits, classes_, label, found);
    take_result(job_, r, label, result, parts_.of(r));
    if (job_.outputs.grad.given()) Open(r, x, found, label, of_label, sums, row);
  }

  RowSums Read(std::int64_t r, const T* x) {
    const auto scale = static_cast<C>(job_.transform.scale);
    if (!job_.outputs.grad.given()) {
      Nothing nothing;
      return NormaliseRow(x, classes_, nothing, scale);
    }
    auto along = pending_.Along(pending_.Keep(r, x), x);
    const RowSums found = NormaliseRow(x, classes_, along, scale);
    pending_.TakeBack(along.writer);
    pending_.Close();
    pending_.kept().Settle(classes_);
    return found;
  }

  void Open(std::int64_t r, const T* x, const RowSums& found, std::int64_t label, const Label& of_label,
            const formulas::RowSums<double>& sums, const RowLoss& row) {
    const RowUpstream upstream = job_.row_upstream(r);
    const RowGradient gradient = gradient_of(sums, row, options_, upstream, label >= 0 ? &of_label : nullptr);
    const double slope = job_.transform.slope;
    T* out = pending_.Place(r);
    const Exception<T> at_label{label, T(static_cast<C>(slope * gradient.at_label))};
    const double of_prob = slope * gradient.of_prob;
    if (HWY_UNLIKELY(found.coarse)) {
      WriteRow(D(), out, classes_, Coarse(x, found.top, sums.max, of_prob / sums.sum()),
               job_.streaming_stores, at_label);
      finish_row(job_.outputs.grad, r, out, classes_);
      return;
    }
    const KeptTimes<D> value{pending_.kept().exps, static_cast<C>(of_prob * found.of_exp())};
    pending_.Open(r, {out, classes_, value, job_.streaming_stores, at_label});
  }

  CoarseExp<D, T> Coarse(const T* x, double top, double max, double factor) const {
    const auto reference = static_cast<C>(max);
    return {.z = x,
            .scale = static_cast<C>(job_.transform.scale),
            .high = reference,
            .low = static_cast<C>(LeftByRounding(job_.transform.scale, top, reference)),
            .factor = static_cast<C>(factor)};
  }

  const CrossEntropyJob& job_;
  const CrossEntropyParts& parts_;
  std::int64_t classes_;
  RowOptions options_ = job_.row_options();
  PendingRow<D, T, KeptTimes<D>> pending_;  ///< its loss is known, its gradient is being written
};

void CrossEntropyRows(const CrossEntropyJob& job, std::int64_t begin, std::int64_t end,
                      const CrossEntropyParts& parts) {
  with_element_type(job.logits.dtype, [&]<class T>(T /*type*/) { Rows<T>(job, parts).Run(begin, end); });
  if (job.streaming_stores) hwy::FlushStream();
}

}  // namespace
}  // namespace xent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace xent::cpu {

HWY_EXPORT(CrossEntropyRows);

void cross_entropy_rows(const CrossEntropyJob& job, std::int64_t begin, std::int64_t end,
                        const CrossEntropyParts& parts) {
  HWY_DYNAMIC_DISPATCH(CrossEntropyRows)(job, begin, end, parts);
}

}  // namespace xent::cpu
#endif
