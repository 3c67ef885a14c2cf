#include "bench/server_facts.hpp"

#include <cblas.h>
#include <string>

#include <hwy/base.h>
#include <hwy/highway.h>
#include <unistd.h>

#include "host/apps/common/machine.hpp"

namespace xent::bench {

nlohmann::json server_facts(int threads) {
  const apps::Build build = apps::build();
  return {{"name", "xent"},
          {"version", build.version},
          {"compiler", build.compiler},
          {"build_type", build.type},
          {"flags", build.flags},
          {"simd", apps::simd_in_use()},
          {"highway",
           std::to_string(HWY_MAJOR) + "." + std::to_string(HWY_MINOR) + "." + std::to_string(HWY_PATCH)},
          {"openblas", openblas_get_config()},
          {"processor", apps::processor()},
          {"level2_kib", sysconf(_SC_LEVEL2_CACHE_SIZE) / 1024},
          {"level3_mib", sysconf(_SC_LEVEL3_CACHE_SIZE) / (1 << 20)},
          {"threads", threads}};
}

}  // namespace xent::bench
