/* Binary cross-entropy behind the C ABI; included by c_api.h, whose rules hold here too. */
#ifndef XENT_C_BINARY_CROSS_ENTROPY_H
#define XENT_C_BINARY_CROSS_ENTROPY_H

#include <xent/c_types.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct xent_binary_cross_entropy_options {
  size_t struct_size;
  xent_reduction reduction; /* XENT_NONE: a loss per element */
  xent_empty_mean empty_mean;
  int32_t has_denominator;          /* 0 or 1 */
  double denominator;               /* what XENT_MEAN divides by instead of the number of elements; > 0 */
  xent_const_vector denominator_at; /* the same as one number in memory, read when the work runs */
  xent_const_vector class_weights;  /* one per class; not given: all ones */
  xent_const_vector pos_weight;     /* one per class; not given: all ones */
} xent_binary_cross_entropy_options;
#define XENT_BINARY_CROSS_ENTROPY_OPTIONS_INIT                                                             \
  {                                                                                                        \
    sizeof(xent_binary_cross_entropy_options), XENT_MEAN, XENT_EMPTY_ZERO, 0, 0.0, {NULL, XENT_F32, 0, 0}, \
        {NULL, XENT_F32, 0, 0}, {                                                                          \
      NULL, XENT_F32, 0, 0                                                                                 \
    }                                                                                                      \
  }

typedef struct xent_binary_cross_entropy_upstream { /* g[r,c] = scale · value · values[r,c] */
  size_t struct_size;
  double scale;
  xent_const_vector value;  /* not given: 1; else one number */
  xent_const_matrix values; /* not given: all ones; one per element: with XENT_NONE */
} xent_binary_cross_entropy_upstream;
#define XENT_BINARY_CROSS_ENTROPY_UPSTREAM_INIT                                \
  {                                                                            \
    sizeof(xent_binary_cross_entropy_upstream), 1.0, {NULL, XENT_F32, 0, 0}, { \
      NULL, XENT_F32, { 0, 0, 0, 0, 0, 0 }                                     \
    }                                                                          \
  }

typedef struct xent_binary_cross_entropy_outputs { /* what is not given costs nothing; give at least one */
  size_t struct_size;
  xent_matrix losses;       /* XENT_NONE: one per element */
  xent_vector loss;         /* else: one number */
  xent_matrix grad;         /* ∂(g·loss)/∂x; may be the logits' own view */
  xent_matrix grad_targets; /* ∂(g·loss)/∂y; may be the targets' own view */
} xent_binary_cross_entropy_outputs;
#define XENT_BINARY_CROSS_ENTROPY_OUTPUTS_INIT                                                               \
  {                                                                                                          \
    sizeof(xent_binary_cross_entropy_outputs), {NULL, XENT_F32, {0, 0, 0, 0, 0, 0}}, {NULL, XENT_F32, 0, 0}, \
        {NULL, XENT_F32, {0, 0, 0, 0, 0, 0}}, {                                                              \
      NULL, XENT_F32, { 0, 0, 0, 0, 0, 0 }                                                                   \
    }                                                                                                        \
  }

/* With x the logits, y the targets (one shape, one dtype), w and v the weights of a class:
 *   loss = w · (y·v·log(1 + e^-x) + (1-y)·log(1 + e^x)), then reduced over all elements
 *   grad = w · ((1-y)·σ(x) - y·v·σ(-x)) · g / d,  grad_targets = w · (v·log(1 + e^-x) - log(1 + e^x)) · g / d
 * without cancellation or overflow; 0·∞ is 0. Moves 1 read of both matrices and 1 write of each asked for. */
xent_status xent_binary_cross_entropy(const xent_const_matrix* logits, const xent_const_matrix* targets,
                                      const xent_binary_cross_entropy_outputs* outputs,
                                      const xent_binary_cross_entropy_options* options,
                                      const xent_binary_cross_entropy_upstream* upstream,
                                      const xent_exec* exec);

#ifdef __cplusplus
}
#endif

#endif
