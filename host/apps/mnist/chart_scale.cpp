// The three vertical axes: linear, logarithmic, logarithmic in the error.
#include <algorithm>
#include <array>
#include <cmath>

#include "host/apps/common/text.hpp"
#include "host/apps/mnist/chart.hpp"

namespace xent::mnist {
namespace {

/// Maps [lo, hi] to [0, 1]; a single value to the middle.
std::function<double(double)> between(double lo, double hi) {
  return [lo, hi](double v) { return hi > lo ? (v - lo) / (hi - lo) : 0.5; };
}

/// The smallest of 1, 2, 5 times a power of ten that is at least `value`.
double round_up(double value) {
  const double decade = std::pow(10.0, std::floor(std::log10(value)));
  for (const double step : {1.0, 2.0, 5.0}) {
    if (step * decade >= value * (1 - 1e-9)) return step * decade;
  }
  return 10.0 * decade;
}

}  // namespace

Scale linear_scale(double largest) {
  if (!(largest > 0.0) || !std::isfinite(largest)) largest = 1.0;
  const double step = round_up(largest / 5.0);
  const double top = step * std::ceil(largest / step * (1 - 1e-9));
  Scale scale{.place = between(0.0, top)};
  for (int i = 0; i * step <= top * (1 + 1e-9); ++i) {
    // Through six digits, so that 3 × 0.002 reads 0.006.
    scale.ticks.push_back({i * step, apps::shortest(std::round(i * step * 1e9) / 1e9)});
  }
  return scale;
}

Scale log_scale(const std::vector<double>& values) {
  double lo = INFINITY;
  double hi = 0.0;
  for (const double value : values) {
    if (!(value > 0.0) || !std::isfinite(value)) continue;
    lo = std::min(lo, value);
    hi = std::max(hi, value);
  }
  if (hi == 0.0) return linear_scale(1.0);
  const double bottom = std::log10(lo) - 0.08;
  const double top = std::max(std::log10(hi) + 0.08, bottom + 0.5);
  const bool few_decades = top - bottom < 2.5;
  const auto place = between(bottom, top);
  Scale scale{.place = [place](double v) { return place(std::log10(v)); }};
  for (int decade = static_cast<int>(std::floor(bottom)); decade <= top; ++decade) {
    for (const double step : {1.0, 2.0, 5.0}) {
      const double value = step * std::pow(10.0, decade);
      if (std::log10(value) < bottom || std::log10(value) > top) continue;
      const double rounded = std::stod(apps::fixed(value, std::max(0, 1 - decade)));
      scale.ticks.push_back({value, few_decades || step == 1.0 ? apps::shortest(rounded) : ""});
    }
  }
  return scale;
}

Scale accuracy_scale(const std::vector<double>& values, double smallest_error) {
  const auto nines = [smallest_error](double accuracy) {
    return -std::log10(std::max(1.0 - accuracy, smallest_error));
  };
  double lo = INFINITY;
  double hi = -INFINITY;
  for (const double value : values) {
    if (!std::isfinite(value)) continue;
    lo = std::min(lo, nines(value));
    hi = std::max(hi, nines(value));
  }
  if (hi < lo) lo = hi = nines(0.9);
  constexpr std::array kTicks{0.0,  0.2,   0.5,   0.7,   0.8,    0.9,    0.95,   0.97,   0.98,
                              0.99, 0.995, 0.998, 0.999, 0.9995, 0.9998, 0.9999, 0.99999};
  // The axis reaches down to a tick, so that it always has one.
  double bottom = std::max(0.0, lo - 0.1);
  for (const double value : kTicks) {
    const double at = -std::log10(1.0 - value);
    if (at <= hi && hi - 0.5 < at) bottom = std::min(bottom, at);
  }
  const double top = std::max(hi + 0.1, bottom + 0.3);
  const auto place = between(bottom, top);
  Scale scale{.place = [place, nines](double v) { return place(nines(v)); }};
  for (const double value : kTicks) {
    const double at = -std::log10(1.0 - value);
    if (at < bottom || at > top) continue;
    scale.ticks.push_back({value, apps::cat(apps::shortest(std::round(value * 1e7) / 1e5), " %")});
  }
  return scale;
}

}  // namespace xent::mnist
