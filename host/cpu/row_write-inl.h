// The second pass over a long row: every element of the result as a function of its column.
#if defined(XENT_HOST_CPU_ROW_WRITE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef XENT_HOST_CPU_ROW_WRITE_INL_H_
#undef XENT_HOST_CPU_ROW_WRITE_INL_H_
#else
#define XENT_HOST_CPU_ROW_WRITE_INL_H_
#endif

#include <cstring>

#include "host/cpu/row_normaliser-inl.h"

HWY_BEFORE_NAMESPACE();
namespace xent::cpu::HWY_NAMESPACE {

/// A load waits for an earlier store if the load's address lies from 0 to kNear bytes below it but for a
/// multiple of kPage.
inline constexpr std::uintptr_t kPage = 4096, kNear = 1024;

/// An element of a row that is not what its formula says.
template <class T>
struct Exception {
  std::int64_t at = -1;  ///< -1: none
  T value{};
};

/// out[c] = value(c) for c in [0, n), a few vectors at a time, so that it can go on while another row is
/// read: memory then reads and writes at once. value.Whole(c) gives a vector of columns from c on;
/// value.Part(c, k) the same of which only k exist; value.Fetch(c, k), where there is one, asks memory for
/// what k columns from c on will want. Stores that bypass the caches want aligned vectors, so the columns
/// before the first aligned one go by themselves; the values do not depend on how they are grouped.
template <class D, class T, class Value>
class RowWriter {
 public:
  RowWriter() = default;
  RowWriter(T* out, std::int64_t n, const Value& value, bool streaming, const Exception<T>& exception = {})
      : out_(out), n_(n), value_(value), streaming_(streaming), exception_(exception) {
    // The row's last line is written like any other: it is not to be waited for then.
    hwy::Prefetch(out + n - 1);
    const std::int64_t odd_columns = ColumnsTo(static_cast<std::size_t>(Lanes()) * sizeof(T));
    if (odd_columns != 0) WritePart(HWY_MIN(n, odd_columns));
    if (ColumnsTo(AlignmentOfTwo<D, T>()) != 0 && next_ + Lanes() <= n) Write(value_.Whole(next_));
    FindPlainEnd();
  }

  /// To be called when the loads of a step have been made: a load waits for every store before it whose
  /// address has the same low 12 bits. After as many calls as pairs of vectors were read, so many columns are
  /// written at least.
  HWY_INLINE void WriteTwo() {
    if (HWY_UNLIKELY(next_ + 2 * Lanes() > plain_end_)) {
      if (next_ < n_) WriteTwoFor(*this);
      next_ = HWY_MIN(next_ + 2 * Lanes(), n_);
      FindPlainEnd();
      return;
    }
    WritePlainTwo();
  }
  /// Runs ahead where reading would trip over what was just written, all row long.
  void KeepClearOf(const T* reads) {
    const auto ahead = [&] {
      return (reinterpret_cast<std::uintptr_t>(reads) - reinterpret_cast<std::uintptr_t>(out_ + next_)) %
             kPage;
    };
    while (next_ < n_ && ahead() >= kPage - kNear) WriteTwo();
  }
  HWY_INLINE void Finish() {
    while (next_ < n_) {
      while (next_ + 2 * Lanes() <= plain_end_) {
        if constexpr (requires { value_.Fetch(next_, next_); }) value_.Fetch(next_, 2 * Lanes());
        WritePlainTwo();
      }
      WriteUpToTwo();
      FindPlainEnd();
    }
  }

 private:
  static std::int64_t Lanes() { return static_cast<std::int64_t>(hn::Lanes(D())); }
  bool Excepted(std::int64_t count) const {
    return static_cast<std::uint64_t>(exception_.at - next_) < static_cast<std::uint64_t>(count);
  }
  /// Until the next one is aligned.
  std::int64_t ColumnsTo(std::size_t alignment) const {
    const std::size_t past = reinterpret_cast<std::uintptr_t>(out_ + next_) % alignment;
    return past == 0 ? 0 : static_cast<std::int64_t>((alignment - past) / sizeof(T));
  }
  void FindPlainEnd() { plain_end_ = exception_.at >= next_ ? exception_.at : n_; }

