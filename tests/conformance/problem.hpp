// Cross-entropy problems to pose to a backend: inputs drawn from a seed, in any type and arrangement.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <xent/xent.hpp>

#include "tests/support/buffers.hpp"
#include "tests/support/rng.hpp"

namespace xent::testing {

struct Shape {
  std::int64_t rows = 0;
  std::int64_t classes = 0;
};

/// Few enough rows that all of a suite's shapes take seconds; a multiple of 3 for (N, C, 3) layouts.
constexpr std::int64_t rows_for(std::int64_t classes) {
  return classes <= 128 ? 36 : classes <= 2048 ? 9 : 3;
}

/// 1, 2, 3, 7, 10: less than a vector. 16, 17, 31, 32, 33: one or two vectors and their edges.
/// 100, 128: a few. 1000, 1023, 1025: unrolled loops with odd tails. 50257: longer than the L1 cache.
inline constexpr std::int64_t kClassCounts[] = {1,  2,  3,   7,   10,   16,   17,   31,
                                                32, 33, 100, 128, 1000, 1023, 1025, 50257};

/// Fills a matrix with logits that give softmax something to do. Row styles take turns: moderate, with
/// outliers, confident in one class, far from zero, masked in part, and spread beyond exp's range.
void fill_logits(MatrixBuffer& logits, Rng& rng);

/// Numbers around zero, a quarter of them zeros.
void fill_gradients(MatrixBuffer& gradients, Rng& rng);

struct LossSetting {
  const char* name = "default";
  LossOptions options{};
  /// Mark a third of the rows as ignored, with the ignore_index that the label type allows.
  bool ignore = false;
  bool per_row_upstream = false;
  double scale = 1.0;
};

/// Every option on and off, in combinations.
std::vector<LossSetting> loss_settings();

struct LossProblem {
  LossProblem(const LossSetting& setting, DType dtype, LabelType label_type, Arrangement arrangement,
              const Shape& shape, std::uint64_t seed);

  Upstream upstream() const;
  std::int64_t loss_size() const { return options.reduction == Reduction::none ? shape.rows : 1; }
  std::string describe() const;

  Shape shape;
  Arrangement arrangement;
  std::uint64_t seed;
  const char* setting;
  LossOptions options;
  double scale;
  MatrixBuffer logits;
  IndexBuffer labels;
  VectorBuffer upstream_values;
};

/// All outputs of cross_entropy, in buffers of their own.
struct LossOutputs {
  /// Loss and lse take turns being f32 and f64, packed and strided, with the problem's seed.
  explicit LossOutputs(const LossProblem& problem);
  CrossEntropyOutputs views();

  VectorBuffer loss;
  VectorBuffer lse;
  IndexBuffer argmax;
  MatrixBuffer grad;
  Count correct{-7};
  Count valid{-7};
};

}  // namespace xent::testing
