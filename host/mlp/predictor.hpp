// A trained network without its run: loads a checkpoint and classifies.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include <xent/exec.hpp>

#include "host/mlp/recipe.hpp"

namespace xent::mlp {

class Predictor {
 public:
  /// Throws io::IoError or io::FormatError, Unsupported for a device this build lacks.
  static Predictor load(const std::filesystem::path& path, const Exec& exec);
  ~Predictor();
  Predictor(Predictor&&) noexcept;
  Predictor& operator=(Predictor&&) noexcept;

  /// Logits per image, count × classes; pixels are count × recipe().layers.front() bytes, 0 is background.
  std::vector<float> logits(const std::uint8_t* pixels, std::int64_t count) const;

  const Recipe& recipe() const;

 private:
  struct State;
  explicit Predictor(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace xent::mlp
