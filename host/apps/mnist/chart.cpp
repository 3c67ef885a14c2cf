// Lays a chart out in a fixed coordinate system; the page scales it.
#include "host/apps/mnist/chart.hpp"

#include <algorithm>
#include <cmath>

#include "host/apps/common/text.hpp"
#include "host/apps/mnist/html.hpp"

namespace xent::mnist {
namespace {

using apps::cat;
using apps::fixed;

constexpr double kWidth = 620;
constexpr double kHeight = 300;
constexpr double kLeft = 58;
constexpr double kRight = 606;
constexpr double kTop = 12;
constexpr double kBottom = 256;

double x_of(const Chart& chart, double x) { return kLeft + (kRight - kLeft) * x / chart.x_end; }

double y_of(const Chart& chart, double y) {
  return kBottom - (kBottom - kTop) * std::clamp(chart.scale.place(y), 0.0, 1.0);
}

std::string number(double value) { return fixed(value, 1); }

std::string text(const char* css_class, double x, double y, std::string_view content) {
  return cat("<text class=\"", css_class, "\" x=\"", number(x), "\" y=\"", number(y), "\">",
             escape_html(content), "</text>\n");
}

std::string line(const char* css_class, double x1, double y1, double x2, double y2) {
  return cat("<line class=\"", css_class, "\" x1=\"", number(x1), "\" y1=\"", number(y1), "\" x2=\"",
             number(x2), "\" y2=\"", number(y2), "\"/>\n");
}

std::string axes(const Chart& chart) {
  std::string svg;
  for (const Tick& tick : chart.scale.ticks) {
    const double y = y_of(chart, tick.value);
    svg += line(tick.label.empty() ? "grid faint" : "grid", kLeft, y, kRight, y);
    if (!tick.label.empty()) svg += text("tick y", kLeft - 8, y + 4, tick.label);
  }
  // At most about ten numbers along the bottom.
  const double step = std::max(1.0, std::ceil(chart.x_end / 10.0));
  for (int i = 0; i * step <= chart.x_end + 1e-9; ++i) {
    const double x = i * step;
    svg += line("axis", x_of(chart, x), kBottom, x_of(chart, x), kBottom + 4);
    svg += text("tick x", x_of(chart, x), kBottom + 19, fixed(x, 0));
  }
  svg += line("axis", kLeft, kBottom, kRight, kBottom);
  svg += text("label x", (kLeft + kRight) / 2, kHeight - 6, chart.x_label);
  return svg;
}

std::string polyline(const Chart& chart, const Series& series) {
  std::string path;
  bool pen_down = false;
  for (const ChartPoint& point : series.points) {
    const bool drawable = std::isfinite(point.x) && std::isfinite(chart.scale.place(point.y));
    if (drawable) {
      path += cat(path.empty() ? "" : " ", pen_down ? "L" : "M", number(x_of(chart, point.x)), " ",
                  number(y_of(chart, point.y)));
    }
    pen_down = drawable;
  }
  return path.empty() ? path : cat("<path class=\"line ", series.css_class, "\" d=\"", path, "\"/>\n");
}

std::string dots(const Chart& chart, const Series& series) {
  std::string svg;
  for (const ChartPoint& point : series.points) {
    if (!std::isfinite(point.x) || !std::isfinite(chart.scale.place(point.y))) continue;
    svg += cat("<circle class=\"dot ", series.css_class, "\" cx=\"", number(x_of(chart, point.x)), "\" cy=\"",
               number(y_of(chart, point.y)), "\" r=\"3.4\"><title>", escape_html(point.tip),
               "</title></circle>\n");
  }
  return svg;
}

}  // namespace

std::string to_html(const Chart& chart) {
  std::string html = cat("<figure class=\"chart\">\n<figcaption><b>", escape_html(chart.title), "</b>");
  for (const Series& series : chart.series) {
    html += cat("<span class=\"key ", series.css_class, "\">", escape_html(series.name), "</span>");
  }
  html += cat("<small>", escape_html(chart.y_label), "</small></figcaption>\n<svg viewBox=\"0 0 ",
              fixed(kWidth, 0), " ", fixed(kHeight, 0), "\" role=\"img\" aria-label=\"",
              escape_html(chart.title), "\">\n", axes(chart));
  for (const Series& series : chart.series) {
    html += polyline(chart, series);
    if (series.dots) html += dots(chart, series);
  }
  return html + "</svg>\n</figure>\n";
}

}  // namespace xent::mnist
