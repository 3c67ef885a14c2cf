// Options shared by the losses. Every default means "off", and what is off costs nothing and changes no bit.
#pragma once

#include <cstdint>
#include <optional>

#include <xent/view.hpp>

namespace xent {

enum class Reduction : std::uint8_t {
  none,  ///< one loss per row
  sum,   ///< Σ over valid rows
  mean,  ///< Σ over valid rows ÷ denominator
};

/// What the mean divides by when no denominator is given.
enum class MeanOver : std::uint8_t {
  weights,     ///< Σ class_weights[label] over valid rows; their number without weights or without labels
  valid_rows,  ///< the number of valid rows
};

/// What a mean is whose divisor is 0: over no valid row, or over rows of weight 0. Its gradient is zero
/// either way.
enum class EmptyMean : std::uint8_t { zero, nan };

/// From the logits x that a call is given to the logits z that its softmax is taken of:
///   u[r,c] = logit_scale · x[r,c] + bias[c]
///   z[r,c] = (softcap · tanh(u / softcap), or u where softcap is 0) / temperature
/// logit_scale, 1/temperature, 1/softcap and their quotients must be normal numbers of f32 (of f64 for f64
/// logits).
/// Gradients are those for x. A class whose x or bias is -inf is masked, also under a softcap: it does not
/// exist. Classes from valid_classes on do not exist either, whatever their logits hold, NaN included: they
/// are not read, and their gradient is written as 0.
struct LogitTransform {
  double logit_scale = 1.0;  ///< finite and > 0
  double temperature = 1.0;  ///< finite and > 0
  double softcap = 0.0;      ///< finite and > 0; 0 is off
  ConstVectorView bias{};    ///< one number per class
  /// The classes of a vocabulary that was padded to more columns: 1 to the logits' classes; 0 means all.
  /// Labels must lie below it.
  std::int64_t valid_classes = 0;
};

/// A row is valid unless its label equals ignore_index. Nothing of an ignored row's logits enters any
/// result: its loss, lse, log_prob and entropy are 0, its argmax and target_rank -1 (255 as u8), its gradient
/// is written as 0 even where its logits are NaN.
struct LossOptions {
  Reduction reduction = Reduction::mean;
  /// Label that marks a row as ignored; may lie outside [0, classes). PyTorch's default is -100. Only with
  /// labels.
  std::optional<std::int64_t> ignore_index{};
  /// What mean divides by instead. With micro-batches, give each the whole batch's and add the results.
  /// Finite and > 0; only with Reduction::mean.
  std::optional<double> denominator{};
  /// The same as one number in memory, read when the work runs: on a device, in the order of the stream.
  /// 0 there is an empty mean.
  ConstVectorView denominator_at{};
  /// Mean's divisor when neither denominator is given.
  MeanOver mean_over = MeanOver::weights;
  EmptyMean empty_mean = EmptyMean::zero;
  /// ε in [0, 1]: the target distribution q becomes (1-ε)·q + ε/K over the row's K unmasked classes.
  double label_smoothing = 0.0;
  /// w[c], one number per class, 0 or more: what class c counts as a target. Smoothing's share of a class
  /// is weighted too, as in PyTorch.
  ConstVectorView class_weights{};
  /// γ ≥ 0 of the focal loss: the log-probability of each class counts (1 - p[c])^γ; 0 is off. Like λ in the
  /// normal range of f32 (of f64 for f64 logits).
  double focal_gamma = 0.0;
  /// λ ≥ 0: λ·lse² is added to each valid row's loss; 0 is off.
  double z_loss = 0.0;
  LogitTransform transform{};
};

/// The gradients that arrive from above, applied in the arithmetic of the logits: beyond the range of f32 (of
/// f64 for f64 logits) gradients become infinite or NaN. All are multiplied by scale; only the loss's is then
/// divided by the mean's divisor.
struct Upstream {
  double scale = 1.0;
  /// Of the loss. Empty: all ones. One element: shared by all rows. One per row: only with Reduction::none.
  ConstVectorView values{};
  /// Of the other outputs of cross_entropy, one number per row each; empty: zeros.
  ConstVectorView lse{};
  ConstVectorView log_prob{};
  ConstVectorView entropy{};
};

}  // namespace xent
