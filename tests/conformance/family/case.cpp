// Drawing and printing of cases.
#include "tests/conformance/family/case.hpp"

#include <algorithm>
#include <sstream>

namespace xent::testing::family {
namespace {

template <class T, std::size_t kSize>
const T& pick(Rng& rng, const T (&choices)[kSize]) {
  return choices[rng.below(kSize)];
}

constexpr const char* kStyles[] = {"moderate", "outliers",   "confident", "far",      "masked",
                                   "spread",   "near ties",  "huge",      "denormal", "NaN",
                                   "infinite", "all masked", "mixed"};
constexpr const char* kOutputs[] = {"loss",        "row_loss",    "lse",    "log_prob",     "entropy",
                                    "argmax",      "target_rank", "grad",   "grad_targets", "correct_count",
                                    "top_k_count", "valid_count", "divisor"};

void draw_shape(Case& posed, Rng& rng, std::int64_t most_classes) {
  constexpr DType dtypes[] = {DType::f32, DType::f16, DType::bf16, DType::f64};
  posed.dtype = pick(rng, dtypes);
  posed.arrangement = pick(rng, kArrangements);
  const double size = rng.uniform();
  const std::int64_t limit = size < 0.1 ? 3 : size < 0.8 ? 70 : size < 0.95 ? 600 : 5000;
  posed.classes = 1 + rng.below(std::min(limit, most_classes));
  posed.rows = rng.below(posed.classes <= 70 ? 50 : posed.classes <= 600 ? 8 : 4);
  posed.style = rng.chance(0.7) ? RowStyle::mixed : static_cast<RowStyle>(rng.below(12));
  posed.plain_vectors = rng.chance(0.1);
}

void draw_target(Case& posed, Rng& rng) {
  constexpr LabelType label_types[] = {LabelType::u8, LabelType::i32, LabelType::i64};
  constexpr TargetKind kinds[] = {TargetKind::labels, TargetKind::labels, TargetKind::labels,
                                  TargetKind::probs,  TargetKind::probs,  TargetKind::none};
  posed.target = pick(rng, kinds);
  posed.label_type = pick(rng, label_types);
}

/// `often`: how likely each option is to be on.
void draw_options(Case& posed, Rng& rng, double often) {
  constexpr double smoothings[] = {1e-6, 0.1, 0.1, 0.9, 1.0};
  constexpr double gammas[] = {0.5, 1.0, 2.0, 2.0, 3.7, 5.0};
  constexpr double z_losses[] = {1e-4, 0.1, 1.0};
  constexpr Reduction reductions[] = {Reduction::none, Reduction::sum, Reduction::mean, Reduction::mean};
  posed.reduction = pick(rng, reductions);
  posed.ignore = rng.chance(often);
  if (rng.chance(often)) posed.denominator = rng.uniform(0.01, 100.0);
  if (rng.chance(often)) posed.denominator_at = rng.chance(0.2) ? 0.0 : rng.uniform(0.01, 100.0);
  if (rng.chance(0.3)) posed.mean_over = MeanOver::valid_rows;
  if (rng.chance(0.3)) posed.empty_mean = EmptyMean::nan;
  if (rng.chance(often)) posed.smoothing = pick(rng, smoothings);
  if (rng.chance(often)) posed.weights = static_cast<Weights>(1 + rng.below(rng.chance(0.8) ? 2 : 4));
  if (rng.chance(often)) posed.gamma = pick(rng, gammas);
  if (rng.chance(often)) posed.z_loss = pick(rng, z_losses);
}

void draw_transform(Case& posed, Rng& rng, double often) {
  constexpr double scales[] = {0.25, 0.7, 1.5, 3.0};
  constexpr double temperatures[] = {0.07, 0.5, 1.3, 2.0, 4.0};
  constexpr double caps[] = {1.0, 5.0, 30.0, 50.0};
  if (rng.chance(often)) posed.logit_scale = pick(rng, scales);
  if (rng.chance(often)) posed.temperature = pick(rng, temperatures);
  if (rng.chance(often)) posed.softcap = pick(rng, caps);
  if (rng.chance(often)) posed.bias = rng.chance(0.6) ? Bias::finite : Bias::masking;
  if (rng.chance(often)) posed.valid_classes = 1 + rng.below(posed.classes);
}

void draw_calls(Case& posed, Rng& rng, double often) {
  posed.scale = rng.chance(0.5) ? 1.0 : rng.chance(0.2) ? 0.0 : 3.0 * rng.normal();
  posed.values = rng.chance(0.5) ? Values::none : rng.chance(0.3) ? Values::shared : Values::per_row;
  posed.upstream_lse = rng.chance(often);
  posed.upstream_log_prob = rng.chance(often);
  posed.upstream_entropy = rng.chance(often);
  posed.outputs = 0;
  for (std::uint32_t bit = 1; bit < kEveryOutput; bit <<= 1U) posed.outputs |= rng.chance(0.65) ? bit : 0U;
  posed.top_k = 1 + rng.below(8);
  posed.in_place = rng.chance(0.3);
  posed.backward = rng.chance(0.5);
}

template <class T>
void list(std::ostream& out, const char* option, const T& value, const T& fallback) {
  if (value != fallback) out << ", " << option << " " << value;
}

}  // namespace

Rng numbers(const Case& posed, std::uint64_t purpose) {
  Rng rng(posed.seed * 0x9E3779B97F4A7C15U + purpose);
  return Rng(rng.bits());
}
Rng numbers(const Case& posed, std::uint64_t purpose, std::int64_t row) {
  return Rng(numbers(posed, purpose).bits() ^
             static_cast<std::uint64_t>(posed.first_row + row) * 0xD1B54A32D192ED03U);
}

Case draw(std::uint64_t seed, std::int64_t most_classes) {
  Case posed{.seed = seed};
  Rng rng = numbers(posed, 1);
  constexpr double densities[] = {0.05, 0.2, 0.5};
  const double often = pick(rng, densities);
  draw_shape(posed, rng, most_classes);
  draw_target(posed, rng);
  draw_options(posed, rng, often);
  draw_transform(posed, rng, often);
  draw_calls(posed, rng, often);
  return settled(posed);
}

Case settled(Case posed) {
  const bool labels = posed.target == TargetKind::labels;
  if (!labels) {
    posed.ignore = false;
    posed.outputs &= ~std::uint32_t{kTargetRank | kCorrectCount | kTopKCount};
  }
  if (posed.target != TargetKind::probs) posed.outputs &= ~std::uint32_t{kGradTargets};
  if (posed.target == TargetKind::none) {
    posed.smoothing = 0.0;
    posed.gamma = 0.0;
    posed.weights = Weights::none;
    posed.upstream_log_prob = false;
    posed.outputs &= ~std::uint32_t{kLogProb};
  }
  if (posed.reduction != Reduction::mean) {
    posed.denominator.reset();
    posed.denominator_at.reset();
    posed.mean_over = MeanOver::weights;
    posed.empty_mean = EmptyMean::zero;
  }
  if (posed.denominator) posed.denominator_at.reset();
  if (posed.reduction != Reduction::none && posed.values == Values::per_row) posed.values = Values::shared;
  posed.valid_classes = std::min(posed.valid_classes, posed.classes);
  if (posed.valid_classes == posed.classes) posed.valid_classes = 0;
  if (posed.outputs == 0) posed.outputs = kLse;
  return posed;
}

std::string describe(const Case& posed) {
  constexpr const char* targets[] = {"no target", "labels", "soft targets"};
  constexpr const char* reductions[] = {"none", "sum", "mean"};
  constexpr const char* weights[] = {"none", "some", "with zeros", "all 1", "all 0"};
  constexpr const char* biases[] = {"none", "finite", "masking"};
  constexpr const char* values[] = {"none", "shared", "per row"};
  const Case off;
  const auto flag = [](bool on) { return on ? 1 : 0; };
  std::ostringstream out;
  out.precision(17);
  out << "seed " << posed.seed << ": rows " << posed.first_row << " to " << posed.first_row + posed.rows
      << " × " << posed.classes << " classes, " << name(posed.dtype) << ", " << name(posed.arrangement)
      << ", logits " << kStyles[static_cast<int>(posed.style)] << ", "
      << targets[static_cast<int>(posed.target)];
  if (posed.target == TargetKind::labels) out << " " << name(posed.label_type);
  out << ", reduction " << reductions[static_cast<int>(posed.reduction)];
  if (posed.ignore) out << ", ignored rows";
  if (posed.denominator) out << ", denominator " << *posed.denominator;
  if (posed.denominator_at) out << ", denominator_at " << *posed.denominator_at;
  if (posed.mean_over != off.mean_over) out << ", mean_over valid_rows";
  if (posed.empty_mean != off.empty_mean) out << ", empty_mean nan";
  list(out, "label_smoothing", posed.smoothing, 0.0);
  if (posed.weights != Weights::none) out << ", class_weights " << weights[static_cast<int>(posed.weights)];
  list(out, "focal_gamma", posed.gamma, 0.0);
  list(out, "z_loss", posed.z_loss, 0.0);
  list(out, "logit_scale", posed.logit_scale, 1.0);
  list(out, "temperature", posed.temperature, 1.0);
  list(out, "softcap", posed.softcap, 0.0);
  if (posed.bias != Bias::none) out << ", bias " << biases[static_cast<int>(posed.bias)];
  list(out, "valid_classes", posed.valid_classes, std::int64_t{0});
  list(out, "upstream scale", posed.scale, 1.0);
  if (posed.values != Values::none) out << ", upstream values " << values[static_cast<int>(posed.values)];
  list(out, "upstream lse", flag(posed.upstream_lse), 0);
  list(out, "upstream log_prob", flag(posed.upstream_log_prob), 0);
  list(out, "upstream entropy", flag(posed.upstream_entropy), 0);
  out << ", asking for";
  for (std::size_t i = 0; i < std::size(kOutputs); ++i) {
    if ((posed.outputs >> i & 1U) != 0) out << " " << kOutputs[i];
  }
  list(out, "top_k", posed.top_k, off.top_k);
  if (posed.in_place) out << ", in place";
  if (posed.backward) out << ", then backward from lse";
  if (posed.plain_vectors) out << ", plain vectors";
  return out.str();
}

}  // namespace xent::testing::family
