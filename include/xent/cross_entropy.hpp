// Softmax cross-entropy with class indices, distributions or nothing as targets: forward, backward, and both
// in one call; its log-probabilities, entropies and ranks; and a vocabulary split over several calls
// (shards.hpp).
#pragma once

#include <cstdint>

#include <xent/exec.hpp>
#include <xent/options.hpp>
#include <xent/target.hpp>
#include <xent/view.hpp>

namespace xent {

/// What to compute. A part left out costs nothing; at least one must be given. Vectors and indices have one
/// element per row, vectors are f32 or f64.
struct CrossEntropyOutputs {
  /// Reduction::none: one per row; sum and mean: one element.
  VectorView loss{};
  /// The loss of each row, whatever the reduction.
  VectorView row_loss{};
  /// log Σ_c exp(z[r,c]): what cross_entropy_backward wants.
  VectorView lse{};
  /// Σ_c q[c]·log p[c] with the target as given: not smoothed, not weighted. For labels, log p[label].
  VectorView log_prob{};
  /// -Σ_c p[c]·log p[c]
  VectorView entropy{};
  /// Class of the largest z, the lowest such class; a NaN counts as larger than any number. u8 for up to 255
  /// valid classes, as for target_rank.
  IndexView argmax{};
  /// How many classes come before the label: those with a larger z, and lower ones with the same. 0 where it
  /// is the argmax; the row is a top-k hit if target_rank < k. -1 in rows with NaN. Needs labels.
  IndexView target_rank{};
  /// The gradient for the logits, same dtype and shape; may be the logits' own view (in place).
  MatrixView grad{};
  /// The gradient for soft targets, same dtype and shape; may be the targets' own view. 0 at masked classes.
  MatrixView grad_targets{};
  /// Number of valid rows whose argmax is their label; may be null. Needs labels.
  std::int64_t* correct_count = nullptr;
  /// Number of valid rows whose target_rank is below top_k; may be null. Needs labels.
  std::int64_t* top_k_count = nullptr;
  /// Number of valid rows; may be null.
  std::int64_t* valid_count = nullptr;
  /// What mean divides by when nothing else is asked for (LossOptions::mean_over); may be null.
  double* divisor = nullptr;
  /// k of top_k_count, at least 1.
  std::int64_t top_k = 5;
};

/// With z the transformed logits (LossOptions::transform), p = softmax(z[r,:]), m = max_c z[r,c],
/// ℓ[c] = -log p[c] taken as (m - z[c]) + log1p(rest), q the target (one-hot for a label, 0 without one),
/// q' = (1-ε)·q + ε/K over the K unmasked classes, t[c] = w[c]·q'[c]:
///   loss[r]           = Σ_c t[c]·(1 - p[c])^γ·ℓ[c] + λ·lse[r]²
///   ∂loss[r]/∂z[r,c]  = p[c]·(Σ_k t[k]·f[k] + 2·λ·lse[r]) - t[c]·f[c]
///     with f = (1 - p)^γ + γ·p·(1 - p)^(γ-1)·ℓ, 1 where γ is 0
///   log_prob[r]       = -Σ_c q[c]·ℓ[c],        ∂/∂z[r,c] = q[c] - p[c]·Σ_k q[k]
///   entropy[r]        = Σ_c p[c]·ℓ[c],         ∂/∂z[r,c] = p[c]·(ℓ[c] - entropy[r])
///   ∂loss[r]/∂q[r,c]  = (1-ε)·w[c]·(1 - p[c])^γ·ℓ[c]
///   grad[r,c]         = ∂z/∂x · (g[r]/d·∂loss[r] + g_lse[r]·p[c] + g_log_prob[r]·∂log_prob[r]
///                                + g_entropy[r]·∂entropy[r]) with g from `upstream`, d the mean's divisor
/// where rest = Σ_c exp(z[r,c] - m) - 1, summed without the maximum's own 1: neither the loss nor the
/// target's gradient of a confident row loses its digits to cancellation. Terms with t = 0 or q = 0 are 0,
/// whatever they multiply.
///
/// logits: rows × classes of any dtype and strides. target: labels, a matrix of the logits' dtype and shape,
/// or {}: then CE is 0 and what is left are lse, entropy, argmax and z_loss. class_weights and bias are f32
/// or f64, one element per class.
/// grad may be exactly the logits' view, grad_targets exactly the soft targets'; any other overlap
/// (view.hpp) between views throws.
/// Moves 1 read of the logits (and of soft targets), and 1 write of each gradient asked for, while a row
/// stays in cache.
///
/// -inf logits are masked classes: zero probability, zero gradient (a masked target: loss +inf, gradient as
/// for any other; under a softcap 0 for its own logit, since ∂z/∂x is 0 there). A row of only -inf, or with
/// NaN or +inf among its z, gives NaN.
/// A row's bits depend on that row and the options alone; the reduction is taken in double in an order
/// fixed by the shape. Nothing depends on the thread count.
/// Throws LabelError (row, value, classes), InvalidArgument or Unsupported, before anything is written.
///
/// Source of the running (max, rest) state: the online softmax of Milakov and Gimelshein
/// (arXiv:1805.02867), re-based so that its sum leaves out the maximum. Focal loss: Lin et al.
/// (arXiv:1708.02002). z-loss: Chowdhery et al. (arXiv:2204.02311). Weights with smoothing: PyTorch.
void cross_entropy(const ConstMatrixView& logits, const TargetView& target,
                   const CrossEntropyOutputs& outputs, const LossOptions& options = {},
                   const Upstream& upstream = {}, const Exec& exec = {});

/// Where cross_entropy_backward writes: a matrix alone is the gradient for the logits.
struct CrossEntropyGrads {
  MatrixView grad{};
  MatrixView grad_targets{};

  constexpr CrossEntropyGrads() = default;
  constexpr CrossEntropyGrads(const MatrixView& grad_,  // NOLINT(google-explicit-constructor)
                              const MatrixView& grad_targets_ = {})
      : grad(grad_), grad_targets(grad_targets_) {}
};

/// The gradients alone, from the lse of an earlier cross_entropy call on the same logits:
///   p[c] = exp(z[r,c] - lse[r]),   grad as above,
/// with the target's p - 1 taken as the negated sum of the other p where the target dominates, and so is the
/// loss of a class that dominates, -log p, where a gradient needs it. Its relative
/// error grows with |lse|·2^-24 when lse is f32 (give f64, or use the one-call form, if logits are far from
/// zero). Arguments, errors, aliasing and determinism as above. Moves 1 read + 1 write of the matrix.
void cross_entropy_backward(const ConstMatrixView& logits, const TargetView& target,
                            const ConstVectorView& lse, const CrossEntropyGrads& grads,
                            const LossOptions& options = {}, const Upstream& upstream = {},
                            const Exec& exec = {});

/// entropy[r] = -Σ_c p[c]·log p[c], p = softmax of the transformed logits; grad[r,c] = upstream's
/// entropy[r] · ∂entropy[r]/∂x. It is cross_entropy without a target, and all said there holds. There being
/// no loss, upstream.values must be empty.
void entropy(const ConstMatrixView& logits, const VectorView& entropy, const MatrixView& grad = {},
             const LogitTransform& transform = {}, const Upstream& upstream = {}, const Exec& exec = {});

}  // namespace xent
