// The second pass over a long row: every element of the result as a function of its column.
#if defined(XENT_HOST_CPU_ROW_WRITE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef XENT_HOST_CPU_ROW_WRITE_INL_H_
#undef XENT_HOST_CPU_ROW_WRITE_INL_H_
#else
#define XENT_HOST_CPU_ROW_WRITE_INL_H_
#endif

#include "host/cpu/row_normaliser-inl.h"
#include "host/cpu/rows.hpp"

HWY_BEFORE_NAMESPACE();
namespace xent::cpu::HWY_NAMESPACE {

/// out[c] = value(c) for c in [0, n). value.Whole(c) gives Lanes(d) columns from c on; value.Part(c, k)
/// the same of which only k exist. Streaming stores want aligned vectors, so the columns before the
/// first aligned one go by themselves; the values do not depend on how they are grouped.
template <bool kStream, class D, class T, class Value>
HWY_INLINE void WriteRow(D d, T* out, std::int64_t n, const Value& value) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  std::int64_t c = 0;
  if constexpr (kStream) {
    const std::size_t vector_bytes = static_cast<std::size_t>(lanes) * sizeof(T);
    const std::size_t past = reinterpret_cast<std::uintptr_t>(out) % vector_bytes;
    if (past != 0) {
      c = static_cast<std::int64_t>((vector_bytes - past) / sizeof(T));
      if (c > n) c = n;
      StorePart(d, value.Part(0, static_cast<std::size_t>(c)), out, static_cast<std::size_t>(c));
    }
  }
  for (; c + lanes <= n; c += lanes) StoreVector<kStream>(d, value.Whole(c), out + c);
  if (c < n) {
    const auto left = static_cast<std::size_t>(n - c);
    StorePart(d, value.Part(c, left), out + c, left);
  }
}

/// exps[c] · factor of c's block: probabilities, or gradients without their targets' part.
template <class D>
struct ScaledExps {
  using C = hn::TFromD<D>;
  D d{};
  const C* exps = nullptr;
  const C* factors = nullptr;

  HWY_INLINE hn::Vec<D> Whole(std::int64_t c) const {
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
    const auto block = c / kBlock;
    const std::int64_t in_block = kBlock - c % kBlock;
    auto factor = hn::Set(d, factors[block]);
    if (in_block < lanes) {
      // Part of the next block; `factors` has one entry more than there are blocks.
      factor = hn::IfThenElse(hn::FirstN(d, static_cast<std::size_t>(in_block)), factor,
                              hn::Set(d, factors[block + 1]));
    }
    return hn::Mul(hn::LoadU(d, exps + c), factor);
  }
  HWY_INLINE hn::Vec<D> Part(std::int64_t c, std::size_t /*count*/) const { return Whole(c); }
};

/// The same less the smoothed target's share at every unmasked class.
template <class D, class T>
struct SmoothedGradient {
  using C = hn::TFromD<D>;
  D d{};
  ScaledExps<D> probs{};
  const T* z = nullptr;
  C share = C{0};

  HWY_INLINE hn::Vec<D> Less(hn::Vec<D> p, hn::Vec<D> logits) const {
    const auto present = hn::Not(hn::Eq(logits, hn::Set(d, MinusInfinity<C>())));
    // A masked class keeps p: 0, or NaN where the whole row is.
    return hn::IfThenElse(present, hn::Sub(p, hn::Set(d, share)), p);
  }
  HWY_INLINE hn::Vec<D> Whole(std::int64_t c) const { return Less(probs.Whole(c), LoadVector(d, z + c)); }
  HWY_INLINE hn::Vec<D> Part(std::int64_t c, std::size_t count) const {
    return Less(probs.Whole(c), LoadPart(d, z + c, count, T(0.0F)));
  }
};

/// factors[b] = scale · exp(block_maxima[b] - max) / Σ, and one more entry for ScaledExps.
template <class C>
HWY_INLINE void BlockFactors(const MaxRest& state, const double* block_maxima, std::int64_t blocks,
                             double scale, C* factors) {
  const double per_exp = scale / state.sum();
  for (std::int64_t b = 0; b < blocks; ++b) {
    factors[b] = static_cast<C>(per_exp * decay(block_maxima[b], state.max));
  }
  factors[blocks] = C{0};
}

/// A worker's memory for one row: the exponentials, and what belongs to each of their blocks.
template <class C>
struct RowScratch {
  C* exps;
  double* block_maxima;
  C* factors;

  /// `result` is where the row will be written: the exponentials are placed so that a vector of them is
  /// aligned where its result is. (They are stored while memory is waited for, but loaded in haste.)
  template <class T>
  static RowScratch For(std::int64_t classes, const T* result) {
    thread_local Scratch memory;
    const std::size_t lanes = hn::Lanes(hn::ScalableTag<C>());
    const std::size_t phase = reinterpret_cast<std::uintptr_t>(result) / sizeof(T) % lanes;
    const auto blocks = static_cast<std::size_t>(Blocks(classes));
    const std::size_t padded = (blocks + 1) * kBlock;  // loads may run a vector past the last column
    std::byte* base = memory.get<std::byte>(padded * sizeof(C) + (blocks + 1) * (sizeof(double) + sizeof(C)));
    auto* exps = reinterpret_cast<C*>(base);
    auto* maxima = reinterpret_cast<double*>(exps + padded);
    return {exps + phase, maxima, reinterpret_cast<C*>(maxima + blocks + 1)};
  }
};

}  // namespace xent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // XENT_HOST_CPU_ROW_WRITE_INL_H_
