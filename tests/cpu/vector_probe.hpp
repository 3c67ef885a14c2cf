// Opens the per-target vector functions to the tests: each entry is one SIMD target's.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <xent/dtype.hpp>

namespace xent::cpu {

struct VectorProbe {
  std::string target{};
  void (*exp_f32)(const float* x, float* result, std::size_t n) = nullptr;
  void (*exp_f64)(const double* x, double* result, std::size_t n) = nullptr;
  /// Loads n elements and stores them again, by whole vectors and one part, streaming where asked.
  void (*copy_f16)(const f16* from, f16* to, std::size_t n) = nullptr;
  void (*copy_bf16)(const bf16* from, bf16* to, std::size_t n) = nullptr;
  void (*round_f16)(const float* from, f16* to, std::size_t n) = nullptr;
  void (*round_bf16)(const float* from, bf16* to, std::size_t n) = nullptr;
};

/// Every target that this processor can run.
std::vector<VectorProbe> vector_probes();

}  // namespace xent::cpu
