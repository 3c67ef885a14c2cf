// Divergences between the distributions that two sets of logits stand for: for distillation, for trust
// regions, for comparing models. Forward and both gradients in one call.
#pragma once

#include <optional>

#include <xent/exec.hpp>
#include <xent/options.hpp>
#include <xent/view.hpp>

namespace xent {

struct DivergenceOptions {
  /// T, from 1e-6 to 1e6: both sets of logits are divided by it. Losses and gradients are not multiplied by
  /// T², as distillation often wants: give that as upstream.scale.
  double temperature = 1.0;
  /// β of js_divergence, from 1e-6 to 1 - 1e-6; kl_divergence has none and refuses another.
  double beta = 0.5;
  /// none: a loss per row. sum, mean: over all rows.
  Reduction reduction = Reduction::mean;
  /// What mean divides by instead of the number of rows. Finite and > 0; only with Reduction::mean.
  std::optional<double> denominator{};
  /// The same as one number in memory, read when the work runs: on a device, in the order of the stream. Its
  /// value is not checked; 0 there is an empty mean.
  ConstVectorView denominator_at{};
  /// What the mean is whose divisor is 0: over no row. Its gradients are 0 either way.
  EmptyMean empty_mean = EmptyMean::zero;
};

/// What to compute. A part left out costs nothing; at least one must be given.
struct DivergenceOutputs {
  /// f32 or f64. Reduction::none: one per row; sum and mean: one element.
  VectorView loss{};
  /// ∂(g·loss)/∂p_logits, of the logits' shape and dtype; may be p_logits' own view (in place).
  MatrixView grad_p{};
  /// ∂(g·loss)/∂q_logits, likewise; may be q_logits' own view.
  MatrixView grad_q{};
};

/// The Kullback-Leibler divergence. With p = softmax(p_logits[r,:] / T), q = softmax(q_logits[r,:] / T) and
/// s[c] = log p[c] - log q[c]:
///   loss[r]     = Σ_c p[c]·s[c]                        the relative entropy of p to q
///   grad_p[r,c] = p[c]·(s[c] - loss[r]) · g[r] / (T·d)
///   grad_q[r,c] = (q[c] - p[c]) · g[r] / (T·d)
/// d is the mean's divisor (the number of rows by default), 1 for none and sum. Only differences of logits,
/// exponentials and the two rows' normalisers are formed; no distribution and no logarithm of one is stored.
/// The sum is taken as Σ_c p[c]·(e^-s - 1 + s), which is the same since p and q both add up to 1 and has no
/// negative term: the loss of two nearly equal distributions keeps its digits, as do both gradients. With the
/// normalisers as (max, rest) the loss and grad_q of rows that are sure of their class keep theirs too. So
/// does grad_p, but for the class that p is sure of: s[c] - loss is a difference of two numbers that are
/// close where q is less sure, so the error there is a rounding of loss, not of the gradient.
///
/// p_logits, q_logits: rows × classes, one shape, one dtype, any strides; they may be the same memory.
/// grad_p may be exactly p_logits' view and grad_q exactly q_logits'; any other overlap (view.hpp) with an
/// output throws. Moves 1 read of both matrices, and 1 write of each gradient asked for, while two rows stay
/// in cache.
///
/// A class at -inf in both does not exist. One at -inf in p_logits alone adds nothing to the loss, and its
/// grad_p is 0. One at -inf in q_logits alone makes the loss +inf where p[c] > 0; such a row's grad_q is that
/// of any other, its grad_p is NaN throughout. (What is too small for the arithmetic is 0: p[c] below 2^-124,
/// for f64 logits 2^-1019.) A row of only -inf, or with NaN or +inf, in either makes the loss and both
/// gradients NaN. Finite logits further apart than f32 can say count as infinitely far apart unless they are
/// f64.
///
/// A row's bits depend on that row and the options alone; the reduction is taken in double in an order fixed
/// by the shape. Nothing depends on the thread count. On a device the reduced loss wants a workspace for so
/// many rows. Throws InvalidArgument or Unsupported, before anything is written.
///
/// Source of the sum without negative terms: the Bregman form of the divergence of unnormalised measures,
/// Σ p·log(p/q) - p + q (Csiszár 1991), of which s² / 2 is the leading term.
void kl_divergence(const ConstMatrixView& p_logits, const ConstMatrixView& q_logits,
                   const DivergenceOutputs& outputs, const DivergenceOptions& options = {},
                   const Upstream& upstream = {}, const Exec& exec = {});

/// The generalised Jensen-Shannon divergence. With m = β·p + (1-β)·q, p and q as above,
///   loss[r]     = β·KL(p‖m) + (1-β)·KL(q‖m)            between 0 and log 2
///   grad_p[r,c] = β·p[c]·(log(p[c]/m[c]) - KL(p‖m)) · g[r] / (T·d)
///   grad_q[r,c] = (1-β)·q[c]·(log(q[c]/m[c]) - KL(q‖m)) · g[r] / (T·d)
/// The logarithms come from log p[c] - log q[c] by log1p, so that nearly equal distributions keep their
/// digits; both sums are taken without negative terms, as above. Each gradient is a difference as above at
/// the class that its own distribution is sure of.
///
/// A class at -inf in one of the two has probability 0 there, adds what the other's makes of it, and its
/// gradient there is 0; the loss is finite. Everything else as for kl_divergence.
///
/// Source: Lin, Divergence measures based on the Shannon entropy (IEEE Trans. Inf. Theory 37, 1991); with β
/// as in generalised knowledge distillation (Agarwal et al., arXiv:2306.13649).
void js_divergence(const ConstMatrixView& p_logits, const ConstMatrixView& q_logits,
                   const DivergenceOutputs& outputs, const DivergenceOptions& options = {},
                   const Upstream& upstream = {}, const Exec& exec = {});

}  // namespace xent
