// One call of the cross-entropy family as plain data: what to ask for, of which numbers, lying how. Cases are
// drawn from a seed, printed, and made simpler until nothing can be left out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <xent/xent.hpp>

#include "tests/support/buffers.hpp"
#include "tests/support/rng.hpp"

namespace xent::testing::family {

/// What the logits of a row look like.
enum class RowStyle : std::uint8_t {
  moderate,
  outliers,   ///< three far from the others
  confident,  ///< one leads by 35, or the label by 40
  far,        ///< around -300
  masked,     ///< a third at -inf
  spread,     ///< beyond exp's range
  near_ties,  ///< around 10^4, the type's smallest steps apart
  huge,       ///< 0 and ±10^38 (±6·10^4 in f16)
  denormal,
  not_a_number,
  infinite,  ///< a +inf
  empty,     ///< all at -inf
  mixed,     ///< rows of all these, the last three seldom
};

enum class Weights : std::uint8_t { none, some, with_zeros, all_ones, all_zero };
enum class Bias : std::uint8_t { none, finite, masking };
enum class Values : std::uint8_t { none, shared, per_row };

/// Outputs by bit.
enum Output : std::uint32_t {
  kLoss = 1U << 0U,
  kRowLoss = 1U << 1U,
  kLse = 1U << 2U,
  kLogProb = 1U << 3U,
  kEntropy = 1U << 4U,
  kArgmax = 1U << 5U,
  kTargetRank = 1U << 6U,
  kGrad = 1U << 7U,
  kGradTargets = 1U << 8U,
  kCorrectCount = 1U << 9U,
  kTopKCount = 1U << 10U,
  kValidCount = 1U << 11U,
  kDivisor = 1U << 12U,
  kEveryOutput = (1U << 13U) - 1U,
};

struct Case {
  std::uint64_t seed = 1;      ///< of all numbers: a row's depend on the row's own number and on the class
  std::int64_t first_row = 0;  ///< of the rows that the seed gives
  std::int64_t rows = 6;
  std::int64_t classes = 5;
  DType dtype = DType::f64;
  Arrangement arrangement = Arrangement::packed;
  RowStyle style = RowStyle::moderate;
  bool plain_vectors = true;  ///< all f64 and packed; else types and strides are drawn

  TargetKind target = TargetKind::labels;
  LabelType label_type = LabelType::i64;
  Reduction reduction = Reduction::none;
  bool ignore = false;
  std::optional<double> denominator{};
  std::optional<double> denominator_at{};
  MeanOver mean_over = MeanOver::weights;
  EmptyMean empty_mean = EmptyMean::zero;
  double smoothing = 0.0;
  Weights weights = Weights::none;
  double gamma = 0.0;
  double z_loss = 0.0;

  double logit_scale = 1.0;
  double temperature = 1.0;
  double softcap = 0.0;
  Bias bias = Bias::none;
  std::int64_t valid_classes = 0;

  double scale = 1.0;
  Values values = Values::none;
  bool upstream_lse = false;
  bool upstream_log_prob = false;
  bool upstream_entropy = false;

  std::uint32_t outputs = kEveryOutput;
  std::int64_t top_k = 5;
  bool in_place = false;
  bool backward = true;  ///< also cross_entropy_backward, from the lse of the first call

  bool has(Output output) const { return (outputs & output) != 0; }
  std::int64_t loss_size() const { return reduction == Reduction::none ? rows : 1; }
};

/// Anything at all, of the full cross product. At most so many classes.
Case draw(std::uint64_t seed, std::int64_t most_classes = 5000);

/// Without what contradicts the rest: ignored rows without labels, more valid classes than classes …
Case settled(Case posed);

/// Every option that is not at its default, and the shape.
std::string describe(const Case& posed);

/// Numbers for one purpose, and for one purpose and row of a case, the same whatever else the case asks for.
Rng numbers(const Case& posed, std::uint64_t purpose);
Rng numbers(const Case& posed, std::uint64_t purpose, std::int64_t row);

}  // namespace xent::testing::family
