// Negative log-likelihood of given log-probabilities, forward and backward.
#pragma once

#include <cstdint>

#include <xent/exec.hpp>
#include <xent/options.hpp>
#include <xent/view.hpp>

namespace xent {

struct NllOutputs {
  /// f32 or f64. Reduction::none: one per row; sum and mean: one element.
  VectorView loss{};
  /// Number of valid rows; may be null.
  std::int64_t* valid_count = nullptr;
};

/// loss[r] = -w[label[r]]·log_probs[r, label[r]], then reduced; ignored rows count nothing, nor does a label
/// of weight 0 even if it is masked: 0·inf is 0. w are the options' class_weights, ones if not given.
///
/// log_probs: rows × classes, any dtype. labels: one per row, u8, i32 or i64.
/// Reads one element per valid row. The sum is taken in double in an order fixed by the shape.
/// Options that only logits can have (smoothing, focal, z_loss, transform) are refused. Throws LabelError
/// (row, value, classes) before anything is written, InvalidArgument for a bad view or option or an overlap
/// (view.hpp) of outputs with anything, Unsupported for a device this build lacks.
void nll(const ConstMatrixView& log_probs, const LabelView& labels, const NllOutputs& outputs,
         const LossOptions& options = {}, const Exec& exec = {});

/// grad_log_probs[r,c] = -w[c]·g[r]/d where c = label[r], else 0; g is the upstream, d the mean's divisor
/// (1 for none and sum). Every element is written. Moves 1 write of the matrix.
void nll_backward(const LabelView& labels, const MatrixView& grad_log_probs, const LossOptions& options = {},
                  const Upstream& upstream = {}, const Exec& exec = {});

}  // namespace xent
