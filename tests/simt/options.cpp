#include "tests/simt/options.hpp"

#include <array>
#include <cstdlib>
#include <limits>
#include <string_view>

namespace simt {
namespace {

constexpr std::array<std::string_view, 6> kNames = {"fifo",        "sticky",      "uniform",
                                                    "starve-lane", "starve-warp", "mixed"};

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

template <class Integer>
void read_number(const char* name, Integer& out) {
  const std::string text(variable(name));
  if (text.empty()) return;
  char* end = nullptr;
  const unsigned long long value = std::strtoull(text.c_str(), &end, 0);
  if (*end != '\0' || text[0] == '-' || value > std::numeric_limits<Integer>::max()) {
    throw Error(std::string(name) + "=" + text + " is not a number that fits");
  }
  out = static_cast<Integer>(value);
}

}  // namespace

Options environment_options() {
  Options chosen;
  read_number("SIMT_SEED", chosen.seed);
  read_number("SIMT_THREADS", chosen.threads);
  read_number("SIMT_YIELD", chosen.yield_one_in);
  const std::string_view wanted = variable("SIMT_SCHEDULE");
  if (wanted.empty()) return chosen;
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == wanted) {
      chosen.schedule = static_cast<Schedule>(i);
      return chosen;
    }
  }
  throw Error("SIMT_SCHEDULE=" + std::string(wanted) +
              " is none of fifo, sticky, uniform, starve-lane, starve-warp, mixed");
}

Options& options() {
  static Options current = environment_options();
  return current;
}

std::string name(Schedule schedule) { return std::string(kNames.at(static_cast<std::size_t>(schedule))); }

void for_each_schedule(unsigned seeds, const std::function<void()>& body) {
  struct Restore {
    Options saved = options();
    ~Restore() { options() = saved; }
  } const restore;
  if (!variable("SIMT_SEED").empty() || !variable("SIMT_SCHEDULE").empty()) return body();
  options().schedule = Schedule::fifo;
  body();
  options().schedule = Schedule::mixed;
  for (options().seed = 1; options().seed <= seeds; ++options().seed) body();
}

}  // namespace simt
