// How a pen draws the ten digits: for each a few ways, each way some strokes, each stroke some points.
#pragma once

#include <span>
#include <vector>

namespace xent::data {

struct Point {
  double x = 0;  ///< to the right; a digit lies within about ±0.45
  double y = 0;  ///< downwards; within about ±0.65
};

using Stroke = std::vector<Point>;  ///< a smooth curve runs through the points; two make a straight line
using Glyph = std::vector<Stroke>;

/// The ways to write `digit`, which is from 0 to 9.
std::span<const Glyph> glyphs_of(int digit);

}  // namespace xent::data
