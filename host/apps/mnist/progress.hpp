// The progress bar: one line that is drawn over and over while an epoch runs.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>

#include "host/apps/common/terminal.hpp"

namespace xent::mnist {

struct ProgressView {
  std::int64_t epoch = 1;  ///< the one under way, from 1
  std::int64_t epochs = 1;
  double fraction = 0.0;  ///< of that epoch
  double loss = 0.0;
  double accuracy = 0.0;
  double samples_per_second = 0.0;
  double seconds_left = 0.0;  ///< of the whole run
};

/// The line, at most style.columns - 1 wide (no terminal wraps it), without carriage return or newline.
/// Too narrow a terminal loses the bar first, then figures from the right.
std::string render_progress(const ProgressView& view, const apps::Style& style);

/// Draws at most ten times a second, and only where a person watches.
class ProgressBar {
 public:
  ProgressBar(std::FILE* stream, const apps::Style& style) : stream_(stream), style_(style) {}
  ~ProgressBar() { clear(); }
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  /// Whether show() would draw now: spares the caller the view's arithmetic.
  bool due() const;
  void show(const ProgressView& view);
  /// Wipes the line, so that other text can take its place.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;
  std::FILE* stream_;
  apps::Style style_;
  Clock::time_point last_{};
  bool drawn_ = false;
};

}  // namespace xent::mnist
