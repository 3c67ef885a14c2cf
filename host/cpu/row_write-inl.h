// The second pass over a long row: every element of the result as a function of its column.
#if defined(XENT_HOST_CPU_ROW_WRITE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef XENT_HOST_CPU_ROW_WRITE_INL_H_
#undef XENT_HOST_CPU_ROW_WRITE_INL_H_
#else
#define XENT_HOST_CPU_ROW_WRITE_INL_H_
#endif

#include "host/cpu/row_normaliser-inl.h"

HWY_BEFORE_NAMESPACE();
namespace xent::cpu::HWY_NAMESPACE {

/// out[c] = value(c) for c in [0, n), a few vectors at a time, so that it can go on while another row is
/// read: memory then reads and writes at once. value.Whole(c) gives a vector of columns from c on;
/// value.Part(c, k) the same of which only k exist. Stores that bypass the caches want aligned vectors, so
/// the columns before the first aligned one go by themselves; the values do not depend on how they are
/// grouped.
template <class D, class T, class Value>
class RowWriter {
 public:
  RowWriter() = default;
  RowWriter(T* out, std::int64_t n, const Value& value, bool streaming)
      : out_(out), n_(n), value_(value), streaming_(streaming) {
    const std::size_t vector_bytes = static_cast<std::size_t>(Lanes()) * sizeof(T);
    const std::size_t past = reinterpret_cast<std::uintptr_t>(out) % vector_bytes;
    if (past != 0) WritePart(HWY_MIN(n, static_cast<std::int64_t>((vector_bytes - past) / sizeof(T))));
  }

  /// Lets reading run ahead where it would trip over what was just written: a load waits for every store
  /// before it whose address has the same low 12 bits, and the two may keep such a distance all row long.
  void KeepClearOf(const T* reads) {
    constexpr std::uintptr_t kPage = 4096, kNear = 1024;
    const auto ahead =
        (reinterpret_cast<std::uintptr_t>(reads) - reinterpret_cast<std::uintptr_t>(out_ + next_)) % kPage;
    if (ahead < kPage - kNear) return;
    const auto step = 2 * static_cast<std::uintptr_t>(Lanes()) * sizeof(T);
    wait_ = static_cast<int>((kPage - ahead) / step) + 1;
  }

  /// To be called when the loads of a step have been made, for the same reason.
  HWY_INLINE void WriteTwo() {
    if (HWY_UNLIKELY(wait_ > 0)) {
      --wait_;
      return;
    }
    if (next_ + 2 * Lanes() > n_) return;
    const auto v0 = value_.Whole(next_);
    const auto v1 = value_.Whole(next_ + Lanes());
    Write(v0);
    Write(v1);
  }
  HWY_INLINE void Finish() {
    while (next_ + Lanes() <= n_) WriteOne();
    if (next_ < n_) WritePart(n_ - next_);
  }

 private:
  static std::int64_t Lanes() { return static_cast<std::int64_t>(hn::Lanes(D())); }

  HWY_INLINE void WriteOne() { Write(value_.Whole(next_)); }
  HWY_INLINE void Write(hn::Vec<D> v) {
    const D d;
    if (streaming_) {
      StoreVector<true>(d, v, out_ + next_);
    } else {
      StoreVector<false>(d, v, out_ + next_);
    }
    next_ += Lanes();
  }
  HWY_INLINE void WritePart(std::int64_t count) {
    const auto k = static_cast<std::size_t>(count);
    StorePart(D(), value_.Part(next_, k), out_ + next_, k);
    next_ += count;
  }

  T* out_ = nullptr;
  std::int64_t n_ = 0;
  std::int64_t next_ = 0;
  Value value_{};
  bool streaming_ = false;
  int wait_ = 0;  ///< steps to be let pass
};

/// Goes on with a row while the one at `reads` is read. To be a local, so that it stays in registers.
template <class D, class T, class Value>
struct WriteAlong {
  RowWriter<D, T, Value> writer;

  WriteAlong(const RowWriter<D, T, Value>& writer_, const T* reads) : writer(writer_) {
    writer.KeepClearOf(reads);
  }
  HWY_INLINE void operator()() { writer.WriteTwo(); }
};

/// A row at once.
template <class D, class T, class Value>
HWY_INLINE void WriteRow(D /*d*/, T* out, std::int64_t n, const Value& value, bool streaming) {
  RowWriter<D, T, Value> writer(out, n, value, streaming);
  writer.Finish();
}

/// factor · exp(scale·z[c] - max): probabilities, or gradients without their targets' part.
template <class D, class T>
struct ScaledExp {
  using C = hn::TFromD<D>;
  D d{};
  const T* z = nullptr;
  C max = C{0};
  C factor = C{0};
  C scale = C{1};

  HWY_INLINE hn::Vec<D> Of(hn::Vec<D> logits) const {
    const auto x = hn::MulSub(logits, hn::Set(d, scale), hn::Set(d, max));
    return hn::Mul(ExpNotAbove(d, x), hn::Set(d, factor));
  }
  HWY_INLINE hn::Vec<D> Whole(std::int64_t c) const { return Of(LoadVector(d, z + c)); }
  HWY_INLINE hn::Vec<D> Part(std::int64_t c, std::size_t count) const {
    return Of(LoadPart(d, z + c, count, T(0.0F)));
  }
};

/// factor · exp(scale·z[c] - max - low), where max + low is so far from max that exponents of it alone would
/// leave the exponential's range.
template <class D, class T>
struct CoarseExp {
  using C = hn::TFromD<D>;
  ScaledExp<D, T> exp{};
  C low = C{0};

  HWY_INLINE hn::Vec<D> Of(hn::Vec<D> logits) const {
    const D d;
    const auto x = hn::MulSub(logits, hn::Set(d, exp.scale), hn::Set(d, exp.max));
    return hn::Mul(ExpNotAbove(d, hn::Sub(x, hn::Set(d, low))), hn::Set(d, exp.factor));
  }
  HWY_INLINE hn::Vec<D> Whole(std::int64_t c) const { return Of(LoadVector(D(), exp.z + c)); }
  HWY_INLINE hn::Vec<D> Part(std::int64_t c, std::size_t count) const {
    return Of(LoadPart(D(), exp.z + c, count, T(0.0F)));
  }
};

}  // namespace xent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // XENT_HOST_CPU_ROW_WRITE_INL_H_
