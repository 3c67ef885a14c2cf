#include "tests/conformance/family/row_errors.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "host/reference/reduction.hpp"
#include "tests/conformance/family/distribution_errors.hpp"

namespace xent::testing::family {
namespace {

using reference::Row;

constexpr double kInf = std::numeric_limits<double>::infinity();

/// A value and how wrong it may be.
struct Off {
  double value = 0.0;
  double error = 0.0;
};

/// a·b where nothing times anything is nothing, wrong or not.
double times(double a, double b) { return a == 0.0 || b == 0.0 ? 0.0 : a * b; }

/// (1 - p)^γ. Small ones are bounded from both sides: a power below 1 has no slope at 0.
Off modulation(double others, double error, double gamma, double unit) {
  if (gamma == 0.0) return {1.0, 0.0};
  const double value = std::pow(others, gamma);
  const double above = std::pow(others + error, gamma) - value;
  const double below = value - std::pow(std::max(others - error, 0.0), gamma);
  const double units = kOptionUnits + (others > 0.0 ? 4.0 * gamma * (1.0 + std::abs(std::log(others))) : 0.0);
  return {value, std::max(above, below) + units * unit * (value + above)};
}

/// (1 - p)^γ + γ·p·(1 - p)^(γ-1)·ℓ.
Off pull(const DistributionErrors& row, std::size_t c, const Off& mod, double gamma, double unit) {
  if (gamma == 0.0) return {1.0, 0.0};
  const double o = row.of.others[c];
  const double p = row.of.p[c];
  const double loss = std::abs(row.of.log_loss[c]);
  if (o <= 4.0 * row.others[c] || p == 0.0 || mod.value == 0.0) {
    const double least = std::max(o, row.others[c]);
    const double of_loss =
        p == 0.0 || least == 0.0 ? 0.0 : gamma * p * std::pow(least, gamma - 1.0) * row.log_loss[c];
    return {mod.value * (1.0 + gamma),
            (2.0 + gamma) * 4.0 * mod.error + gamma * unit * mod.value * std::min(loss, 1e3) + of_loss};
  }
  const double slope = gamma * mod.value / o;
  const double relative = mod.error / mod.value + row.others[c] / o + kOptionUnits * unit;
  // 1 - p may be what p is made of again.
  const double error = slope * (p * loss * relative + (row.p[c] + 2.0 * unit) * loss + p * row.log_loss[c]);
  return {mod.value + slope * p * loss, mod.error + error + kOptionUnits * unit * mod.value};
}

/// All that a row's errors are made of.
class Propagation {
 public:
  Propagation(const RowQuestion& row, const TransformErrors& transform, const DistributionErrors& errors)
      : row_(row),
        transform_(transform),
        errors_(errors),
        unit_(row.tolerance.unit + 0x1p-53),
        classes_(errors.p.size()) {
    for (std::size_t c = 0; c < classes_; ++c) {
      mod_.push_back(modulation(errors.of.others[c], errors.others[c], row.options.focal_gamma, unit_));
    }
  }

  RowErrors result() {
    RowErrors all{.lse = errors_.lse, .entropy = errors_.entropy, .z = transform_.z, .dz = transform_.dz};
    all.loss = loss();
    all.log_prob = log_prob();
    all.grad = grad();
    all.grad_targets = grad_targets();
    all.lost = out_of_range(transform_.largest) || !errors_.settled;
    for (double* const value : {&all.lse, &all.loss, &all.log_prob, &all.entropy}) {
      if (all.lost) *value = kInf;
    }
    for (Row* const gradient : {&all.grad, &all.grad_targets}) {
      if (all.lost) std::ranges::fill(*gradient, kInf);
    }
    return all;
  }

 private:
  bool out_of_range(double magnitude) const {
    return row_.tolerance.unit > 0x1p-30 && magnitude > 0.9 * std::numeric_limits<float>::max();
  }
  double kept(double error, double magnitude) const { return out_of_range(magnitude) ? kInf : error; }

