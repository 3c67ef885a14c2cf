/* The C ABI: every function of the library with plain C types, statuses and a message per thread.
 *
 * Common to all functions that return xent_status:
 *  - Views are passed by pointer and only read during the call; NULL for one is XENT_INVALID_ARGUMENT.
 *    options, upstream and exec may be NULL: their _INIT values.
 *  - On any status but XENT_OK nothing has been written to the caller's memory (out of memory and
 *    internal errors excepted), and xent_last_error() says which argument, its value and the range.
 *  - Shapes: a matrix is rows × classes of any strides, rows ≥ 0, classes ≥ 1; row r is logits z[r,:].
 *    dtypes: f32, f16, bf16, f64, the same for all matrices of a call; loss, lse and upstream values
 *    are f32 or f64; labels and argmax are u8, i32 or i64; argmax and target_rank are u8 only for up
 *    to 255 valid classes.
 *  - Aliasing: an output matrix may be exactly an input matrix of the call (in place); any other
 *    overlap with an output is XENT_INVALID_ARGUMENT. Views overlap if the memory from the first
 *    element of the one to its last meets that of the other, as that of two interleaved vectors does,
 *    unless both are column ranges, without a common column, of row-major matrices of one pitch.
 *  - -inf logits are masked classes (probability and gradient 0). A row of only -inf, or with NaN or
 *    +inf, gives NaN. A row's bits depend on that row and the options alone, not on threads.
 *  - XENT_UNSUPPORTED: a device that this build lacks. No C++ exception leaves a call.
 * Any thread may call any function at any time. */
#ifndef XENT_C_API_H
#define XENT_C_API_H

#include <xent/c_binary_cross_entropy.h>
#include <xent/c_divergence.h>
#include <xent/c_shards.h>
#include <xent/c_types.h>
#include <xent/version.h>

