// Highway compiles this file once per instruction set; the functions at its end pick the best at run time.
#include "bench/bandwidth_loops.hpp"

// Names this very file to foreach_target.h, which includes it again for each target.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "bench/bandwidth_loops.cpp"
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace xent::bench::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr std::int64_t kLine = 16;  // floats per cache line

HWY_INLINE void PrefetchLines(const float* from, std::int64_t floats) {
  for (std::int64_t i = 0; i < floats; i += kLine) hwy::Prefetch(from + i);
}

float ReadFloats(const float* from, std::int64_t n, std::int64_t ahead) {
  const hn::ScalableTag<float> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  auto sum0 = hn::Zero(d);
  auto sum1 = hn::Zero(d);
  auto sum2 = hn::Zero(d);
  auto sum3 = hn::Zero(d);
  for (std::int64_t i = 0; i < n; i += 4 * lanes) {
    if (ahead != 0) PrefetchLines(from + i + ahead, 4 * lanes);
    sum0 = hn::Add(sum0, hn::LoadU(d, from + i));
    sum1 = hn::Add(sum1, hn::LoadU(d, from + i + lanes));
    sum2 = hn::Add(sum2, hn::LoadU(d, from + i + 2 * lanes));
    sum3 = hn::Add(sum3, hn::LoadU(d, from + i + 3 * lanes));
  }
  return hn::GetLane(hn::SumOfLanes(d, hn::Add(hn::Add(sum0, sum1), hn::Add(sum2, sum3))));
}

void StreamFloats(const float* from, float* to, std::int64_t n, std::int64_t ahead) {
  const hn::ScalableTag<float> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  for (std::int64_t i = 0; i < n; i += 4 * lanes) {
    if (ahead != 0) PrefetchLines(from + i + ahead, 4 * lanes);
    for (std::int64_t j = i; j < i + 4 * lanes; j += lanes) hn::Stream(hn::Load(d, from + j), d, to + j);
  }
  hwy::FlushStream();
}

}  // namespace xent::bench::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace xent::bench {

HWY_EXPORT(ReadFloats);
HWY_EXPORT(StreamFloats);

float read_floats(const float* from, std::int64_t n, std::int64_t ahead) {
  return HWY_DYNAMIC_DISPATCH(ReadFloats)(from, n, ahead);
}

void stream_floats(const float* from, float* to, std::int64_t n, std::int64_t ahead) {
  HWY_DYNAMIC_DISPATCH(StreamFloats)(from, to, n, ahead);
}

}  // namespace xent::bench
#endif  // HWY_ONCE
