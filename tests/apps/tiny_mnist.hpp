// A folder with four small IDX files, and xent-mnist run beside it.
#pragma once

#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "host/data/synthetic.hpp"
#include "host/io/file.hpp"
#include "tests/apps/process.hpp"
#include "tests/io/bytes.hpp"
#include "tests/io/temporary_folder.hpp"

namespace xent::test {

using Json = nlohmann::ordered_json;

inline std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void write_idx(const std::filesystem::path& folder, const std::string& set,
                      const data::Dataset& digits) {
  const auto header = [](std::initializer_list<std::int64_t> words) {
    std::string bytes;
    for (const std::int64_t word : words) {
      for (const int shift : {24, 16, 8, 0}) bytes += static_cast<char>(word >> shift);
    }
    return bytes;
  };
  std::string images = header({0x803, digits.count, digits.height, digits.width});
  images.append(digits.pixels.begin(), digits.pixels.end());
  std::string labels = header({0x801, digits.count});
  labels.append(digits.labels.begin(), digits.labels.end());
  // Not atomically: syncing these to disk would take most of the tests' time.
  std::ofstream(folder / (set + "-images-idx3-ubyte"), std::ios::binary) << images;
  std::ofstream(folder / (set + "-labels-idx1-ubyte"), std::ios::binary) << labels;
}

class TinyMnist {
 public:
  explicit TinyMnist(std::int64_t train = 300, std::int64_t test = 100, const std::string& name = "digits")
      : name_(name), digits_(data::synthetic_digits({.train = train, .test = test})) {
    std::filesystem::create_directory(folder_ / name);
    write_idx(folder_ / name, "train", digits_.train);
    write_idx(folder_ / name, "t10k", digits_.test);
  }

  const TemporaryFolder& folder() const { return folder_; }
  const data::TrainTest& digits() const { return digits_; }
  std::filesystem::path operator/(const std::string& file) const { return folder_ / file; }

  /// Arguments of a quick training on the digits, then `more`.
  std::vector<std::string> quick(std::vector<std::string> more = {}) const {
    std::vector<std::string> all{"--data", name_, "--layers", "784,16,10", "--epochs", "2"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  Launch launch(std::vector<std::string> arguments) const {
    return {.arguments = std::move(arguments), .folder = folder_.path()};
  }
  Outcome run(std::vector<std::string> arguments) const {
    return test::run(XENT_MNIST_PROGRAM, launch(std::move(arguments)));
  }

 private:
  TemporaryFolder folder_;
  std::string name_;
  data::TrainTest digits_;
};

inline std::vector<Json> json_lines(const std::string& text) {
  std::vector<Json> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(Json::parse(line));
  return lines;
}

}  // namespace xent::test
