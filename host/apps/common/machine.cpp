// The processor's name comes from /proc, its instruction sets from Highway.
#include "host/apps/common/machine.hpp"

#include <cstdint>
#include <fstream>

#include <hwy/targets.h>

namespace xent::apps {

Build build() {
  return {
      .version = XENT_VERSION, .compiler = XENT_COMPILER, .type = XENT_BUILD_TYPE, .flags = XENT_CXX_FLAGS};
}

std::string processor() {
  std::ifstream cpuinfo("/proc/cpuinfo");
  for (std::string line; std::getline(cpuinfo, line);) {
    const auto colon = line.find(": ");
    if (line.rfind("model name", 0) == 0 && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown processor";
}

std::vector<std::string> simd_targets() {
  // Highway numbers better targets with lower bits.
  std::vector<std::string> names;
  std::int64_t left = hwy::SupportedTargets() & HWY_TARGETS;
  for (; left != 0; left &= left - 1) names.emplace_back(hwy::TargetName(left & -left));
  return names;
}

std::string simd_in_use() {
  const std::vector<std::string> targets = simd_targets();
  if (targets.empty()) return "no SIMD";
  const std::string& best = targets.front();
  if (best.rfind("AVX3", 0) == 0) return "AVX-512";
  if (best == "EMU128" || best == "SCALAR") return "no SIMD";
  return best;
}

}  // namespace xent::apps
