// Cross-entropy of long rows: the classes of one row lie along the vector lanes. A row is read from memory
// once for its loss, and again from the cache for its gradient while the next row is read.
#include "host/cpu/cross_entropy_rows.hpp"

#include <hwy/cache_control.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "host/cpu/cross_entropy_rows.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "host/cpu/row_rank-inl.h"
#include "host/cpu/row_write-inl.h"

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
      : job_(job), parts_(parts), classes_(job.classes()) {}

  void Run(std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) Row(r);
    pending_.writer.Finish();
    Close();
  }

 private:
  /// A row whose loss is known and whose gradient is being written.
  struct Pending {
    RowWriter<D, T, ScaledExp<D, T>> writer{};
    std::int64_t row = -1;
    T* out = nullptr;
    std::int64_t label = -1;
    T at_label{};
  };

  void Row(std::int64_t r) {
    const std::int64_t label = job_.has_labels() ? load(job_.target.labels, r) : -1;
    if (job_.ignored(label)) return write_ignored_row<T>(job_, r);

    thread_local Scratch packed_logits[2];  // the pending row still needs its own
    packed_ = 1 - packed_;
    const T* x = read_row<T>(job_.logits, r, packed_logits[packed_]);
    WriteAlong<D, T, ScaledExp<D, T>> along(pending_.writer, x);
    const RowSums found = NormaliseRow(x, classes_, along, static_cast<C>(job_.transform.scale));
    along.writer.Finish();
    Close();

    const formulas::RowSums<double> sums{.max = found.state.max, .rest = found.state.rest};
    Label of_label;
    RowLoss row;
    if (label >= 0) {
      of_label = label_of(job_, label, static_cast<double>(static_cast<C>(x[label])), found.top, found.state);
      row = formulas::row_loss(sums, options_, of_label);
    } else {
      row = formulas::row_loss(sums, options_);
    }
    formulas::add_penalty(row, options_);
    RowResult result{.loss = row.loss, .lse = row.lse, .log_prob = row.log_prob};
    const Logits<D, T> logits{x};
    if (job_.wants_argmax()) result.argmax = ArgMax(D(), logits, classes_, found);
    if (job_.wants_rank()) result.target_rank = RankOf(D(), logits, classes_, label, found);
    take_result(job_, r, label, result, parts_.of(r));
    if (job_.outputs.grad.given()) Open(r, x, found.top, label, of_label, sums, row);
  }

  void Open(std::int64_t r, const T* x, double top, std::int64_t label, const Label& of_label,
            const formulas::RowSums<double>& sums, const RowLoss& row) {
    const RowUpstream upstream = job_.row_upstream(r);
    const RowGradient gradient = label >= 0 ? formulas::row_gradient(sums, row, options_, upstream, of_label)
                                            : formulas::row_gradient(sums, row, options_, upstream, 0.0);
    const double slope = job_.transform.slope;
    const auto scale = static_cast<C>(job_.transform.scale);
    const auto reference = static_cast<C>(sums.max);
    // What rounding the reference leaves of the maximum is in the factor, unless there is too much of it.
    const double left = LeftByRounding(job_.transform.scale, top, reference);
    const bool coarse = std::abs(left) > kFarthest;
    const double sum = left == 0.0 || coarse ? sums.sum() : sums.sum() * std::exp(left);

    thread_local Scratch packed_grad;
    pending_.row = r;
    pending_.out = row_to_write<T>(job_.outputs.grad, r, packed_grad);
    pending_.label = label;
    pending_.at_label = T(static_cast<C>(slope * gradient.at_label));
    const ScaledExp<D, T> value{
        .z = x, .max = reference, .factor = static_cast<C>(slope * gradient.of_prob / sum), .scale = scale};
    if (coarse) {
      WriteRow(D(), pending_.out, classes_, CoarseExp<D, T>{value, static_cast<C>(left)},
               job_.streaming_stores);
      return Close();
    }
    pending_.writer = {pending_.out, classes_, value, job_.streaming_stores};
  }

  /// The pending row's elements are written.
  void Close() {
    if (pending_.row < 0) return;
    if (pending_.label >= 0) pending_.out[pending_.label] = pending_.at_label;
    finish_row(job_.outputs.grad, pending_.row, pending_.out, classes_);
    pending_ = {};
  }

  const CrossEntropyJob& job_;
  const CrossEntropyParts& parts_;
  std::int64_t classes_;
  RowOptions options_ = job_.row_options();
  std::size_t packed_ = 0;
  Pending pending_{};
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
