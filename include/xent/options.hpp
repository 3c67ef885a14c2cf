// Options shared by the losses. Every default means "off".
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

/// What the mean over no valid row is. Its gradient is zero either way.
enum class EmptyMean : std::uint8_t { zero, nan };

/// A row is valid unless its label equals ignore_index. Nothing of an ignored row's logits enters any
/// result: its loss and lse are 0, its argmax is -1 (255 as u8), its gradient is written as 0 even where
/// its logits are NaN.
struct LossOptions {
  Reduction reduction = Reduction::mean;
  /// Label that marks a row as ignored; may lie outside [0, classes). PyTorch's default is -100.
  std::optional<std::int64_t> ignore_index{};
  /// What mean divides by; default: the number of valid rows. With micro-batches, give each the
  /// whole batch's count and add the results. Finite and > 0; only with Reduction::mean.
  std::optional<double> denominator{};
  /// Mean over no valid row when no denominator is given.
  EmptyMean empty_mean = EmptyMean::zero;
  /// ε in [0, 1]: the target distribution is (1-ε)·onehot(label) + ε/K over the row's K unmasked
  /// classes (those whose logit is not -inf).
  double label_smoothing = 0.0;
};

/// The gradient that arrives from above: g[r] = scale · values[r]. It is applied in the arithmetic of the
/// logits: beyond the range of f32 (of f64 for f64 logits) gradients become infinite or NaN.
struct Upstream {
  double scale = 1.0;
  /// Empty: all ones. One element: shared by all rows. One per row: only with Reduction::none.
  ConstVectorView values{};
};

}  // namespace xent
