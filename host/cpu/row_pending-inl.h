// The rows of a result, each of which is written while the next one is read.
#if defined(XENT_HOST_CPU_ROW_PENDING_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef XENT_HOST_CPU_ROW_PENDING_INL_H_
#undef XENT_HOST_CPU_ROW_PENDING_INL_H_
#else
#define XENT_HOST_CPU_ROW_PENDING_INL_H_
#endif

#include "host/cpu/row_kept-inl.h"

HWY_BEFORE_NAMESPACE();
namespace xent::cpu::HWY_NAMESPACE {

/// What the loop over a row does meanwhile: it writes the row before, and keeps what `keeper` is to keep. To
/// be a local, so that it stays in registers.
template <class Writer, class Keeper>
struct WriteAlong {
  Writer writer;
  Keeper kept;

  HWY_INLINE void operator()() { writer.WriteTwo(); }
  template <class D>
  HWY_INLINE void Keep(D d, std::int64_t c, hn::Vec<D> e) const {
    kept.Keep(d, c, e);
  }
  template <class C>
  HWY_INLINE void SetReference(std::int64_t block, C reference) const {
    kept.SetReference(block, reference);
  }
  Keeper keeper() const { return kept; }
};

/// The row that is known and not yet written, Value being what gives its elements.
template <class D, class T, class Value>
class PendingRow {
 public:
  using Writer = RowWriter<D, T, Value>;

  PendingRow(const MatrixView& result, std::int64_t classes) : result_(result), classes_(classes) {}

  /// Where the elements of row r go: packed, where they do not lie side by side.
  T* Place(std::int64_t r) const {
    thread_local Scratch packed;
    return row_to_write<T>(result_, r, packed);
  }

  /// The memory for exponentials of rows of which r, which is read at x, is the first.
  const KeptExps<D>& Keep(std::int64_t r, const T* x) {
    if (kept_.exps == nullptr) {
      thread_local Scratch memory;
      kept_ = MakeKept<D>(memory, classes_, x, result_.given() ? Place(r) : x);
    }
    return kept_;
  }
  const KeptExps<D>& kept() const { return kept_; }

  /// To go along with the reading of the row at `reads`; TakeBack() afterwards.
  template <class Keeper>
  WriteAlong<Writer, Keeper> Along(const Keeper& keeper, const T* reads) {
    writer_.KeepClearOf(reads);
    return {writer_, keeper};
  }
  void TakeBack(const Writer& writer) { writer_ = writer; }

  void Open(std::int64_t r, const Writer& writer) {
    row_ = r;
    writer_ = writer;
  }
  /// Its elements are written. Gives its number; -1: there was none.
  std::int64_t Close() {
    const std::int64_t closed = row_;
    if (closed >= 0) {
      writer_.Finish();
      finish_row(result_, closed, Place(closed), classes_);
      writer_ = {};
      row_ = -1;
    }
    return closed;
  }

 private:
  const MatrixView& result_;
  std::int64_t classes_;
  std::int64_t row_ = -1;
  Writer writer_{};
  KeptExps<D> kept_{};
};

}  // namespace xent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // XENT_HOST_CPU_ROW_PENDING_INL_H_
