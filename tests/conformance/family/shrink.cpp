#include "tests/conformance/family/shrink.hpp"

#include <algorithm>
#include <bit>
#include <vector>

namespace xent::testing::family {
namespace {

using Step = std::function<void(Case&)>;

/// A step that puts one field to what it is by default.
template <class T>
Step reset(T Case::*field) {
  return [field](Case& posed) { posed.*field = Case{}.*field; };
}

template <class T>
Step set(T Case::*field, T value) {
  return [field, value](Case& posed) { posed.*field = value; };
}

void first_half(Case& posed) { posed.rows /= 2; }
void second_half(Case& posed) {
  posed.first_row += posed.rows / 2;
  posed.rows -= posed.rows / 2;
}

/// Large steps first: each that works spares many small ones.
std::vector<Step> steps() {
  std::vector<Step> all{
      first_half,
      second_half,
      [](Case& posed) { posed.classes = (posed.classes + 1) / 2; },
      [](Case& posed) { posed.classes = std::max<std::int64_t>(posed.classes - 1, 1); },
      set(&Case::backward, false),
      reset(&Case::in_place),
      set(&Case::style, RowStyle::moderate),
      set(&Case::arrangement, Arrangement::packed),
      set(&Case::plain_vectors, true),
      set(&Case::dtype, DType::f32),
      set(&Case::dtype, DType::f64),
      set(&Case::label_type, LabelType::i64),
      reset(&Case::denominator),
      reset(&Case::denominator_at),
      reset(&Case::mean_over),
      reset(&Case::empty_mean),
      set(&Case::reduction, Reduction::none),
      reset(&Case::ignore),
      reset(&Case::smoothing),
      reset(&Case::weights),
      set(&Case::weights, Weights::some),
      reset(&Case::gamma),
      set(&Case::gamma, 2.0),
      reset(&Case::z_loss),
      reset(&Case::logit_scale),
      reset(&Case::temperature),
      reset(&Case::softcap),
      reset(&Case::bias),
      set(&Case::bias, Bias::finite),
      reset(&Case::valid_classes),
      reset(&Case::values),
      set(&Case::values, Values::shared),
      reset(&Case::scale),
      reset(&Case::upstream_lse),
      reset(&Case::upstream_log_prob),
      reset(&Case::upstream_entropy),
      reset(&Case::top_k),
      set(&Case::target, TargetKind::none),
      set(&Case::target, TargetKind::labels),
  };
  for (std::uint32_t bit = 1; bit < kEveryOutput; bit <<= 1U) {
    all.emplace_back([bit](Case& posed) { posed.outputs &= ~bit; });
  }
  return all;
}

/// What a reader has to keep in mind. Every step taken lowers it, so shrinking ends.
std::int64_t complexity(const Case& posed) {
  const auto some = [](bool is, std::int64_t much = 10) { return is ? much : 0; };
  std::int64_t sum = 100 * (posed.rows + posed.classes) + posed.first_row;
  sum += some(posed.style != RowStyle::moderate, 20) + some(posed.style == RowStyle::mixed);
  sum += some(posed.arrangement != Arrangement::packed) + some(!posed.plain_vectors) + some(posed.in_place);
  sum += some(posed.dtype != DType::f64, 5) + some(posed.dtype != DType::f64 && posed.dtype != DType::f32);
  sum += some(posed.target != TargetKind::none, 5) + some(posed.target == TargetKind::probs, 5);
  sum += some(posed.label_type != LabelType::i64) + some(posed.ignore) + some(posed.backward);
  sum += some(posed.reduction != Reduction::none) + some(posed.denominator.has_value());
  sum += some(posed.denominator_at.has_value()) + some(posed.mean_over != MeanOver::weights);
  sum += some(posed.empty_mean != EmptyMean::zero) + some(posed.smoothing != 0.0) + some(posed.z_loss != 0.0);
  sum += some(posed.weights != Weights::none) + some(posed.weights > Weights::some);
  sum += some(posed.gamma != 0.0) + some(posed.gamma != 0.0 && posed.gamma != 2.0);
  sum += some(posed.logit_scale != 1.0) + some(posed.temperature != 1.0) + some(posed.softcap != 0.0);
  sum += some(posed.bias != Bias::none) + some(posed.bias == Bias::masking) + some(posed.valid_classes != 0);
  sum +=
      some(posed.scale != 1.0) + some(posed.values != Values::none) + some(posed.values == Values::per_row);
  sum += some(posed.upstream_lse) + some(posed.upstream_log_prob) + some(posed.upstream_entropy);
  return sum + some(posed.top_k != Case{}.top_k) + std::popcount(posed.outputs);
}

}  // namespace

Case shrink(Case posed, const std::function<bool(const Case&)>& fails) {
  const std::vector<Step> all = steps();
  for (bool simpler = true; simpler;) {
    simpler = false;
    for (const Step& step : all) {
      for (;;) {
        Case next = posed;
        step(next);
        next = settled(next);
        if (complexity(next) >= complexity(posed) || !fails(next)) break;
        posed = next;
        simpler = true;
      }
    }
  }
  return posed;
}

}  // namespace xent::testing::family
