// Eight vectors of sums, which stay in registers. Compiled once per SIMD target by Highway's re-inclusion: no
// ordinary include guard.
#if defined(XENT_HOST_MLP_SLAB_STRIP_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef XENT_HOST_MLP_SLAB_STRIP_INL_H_
#undef XENT_HOST_MLP_SLAB_STRIP_INL_H_
#else
#define XENT_HOST_MLP_SLAB_STRIP_INL_H_
#endif

#include <cstdint>

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace xent::mlp::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::CappedTag<float, 16>;
using V = hn::Vec<Floats>;

/// Eight vectors: as many sums as keep two units busy that take four cycles for each.
struct Strip {
  V v0, v1, v2, v3, v4, v5, v6, v7;
};

HWY_INLINE std::int64_t lanes() { return static_cast<std::int64_t>(hn::Lanes(Floats())); }
HWY_INLINE std::int64_t strip_width() { return 8 * lanes(); }

HWY_INLINE Strip zeros() {
  const V zero = hn::Zero(Floats());
  return {zero, zero, zero, zero, zero, zero, zero, zero};
}

HWY_INLINE Strip load(const float* from) {
  const Floats d;
  const std::int64_t n = lanes();
  return {hn::Load(d, from),         hn::Load(d, from + n),     hn::Load(d, from + 2 * n),
          hn::Load(d, from + 3 * n), hn::Load(d, from + 4 * n), hn::Load(d, from + 5 * n),
          hn::Load(d, from + 6 * n), hn::Load(d, from + 7 * n)};
}

/// body(vector, place) for each of the eight.
template <class Body>
HWY_INLINE void for_vectors(const Strip& strip, const Body& body) {
  const std::int64_t n = lanes();
  body(strip.v0, 0 * n);
  body(strip.v1, 1 * n);
  body(strip.v2, 2 * n);
  body(strip.v3, 3 * n);
  body(strip.v4, 4 * n);
  body(strip.v5, 5 * n);
  body(strip.v6, 6 * n);
  body(strip.v7, 7 * n);
}

/// sums += factor · row
HWY_INLINE void add_times(Strip& sums, float factor, const float* row) {
  const Floats d;
  const V x = hn::Set(d, factor);
  const std::int64_t n = lanes();
  sums.v0 = hn::MulAdd(x, hn::Load(d, row), sums.v0);
  sums.v1 = hn::MulAdd(x, hn::Load(d, row + n), sums.v1);
  sums.v2 = hn::MulAdd(x, hn::Load(d, row + 2 * n), sums.v2);
  sums.v3 = hn::MulAdd(x, hn::Load(d, row + 3 * n), sums.v3);
  sums.v4 = hn::MulAdd(x, hn::Load(d, row + 4 * n), sums.v4);
  sums.v5 = hn::MulAdd(x, hn::Load(d, row + 5 * n), sums.v5);
  sums.v6 = hn::MulAdd(x, hn::Load(d, row + 6 * n), sums.v6);
  sums.v7 = hn::MulAdd(x, hn::Load(d, row + 7 * n), sums.v7);
}

HWY_INLINE void store(const Strip& strip, float* to) {
  for_vectors(strip, [=](const V& vector, std::int64_t i) HWY_ATTR { hn::Store(vector, Floats(), to + i); });
}

}  // namespace
}  // namespace xent::mlp::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // toggle
