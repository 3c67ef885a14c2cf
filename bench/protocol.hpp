// What the programs that bench/run and bench/gpu/run drive have in common: one command per line on standard
// input, one line of JSON in answer.
#pragma once

#include <cstdint>
#include <functional>
#include <iostream>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>

#include <nlohmann/json.hpp>

namespace xent::bench {

template <class T>
T word(std::istream& in, const char* what) {
  T value;
  if (!(in >> value)) throw std::runtime_error(std::string(what) + " is missing or malformed");
  return value;
}

inline std::int64_t positive(std::istream& in, const char* what) {
  const auto value = word<std::int64_t>(in, what);
  if (value < 1)
    throw std::runtime_error(std::string(what) + " is " + std::to_string(value) + ", must be positive");
  return value;
}

template <class T>
T known(std::optional<T> value, const std::string& text) {
  if (!value) throw std::runtime_error("\"" + text + "\" is not known here");
  return *value;
}

/// Until standard input ends. What a command throws is its answer, and the next one is read.
inline void serve(const std::function<nlohmann::json(std::istream&)>& answer_to) {
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream command(line);
    nlohmann::json answer;
    try {
      answer = answer_to(command);
    } catch (const std::exception& error) {
      answer = {{"error", line + ": " + error.what()}};
    }
    std::cout << answer << std::endl;
  }
}

}  // namespace xent::bench
