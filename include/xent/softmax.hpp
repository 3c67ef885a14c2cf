// Softmax and log-softmax over the classes of each row, forward and backward.
//
// Common to the four functions:
//  - Views have one dtype and one shape; strides may differ. Zero rows are legal, zero classes are not.
//  - An output may be the very same view as an input (same data and layout), then it is computed in
//    place; any other overlap (view.hpp) throws InvalidArgument. Inputs are otherwise untouched.
//  - -inf logits are masked classes: probability 0, log-probability -inf. A row of only -inf, or with
//    NaN or +inf, gives NaN throughout.
//  - A row's bits depend on that row alone: not on the batch, the thread count, alignment or strides.
//  - Throws InvalidArgument for a bad view or Exec, Unsupported for a device this build lacks; then
//    nothing has been written.
#pragma once

#include <xent/exec.hpp>
#include <xent/view.hpp>

namespace xent {

/// probs[r,c] = exp(z[r,c] - m) / Σ_k exp(z[r,k] - m), m = max_k z[r,k].
/// Moves 1 read + 1 write of the matrix while a row stays in cache.
void softmax(const ConstMatrixView& logits, const MatrixView& probs, const Exec& exec = {});

/// log_probs[r,c] = (z[r,c] - m) - log1p(rest), rest = Σ_k exp(z[r,k] - m) - 1 summed without the
/// maximum's own 1, so that the log-probability of a confident row keeps all its digits.
/// Moves 1 read + 1 write of the matrix while a row stays in cache.
void log_softmax(const ConstMatrixView& logits, const MatrixView& log_probs, const Exec& exec = {});

/// grad_logits[r,c] = p[r,c] · (g[r,c] - Σ_k g[r,k]·p[r,k]), from the saved probs p and upstream g.
/// Classes with p = 0 are left out of the sum and get gradient 0. Moves 2 reads + 1 write while two rows stay
/// in cache.
void softmax_backward(const ConstMatrixView& probs, const ConstMatrixView& grad_probs,
                      const MatrixView& grad_logits, const Exec& exec = {});

/// grad_logits[r,c] = g[r,c] - exp(log_probs[r,c]) · Σ_k g[r,k], from the saved log_probs and upstream g.
/// Masked classes (log_probs = -inf) are left out of the sum and get gradient 0.
/// Moves 2 reads + 1 write while two rows stay in cache.
void log_softmax_backward(const ConstMatrixView& log_probs, const ConstMatrixView& grad_log_probs,
                          const MatrixView& grad_logits, const Exec& exec = {});

}  // namespace xent
