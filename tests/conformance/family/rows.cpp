#include "tests/conformance/family/rows.hpp"

#include <cmath>
#include <limits>

#include "tests/support/tolerance.hpp"

namespace xent::testing::family {
namespace {

constexpr std::uint64_t kRows = 50;
constexpr double kInf = std::numeric_limits<double>::infinity();

RowStyle style_of(const Case& posed, Rng& rng) {
  const double turn = rng.uniform();
  if (posed.style != RowStyle::mixed) return posed.style;
  if (turn < 0.03) return RowStyle::not_a_number;
  if (turn < 0.05) return RowStyle::infinite;
  if (turn < 0.06) return RowStyle::empty;
  return static_cast<RowStyle>(rng.below(9));
}

double huge(DType type) { return type == DType::f16 ? 6e4 : 1e38; }

/// The distance of neighbours around 10^4.
double step(DType type) { return 16384.0 * tolerance(type).store; }

double usual(RowStyle style, DType type, Rng& rng) {
  const double number = rng.normal();
  switch (style) {
    case RowStyle::far: return -300.0 + 2.0 * number;
    case RowStyle::spread: return 60.0 * number;
    case RowStyle::near_ties: return 1e4 + step(type) * std::floor(4.0 * rng.uniform());
    case RowStyle::huge: return huge(type) * std::floor(3.0 * rng.uniform() - 1.0);
    case RowStyle::denormal: return tolerance(type).step * std::floor(9.0 * rng.uniform() - 4.0) / 8.0;
    case RowStyle::empty: return -kInf;
    default: return 2.0 * number;
  }
}

}  // namespace

std::vector<double> draw_row(const Case& posed, std::int64_t r, std::int64_t label) {
  Rng rng = numbers(posed, kRows, r);
  const RowStyle style = style_of(posed, rng);
  const bool label_leads = rng.chance(0.6);
  const double place = rng.uniform();
  std::vector<double> row(static_cast<std::size_t>(posed.classes));
  for (double& x : row) {
    const bool masked = style == RowStyle::masked && rng.chance(0.3);
    x = masked ? -kInf : usual(style, posed.dtype, rng);
  }
  const auto somewhere = [&] { return static_cast<std::size_t>(rng.below(posed.classes)); };
  const auto at = static_cast<std::size_t>(place * static_cast<double>(posed.classes));
  switch (style) {
    case RowStyle::outliers:
      for (int k = 0; k < 3; ++k) row[somewhere()] = 20.0 * rng.normal();
      break;
    case RowStyle::confident:
      row[at] = 35.0;
      if (label >= 0 && label_leads) row[static_cast<std::size_t>(label)] = 40.0;
      break;
    case RowStyle::masked: row[at] = 0.5; break;
    case RowStyle::not_a_number: row[at] = std::numeric_limits<double>::quiet_NaN(); break;
    case RowStyle::infinite: row[at] = kInf; break;
    default: break;
  }
  return row;
}

}  // namespace xent::testing::family
