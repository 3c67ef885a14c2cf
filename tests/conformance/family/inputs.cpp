// Filling of inputs: everything from the case's seed, row and class by row and class.
#include "tests/conformance/family/inputs.hpp"

#include <algorithm>
#include <limits>
#include <vector>

#include "tests/conformance/family/rows.hpp"

namespace xent::testing::family {
namespace {

/// Purposes of random numbers. A buffer's own (type and stride) start at kBuffers.
enum Purpose : std::uint64_t { kLabels = 2, kWeights, kBiases, kSoft, kValues, kDenominator, kBuffers = 100 };

VectorBuffer vector_of(const Case& posed, std::uint64_t buffer, std::int64_t size) {
  Rng rng = numbers(posed, kBuffers + buffer);
  const DType type = rng.chance(0.5) ? DType::f32 : DType::f64;
  const std::int64_t stride = rng.chance(0.5) ? 1 : 2 + rng.below(2);
  if (posed.plain_vectors) return {DType::f64, size};
  return {type, size, stride};
}

IndexBuffer indices_of(const Case& posed, std::uint64_t buffer) {
  Rng rng = numbers(posed, kBuffers + buffer);
  constexpr LabelType types[] = {LabelType::u8, LabelType::i32, LabelType::i64};
  LabelType type = types[rng.below(3)];
  if (posed.plain_vectors || (type == LabelType::u8 && posed.classes > 255)) type = LabelType::i64;
  return {type, posed.rows, posed.plain_vectors ? 1 : 1 + rng.below(3)};
}

std::int64_t given(bool is, std::int64_t size) { return is ? size : 0; }

MatrixBuffer matrix_of(const Case& posed, bool is) {
  return {posed.dtype, posed.arrangement, is ? posed.rows : 0, posed.classes};
}

bool same(const Bytes& a, const Bytes& b) { return a.copy() == b.copy(); }

}  // namespace

MatrixBuffer like(const MatrixBuffer& matrix) {
  const auto past = reinterpret_cast<std::uintptr_t>(matrix.bytes.data()) % 64;
  return {matrix.dtype, matrix.layout, static_cast<std::int64_t>(past / size_of(matrix.dtype))};
}

Inputs::Inputs(const Case& posed_)
    : posed(posed_),
      logits(matrix_of(posed, true)),
      soft(matrix_of(posed, posed.target == TargetKind::probs)),
      labels(posed.label_type, given(posed.target == TargetKind::labels, posed.rows),
             posed.plain_vectors ? 1 : 1 + static_cast<std::int64_t>(posed.seed % 3)),
      weights(vector_of(posed, 0, given(posed.weights != Weights::none, posed.classes))),
      bias(vector_of(posed, 1, given(posed.bias != Bias::none, posed.classes))),
      denominator_at(vector_of(posed, 2, given(posed.denominator_at.has_value(), 1))),
      values(vector_of(
          posed, 3, posed.values == Values::per_row ? posed.rows : given(posed.values == Values::shared, 1))),
      upstream_lse(vector_of(posed, 4, given(posed.upstream_lse, posed.rows))),
      upstream_log_prob(vector_of(posed, 5, given(posed.upstream_log_prob, posed.rows))),
      upstream_entropy(vector_of(posed, 6, given(posed.upstream_entropy, posed.rows))) {
  if (posed.denominator_at) denominator_at.set(0, *posed.denominator_at);
  fill_labels();
  fill_bias();
  fill_weights();
  for (std::int64_t r = 0; r < posed.rows; ++r) {
    fill_row(r);
    if (posed.target == TargetKind::probs) fill_soft_row(r);
  }
  fill_upstream();
}

std::optional<std::int64_t> Inputs::ignore_index() const {
  if (!posed.ignore) return std::nullopt;
  if (posed.label_type != LabelType::u8) return posed.seed % 4 == 0 ? 0 : -100;
  return posed.classes <= 255 ? 255 : 0;
}

void Inputs::fill_labels() {
  const std::int64_t classes = posed.valid_classes == 0 ? posed.classes : posed.valid_classes;
  const std::int64_t limit =
      posed.label_type == LabelType::u8 ? std::min<std::int64_t>(classes, 256) : classes;
  for (std::int64_t r = 0; r < labels.size; ++r) {
    Rng rng = numbers(posed, kLabels, r);
    labels.set(r, rng.below(limit));
    if (rng.chance(0.3) && posed.ignore) labels.set(r, *ignore_index());
  }
}

void Inputs::fill_bias() {
  for (std::int64_t c = 0; c < bias.size; ++c) {
    Rng rng = numbers(posed, kBiases + 1000 * static_cast<std::uint64_t>(c));
    const double value = 2.0 * rng.normal();
    const bool masking = posed.bias == Bias::masking && rng.chance(0.2);
    bias.set(c, masking ? -std::numeric_limits<double>::infinity() : value);
  }
}

void Inputs::fill_weights() {
  for (std::int64_t c = 0; c < weights.size; ++c) {
    Rng rng = numbers(posed, kWeights + 1000 * static_cast<std::uint64_t>(c));
    const double value = rng.uniform(0.1, 3.0);
    const bool zero =
        posed.weights == Weights::all_zero || (posed.weights == Weights::with_zeros && rng.chance(0.3));
    weights.set(c, zero ? 0.0 : posed.weights == Weights::all_ones ? 1.0 : value);
  }
}

void Inputs::fill_row(std::int64_t r) {
  const bool labelled = posed.target == TargetKind::labels;
  const bool ignored = labelled && ignore_index() == labels.get(r);
  const std::vector<double> row = draw_row(posed, r, labelled && !ignored ? labels.get(r) : -1);
  for (std::int64_t c = 0; c < posed.classes; ++c) {
    // What must not be read: ignored rows, and columns of no class.
    const bool unread = (ignored && c % 2 == 0) || (posed.valid_classes != 0 && c >= posed.valid_classes);
    logits.set(r, c, unread ? std::numeric_limits<double>::quiet_NaN() : row[static_cast<std::size_t>(c)]);
  }
}

/// Distributions that know some classes only, that know one, that add up to 1 or not; seldom of masked
/// classes.
void Inputs::fill_soft_row(std::int64_t r) {
  Rng rng = numbers(posed, kSoft, r);
  const double dense = rng.chance(0.3) ? 0.0 : rng.chance(0.5) ? 1.0 : 0.4;
  const double total = rng.chance(0.2) ? 1.7 : 1.0;
  const bool masked_too = rng.chance(0.1);
  const auto one = static_cast<std::int64_t>(rng.uniform() * static_cast<double>(posed.classes));
  std::vector<double> q(static_cast<std::size_t>(posed.classes));
  double sum = 0.0;
  for (std::int64_t c = 0; c < posed.classes; ++c) {
    const double value = rng.uniform(0.01, 1.0);
    const bool masked = logits.get(r, c) == -std::numeric_limits<double>::infinity() ||
                        (bias.size != 0 && bias.get(c) == -std::numeric_limits<double>::infinity());
    const bool taken = rng.chance(dense) || (dense == 0.0 && c == one);
    q[static_cast<std::size_t>(c)] = taken && (!masked || masked_too) ? value : 0.0;
    sum += q[static_cast<std::size_t>(c)];
  }
  for (std::int64_t c = 0; c < posed.classes; ++c) {
    const bool unread = posed.valid_classes != 0 && c >= posed.valid_classes;
    soft.set(r, c,
             unread ? std::numeric_limits<double>::quiet_NaN()
                    : total * q[static_cast<std::size_t>(c)] / (sum == 0.0 ? 1.0 : sum));
  }
}

void Inputs::fill_upstream() {
  std::uint64_t purpose = kValues;
  for (VectorBuffer* const upstream : {&values, &upstream_lse, &upstream_log_prob, &upstream_entropy}) {
    purpose += 1000;
    for (std::int64_t r = 0; r < upstream->size; ++r) {
      const bool shared = upstream == &values && posed.values == Values::shared;
      Rng rng = shared ? numbers(posed, purpose) : numbers(posed, purpose, r);
      upstream->set(r, rng.chance(0.2) ? 0.0 : 2.0 * rng.normal());
    }
  }
}

TargetView Inputs::target() const {
  switch (posed.target) {
    case TargetKind::labels: return labels.labels();
    case TargetKind::probs: return soft.view();
    case TargetKind::none: break;
  }
  return {};
}

LossOptions Inputs::options() const {
  return {.reduction = posed.reduction,
          .ignore_index = ignore_index(),
          .denominator = posed.denominator,
          .denominator_at = denominator_at.view(),
          .mean_over = posed.mean_over,
          .empty_mean = posed.empty_mean,
          .label_smoothing = posed.smoothing,
          .class_weights = weights.view(),
          .focal_gamma = posed.gamma,
          .z_loss = posed.z_loss,
          .transform = {.logit_scale = posed.logit_scale,
                        .temperature = posed.temperature,
                        .softcap = posed.softcap,
                        .bias = bias.view(),
                        .valid_classes = posed.valid_classes}};
}

Upstream Inputs::upstream() const {
  return {.scale = posed.scale,
          .values = values.view(),
          .lse = upstream_lse.view(),
          .log_prob = upstream_log_prob.view(),
          .entropy = upstream_entropy.view()};
}

bool Inputs::same_bytes(const Inputs& other) const {
  return same(logits.bytes, other.logits.bytes) && same(soft.bytes, other.soft.bytes) &&
         same(labels.bytes, other.labels.bytes) && same(weights.bytes, other.weights.bytes) &&
         same(bias.bytes, other.bias.bytes) && same(denominator_at.bytes, other.denominator_at.bytes) &&
         same(values.bytes, other.values.bytes) && same(upstream_lse.bytes, other.upstream_lse.bytes) &&
         same(upstream_log_prob.bytes, other.upstream_log_prob.bytes) &&
         same(upstream_entropy.bytes, other.upstream_entropy.bytes);
}

Outputs::Outputs(const Inputs& inputs)
    : loss(vector_of(inputs.posed, 10, inputs.posed.loss_size())),
      row_loss(vector_of(inputs.posed, 11, inputs.posed.rows)),
      lse(vector_of(inputs.posed, 12, inputs.posed.rows)),
      log_prob(vector_of(inputs.posed, 13, inputs.posed.rows)),
      entropy(vector_of(inputs.posed, 14, inputs.posed.rows)),
      divisor(DType::f64, 1),
      argmax(indices_of(inputs.posed, 15)),
      target_rank(indices_of(inputs.posed, 16)),
      grad(like(inputs.logits)),
      grad_targets(like(inputs.soft)) {}

CrossEntropyOutputs Outputs::views(Inputs& inputs) {
  const Case& posed = inputs.posed;
  CrossEntropyOutputs out{.top_k = posed.top_k};
  if (posed.has(kLoss)) out.loss = loss.view();
  if (posed.has(kRowLoss)) out.row_loss = row_loss.view();
  if (posed.has(kLse)) out.lse = lse.view();
  if (posed.has(kLogProb)) out.log_prob = log_prob.view();
  if (posed.has(kEntropy)) out.entropy = entropy.view();
  if (posed.has(kArgmax)) out.argmax = argmax.view();
  if (posed.has(kTargetRank)) out.target_rank = target_rank.view();
  if (posed.has(kGrad)) out.grad = posed.in_place ? inputs.logits.view() : grad.view();
  if (posed.has(kGradTargets)) out.grad_targets = posed.in_place ? inputs.soft.view() : grad_targets.view();
  if (posed.has(kCorrectCount)) out.correct_count = correct.address();
  if (posed.has(kTopKCount)) out.top_k_count = top_k.address();
  if (posed.has(kValidCount)) out.valid_count = valid.address();
  if (posed.has(kDivisor)) out.divisor = static_cast<double*>(divisor.view().data);
  return out;
}

bool Outputs::gaps_untouched() const {
  for (const VectorBuffer* const vector : {&loss, &row_loss, &lse, &log_prob, &entropy}) {
    if (!vector->gaps_untouched()) return false;
  }
  return argmax.gaps_untouched() && target_rank.gaps_untouched() && grad.gaps_untouched() &&
         grad_targets.gaps_untouched();
}

}  // namespace xent::testing::family
