// Highway compiles this file once per instruction set; the function at its end picks the best at run time.
#include "bench/fma_loops.hpp"

// Names this very file to foreach_target.h, which includes it again for each target.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "bench/fma_loops.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace xent::bench::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Ten chains: more than the latency of a multiply-add times the units there are, and they fit any register
// file.
float MultiplyAdd(double operations) {
  const hn::ScalableTag<float> d;
  const auto x = hn::Set(d, 0.75F);
  const auto y = hn::Set(d, 0.125F);
  auto a = hn::Set(d, 1.0F), b = a, c = a, e = a, f = a, g = a, h = a, i = a, j = a, k = a;
  const auto rounds = static_cast<std::int64_t>(operations / (20.0 * static_cast<double>(hn::Lanes(d)))) + 1;
  for (std::int64_t round = 0; round < rounds; ++round) {
    a = hn::MulAdd(a, x, y);
    b = hn::MulAdd(b, x, y);
    c = hn::MulAdd(c, x, y);
    e = hn::MulAdd(e, x, y);
    f = hn::MulAdd(f, x, y);
    g = hn::MulAdd(g, x, y);
    h = hn::MulAdd(h, x, y);
    i = hn::MulAdd(i, x, y);
    j = hn::MulAdd(j, x, y);
    k = hn::MulAdd(k, x, y);
  }
  const auto sum = hn::Add(hn::Add(hn::Add(a, b), hn::Add(c, e)), hn::Add(hn::Add(f, g), hn::Add(h, i)));
  return hn::GetLane(hn::SumOfLanes(d, hn::Add(sum, hn::Add(j, k))));
}

}  // namespace xent::bench::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace xent::bench {

HWY_EXPORT(MultiplyAdd);

float multiply_add(double operations) { return HWY_DYNAMIC_DISPATCH(MultiplyAdd)(operations); }

}  // namespace xent::bench
#endif  // HWY_ONCE
