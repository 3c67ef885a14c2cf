// A run on disk: a safetensors file with PyTorch's names for the weights (fc1.weight, fc1.bias, …).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <xent/dtype.hpp>

#include "host/mlp/backend.hpp"
#include "host/mlp/progress.hpp"
#include "host/mlp/recipe.hpp"

namespace xent::mlp {

struct Checkpoint {
  Recipe recipe{};
  Progress progress{};
  std::int64_t samples = 0;            ///< in the training set
  std::uint64_t data_fingerprint = 0;  ///< of the training set
  DType dtype = DType::f32;            ///< of the tensors: f32 or f64
  std::string note{};                  ///< the caller's own text, kept as it is
  NetworkState network{};
};

std::vector<std::byte> encode(const Checkpoint& checkpoint);

/// Throws io::FormatError naming `source` and the field unless everything is there, within its limits and
/// consistent: recipe with tensors, progress with recipe.
Checkpoint decode(std::span<const std::byte> bytes, const std::string& source);

/// The same from a file; also throws io::IoError.
Checkpoint load_checkpoint(const std::filesystem::path& path);

}  // namespace xent::mlp
