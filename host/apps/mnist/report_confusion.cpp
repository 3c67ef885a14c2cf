// The confusion matrix as a shaded table, and its largest errors in words.
#include <algorithm>
#include <cmath>

#include "host/apps/common/text.hpp"
#include "host/apps/mnist/report_parts.hpp"

namespace xent::mnist {
namespace {

using apps::cat;
using apps::grouped;
using apps::percent;

constexpr std::size_t kConfusionsListed = 8;

/// A view of an evaluation's confusion counts.
struct Confusion {
  const std::vector<std::int64_t>& counts;
  std::int64_t classes;

  std::int64_t at(std::int64_t label, std::int64_t prediction) const {
    return counts[static_cast<std::size_t>(label * classes + prediction)];
  }
  std::int64_t row_total(std::int64_t label) const {
    std::int64_t total = 0;
    for (std::int64_t c = 0; c < classes; ++c) total += at(label, c);
    return total;
  }
};

/// One shaded cell: the shade grows with the square root, so that single mistakes stay visible.
std::string confusion_cell(std::int64_t count, std::int64_t row_total, bool hit) {
  if (count == 0) return "<td class=\"none\">&middot;</td>";
  const double share = static_cast<double>(count) / static_cast<double>(row_total);
  const double shade = hit ? 0.15 + 0.7 * share * share : std::min(0.9, 0.1 + 2.2 * std::sqrt(share));
  return cat("<td class=\"", hit ? "hit" : "miss", shade > 0.55 ? " deep" : "",
             "\" style=\"--a:", apps::fixed(shade, 2), "\">", grouped(count), "</td>");
}

std::string matrix_table(const Confusion& confusion) {
  std::string html = "<table class=\"confusion\">\n<tr><th></th>";
  for (std::int64_t c = 0; c < confusion.classes; ++c) html += cat("<th>", std::to_string(c), "</th>");
  html += "<th>correct</th></tr>\n";
  for (std::int64_t label = 0; label < confusion.classes; ++label) {
    const std::int64_t total = confusion.row_total(label);
    html += cat("<tr><th>", std::to_string(label), "</th>");
    for (std::int64_t c = 0; c < confusion.classes; ++c) {
      html += confusion_cell(confusion.at(label, c), total, label == c);
    }
    const auto right = static_cast<double>(confusion.at(label, label));
    html += cat("<td class=\"rate\">", total == 0 ? "none" : percent(right / static_cast<double>(total), 1),
                "</td></tr>\n");
  }
  return html + "</table>\n";
}

std::string largest_confusions(const Confusion& confusion) {
  struct Pair {
    std::int64_t label, prediction, count;
  };
  std::vector<Pair> pairs;
  for (std::int64_t label = 0; label < confusion.classes; ++label) {
    for (std::int64_t c = 0; c < confusion.classes; ++c) {
      if (label != c && confusion.at(label, c) > 0) pairs.push_back({label, c, confusion.at(label, c)});
    }
  }
  std::stable_sort(pairs.begin(), pairs.end(),
                   [](const Pair& a, const Pair& b) { return a.count > b.count; });
  pairs.resize(std::min(pairs.size(), kConfusionsListed));
  if (pairs.empty()) return "<p>No digit is confused with another.</p>\n";
  std::string html = "<h3>Most often confused</h3>\n<table class=\"list\">\n";
  for (const Pair& pair : pairs) {
    html += cat("<tr><th>", std::to_string(pair.label), " read as ", std::to_string(pair.prediction),
                "</th><td>", grouped(pair.count), pair.count == 1 ? " time" : " times", "</td></tr>\n");
  }
  return html + "</table>\n";
}

}  // namespace

std::string confusion_section(const Run& run, const mlp::Evaluation& test) {
  const Confusion confusion{.counts = test.confusion, .classes = run.data.test.classes};
  return cat(R"(<h2>Confusion matrix</h2>
<p class="soft">Rows: what the digit is. Columns: what the network reads. Right: the share of the row read correctly.</p>
<div class="wide-narrow"><div class="panel">)",
             matrix_table(confusion), "</div>\n<div class=\"panel\">", largest_confusions(confusion),
             "</div></div>\n");
}

}  // namespace xent::mnist
