// A hand (a random map of the plane and a pen) draws a glyph; distance to its strokes gives the ink.
#include "host/data/synthetic.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "host/data/digit_strokes.hpp"

namespace xent::data {
namespace {

constexpr int kSide = 28;
using Ink = std::array<double, std::size_t{kSide} * kSide>;

/// The n-th number is a hash of (key, n), by the finaliser of SplitMix64: no state to carry from image to
/// image, and no standard distribution, whose results differ between libraries.
class Random {
 public:
  Random(std::uint64_t seed, std::uint64_t set, std::uint64_t index)
      : key_(mix(mix(mix(seed) + set) + index)) {}

  std::uint64_t bits() { return mix(key_ + ++counter_ * 0x9e3779b97f4a7c15u); }
  double uniform(double low, double high) {
    return low + (high - low) * static_cast<double>(bits() >> 11) * 0x1p-53;
  }
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(bits() % n); }
  /// Nearly normal, and never beyond three standard deviations.
  double normal(double deviation) {
    double sum = 0;
    for (int i = 0; i < 3; ++i) sum += uniform(-1, 1);
    return sum * deviation;
  }

 private:
  static std::uint64_t mix(std::uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
  }

  std::uint64_t key_;
  std::uint64_t counter_ = 0;
};

/// One writer on one day. The bend is a smooth map of the plane, so strokes that meet still meet.
class Hand {
 public:
  explicit Hand(Random& random)
      : bend_x_(random.normal(0.055)),
        bend_y_(random.normal(0.055)),
        phase_x_(random.uniform(0, 2 * std::numbers::pi)),
        phase_y_(random.uniform(0, 2 * std::numbers::pi)),
        frequency_x_(random.uniform(2, 6)),
        frequency_y_(random.uniform(2, 6)),
        slant_(random.normal(0.22)),
        turn_(random.normal(0.13)),
        width_(random.uniform(12.5, 20.5)),
        height_(random.uniform(13.5, 18.5)),
        left_(kSide / 2.0 + random.normal(1.1)),
        top_(kSide / 2.0 + random.normal(1.1)) {}

  /// From the glyph's coordinates to pixels.
  Point place(Point p) const {
    const double x = p.x + bend_x_ * std::sin(frequency_x_ * p.y + phase_x_) - slant_ * p.y;
    const double y = p.y + bend_y_ * std::sin(frequency_y_ * p.x + phase_y_);
    const double cosine = std::cos(turn_);
    const double sine = std::sin(turn_);
    return {left_ + width_ * (cosine * x - sine * y), top_ + height_ * (sine * x + cosine * y)};
  }

 private:
  double bend_x_, bend_y_, phase_x_, phase_y_, frequency_x_, frequency_y_;
  double slant_, turn_, width_, height_, left_, top_;
};

/// The Catmull-Rom curve through the points, as short lines.
Stroke smooth(const Stroke& points) {
  constexpr int kPieces = 6;
  Stroke curve = {points.front()};
  const auto at = [&](std::ptrdiff_t i) {
    return points[static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(i, 0, std::ssize(points) - 1))];
  };
  for (std::ptrdiff_t i = 0; i + 1 < std::ssize(points); ++i) {
    const Point a = at(i - 1), b = at(i), c = at(i + 1), d = at(i + 2);
    const auto blend = [](double t, double p, double q, double r, double s) {
      return q + t / 2 * (r - p + t * (2 * p - 5 * q + 4 * r - s + t * (3 * (q - r) + s - p)));
    };
    for (int piece = 1; piece <= kPieces; ++piece) {
      const double t = static_cast<double>(piece) / kPieces;
      curve.push_back({blend(t, a.x, b.x, c.x, d.x), blend(t, a.y, b.y, c.y, d.y)});
    }
  }
  return curve;
}

double distance(Point p, Point a, Point b) {
  const double dx = b.x - a.x, dy = b.y - a.y;
  const double px = p.x - a.x, py = p.y - a.y;
  const double squared = dx * dx + dy * dy;
  const double along = squared > 0 ? std::clamp((px * dx + py * dy) / squared, 0.0, 1.0) : 0.0;
  const double ex = px - along * dx, ey = py - along * dy;
  return std::sqrt(ex * ex + ey * ey);
}

/// Ink falls off over the pen's soft edge, which is what makes the line smooth to the eye.
void draw_line(Ink& ink, Point a, Point b, double radius, double edge) {
  const auto first = [&](double u) { return std::clamp(static_cast<int>(u - radius - edge), 0, kSide); };
  const auto last = [&](double u) { return std::clamp(static_cast<int>(u + radius + edge) + 1, 0, kSide); };
  for (int row = first(std::min(a.y, b.y)); row < last(std::max(a.y, b.y)); ++row) {
    for (int column = first(std::min(a.x, b.x)); column < last(std::max(a.x, b.x)); ++column) {
      const double d = distance({column + 0.5, row + 0.5}, a, b);
      double& pixel = ink[static_cast<std::size_t>(row) * kSide + static_cast<std::size_t>(column)];
      pixel = std::max(pixel, std::clamp(0.5 + (radius - d) / edge, 0.0, 1.0));
    }
  }
}

void draw_digit(Random& random, int digit, std::uint8_t* pixels) {
  const auto ways = glyphs_of(digit);
  const Glyph& glyph = ways[random.below(ways.size())];
  const Hand hand(random);
  const double radius = random.uniform(0.55, 1.75);
  const double edge = random.uniform(0.8, 1.6);
  Ink ink{};
  for (const Stroke& stroke : glyph) {
    Stroke shaky = stroke;
    for (Point& p : shaky) {
      if (&p != &shaky.front() && &p != &shaky.back())
        p = {p.x + random.normal(0.02), p.y + random.normal(0.02)};
    }
    const Stroke curve = smooth(shaky);
    for (std::size_t i = 0; i + 1 < curve.size(); ++i) {
      draw_line(ink, hand.place(curve[i]), hand.place(curve[i + 1]), radius, edge);
    }
  }
  const double darkness = random.uniform(0.75, 1.0);
  const double grain = random.uniform(0.0, 0.08);
  for (std::size_t i = 0; i < ink.size(); ++i) {
    // Paper stays clean, as in scanned digits: noise lies on the ink alone.
    const double value = ink[i] > 0 ? ink[i] * darkness + random.normal(grain) : 0.0;
    pixels[i] = static_cast<std::uint8_t>(std::lround(255 * std::clamp(value, 0.0, 1.0)));
  }
}

Dataset draw_set(std::int64_t count, std::uint64_t seed, std::uint64_t set) {
  Dataset dataset{.count = count, .height = kSide, .width = kSide};
  dataset.pixels.resize(static_cast<std::size_t>(count * dataset.features()));
  dataset.labels.resize(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < dataset.labels.size(); ++i) {
    Random random(seed, set, i);
    const int digit = static_cast<int>(random.below(10));
    dataset.labels[i] = static_cast<std::uint8_t>(digit);
    draw_digit(random, digit, dataset.pixels.data() + i * kSide * kSide);
  }
  return dataset;
}

}  // namespace

TrainTest synthetic_digits(const SyntheticOptions& options) {
  return {.train = draw_set(options.train, options.seed, 0),
          .test = draw_set(options.test, options.seed, 1),
          .origin = "synthetic digits (seed " + std::to_string(options.seed) + ")",
          .synthetic = true};
}

}  // namespace xent::data