  double weight(std::size_t c) const {
    return reference::element_or(row_.options.class_weights, static_cast<std::int64_t>(c), 1.0);
  }
  /// Of t[c]: 1 - ε and ε/K are rounded.
  double taken_error(std::size_t c) const {
    const double share = row_.options.label_smoothing == 0.0 || row_.target.taken[c] == 0.0 ? 0.0 : spread();
    const double given = row_.options.label_smoothing == 1.0 ? 0.0 : std::abs(row_.target.given[c]);
    return kOptionUnits * unit_ * weight(c) * (given + share);
  }
  double spread() const {
    const auto masked = std::ranges::count(transform_.z, -kInf);
    return row_.options.label_smoothing / (static_cast<double>(classes_) - static_cast<double>(masked));
  }

  double loss() const {
    double error = 0.0;
    double magnitude = 0.0;
    for (std::size_t c = 0; c < classes_; ++c) {
      const double t = std::abs(row_.target.taken[c]);
      const double loss = errors_.of.log_loss[c];
      if (t == 0.0 || loss == kInf) continue;
      const double term = mod_[c].value * loss;
      error +=
          t * (mod_[c].value * errors_.log_loss[c] + mod_[c].error * loss + kOptionUnits * unit_ * term) +
          taken_error(c) * term + row_.tolerance.tiny;
      magnitude += (row_.options.label_smoothing == 0.0 ? t : weight(c)) * loss;
    }
    const double lse = std::abs(errors_.of.lse);
    const double penalty =
        row_.options.z_loss * ((2.0 * lse + errors_.lse) * errors_.lse + kOptionUnits * unit_ * lse * lse);
    return kept(error + (row_.options.z_loss == 0.0 ? 0.0 : penalty), magnitude + penalty / unit_);
  }

  double log_prob() const {
    double error = 0.0;
    double magnitude = 0.0;
    for (std::size_t c = 0; c < classes_; ++c) {
      const double q = std::abs(row_.target.given[c]);
      const double loss = errors_.of.log_loss[c];
      if (q == 0.0 || loss == kInf) continue;
      error += q * (errors_.log_loss[c] + kOptionUnits * unit_ * loss);
      magnitude += q * loss;
    }
    return kept(error, magnitude);
  }

