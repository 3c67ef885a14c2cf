// Softmax and log-softmax of long rows: the classes of one row lie along the vector lanes.
#include "host/cpu/softmax_rows.hpp"

#include <hwy/cache_control.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "host/cpu/softmax_rows.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "host/cpu/row_write-inl.h"
#include "host/cpu/rows.hpp"

HWY_BEFORE_NAMESPACE();
namespace xent::cpu::HWY_NAMESPACE {
namespace {

/// (z - max) - log Σ: in two steps, since max + log Σ as one number would be rounded first.
template <class D, class T>
struct LogProbability {
  using C = hn::TFromD<D>;
  D d{};
  const T* z = nullptr;
  C max = C{0};
  C log_sum = C{0};

  HWY_INLINE hn::Vec<D> Of(hn::Vec<D> logits) const {
    return hn::Sub(hn::Sub(logits, hn::Set(d, max)), hn::Set(d, log_sum));
  }
  HWY_INLINE hn::Vec<D> Whole(std::int64_t c) const { return Of(LoadVector(d, z + c)); }
  HWY_INLINE hn::Vec<D> Part(std::int64_t c, std::size_t count) const {
    return Of(LoadPart(d, z + c, count, T(0.0F)));
  }
};

template <bool kLog, class T>
class Rows {
 public:
  using C = Compute<T>;
  using D = hn::ScalableTag<C>;

  explicit Rows(const SoftmaxJob& job) : job_(job), classes_(job.logits.layout.classes) {}

  void Run(std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) Row(r);
    writer_.Finish();
    Close();
  }

 private:
  using Value = std::conditional_t<kLog, LogProbability<D, T>, ScaledExp<D, T>>;

  void Row(std::int64_t r) {
    thread_local Scratch packed_logits[2];  // the pending row still needs its own
    thread_local Scratch packed_result;
    const T* z = read_row<T>(job_.logits, r, packed_logits[r % 2]);
    WriteAlong<D, T, Value> along(writer_, z);
    const MaxRest state = NormaliseRow(z, classes_, along).state;
    along.writer.Finish();
    Close();

    Value value;
    value.z = z;
    value.max = static_cast<C>(state.max);
    if constexpr (kLog) {
      value.log_sum = static_cast<C>(state.log_sum());
    } else {
      value.factor = static_cast<C>(1.0 / state.sum());
    }
    pending_ = r;
    out_ = row_to_write<T>(job_.result, r, packed_result);
    writer_ = {out_, classes_, value, job_.streaming_stores};
  }

  /// The pending row's elements are written.
  void Close() {
    if (pending_ >= 0) write_row(job_.result, pending_, out_);
    pending_ = -1;
  }

  const SoftmaxJob& job_;
  std::int64_t classes_;
  std::int64_t pending_ = -1;  ///< the row that is being written while the next one is read
  T* out_ = nullptr;
  RowWriter<D, T, Value> writer_{};
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
