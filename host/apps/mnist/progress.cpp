// Lays the figures out first; the bar takes what is left of the line.
#include "host/apps/mnist/progress.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "host/apps/common/text.hpp"

namespace xent::mnist {
namespace {

constexpr std::size_t kNarrowestBar = 8;
constexpr std::size_t kWidestBar = 40;

std::string repeated(std::string_view piece, std::size_t times) {
  std::string text;
  for (std::size_t i = 0; i < times; ++i) text += piece;
  return text;
}

std::string render_bar(double fraction, std::size_t width, const apps::Style& style) {
  const auto done =
      static_cast<std::size_t>(std::floor(std::clamp(fraction, 0.0, 1.0) * static_cast<double>(width)));
  if (!style.unicode) {
    return apps::cat("[", repeated("=", done), repeated(".", width - done), "]");
  }
  const std::string full = repeated("━", done);
  const std::string rest = repeated(style.colour ? "━" : "┈", width - done);
  if (!style.colour) return apps::cat(" ", full, rest, " ");
  return apps::cat(" \x1b[38;5;37m", full, "\x1b[38;5;240m", rest, "\x1b[0m ");
}

}  // namespace

std::string render_progress(const ProgressView& view, const apps::Style& style) {
  const std::string epochs = std::to_string(view.epochs);
  const std::string head =
      apps::cat("epoch ", apps::right(std::to_string(view.epoch), epochs.size()), "/", epochs);
  const std::array<std::string, 5> figures{
      apps::right(apps::fixed(100.0 * std::clamp(view.fraction, 0.0, 1.0), 0), 3) + "%",
      "  loss " + apps::compact(view.loss),
      "  acc " + apps::fixed(100.0 * view.accuracy, 2) + "%",
      "  " + apps::rounded_count(view.samples_per_second) + " img/s",
      "  " + apps::clock(view.seconds_left) + " left",
  };
  const auto room = static_cast<std::size_t>(std::max(1, style.columns - 1));
  if (head.size() >= room) return head.substr(0, room);
  std::string tail;
  for (const std::string& figure : figures) {
    if (head.size() + 1 + tail.size() + figure.size() > room) break;
    tail += figure;
  }
  const std::size_t left = room - head.size() - tail.size();
  // The bar's own ends or blanks take two columns, and one stays free on either side.
  if (left < kNarrowestBar + 4) return apps::cat(head, " ", tail);
  return apps::cat(head, " ", render_bar(view.fraction, std::min(left - 4, kWidestBar), style), " ", tail);
}

bool ProgressBar::due() const {
  return style_.terminal && (!drawn_ || Clock::now() - last_ >= std::chrono::milliseconds(100));
}

void ProgressBar::show(const ProgressView& view) {
  if (!due()) return;
  const std::string line = render_progress(view, style_);
  std::fprintf(stream_, "\r%s%s", line.c_str(), style_.colour ? "\x1b[K" : "");
  std::fflush(stream_);
  last_ = Clock::now();
  drawn_ = true;
}

void ProgressBar::clear() {
  if (!drawn_) return;
  const std::string blank(static_cast<std::size_t>(std::max(1, style_.columns - 1)), ' ');
  std::fprintf(stream_, "\r%s\r", blank.c_str());
  std::fflush(stream_);
  drawn_ = false;
}

}  // namespace xent::mnist
