// Softmax and log-softmax of long rows: the classes of one row lie along the vector lanes.
#include "host/cpu/softmax_rows.hpp"

#include <hwy/cache_control.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "host/cpu/softmax_rows.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "host/cpu/row_pending-inl.h"

HWY_BEFORE_NAMESPACE();
namespace xent::cpu::HWY_NAMESPACE {
namespace {

/// (z - max) - log Σ: in two steps, since max + log Σ as one number would be rounded first.
template <class D, class T>
struct LogProbability {
  using C = hn::TFromD<D>;
  const T* z = nullptr;
  C max = C{0};
  C log_sum = C{0};

  HWY_INLINE hn::Vec<D> Of(hn::Vec<D> logits) const {
    return hn::Sub(hn::Sub(logits, hn::Set(D(), max)), hn::Set(D(), log_sum));
  }
  HWY_INLINE hn::Vec<D> Whole(std::int64_t c) const { return Of(LoadVector(D(), z + c)); }
  HWY_INLINE hn::Vec<D> Part(std::int64_t c, std::size_t count) const {
    return Of(LoadPart(D(), z + c, count, T(0.0F)));
  }
};

/// Of the exponentials that were kept, or where a logarithm is wanted of the logits once more.
template <bool kLog, class T>
class Rows {
 public:
  using C = Compute<T>;
  using D = hn::ScalableTag<C>;

  explicit Rows(const SoftmaxJob& job) : job_(job), pending_(job.result, job.logits.layout.classes) {}

  void Run(std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) Row(r);
    pending_.Close();
  }

 private:
  using Value = std::conditional_t<kLog, LogProbability<D, T>, KeptTimes<D>>;

  void Row(std::int64_t r) {
    thread_local Scratch packed_logits[2];  // the pending row still needs its own
    const T* z = read_row<T>(job_.logits, r, packed_logits[r % 2]);
    const RowSums found = Read(r, z);
    pending_.Open(r, {pending_.Place(r), classes(), ValueOf(z, found), job_.streaming_stores});
  }

  RowSums Read(std::int64_t r, const T* z) {
    if constexpr (kLog) {
      return ReadAlong(z, pending_.Along(Nothing(), z));
    } else {
      const RowSums found = ReadAlong(z, pending_.Along(pending_.Keep(r, z), z));
      pending_.kept().Settle(classes());
      return found;
    }
  }
  template <class Along>
  RowSums ReadAlong(const T* z, Along along) {
    const RowSums found = NormaliseRow(z, classes(), along);
    pending_.TakeBack(along.writer);
    pending_.Close();
    return found;
  }

  Value ValueOf(const T* z, const RowSums& found) const {
    if constexpr (kLog) {
      const MaxRest& state = found.state;
      return {.z = z, .max = static_cast<C>(state.max), .log_sum = static_cast<C>(state.log_sum())};
    } else {
      return {pending_.kept().exps, static_cast<C>(found.of_exp())};
    }
  }

  std::int64_t classes() const { return job_.logits.layout.classes; }

  const SoftmaxJob& job_;
  PendingRow<D, T, Value> pending_;
};

void SoftmaxRows(const SoftmaxJob& job, std::int64_t begin, std::int64_t end) {
  with_element_type(job.logits.dtype, [&]<class T>(T /*type*/) {
    if (job.log) {
      Rows<true, T>(job).Run(begin, end);
    } else {
      Rows<false, T>(job).Run(begin, end);
    }
  });
  if (job.streaming_stores) hwy::FlushStream();
}

}  // namespace
}  // namespace xent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace xent::cpu {

HWY_EXPORT(SoftmaxRows);

void softmax_rows(const SoftmaxJob& job, std::int64_t begin, std::int64_t end) {
  HWY_DYNAMIC_DISPATCH(SoftmaxRows)(job, begin, end);
}

}  // namespace xent::cpu
#endif
