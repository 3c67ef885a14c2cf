/* The C ABI of cross-entropy over a vocabulary that is split between devices, processes or calls; c_api.h
 * includes it, and says what all functions share.
 *
 *   each shard:   xent_cross_entropy_partials(logits of its classes, labels, shard, partials)
 *   anywhere:     xent_merge_partials(partials of all shards, merged)        in any grouping
 *   anywhere:     xent_cross_entropy_from_partials(merged, labels, outputs)
 *   each shard:   xent_cross_entropy_shard_backward(logits of its classes, labels, shard, merged, grad)
 *
 * Options hold as in xent_cross_entropy, with class_weights, bias and valid_classes those of the shard's own
 * classes. Refused: a focal loss of several classes, target_rank, top_k_count. */
#ifndef XENT_C_SHARDS_H
#define XENT_C_SHARDS_H

#include <xent/c_types.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct xent_shard { /* the logits' classes are numbered from first_class, of `classes` in all */
  int64_t first_class;
  int64_t classes;
} xent_shard;

/* What some classes say of a row, with m = max z over them and gap[c] = m - z[c]. No classes:
 * XENT_ROW_PARTIAL_INIT. */
typedef struct xent_row_partial {
  double max;           /* m */
  double rest;          /* Σ exp(z[c] - m) without the maximum's own 1 */
  double entropy_gap;   /* Σ exp(z[c] - m)·gap[c] */
  double target_gap;    /* Σ w[c]·q[c]·gap[c] of soft targets q */
  double target_weight; /* Σ w[c]·q[c] */
  double given_gap;     /* Σ q[c]·gap[c] */
  double given_weight;  /* Σ q[c] */
  double spread_gap;    /* Σ w[c]·gap[c], for smoothing */
  double spread_weight; /* Σ w[c], for smoothing */
  double unmasked;      /* classes that exist, for smoothing */
  double label_z;       /* z[label] */
  double label_weight;  /* w[label] */
  int64_t argmax;       /* of the whole vocabulary's numbers; -1 without classes */
  int64_t labels;       /* 1 if the label is among the classes */
} xent_row_partial;
/* HUGE_VAL is math.h's. */
#define XENT_ROW_PARTIAL_INIT \
  { -HUGE_VAL, -1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, -1, 0 }

/* partials[r] = row r over the shard's classes. Exactly one of labels (in numbers of the whole vocabulary)
 * and targets (soft, of the shard's classes) is given; with both NULL there is no target. rows: of the
 * logits. */
xent_status xent_cross_entropy_partials(const xent_const_matrix* logits, const xent_labels* labels,
                                        const xent_const_matrix* targets, const xent_shard* shard,
                                        xent_row_partial* partials, const xent_loss_options* options,
                                        const xent_exec* exec);

/* merged[r] = what partials[r], partials[rows + r] … partials[(shards - 1)·rows + r] say together;
 * associative and commutative up to rounding. merged may be partials; other overlap is XENT_INVALID_ARGUMENT.
 */
xent_status xent_merge_partials(const xent_row_partial* partials, int64_t shards, int64_t rows,
                                xent_row_partial* merged, const xent_exec* exec);

/* All of xent_cross_entropy's outputs but grad, grad_targets, target_rank and top_k_count, from all shards'
 * partials together. Of targets nothing is read. argmax is i32 or i64: partials do not tell whether u8 holds
 * all classes. */
xent_status xent_cross_entropy_from_partials(const xent_row_partial* merged, int64_t rows,
                                             const xent_labels* labels, const xent_const_matrix* targets,
                                             const xent_cross_entropy_outputs* outputs,
                                             const xent_loss_options* options, const xent_exec* exec);

/* The shard's part of xent_cross_entropy's gradients. grad and grad_targets may each be NULL, not both. */
xent_status xent_cross_entropy_shard_backward(const xent_const_matrix* logits, const xent_labels* labels,
                                              const xent_const_matrix* targets, const xent_shard* shard,
                                              const xent_row_partial* merged, const xent_matrix* grad,
                                              const xent_matrix* grad_targets,
                                              const xent_loss_options* options, const xent_upstream* upstream,
                                              const xent_exec* exec);

#ifdef __cplusplus
}
#endif

#endif