#ifdef __cplusplus
extern "C" {
#endif

/* probs[r,c] = exp(z[r,c] - m) / Σ_k exp(z[r,k] - m), m = max_k z[r,k]. One shape, one dtype. */
xent_status xent_softmax(const xent_const_matrix* logits, const xent_matrix* probs, const xent_exec* exec);

/* log_probs[r,c] = z[r,c] - log Σ_k exp(z[r,k]), without cancellation in a confident row. */
xent_status xent_log_softmax(const xent_const_matrix* logits, const xent_matrix* log_probs,
                             const xent_exec* exec);

/* grad_logits[r,c] = p[r,c] · (g[r,c] - Σ_k g[r,k]·p[r,k]), p the saved probs, g = grad_probs.
 * grad_logits may be either input's own view. */
xent_status xent_softmax_backward(const xent_const_matrix* probs, const xent_const_matrix* grad_probs,
                                  const xent_matrix* grad_logits, const xent_exec* exec);

/* grad_logits[r,c] = g[r,c] - exp(log_probs[r,c]) · Σ_k g[r,k], g = grad_log_probs; classes with
 * log_probs = -inf are left out. grad_logits may be either input's own view. */
xent_status xent_log_softmax_backward(const xent_const_matrix* log_probs,
                                      const xent_const_matrix* grad_log_probs, const xent_matrix* grad_logits,
                                      const xent_exec* exec);

/* loss[r] = -w[label[r]]·log_probs[r, label[r]], then reduced; w are the options' class_weights, ones if not
 * given, and a label of weight 0 counts nothing even if it is masked. labels: one per row. Options that only
 * logits can have (label_smoothing, focal_gamma, z_loss, the transform) must be off.
 * XENT_LABEL_OUT_OF_RANGE: see xent_last_label_error. */
xent_status xent_nll(const xent_const_matrix* log_probs, const xent_labels* labels,
                     const xent_nll_outputs* outputs, const xent_loss_options* options,
                     const xent_exec* exec);

/* grad_log_probs[r,c] = -w[c]·g[r]/d where c = label[r], else 0; g the upstream, d the mean's divisor (1 for
 * XENT_NONE and XENT_SUM). Every element is written. Errors as xent_nll. */
xent_status xent_nll_backward(const xent_labels* labels, const xent_matrix* grad_log_probs,
                              const xent_loss_options* options, const xent_upstream* upstream,
                              const xent_exec* exec);

/* With z the transformed logits, p = softmax(z[r,:]), ℓ = -log p, q the target (one-hot for a label), t[c] =
 * w[c]·((1-ε)·q[c] + ε/K over the K unmasked classes):
 *   loss[r]   = Σ_c t[c]·(1 - p[c])^γ·ℓ[c] + λ·lse[r]², then reduced
 *   grad[r,c] = g[r]/d·∂loss[r]/∂x[r,c], and what upstream has for lse, log_prob and entropy
 * in one reading of the logits; with γ = λ = 0 and unit weights ∂loss/∂z = p - q. labels: one per row.
 * outputs->grad may be the logits' own view. XENT_LABEL_OUT_OF_RANGE: see xent_last_label_error. */
xent_status xent_cross_entropy(const xent_const_matrix* logits, const xent_labels* labels,
                               const xent_cross_entropy_outputs* outputs, const xent_loss_options* options,
                               const xent_upstream* upstream, const xent_exec* exec);

/* The same with soft targets: q[r,c], a matrix of the logits' shape and dtype, neither checked nor
 * normalised. outputs->grad_targets may be the targets' own view. */
xent_status xent_cross_entropy_soft(const xent_const_matrix* logits, const xent_const_matrix* targets,
                                    const xent_cross_entropy_outputs* outputs,
                                    const xent_loss_options* options, const xent_upstream* upstream,
                                    const xent_exec* exec);

/* The gradient of xent_cross_entropy from its saved lse (one per row): p[c] = exp(z[r,c] - lse[r]). With
 * an f32 lse its relative error grows with |lse|·2^-24. grad may be the logits' own view. */
xent_status xent_cross_entropy_backward(const xent_const_matrix* logits, const xent_labels* labels,
                                        const xent_const_vector* lse, const xent_matrix* grad,
                                        const xent_loss_options* options, const xent_upstream* upstream,
                                        const xent_exec* exec);

/* The same with soft targets; grad and grad_targets may each be NULL, not both. */
xent_status xent_cross_entropy_soft_backward(const xent_const_matrix* logits,
                                             const xent_const_matrix* targets, const xent_const_vector* lse,
                                             const xent_matrix* grad, const xent_matrix* grad_targets,
                                             const xent_loss_options* options, const xent_upstream* upstream,
                                             const xent_exec* exec);

/* entropy[r] = -Σ_c p[c]·log p[c]; grad, NULL if not wanted, its gradient times upstream->entropy. Of the
 * options only the logits' transform may be set; there being no loss, upstream->values must be empty. */
xent_status xent_entropy(const xent_const_matrix* logits, const xent_vector* entropy, const xent_matrix* grad,
                         const xent_loss_options* options, const xent_upstream* upstream,
                         const xent_exec* exec);

/* With XENT_CUDA every view, count and workspace names memory that the current CUDA device can use; calls
 * queue their work on exec->stream, allocate nothing, wait for nothing and can be captured into a graph. The
 * losses want a workspace. */

/* *why = why the device cannot be used here, in one line, "" if it can; valid until the thread asks again. */
xent_status xent_unavailable(xent_device device, const char** why);

/* *bytes = what exec->workspace_bytes must be for calls on at most so many rows. Zero the memory once. */
xent_status xent_workspace_bytes(int64_t rows, size_t* bytes);

/* Waits for exec->stream. XENT_LABEL_OUT_OF_RANGE if any label was, in calls with this workspace since the
 * last check; those rows have NaN as loss and zero as gradient. Clears the report. */
xent_status xent_check(const xent_exec* exec);

/* *count = the threads that `requested` stands for: itself if positive, for 0 all that the process may
 * run on. Negative: XENT_INVALID_ARGUMENT. */
xent_status xent_thread_count(int32_t requested, int32_t* count);

/* Runs body(task, context) for every task in [0, tasks) on up to `threads` of the library's threads (the
 * caller's included, counted as above), handed out in order; returns when all are done. */
xent_status xent_parallel_for(int64_t tasks, int32_t threads, void (*body)(int64_t task, void* context),
                              void* context);

/* 16-bit floats, rounded to nearest, ties to even. f16 beyond its range becomes infinity. */
uint16_t xent_f16_from_float(float value);
float xent_f16_to_float(uint16_t bits);
uint16_t xent_bf16_from_float(float value);
float xent_bf16_to_float(uint16_t bits);

/* What went wrong in this thread's last call that failed; "" if none did. Valid until the thread's next
 * call that fails. */
const char* xent_last_error(void);

/* 1 and *details if this thread's last call that failed did so with XENT_LABEL_OUT_OF_RANGE, else 0.
 * details may be NULL. */
int32_t xent_last_label_error(xent_label_error* details);

/* "XENT_OK" and so on; "unknown status" for a value not listed. */
const char* xent_status_name(xent_status status);

/* Version of the library at run time; XENT_VERSION_STRING is that of the headers. */
const char* xent_version(void);

#ifdef __cplusplus
}
#endif

#endif