  Row grad() const {
    const reference::RowUpstream& up = row_.upstream;
    const LossOptions& options = row_.options;
    Row pulls(classes_);  // of each class, its error, and their sums
    Row pull_errors(classes_);
    double sum = 0.0;
    double sum_error = 0.0;
    double absolute = 0.0;
    for (std::size_t c = 0; c < classes_; ++c) {
      const Off f =
          row_.target.taken[c] == 0.0 ? Off{1.0, 0.0} : pull(errors_, c, mod_[c], options.focal_gamma, unit_);
      const double of_loss = std::abs(up.loss * row_.target.taken[c]) * f.value;
      const double of_given = std::abs(up.log_prob * row_.target.given[c]);
      pulls[c] = up.loss * row_.target.taken[c] * f.value - up.log_prob * row_.target.given[c];
      pull_errors[c] =
          std::abs(up.loss) * (taken_error(c) * f.value + std::abs(row_.target.taken[c]) * f.error) +
          kOptionUnits * unit_ * (of_loss + of_given);
      sum += pulls[c];
      sum_error += pull_errors[c];
      absolute += of_loss + of_given;
    }
    const double lse = std::abs(errors_.of.lse);
    const double penalty = times(2.0 * options.z_loss * std::abs(up.loss), lse);
    const double besides = penalty + std::abs(up.lse);
    const double besides_error =
        times(2.0 * options.z_loss * std::abs(up.loss), errors_.lse) + kOptionUnits * unit_ * besides;
    const double entropy = up.entropy == 0.0 ? 0.0 : errors_.of.entropy();
    Row grad(row_.x.size(), 0.0);
    for (std::size_t c = 0; c < classes_; ++c) {
      if (transform_.z[c] == -kInf) {  // p is 0; a label's pull may be what is left of all pulls
        const bool label = static_cast<std::int64_t>(c) == row_.label;
        const double error =
            pull_errors[c] + (label ? (kOptionUnits * unit_ + errors_.off_one) * absolute : 0.0);
        grad[c] = kept(error * transform_.slope[c] + std::abs(pulls[c]) * transform_.dslope[c], absolute);
        continue;
      }
      const double p = errors_.of.p[c];
      const double apart = errors_.of.log_loss[c] - entropy;
      double of_entropy = 0.0;
      if (up.entropy != 0.0) {
        const double log_losses = errors_.of.log_loss[c] + entropy;
        of_entropy = std::abs(up.entropy) *
                     (errors_.p[c] * std::abs(apart) + p * (errors_.log_loss[c] + errors_.entropy +
                                                            kOptionUnits * unit_ * std::abs(log_losses)));
        if (p == 0.0) of_entropy = std::abs(up.entropy) * errors_.p[c] * 200.0;
      }
      double error = of_entropy + errors_.p[c] * besides + p * besides_error;
      // Of a class that is singled out p is 1 - (1 - p) again, and with a saved lse that is another number.
      const bool singled = row_.target.given[c] != 0.0 || p > 0.25;
      if (singled) error += 2.0 * unit_ * (besides + std::abs(times(up.entropy, apart)));
      if (singled) error += errors_.off_one * (std::abs(pulls[c]) + p * (absolute + besides));
      if (keeps_digits(c)) {
        // p - 1 as the sum of the others, and smoothing's share as that of the others
        const double elsewhere =
            options.label_smoothing == 0.0 ? 0.0 : std::abs(up.loss) * spread() * all_weights();
        error += errors_.others[c] * std::abs(sum) + errors_.of.others[c] * sum_error +
                 kOptionUnits * unit_ * elsewhere;
      } else {
        error += errors_.p[c] * std::abs(sum) + p * sum_error + pull_errors[c] +
                 kOptionUnits * unit_ * (p * absolute + std::abs(pulls[c]));
      }
      const double value =
          std::abs(p * sum) + std::abs(pulls[c]) + p * (besides + std::abs(times(up.entropy, apart)));
      grad[c] = kept(error * transform_.slope[c] + value * transform_.dslope[c],
                     absolute + besides + penalty + std::abs(times(up.entropy, transform_.largest)));
    }
    return grad;
  }

  /// Whether p - 1 is never formed for this class: it is a label, and the only one that is pulled but for
  /// smoothing's share.
  bool keeps_digits(std::size_t c) const {
    return static_cast<std::int64_t>(c) == row_.label &&
           (row_.options.focal_gamma == 0.0 || row_.options.label_smoothing == 0.0);
  }
  double all_weights() const {
    double sum = 0.0;
    for (std::size_t c = 0; c < classes_; ++c) sum += transform_.z[c] == -kInf ? 0.0 : weight(c);
    return sum;
  }

  Row grad_targets() const {
    const double keep = std::abs(row_.upstream.loss);
    Row grad(row_.x.size(), 0.0);
    for (std::size_t c = 0; c < classes_; ++c) {
      const double loss = std::abs(errors_.of.log_loss[c]);
      if (loss == kInf) continue;
      const double of_loss = keep * weight(c);
      const double error =
          of_loss *
              (mod_[c].error * loss + mod_[c].value * (errors_.log_loss[c] + kOptionUnits * unit_ * loss)) +
          std::abs(row_.upstream.log_prob) * (errors_.log_loss[c] + kOptionUnits * unit_ * loss);
      grad[c] = kept(error, (of_loss + std::abs(row_.upstream.log_prob)) * loss);
    }
    return grad;
  }

  const RowQuestion& row_;
  const TransformErrors& transform_;
  const DistributionErrors& errors_;
  double unit_;
  std::size_t classes_;
  std::vector<Off> mod_{};
};

}  // namespace

RowErrors row_errors(const RowQuestion& row) {
  const TransformErrors transform(row);
  return Propagation(row, transform, DistributionErrors(row, transform)).result();
}

RowErrors row_errors(const RowQuestion& row, double lse, double lse_unit) {
  const TransformErrors transform(row);
  return Propagation(row, transform, DistributionErrors(row, transform, lse, lse_unit)).result();
}

}  // namespace xent::testing::family
