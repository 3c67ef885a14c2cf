// Cross-entropy calls with options, outputs and upstream gradients drawn at random.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

#include <xent/xent.hpp>

#include "tests/support/buffers.hpp"
#include "tests/support/rng.hpp"

namespace xent::testing {

inline constexpr double kInf = std::numeric_limits<double>::infinity();
inline constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

struct Draw {
  DType dtype;
  std::int64_t rows;
  std::int64_t classes;
  Arrangement arrangement;
  bool special;  ///< rows with masked classes, NaN, infinities
};

/// A problem with a random set of options, and where its outputs go.
struct Problem {
  Problem(const Draw& draw, std::uint64_t seed)
      : rng(seed),
        logits(draw.dtype, draw.arrangement, draw.rows, draw.classes),
        probs(draw.dtype, draw.arrangement, draw.rows, draw.classes),
        labels(LabelType::i32, draw.rows),
        bias(DType::f64, draw.classes),
        weights(DType::f64, draw.classes),
        values(DType::f64, draw.rows),
        up_lse(DType::f64, draw.rows),
        up_log_prob(DType::f64, draw.rows),
        up_entropy(DType::f64, draw.rows) {
    DrawOptions(draw);
    DrawNumbers(draw);
  }

  void DrawOptions(const Draw& draw) {
    const auto coin = [&](double p) { return rng.chance(p); };
    kind = coin(0.5) ? TargetKind::labels : coin(0.7) ? TargetKind::probs : TargetKind::none;
    options.reduction = coin(0.5) ? Reduction::none : coin(0.5) ? Reduction::sum : Reduction::mean;
    if (kind == TargetKind::labels && coin(0.4)) options.ignore_index = -100;
    if (kind != TargetKind::none) {
      if (coin(0.35)) options.label_smoothing = coin(0.15) ? 1.0 : 0.2;
      if (coin(0.35)) options.class_weights = std::as_const(weights).view();
      if (coin(0.35)) options.focal_gamma = coin(0.5) ? 2.0 : 1.5;
      if (coin(0.35)) upstream.log_prob = std::as_const(up_log_prob).view();
    }
    if (coin(0.3)) options.z_loss = 1e-2;
    LogitTransform& t = options.transform;
    if (coin(0.3)) t.logit_scale = 0.7;
    if (coin(0.3)) t.temperature = 1.3;
    if (coin(0.3)) t.softcap = coin(0.5) ? 30.0 : 5.0;
    if (coin(0.3)) t.bias = std::as_const(bias).view();
    if (coin(0.2)) t.valid_classes = std::max<std::int64_t>(1, draw.classes - 1 - draw.classes / 5);
    if (options.reduction == Reduction::none) upstream.values = std::as_const(values).view();
    if (coin(0.3)) upstream.lse = std::as_const(up_lse).view();
    if (coin(0.3)) upstream.entropy = std::as_const(up_entropy).view();
    upstream.scale = coin(0.3) ? -1.5 : 1.0;
  }

  void DrawNumbers(const Draw& draw) {
    const std::int64_t valid =
        options.transform.valid_classes == 0 ? draw.classes : options.transform.valid_classes;
    for (std::int64_t c = 0; c < draw.classes; ++c) {
      bias.set(c, draw.special && rng.chance(0.02) ? -kInf : static_cast<float>(rng.normal()));
      weights.set(c, rng.chance(0.1) ? 0.0 : static_cast<float>(rng.uniform(0.1, 2.0)));
    }
    for (std::int64_t r = 0; r < draw.rows; ++r) {
      const auto style = rng.below(draw.special ? 9 : 4);
      double sum = 0.0;
      const bool one_hot = rng.chance(0.3);
      const std::int64_t label = rng.below(valid);
      for (std::int64_t c = 0; c < draw.classes; ++c) {
        const bool masked = style == 5 && rng.chance(0.2);
        double x = masked ? -kInf : (style == 1 ? 20.0 : 2.0) * rng.normal() + (style == 2 ? -40.0 : 0.0);
        if (style == 6) x = -kInf;
        logits.set(r, c, c >= valid ? kNan : x);
        const double q = one_hot ? (c == label ? 1.0 : 0.0) : rng.chance(0.3) ? 0.0 : rng.uniform();
        probs.set(r, c, q);
        sum += q;
      }
      for (std::int64_t c = 0; c < draw.classes; ++c) {
        probs.set(r, c, c >= valid ? kNan : probs.get(r, c) / std::max(sum, 1.0));
      }
      if (style == 3) logits.set(r, rng.chance(0.6) ? label : rng.below(valid), 30.0);
      if (style == 7) logits.set(r, rng.below(valid), kNan);
      if (style == 8) logits.set(r, rng.below(valid), kInf);
      labels.set(r, label);
      if (options.ignore_index && rng.chance(0.3)) {
        labels.set(r, -100);
        for (std::int64_t c = 0; c < draw.classes; c += 2) logits.set(r, c, kNan);
      }
      values.set(r, rng.chance(0.1) ? 0.0 : rng.normal());
      up_lse.set(r, rng.normal());
      up_log_prob.set(r, rng.normal());
      up_entropy.set(r, rng.chance(0.1) ? 0.0 : rng.normal());
    }
  }

