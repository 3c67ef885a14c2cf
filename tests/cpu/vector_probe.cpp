#include "tests/cpu/vector_probe.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tests/cpu/vector_probe.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "host/cpu/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace xent::cpu::HWY_NAMESPACE {
namespace {

template <class From, class To, class Function>
void Map(const From* from, To* to, std::size_t n, From fill, const Function& f) {
  const hn::ScalableTag<Compute<From>> d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) StoreVector<false>(d, f(d, LoadVector(d, from + i)), to + i);
  if (i < n) StorePart(d, f(d, LoadPart(d, from + i, n - i, fill)), to + i, n - i);
}

const auto kExp = [](auto d, auto x) HWY_ATTR { return ExpOrInfinity(d, x); };
const auto kSame = [](auto /*d*/, auto x) HWY_ATTR { return x; };

void ExpF32(const float* x, float* y, std::size_t n) { Map(x, y, n, 0.0F, kExp); }
void ExpF64(const double* x, double* y, std::size_t n) { Map(x, y, n, 0.0, kExp); }
void CopyF16(const f16* x, f16* y, std::size_t n) { Map(x, y, n, f16(0.0F), kSame); }
void CopyBf16(const bf16* x, bf16* y, std::size_t n) { Map(x, y, n, bf16(0.0F), kSame); }
void RoundF16(const float* x, f16* y, std::size_t n) { Map(x, y, n, 0.0F, kSame); }
void RoundBf16(const float* x, bf16* y, std::size_t n) { Map(x, y, n, 0.0F, kSame); }

VectorProbe Probe() {
  return {hwy::TargetName(HWY_TARGET), ExpF32, ExpF64, CopyF16, CopyBf16, RoundF16, RoundBf16};
}

}  // namespace
}  // namespace xent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace xent::cpu {

HWY_EXPORT(Probe);

std::vector<VectorProbe> vector_probes() {
  std::vector<VectorProbe> probes;
  for (const auto target : hwy::SupportedAndGeneratedTargets()) {
    hwy::SetSupportedTargetsForTest(target);
    probes.push_back(HWY_DYNAMIC_DISPATCH(Probe)());
  }
  hwy::SetSupportedTargetsForTest(0);
  return probes;
}

}  // namespace xent::cpu
#endif
