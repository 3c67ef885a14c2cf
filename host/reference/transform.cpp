// z = (softcap · tanh(u / softcap) or u) / temperature, u = logit_scale · x + bias.
#include "host/reference/transform.hpp"

#include <cmath>
#include <limits>

#include "host/reference/reduction.hpp"

namespace xent::reference {
namespace {

constexpr double kMasked = -std::numeric_limits<double>::infinity();

double bias_of(const LogitTransform& transform, std::size_t c) {
  return element_or(transform.bias, static_cast<std::int64_t>(c), 0.0);
}

}  // namespace

std::int64_t valid_classes(const LogitTransform& transform, std::int64_t classes) {
  return transform.valid_classes == 0 ? classes : transform.valid_classes;
}

Row transformed(const Row& logits, const LogitTransform& transform) {
  const std::int64_t valid = valid_classes(transform, static_cast<std::int64_t>(logits.size()));
  Row z(logits.begin(), logits.begin() + valid);
  for (std::size_t c = 0; c < z.size(); ++c) {
    const double bias = bias_of(transform, c);
    if (z[c] == kMasked || bias == kMasked) {
      z[c] = std::isnan(z[c] + bias) ? std::numeric_limits<double>::quiet_NaN() : kMasked;
      continue;
    }
    z[c] = transform.logit_scale * z[c] + bias;
    if (transform.softcap > 0.0) z[c] = transform.softcap * std::tanh(z[c] / transform.softcap);
    z[c] /= transform.temperature;
  }
  return z;
}

double slope(const LogitTransform& transform, std::size_t c, double logit) {
  const double linear = transform.logit_scale / transform.temperature;
  if (transform.softcap == 0.0) return linear;
  const double u = transform.logit_scale * logit + bias_of(transform, c);
  const double cosh = std::cosh(u / transform.softcap);  // 1 - tanh² without its cancellation
  return linear / (cosh * cosh);
}

}  // namespace xent::reference
