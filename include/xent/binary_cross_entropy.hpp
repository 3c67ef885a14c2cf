// Binary cross-entropy of logits: every element a yes-or-no question of its own. Forward and backward in one
// call.
#pragma once

#include <optional>

#include <xent/exec.hpp>
#include <xent/options.hpp>
#include <xent/view.hpp>

namespace xent {

struct BinaryCrossEntropyOptions {
  /// none: a loss per element. sum, mean: over all elements.
  Reduction reduction = Reduction::mean;
  /// What mean divides by instead of the number of elements. Finite and > 0; only with Reduction::mean.
  std::optional<double> denominator{};
  /// The same as one number in memory, read when the work runs: on a device, in the order of the stream. Its
  /// value is not checked; 0 there is an empty mean.
  ConstVectorView denominator_at{};
  /// What the mean is whose divisor is 0: over no element. Its gradient is 0 either way.
  EmptyMean empty_mean = EmptyMean::zero;
  /// w[c], one number per class: what its elements count. Empty: all ones.
  ConstVectorView class_weights{};
  /// v[c], one number per class: what its positive answers count besides. Empty: all ones.
  ConstVectorView pos_weight{};
};

/// The gradient that arrives from above: g[r,c] = scale · value · values[r,c]. It is applied in the
/// arithmetic of the logits.
struct BinaryCrossEntropyUpstream {
  double scale = 1.0;
  /// Empty, or one number for all elements.
  ConstVectorView value{};
  /// One per element, of the logits' shape and dtype, only with Reduction::none; not given: all ones.
  ConstMatrixView values{};
};

/// What to compute. A part left out costs nothing; at least one must be given.
struct BinaryCrossEntropyOutputs {
  /// Reduction::none: one per element, of the logits' shape and dtype. May be the logits' own view if grad
  /// and grad_targets are not given.
  MatrixView losses{};
  /// Reduction::sum and mean: one element, f32 or f64.
  VectorView loss{};
  /// ∂(g·loss)/∂x, of the logits' shape and dtype; may be the logits' own view (in place).
  MatrixView grad{};
  /// ∂(g·loss)/∂y, likewise; may be the targets' own view.
  MatrixView grad_targets{};
};

/// With x = logits[r,c], y = targets[r,c], the weights w and v of class c, σ(x) = 1 / (1 + e^-x) and
/// softplus(x) = log(1 + e^x):
///   loss[r,c]         = w · (y·v·softplus(-x) + (1-y)·softplus(x))
///   grad[r,c]         = w · ((1-y)·σ(x) - y·v·σ(-x)) · g[r,c] / d
///   grad_targets[r,c] = w · (v·softplus(-x) - softplus(x)) · g[r,c] / d
/// d is the mean's divisor (rows · classes by default), 1 for none and sum. softplus(x) is taken as
/// max(x, 0) + log1p(e^-|x|) and σ from the same e^-|x|, so that nothing overflows and an element that is
/// sure of its answer keeps its digits: 1 - σ is never formed.
///
/// logits, targets: one shape, one dtype, any strides. Targets are meant to lie in [0, 1] and weights to be 0
/// or more; neither is checked, the formulas hold for all finite numbers. Weights are f32 or f64 and are
/// rounded to the arithmetic of the logits.
/// A coefficient of 0 (a target of 0 or 1, a weight of 0) makes 0 of an infinite logit: x = +inf has loss 0
/// and gradient 0 for y = 1, and loss +inf for y < 1. A NaN logit makes its element NaN, a NaN target its
/// loss and grad; with a reduction also the reduced loss. grad may be exactly the logits' view and
/// grad_targets exactly the targets'; any other overlap (view.hpp) throws. Moves 1 read of logits and targets
/// (and values), and 1 write of each matrix asked for.
///
/// An element's bits depend on that element and the options alone. The reduced loss is added up in double in
/// an order fixed by the shape. Nothing depends on the thread count. On a device the reduced loss wants a
/// workspace for the logits' rows.
/// Throws InvalidArgument or Unsupported, before anything is written.
///
/// Source of the split by sign: the usual stable form, as in PyTorch's binary_cross_entropy_with_logits,
/// whose weight (of a class) and pos_weight these are.
void binary_cross_entropy(const ConstMatrixView& logits, const ConstMatrixView& targets,
                          const BinaryCrossEntropyOutputs& outputs,
                          const BinaryCrossEntropyOptions& options = {},
                          const BinaryCrossEntropyUpstream& upstream = {}, const Exec& exec = {});

}  // namespace xent
