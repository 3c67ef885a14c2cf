// A long row's exponentials, kept when they are summed and multiplied when the sum is known.
#if defined(XENT_HOST_CPU_ROW_KEPT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef XENT_HOST_CPU_ROW_KEPT_INL_H_
#undef XENT_HOST_CPU_ROW_KEPT_INL_H_
#else
#define XENT_HOST_CPU_ROW_KEPT_INL_H_
#endif

#include "host/cpu/row_write-inl.h"
#include "host/cpu/rows.hpp"

HWY_BEFORE_NAMESPACE();
namespace xent::cpu::HWY_NAMESPACE {

/// Exponentials of a row, each block's counted from a reference of its own.
template <class D>
struct KeptExps {
  using C = hn::TFromD<D>;
  C* exps = nullptr;        ///< a vector longer than the row
  C* references = nullptr;  ///< one per block

  HWY_INLINE void operator()() const {}
  HWY_INLINE void Keep(D d, std::int64_t c, hn::Vec<D> e) const { hn::Store(e, d, exps + c); }
  HWY_INLINE void SetReference(std::int64_t block, C reference) const { references[block] = reference; }
  KeptExps keeper() const { return *this; }

  /// Counts all of them from the last reference.
  void Settle(std::int64_t classes) const {
    const std::int64_t last_block = (classes - 1) / kBlock;
    const auto last = static_cast<double>(references[last_block]);
    for (std::int64_t b = 0; b < last_block; ++b) {
      const double step = static_cast<double>(references[b]) - last;
      if (step != 0.0) Shrink(b * kBlock, step);
    }
  }

 private:
  HWY_NOINLINE void Shrink(std::int64_t begin, double step) const {
    const D d;
    const auto factor = hn::Set(d, static_cast<C>(std::exp(step)));
    for (std::int64_t c = begin; c < begin + kBlock; c += static_cast<std::int64_t>(hn::Lanes(d))) {
      hn::Store(hn::Mul(hn::Load(d, exps + c), factor), d, exps + c);
    }
  }
};

/// factor · a kept exponential.
template <class D>
struct KeptTimes {
  using C = hn::TFromD<D>;
  const C* exps = nullptr;
  C factor = C{0};

  HWY_INLINE hn::Vec<D> Whole(std::int64_t c) const {
    const D d;
    return hn::Mul(hn::LoadU(d, exps + c), hn::Set(d, factor));
  }
  HWY_INLINE hn::Vec<D> Part(std::int64_t c, std::size_t count) const {
    const D d;
    return hn::Mul(LoadPart(d, exps + c, count, C{0}), hn::Set(d, factor));
  }
};

/// A thread's memory for them, for rows of which the first is read at `reads` and written at `writes`. Where
/// rows lie a multiple of 4096 bytes apart, all of them then keep their distances (see KeepClearOf): loads
/// from 0 to 1024 bytes below a store are what costs.
template <class D, class T>
KeptExps<D> MakeKept(Scratch& memory, std::int64_t classes, const T* reads, const T* writes) {
  using C = hn::TFromD<D>;
  const auto n = static_cast<std::size_t>(classes);
  const auto lanes = static_cast<std::size_t>(hn::Lanes(D()));
  const std::size_t references = n / kBlock + 1;
  auto* begin = reinterpret_cast<unsigned char*>(memory.get<C>(n + lanes + references + kPage / sizeof(C)));
  const auto at = [](const void* p) { return reinterpret_cast<std::uintptr_t>(p); };
  const std::uintptr_t apart = (at(writes) - at(reads)) % kPage;
  const bool half = apart <= kPage / 2 || apart > kPage / 2 + kNear;
  const std::uintptr_t wanted = at(reads) + (half ? kPage / 2 : 0);
  const std::uintptr_t shift = (wanted - at(begin)) % kPage / (lanes * sizeof(C)) * (lanes * sizeof(C));
  auto* exps = reinterpret_cast<C*>(begin + shift);
  return {exps, exps + n + lanes};
}

}  // namespace xent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // XENT_HOST_CPU_ROW_KEPT_INL_H_
