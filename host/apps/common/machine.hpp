// What this program was built with and what it runs on, as text for people.
#pragma once

#include <string>
#include <vector>

namespace xent::apps {

struct Build {
  std::string version;   ///< of xent
  std::string compiler;  ///< e.g. "GNU 12.2.0"
  std::string type;      ///< e.g. "Release"
  std::string flags;     ///< compiler flags of that build type
};
Build build();

/// The processor's own name, "unknown processor" where the system does not tell.
std::string processor();

/// SIMD instruction sets that the library is built for and this processor has, best first: the first
/// is the one that runs. Highway's names (AVX3 is AVX-512).
std::vector<std::string> simd_targets();

/// The first of simd_targets() by its common name, e.g. "AVX-512".
std::string simd_in_use();

}  // namespace xent::apps
