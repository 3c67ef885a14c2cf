/* Divergences behind the C ABI; included by c_api.h, whose rules hold here too. */
#ifndef XENT_C_DIVERGENCE_H
#define XENT_C_DIVERGENCE_H

#include <xent/c_types.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct xent_divergence_options {
  size_t struct_size;
  xent_reduction reduction; /* XENT_NONE: a loss per row */
  xent_empty_mean empty_mean;
  int32_t has_denominator;          /* 0 or 1 */
  double denominator;               /* what XENT_MEAN divides by instead of the number of rows; > 0 */
  xent_const_vector denominator_at; /* the same as one number in memory, read when the work runs */
  double temperature;               /* T, 1e-6 to 1e6: both sets of logits are divided by it */
  double beta;                      /* of xent_js_divergence, 1e-6 to 1 - 1e-6; else 0.5 */
} xent_divergence_options;
#define XENT_DIVERGENCE_OPTIONS_INIT \
  { sizeof(xent_divergence_options), XENT_MEAN, XENT_EMPTY_ZERO, 0, 0.0, {NULL, XENT_F32, 0, 0}, 1.0, 0.5 }

typedef struct xent_divergence_outputs { /* what is not given costs nothing; give at least one */
  size_t struct_size;
  xent_vector loss;   /* XENT_NONE: one per row; else one element */
  xent_matrix grad_p; /* ∂(g·loss)/∂p_logits; may be p_logits' own view */
  xent_matrix grad_q; /* ∂(g·loss)/∂q_logits; may be q_logits' own view */
} xent_divergence_outputs;
#define XENT_DIVERGENCE_OUTPUTS_INIT                                                                 \
  {                                                                                                  \
    sizeof(xent_divergence_outputs), {NULL, XENT_F32, 0, 0}, {NULL, XENT_F32, {0, 0, 0, 0, 0, 0}}, { \
      NULL, XENT_F32, { 0, 0, 0, 0, 0, 0 }                                                           \
    }                                                                                                \
  }

/* With p = softmax(p_logits / T), q = softmax(q_logits / T), s = log p - log q:
 *   loss[r] = Σ_c p[c]·s[c], then reduced over all rows
 *   grad_p = p·(s - loss)·g / (T·d),  grad_q = (q - p)·g / (T·d)
 * One shape, one dtype. A class at -inf in q_logits alone: loss +inf, grad_p of the row NaN. T² is not
 * applied. Moves 1 read of both matrices and 1 write of each gradient asked for. */
xent_status xent_kl_divergence(const xent_const_matrix* p_logits, const xent_const_matrix* q_logits,
                               const xent_divergence_outputs* outputs, const xent_divergence_options* options,
                               const xent_upstream* upstream, const xent_exec* exec);

/* With m = β·p + (1-β)·q:  loss[r] = β·KL(p‖m) + (1-β)·KL(q‖m), then reduced; both gradients likewise. */
xent_status xent_js_divergence(const xent_const_matrix* p_logits, const xent_const_matrix* q_logits,
                               const xent_divergence_outputs* outputs, const xent_divergence_options* options,
                               const xent_upstream* upstream, const xent_exec* exec);

#ifdef __cplusplus
}
#endif

#endif
