// Cross-entropy over a vocabulary that is split between devices, processes or calls: each shard sees only its
// own classes of the logits, rows are put together from what the shards know of them, and each shard then
// writes its own part of the gradient. How partials travel from one to another is the caller's affair: they
// are plain memory, 112 bytes a row.
//
//   each shard:   cross_entropy_partials(logits of its classes, labels, shard, partials)
//   anywhere:     merge_partials(partials of all shards, merged)         in any grouping
//   anywhere:     cross_entropy_from_partials(merged, labels, outputs)
//   each shard:   cross_entropy_shard_backward(logits of its classes, labels, shard, merged, grad)
//
// Options hold as in cross_entropy, with class_weights, transform.bias and transform.valid_classes those of
// the shard's own classes; a class keeps all its options wherever it lies. A focal loss of several classes
// (with smoothing or soft targets) needs probabilities in the sums and is refused, and so is target_rank.
#pragma once

#include <cstdint>
#include <limits>
#include <span>

#include <xent/cross_entropy.hpp>

namespace xent {

/// Which classes a call sees: those numbered first_class to first_class + logits' classes - 1 of `classes`.
struct Shard {
  std::int64_t first_class = 0;
  std::int64_t classes = 0;  ///< of the whole vocabulary; labels lie below it
};

/// What some of the classes say of a row; as it stands, what no class says. With z the transformed logits,
/// m = max z over those classes, gap[c] = m - z[c], masked classes and those of weight 0 left out of sums:
struct RowPartial {
  double max = -std::numeric_limits<double>::infinity();  ///< m
  double rest = -1.0;                                     ///< Σ exp(z[c] - m) without the maximum's own 1
  double entropy_gap = 0.0;                               ///< Σ exp(z[c] - m)·gap[c]
  double target_gap = 0.0;                                ///< Σ w[c]·q[c]·gap[c] of soft targets q
  double target_weight = 0.0;                             ///< Σ w[c]·q[c]
  double given_gap = 0.0;                                 ///< Σ q[c]·gap[c]
  double given_weight = 0.0;                              ///< Σ q[c]
  double spread_gap = 0.0;                                ///< Σ w[c]·gap[c], for smoothing
  double spread_weight = 0.0;                             ///< Σ w[c], for smoothing
  double unmasked = 0.0;                                  ///< classes that exist, for smoothing
  double label_z = 0.0;                                   ///< z[label]
  double label_weight = 0.0;                              ///< w[label]
  std::int64_t argmax = -1;  ///< of the whole vocabulary's numbers; -1 without classes
  std::int64_t labels = 0;   ///< 1 if the label is among the classes
};

/// partials[r] = row r over the shard's classes. logits: rows × the shard's classes; target: labels in
/// numbers of the whole vocabulary, or soft targets for the shard's classes. Moves 1 read of the logits.
/// Errors, masks and determinism as cross_entropy: LabelError for labels outside [0, shard.classes).
void cross_entropy_partials(const ConstMatrixView& logits, const TargetView& target, const Shard& shard,
                            std::span<RowPartial> partials, const LossOptions& options = {},
                            const Exec& exec = {});

/// merged[r] = partials[0·rows + r] ⊕ partials[1·rows + r] ⊕ …, with rows = merged.size(), as an all-gather
/// leaves them; partials.size() is a multiple of it. ⊕ takes classes together: it is associative and
/// commutative up to rounding, and a default RowPartial is its identity. merged may be the first shard's own
/// memory; other overlap (view.hpp) throws.
void merge_partials(std::span<const RowPartial> partials, std::span<RowPartial> merged,
                    const Exec& exec = {});

/// All that cross_entropy says of rows, from all shards' partials together: every output but grad,
/// grad_targets, target_rank and top_k_count. target: the same labels, or the shard's soft targets, of which
/// nothing is read. argmax is i32 or i64, since partials do not tell whether u8 holds all classes.
void cross_entropy_from_partials(std::span<const RowPartial> merged, const TargetView& target,
                                 const CrossEntropyOutputs& outputs, const LossOptions& options = {},
                                 const Exec& exec = {});

/// The shard's part of cross_entropy's gradients, from all shards' partials together. Moves 1 read + 1 write
/// of the shard's matrix. Aliasing and errors as cross_entropy.
void cross_entropy_shard_backward(const ConstMatrixView& logits, const TargetView& target, const Shard& shard,
                                  std::span<const RowPartial> merged, const CrossEntropyGrads& grads,
                                  const LossOptions& options = {}, const Upstream& upstream = {},
                                  const Exec& exec = {});

}  // namespace xent
