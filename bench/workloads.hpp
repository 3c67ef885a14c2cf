// What a contestant of bench/run has prepared, by name.
#pragma once

#include <chrono>
#include <istream>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "bench/protocol.hpp"
#include "bench/workload.hpp"

namespace xent::bench {

class Workloads {
 public:
  /// `make` is called after an earlier workload of that name is gone: two might not fit the memory.
  template <class Make>
  nlohmann::json prepare(const std::string& name, const Make& make) {
    prepared_.erase(name);
    const Workload& made = prepared_[name] = make();
    return {{"bytes", made.bytes},
            {"operations", made.operations},
            {"row_bytes", made.row_bytes},
            {"sets", made.sets},
            {"remark", made.remark}};
  }

  /// The rest of "run NAME CALLS WARM".
  nlohmann::json run(const std::string& name, std::istream& command) {
    const auto calls = positive(command, "calls");
    const auto warm = word<std::int64_t>(command, "warm");
    const auto found = prepared_.find(name);
    if (found == prepared_.end()) throw std::runtime_error("nothing is prepared as \"" + name + "\"");
    const auto& call = found->second.call;
    for (std::int64_t i = 0; i < warm; ++i) call();
    const auto start = std::chrono::steady_clock::now();
    for (std::int64_t i = 0; i < calls; ++i) call();
    return {{"seconds", std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count()}};
  }

  nlohmann::json drop(const std::string& name) { return {{"dropped", prepared_.erase(name)}}; }

 private:
  std::map<std::string, Workload> prepared_{};
};

}  // namespace xent::bench
