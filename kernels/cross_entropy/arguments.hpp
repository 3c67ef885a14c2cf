// A cross-entropy or NLL call as its kernels see it. Views point to device memory; what is not given is
// skipped.
#pragma once

#include <xent/shards.hpp>

#include "kernels/row/transform.hpp"
#include "kernels/shapes/tile_shape.hpp"
#include "kernels/shapes/workspace.hpp"

namespace xent::gpu {

struct CrossEntropyArguments {
  ConstMatrixView logits{};  ///< for NLL the log-probabilities; for its backward only the shape
  LabelView labels{};
  ConstVectorView lse{};  ///< backward only
  MatrixView grad{};
  VectorView row_loss{};  ///< a loss per row: the caller's, or what a reduction then adds up
  VectorView row_loss_too{};
  VectorView row_lse{};
  IndexView argmax{};
  std::int64_t* correct_count = nullptr;  ///< added to
  LabelReport* bad_labels = nullptr;

  bool has_ignore_index = false;
  std::int64_t ignore_index = 0;
  double label_smoothing = 0.0;
  ConstVectorView class_weights{};  ///< the plain kernels of cross-entropy know of none
  Upstream upstream{};
  double divisor = 1.0;
  const std::int64_t* valid_rows = nullptr;  ///< if given, the divisor is what it points to
  ConstVectorView divisor_at{};              ///< the same; by a divisor of 0 nothing flows back

  TileShape tile{};  ///< what a part of a team holds on chip; rows may be longer
};

/// A call with any of the options that the plain kernels do not know.
struct GeneralCrossEntropyArguments : CrossEntropyArguments {
  /// All options are the plain kernels' own: then loss and gradient are taken as these take them, so that
  /// asking for one more output changes no bit.
  bool plain = false;
  bool wants_gap = false;  ///< entropy, or its gradient
  TargetKind target = TargetKind::labels;
  ConstMatrixView probs{};
  Scalar smoothing{};  ///< 0 without a target
  Scalar focal_gamma{};
  Scalar z_loss{};
  Transform transform{};  ///< the classes of `logits` are those that are valid
  std::int64_t tail = 0;  ///< columns after them, whose gradients are zeros

  MatrixView grad_targets{};
  VectorView log_prob{};
  VectorView entropy{};
  IndexView target_rank{};
  std::int64_t* top_k_count = nullptr;  ///< added to
  std::int64_t top_k = 1;

  // A part of a vocabulary.
  std::int64_t first_class = 0;        ///< the number that labels have for class 0
  std::int64_t label_classes = 0;      ///< how many a label may name; 0: the logits' own
  RowPartial* partials = nullptr;      ///< if given, sums go there, and that is all
  const RowPartial* merged = nullptr;  ///< if given, sums of the whole row come from there

  /// A focal loss of more than a label: it takes a look at every class once the sums are known.
  XENT_HOST_DEVICE constexpr bool spreads_focal() const {
    return focal_gamma.wide != 0.0 && (target == TargetKind::probs || smoothing.wide != 0.0);
  }
};

}  // namespace xent::gpu
