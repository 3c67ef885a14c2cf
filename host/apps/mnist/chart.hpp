// Line charts as inline SVG. Colours come from the page's CSS classes, so that dark mode reaches them.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace xent::mnist {

struct Tick {
  double value = 0.0;
  std::string label{};  ///< empty: a grid line without a number
};

/// A vertical axis: where a value lies between the bottom (0) and the top (1).
struct Scale {
  std::function<double(double)> place{};
  std::vector<Tick> ticks{};
};

/// From 0 to the largest value.
Scale linear_scale(double largest);
/// Logarithmic around all the values that are finite and positive.
Scale log_scale(const std::vector<double>& values);
/// Accuracies in [0, 1], logarithmic in the error: 90, 99 and 99.9 % lie evenly. An error below
/// `smallest_error` is drawn there, for a perfect score has no place on such an axis.
Scale accuracy_scale(const std::vector<double>& values, double smallest_error);

struct ChartPoint {
  double x = 0.0;
  double y = 0.0;
  std::string tip{};  ///< shown on hovering over the dot
};

struct Series {
  std::string name{};
  std::string css_class{};
  std::vector<ChartPoint> points{};
  bool dots = false;
};

struct Chart {
  std::string title{};
  std::string x_label{};
  std::string y_label{};
  double x_end = 1.0;  ///< the horizontal axis runs from 0 to here, in whole steps
  Scale scale{};
  std::vector<Series> series{};
};

/// A <figure> with caption, legend and <svg>. A point that is not finite leaves a gap in its line.
std::string to_html(const Chart& chart);

}  // namespace xent::mnist