  HWY_INLINE void WritePlainTwo() {
    const D d;
    const auto v0 = value_.Whole(next_);
    const auto v1 = value_.Whole(next_ + Lanes());
    if (streaming_) {
      StoreTwo<true>(d, v0, v1, out_ + next_);
    } else {
      StoreTwo<false>(d, v0, v1, out_ + next_);
    }
    next_ += 2 * Lanes();
  }
  /// Of a copy: who is passed by reference lies in memory, and a writer's numbers are to stay in registers.
  static HWY_NOINLINE void WriteTwoFor(RowWriter writer) { writer.WriteUpToTwo(); }
  HWY_INLINE void WriteUpToTwo() {
    for (int i = 0; i < 2 && next_ < n_; ++i) {
      if (next_ + Lanes() <= n_) {
        Write(value_.Whole(next_));
      } else {
        WritePart(n_ - next_);
      }
    }
  }
  HWY_INLINE void Write(hn::Vec<D> v) {
    const D d;
    if (Excepted(Lanes())) {
      WriteAround(v);
    } else if (streaming_) {
      StoreVector<true>(d, v, out_ + next_);
    } else {
      StoreVector<false>(d, v, out_ + next_);
    }
    next_ += Lanes();
  }
  /// Whole as well: an element by itself would wait for a line that has only just left.
  HWY_INLINE void WriteAround(hn::Vec<D> v) {
    HWY_ALIGN T lanes[hn::MaxLanes(D())];
    StoreVector<false>(D(), v, lanes);
    lanes[exception_.at - next_] = exception_.value;
    if (streaming_) {
      StreamLanes(D(), lanes, out_ + next_);
    } else {
      std::memcpy(out_ + next_, lanes, sizeof(T) * static_cast<std::size_t>(Lanes()));
    }
  }
  HWY_INLINE void WritePart(std::int64_t count) {
    const auto k = static_cast<std::size_t>(count);
    StorePart(D(), value_.Part(next_, k), out_ + next_, k);
    if (Excepted(count)) out_[exception_.at] = exception_.value;
    next_ += count;
  }

  T* out_ = nullptr;
  std::int64_t n_ = 0;
  std::int64_t next_ = 0;
  std::int64_t plain_end_ = 0;  ///< up to here whole vectors can go without a look at the exception
  Value value_{};
  bool streaming_ = false;
  Exception<T> exception_{};
};

/// A row at once.
template <class D, class T, class Value>
HWY_INLINE void WriteRow(D /*d*/, T* out, std::int64_t n, const Value& value, bool streaming,
                         const Exception<T>& exception = {}) {
  RowWriter<D, T, Value> writer(out, n, value, streaming, exception);
  writer.Finish();
}

/// factor · exp(scale·z[c] - high - low), where high + low is so far from high that exponents of it alone
/// would leave the exponential's range.
template <class D, class T>
struct CoarseExp {
  using C = hn::TFromD<D>;
  const T* z = nullptr;
  C scale = C{1};
  C high = C{0};
  C low = C{0};
  C factor = C{0};

  HWY_INLINE hn::Vec<D> Of(hn::Vec<D> logits) const {
    const D d;
    const auto x = hn::MulSub(logits, hn::Set(d, scale), hn::Set(d, high));
    return hn::Mul(ExpNotAbove(d, hn::Sub(x, hn::Set(d, low))), hn::Set(d, factor));
  }
  HWY_INLINE hn::Vec<D> Whole(std::int64_t c) const { return Of(LoadVector(D(), z + c)); }
  HWY_INLINE hn::Vec<D> Part(std::int64_t c, std::size_t count) const {
    return Of(LoadPart(D(), z + c, count, T(0.0F)));
  }
};

}  // namespace xent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // XENT_HOST_CPU_ROW_WRITE_INL_H_
