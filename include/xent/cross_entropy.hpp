// Softmax cross-entropy with class-index targets: forward, backward, and both in one call.
#pragma once

#include <cstdint>

#include <xent/exec.hpp>
#include <xent/options.hpp>
#include <xent/view.hpp>

namespace xent {

/// What to compute. A part left out costs nothing; at least one must be given.
struct CrossEntropyOutputs {
  /// f32 or f64. Reduction::none: one per row; sum and mean: one element.
  VectorView loss{};
  /// log Σ_c exp(z[r,c]) per row, f32 or f64: what cross_entropy_backward wants.
  VectorView lse{};
  /// Class of the largest logit per row, the lowest such class; a NaN counts as larger than any number.
  IndexView argmax{};
  /// ∂(g·loss)/∂z, same dtype and shape as the logits; may be the logits' own view (in place).
  MatrixView grad{};
  /// Number of valid rows whose argmax is their label; may be null.
  std::int64_t* correct_count = nullptr;
  /// Number of valid rows; may be null.
  std::int64_t* valid_count = nullptr;
};

/// With m = max_c z[r,c], y = label[r], q the (smoothed) target distribution, p = softmax(z[r,:]):
///   loss[r]   = lse[r] - Σ_c q[c]·z[r,c]     taken as (m - z[r,y]) + log1p(rest) where q is one-hot
///   grad[r,c] = (p[c] - q[c]) · g[r] / d     d = the mean's divisor, 1 for none and sum
/// where rest = Σ_c exp(z[r,c] - m) - 1, summed without the maximum's own 1: neither the loss nor the
/// target's gradient of a confident row loses its digits to cancellation.
///
/// logits: rows × classes of any dtype and strides. labels: one per row, u8, i32 or i64.
/// grad may be exactly the logits' view; any other overlap between views throws.
/// Moves 1 read of the logits, and 1 write of the gradient if asked for, while a row stays in cache.
///
/// -inf logits are masked classes: zero probability, zero gradient (a masked target: loss +inf,
/// gradient p - q as for any other). A row of only -inf, or with NaN or +inf, gives NaN.
/// A row's bits depend on that row and the options alone; the reduction is taken in double in an order
/// fixed by the shape. Nothing depends on the thread count.
/// Throws LabelError (row, value, classes), InvalidArgument or Unsupported, before anything is written.
///
/// Source of the running (max, rest) state: the online softmax of Milakov and Gimelshein
/// (arXiv:1805.02867), re-based so that its sum leaves out the maximum.
void cross_entropy(const ConstMatrixView& logits, const LabelView& labels, const CrossEntropyOutputs& outputs,
                   const LossOptions& options = {}, const Upstream& upstream = {}, const Exec& exec = {});

/// The gradient alone, from the lse of an earlier cross_entropy call on the same logits:
///   p[c] = exp(z[r,c] - lse[r]),   grad[r,c] = (p[c] - q[c]) · g[r] / d,
/// with the target's p - 1 taken as the negated sum of the other p where the target dominates. Its relative
/// error grows with |lse|·2^-24 when lse is f32 (give f64, or use the one-call form, if logits are far from
/// zero). Arguments, errors, aliasing and determinism as above. Moves 1 read + 1 write of the matrix.
void cross_entropy_backward(const ConstMatrixView& logits, const LabelView& labels,
                            const ConstVectorView& lse, const MatrixView& grad,
                            const LossOptions& options = {}, const Upstream& upstream = {},
                            const Exec& exec = {});

}  // namespace xent
