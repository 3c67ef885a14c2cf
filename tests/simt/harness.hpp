// Running a kernel under many schedules.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tests/simt/options.hpp"

namespace simt {

/// Options for a scope.
class With {
 public:
  explicit With(Schedule schedule, std::uint64_t seed = 1, unsigned threads = 1) : saved_(options()) {
    options().schedule = schedule;
    options().seed = seed;
    options().threads = threads;
  }
  ~With() { options() = saved_; }
  With(const With&) = delete;
  With& operator=(const With&) = delete;

 private:
  Options saved_;
};

/// The report of a launch that must fail, or "" if it does not.
inline std::string report_of(const std::function<void()>& run) {
  try {
    run();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

/// In how many of so many seeds the mistake shows: by a report, or by a result that is not right.
inline int seeds_that_show(Schedule schedule, int seeds, const std::function<bool()>& is_right) {
  int shown = 0;
  for (int seed = 1; seed <= seeds; ++seed) {
    const With with(schedule, static_cast<std::uint64_t>(seed));
    bool right = false;
    const std::string report = report_of([&] { right = is_right(); });
    shown += static_cast<int>(!right || !report.empty());
  }
  return shown;
}

}  // namespace simt
