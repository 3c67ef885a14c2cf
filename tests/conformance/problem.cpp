// Drawing of test problems.
#include "tests/conformance/problem.hpp"

#include <algorithm>
#include <limits>
#include <sstream>

namespace xent::testing {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

/// Signed labels use PyTorch's -100; u8 uses 255 where no class has that number, else class 0.
std::int64_t ignore_index_for(LabelType type, std::int64_t classes) {
  if (type != LabelType::u8) return -100;
  return classes <= 255 ? 255 : 0;
}

LabelType argmax_type(std::uint64_t seed, std::int64_t classes) {
  const LabelType types[] = {LabelType::i64, LabelType::i32, LabelType::u8};
  const LabelType type = types[seed % 3];
  return type == LabelType::u8 && classes > 255 ? LabelType::i32 : type;
}

}  // namespace

void fill_logits(MatrixBuffer& logits, Rng& rng) {
  const std::int64_t classes = logits.layout.classes;
  for (std::int64_t r = 0; r < logits.layout.rows(); ++r) {
    const auto style = static_cast<std::int64_t>((static_cast<std::uint64_t>(r) + rng.bits() % 2) % 6);
    const double spread = style == 5 ? 60.0 : 2.0;
    const double offset = style == 3 ? -300.0 : 0.0;
    for (std::int64_t c = 0; c < classes; ++c) {
      const bool masked = style == 4 && rng.chance(0.3);
      logits.set(r, c, masked ? -kInf : offset + spread * rng.normal());
    }
    if (style == 1) {
      for (int k = 0; k < 3; ++k) logits.set(r, rng.below(classes), 20.0 * rng.normal());
    }
    if (style == 2) logits.set(r, rng.below(classes), 35.0);
    if (style == 4) logits.set(r, rng.below(classes), 0.5);  // at least one is unmasked
  }
}

void fill_gradients(MatrixBuffer& gradients, Rng& rng) {
  for (std::int64_t r = 0; r < gradients.layout.rows(); ++r) {
    for (std::int64_t c = 0; c < gradients.layout.classes; ++c) {
      gradients.set(r, c, rng.chance(0.25) ? 0.0 : rng.normal());
    }
  }
}

std::vector<LossSetting> loss_settings() {
  return {
      {.name = "mean"},
      {.name = "none, per-row upstream",
       .options = {.reduction = Reduction::none},
       .per_row_upstream = true,
       .scale = -0.5},
      {.name = "sum, ignored rows", .options = {.reduction = Reduction::sum}, .ignore = true, .scale = 3.0},
      {.name = "mean, ignored rows, smoothing", .options = {.label_smoothing = 0.1}, .ignore = true},
      {.name = "mean over a given denominator, one upstream value",
       .options = {.denominator = 37.5},
       .ignore = true,
       .scale = 1024.0},
      {.name = "none, smoothing 1, per-row upstream, ignored rows",
       .options = {.reduction = Reduction::none, .label_smoothing = 1.0},
       .ignore = true,
       .per_row_upstream = true},
  };
}

LossProblem::LossProblem(const LossSetting& setting_, DType dtype, LabelType label_type,
                         Arrangement arrangement_, const Shape& shape_, std::uint64_t seed_)
    : shape(shape_),
      arrangement(arrangement_),
      seed(seed_),
      setting(setting_.name),
      options(setting_.options),
      scale(setting_.scale),
      logits(dtype, arrangement_, shape_.rows, shape_.classes),
      labels(label_type, shape_.rows, seed_ % 2 == 0 ? 1 : 3),
      upstream_values(seed_ % 3 == 0 ? DType::f64 : DType::f32,
                      setting_.per_row_upstream      ? shape_.rows
                      : setting_.options.denominator ? 1
                                                     : 0,
                      seed_ % 5 == 0 ? 2 : 1) {
  Rng rng(seed);
  fill_logits(logits, rng);
  if (setting_.ignore) options.ignore_index = ignore_index_for(label_type, shape.classes);
  const std::int64_t label_limit =
      label_type == LabelType::u8 ? std::min<std::int64_t>(shape.classes, 256) : shape.classes;
  for (std::int64_t r = 0; r < shape.rows; ++r) {
    labels.set(r, rng.below(label_limit));
    if (r % 6 == 2 && rng.chance(0.7)) logits.set(r, labels.get(r), 40.0);  // confident and right
    if (!setting_.ignore || r % 3 != 1) continue;
    labels.set(r, *options.ignore_index);
    for (std::int64_t c = 0; c < shape.classes; c += 2)
      logits.set(r, c, std::numeric_limits<double>::quiet_NaN());
  }
  for (std::int64_t i = 0; i < upstream_values.size; ++i) {
    upstream_values.set(i, rng.chance(0.2) ? 0.0 : 2.0 * rng.normal());
  }
}

Upstream LossProblem::upstream() const {
  return {.scale = scale, .values = upstream_values.size == 0 ? ConstVectorView{} : upstream_values.view()};
}

std::string LossProblem::describe() const {
  std::ostringstream out;
  out << name(logits.dtype) << " logits, " << name(labels.type) << " labels, " << shape.rows << " × "
      << shape.classes << ", " << name(arrangement) << ", " << setting << ", seed " << seed;
  return out.str();
}

LossOutputs::LossOutputs(const LossProblem& problem)
    : loss(problem.seed % 2 == 0 ? DType::f32 : DType::f64, problem.loss_size(),
           problem.seed % 4 == 0 ? 2 : 1),
      lse(problem.seed % 3 == 0 ? DType::f32 : DType::f64, problem.shape.rows, problem.seed % 4 == 1 ? 3 : 1),
      argmax(argmax_type(problem.seed, problem.shape.classes), problem.shape.rows,
             problem.seed % 4 == 2 ? 2 : 1),
      grad(problem.logits.dtype, problem.arrangement, problem.shape.rows, problem.shape.classes) {}

CrossEntropyOutputs LossOutputs::views() {
  return {.loss = loss.view(),
          .lse = lse.view(),
          .argmax = argmax.view(),
          .grad = grad.view(),
          .correct_count = correct.address(),
          .valid_count = valid.address()};
}

}  // namespace xent::testing
