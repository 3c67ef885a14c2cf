#include "tests/conformance/family/ranks.hpp"

#include <algorithm>
#include <cmath>

namespace xent::testing::family {
namespace {

bool comparable(const std::vector<double>& z) {
  for (const double value : z) {
    if (std::isnan(value)) return false;
  }
  return true;
}

}  // namespace

bool may_be_argmax(const RowErrors& errors, std::int64_t argmax, std::int64_t want) {
  if (argmax == want) return true;
  if (argmax < 0 || argmax >= std::ssize(errors.z) || !comparable(errors.z)) return false;
  const auto a = static_cast<std::size_t>(argmax);
  const auto b = static_cast<std::size_t>(want);
  const double slack = errors.dz[a] + errors.dz[b];
  return std::isinf(errors.lse) || (slack > 0.0 && errors.z[a] + slack >= errors.z[b]);
}

Ranks ranks(const RowErrors& errors, std::int64_t label, std::int64_t want) {
  if (label < 0 || want < 0) return {want, want};
  if (std::isinf(errors.lse)) return {0, std::ssize(errors.z)};
  const auto y = static_cast<std::size_t>(label);
  Ranks found{0, 0};
  for (std::size_t c = 0; c < errors.z.size(); ++c) {
    const double slack = errors.dz[c] + errors.dz[y];
    const double apart = errors.z[c] == errors.z[y] ? 0.0 : errors.z[c] - errors.z[y];
    if (c == y) continue;
    const bool before = apart > 0.0 || (apart == 0.0 && c < y);
    if (std::abs(apart) > slack || slack == 0.0) {
      found.least += before ? 1 : 0;
      found.most += before ? 1 : 0;
    } else {
      ++found.most;
    }
  }
  return found;
}

}  // namespace xent::testing::family