  TargetView target() const {
    if (kind == TargetKind::labels) return labels.labels();
    if (kind == TargetKind::probs) return probs.view();
    return {};
  }
  std::string describe() const {
    const LogitTransform& t = options.transform;
    const char* const kinds[] = {"none", "labels", "probs"};
    return std::string(name(logits.dtype)) + " " + std::to_string(logits.layout.rows()) + "x" +
           std::to_string(logits.layout.classes) + " " + kinds[static_cast<int>(kind)] +
           " eps=" + std::to_string(options.label_smoothing) +
           " w=" + std::to_string(options.class_weights.given()) +
           " gamma=" + std::to_string(options.focal_gamma) + " z=" + std::to_string(options.z_loss) +
           " scale=" + std::to_string(t.logit_scale) + " T=" + std::to_string(t.temperature) +
           " cap=" + std::to_string(t.softcap) + " bias=" + std::to_string(t.bias.given()) +
           " valid=" + std::to_string(t.valid_classes) + " up.lse=" + std::to_string(upstream.lse.given()) +
           " up.log_prob=" + std::to_string(upstream.log_prob.given()) +
           " up.entropy=" + std::to_string(upstream.entropy.given());
  }

  Rng rng;
  TargetKind kind = TargetKind::none;
  LossOptions options{};
  Upstream upstream{};
  MatrixBuffer logits, probs;
  IndexBuffer labels;
  VectorBuffer bias, weights, values, up_lse, up_log_prob, up_entropy;
};

struct Outputs {
  Outputs(const Problem& p)
      : loss(DType::f64, p.options.reduction == Reduction::none ? rows(p) : 1),
        row_loss(DType::f64, rows(p)),
        lse(DType::f64, rows(p)),
        log_prob(DType::f64, rows(p)),
        entropy(DType::f64, rows(p)),
        argmax(LabelType::i32, rows(p)),
        rank(LabelType::i32, rows(p)),
        grad(p.logits.dtype, p.logits.layout, 0),
        grad_targets(p.logits.dtype, p.logits.layout, 0) {}
  static std::int64_t rows(const Problem& p) { return p.logits.layout.rows(); }
  CrossEntropyOutputs views(const Problem& p) {
    CrossEntropyOutputs out{.loss = loss.view(),
                            .row_loss = row_loss.view(),
                            .lse = lse.view(),
                            .entropy = entropy.view(),
                            .argmax = argmax.view(),
                            .grad = grad.view(),
                            .valid_count = &valid,
                            .divisor = &divisor,
                            .top_k = 3};
    if (p.kind != TargetKind::none) out.log_prob = log_prob.view();
    if (p.kind == TargetKind::probs) out.grad_targets = grad_targets.view();
    if (p.kind == TargetKind::labels) {
      out.target_rank = rank.view();
      out.correct_count = &correct;
      out.top_k_count = &top_k;
    }
    return out;
  }
  VectorBuffer loss, row_loss, lse, log_prob, entropy;
  IndexBuffer argmax, rank;
  MatrixBuffer grad, grad_targets;
  std::int64_t valid = -1, correct = -1, top_k = -1;
  double divisor = -1.0;
};

}  // namespace xent::testing
