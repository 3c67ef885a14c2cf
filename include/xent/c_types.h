/* Types of the C ABI: statuses, views, options. They mirror the C++ ones; C99 and C++ both read them. */
#ifndef XENT_C_TYPES_H
#define XENT_C_TYPES_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Enumerations are int32_t with named values, since the width of a C enum is the compiler's choice.
 * A value not listed is refused with XENT_INVALID_ARGUMENT. */

typedef int32_t xent_status; /* what every call that can fail returns; its outputs hold only after XENT_OK */
enum {
  XENT_OK = 0,
  XENT_INVALID_ARGUMENT = 1,   /* an argument breaks its precondition */
  XENT_LABEL_OUT_OF_RANGE = 2, /* a label outside [0, classes): see xent_last_label_error */
  XENT_UNSUPPORTED = 3,        /* sensible, but this build or device cannot */
  XENT_OUT_OF_MEMORY = 4,
  XENT_INTERNAL = 5,    /* a defect of the library, or an exception out of a caller's C++ callback */
  XENT_CUDA_FAILURE = 6 /* the CUDA runtime refused or lost something */
};

typedef int32_t xent_dtype; /* of logits, probabilities, gradients; f16 and bf16 are 16 bits of storage */
enum { XENT_F32 = 0, XENT_F16 = 1, XENT_BF16 = 2, XENT_F64 = 3 };

typedef int32_t xent_label_type; /* of labels and of argmax */
enum { XENT_U8 = 0, XENT_I32 = 1, XENT_I64 = 2 };

typedef int32_t
    xent_device; /* SIMD and threads; textbook loops in double precision; the current CUDA device */
enum { XENT_CPU = 0, XENT_REFERENCE = 1, XENT_CUDA = 2 };

typedef int32_t xent_reduction; /* one loss per row; sum over valid rows; that sum over the denominator */
enum { XENT_NONE = 0, XENT_SUM = 1, XENT_MEAN = 2 };

typedef int32_t xent_empty_mean; /* what the mean over no valid row is */
enum { XENT_EMPTY_ZERO = 0, XENT_EMPTY_NAN = 1 };

typedef int32_t xent_mean_over; /* what XENT_MEAN divides by: Σ class_weights[label], or the valid rows */
enum { XENT_OVER_WEIGHTS = 0, XENT_OVER_VALID_ROWS = 1 };

/* Views: the caller's memory, described. Extents and strides count elements, never bytes. A view that
 * is all zero bytes is "not given". */

/* rows × classes (inner = 1) or outer × classes × inner. Row r is (o, i) = (r / inner, r % inner); its
 * class c lies at o·outer_stride + c·class_stride + i·inner_stride. */
typedef struct xent_layout {
  int64_t outer;
  int64_t classes;
  int64_t inner;
  int64_t outer_stride;
  int64_t class_stride;
  int64_t inner_stride;
} xent_layout;

typedef struct xent_matrix {
  void* data;
  xent_dtype dtype;
  xent_layout layout;
} xent_matrix;

typedef struct xent_const_matrix {
  const void* data;
  xent_dtype dtype;
  xent_layout layout;
} xent_const_matrix;

typedef struct xent_vector { /* f32 or f64: loss, lse */
  void* data;
  xent_dtype dtype;
  int64_t size;
  int64_t stride;
} xent_vector;

typedef struct xent_const_vector { /* f32 or f64: a saved lse, upstream gradients */
  const void* data;
  xent_dtype dtype;
  int64_t size;
  int64_t stride;
} xent_const_vector;

typedef struct xent_labels { /* class indices to read */
  const void* data;
  xent_label_type type;
  int64_t size;
  int64_t stride;
} xent_labels;

typedef struct xent_indices { /* class indices to write: argmax */
  void* data;
  xent_label_type type;
  int64_t size;
  int64_t stride;
} xent_indices;

/* Structs that may grow start with struct_size, their size as the caller was compiled. Start from the
 * _INIT value (or, where a call takes a pointer to options, pass NULL for it) and set what you need; in
 * all fields to come, zero will mean "off". A library older than the caller takes a longer struct if
 * what it does not know is zero, and else answers XENT_UNSUPPORTED. */

typedef struct xent_exec {
  size_t struct_size;
  xent_device device;
  int32_t threads;        /* of the CPU; 0 = all that the process may run on; results do not depend on it */
  void* stream;           /* XENT_CUDA: a CUDA stream; NULL is the default one */
  void* workspace;        /* XENT_CUDA: device memory, zeroed before its first use, 64-byte aligned */
  size_t workspace_bytes; /* see xent_workspace_bytes */
} xent_exec;
#define XENT_EXEC_INIT \
  { sizeof(xent_exec), XENT_CPU, 0, NULL, NULL, 0 }

typedef struct xent_loss_options {
  size_t struct_size;
  xent_reduction reduction;
  xent_empty_mean empty_mean; /* of a mean whose divisor is 0 */
  int32_t has_ignore_index;   /* 0 or 1 */
  int32_t has_denominator;    /* 0 or 1 */
  int64_t ignore_index;       /* a row with this label counts nothing: loss, lse, gradient 0, argmax -1 */
  double denominator;         /* what XENT_MEAN divides by instead of the number of valid rows; > 0 */
  double label_smoothing;     /* ε in [0, 1], spread over the unmasked classes */
  xent_mean_over mean_over;   /* where no denominator is given */
  xent_const_vector denominator_at; /* one number, read when the work runs; 0 is an empty mean */
  xent_const_vector class_weights;  /* w[c] ≥ 0, one per class; not given: ones */
  double focal_gamma;               /* γ ≥ 0: each class's log p counts (1-p)^γ */
  double z_loss;                    /* λ ≥ 0: λ·lse² is added to each valid row's loss */
  /* The logits are z = (softcap·tanh(u/softcap), or u) / temperature, u = logit_scale·x + bias. */
  double logit_scale;     /* > 0; 0 means 1 */
  double temperature;     /* > 0; 0 means 1 */
  double softcap;         /* > 0; 0 is off */
  xent_const_vector bias; /* one per class; not given: zeros */
  int64_t valid_classes;  /* classes from here on do not exist; 0: all do */
} xent_loss_options;
#define XENT_LOSS_OPTIONS_INIT                                                                             \
  {                                                                                                        \
    sizeof(xent_loss_options), XENT_MEAN, XENT_EMPTY_ZERO, 0, 0, 0, 0.0, 0.0, XENT_OVER_WEIGHTS,           \
        {NULL, XENT_F32, 0, 0}, {NULL, XENT_F32, 0, 0}, 0.0, 0.0, 0.0, 0.0, 0.0, {NULL, XENT_F32, 0, 0}, 0 \
  }

typedef struct xent_upstream { /* the gradient from above: g[r] = scale · values[r] */
  size_t struct_size;
  double scale;             /* of all of them */
  xent_const_vector values; /* not given: all ones; one element: for all rows; one per row: with XENT_NONE */
  xent_const_vector lse;    /* of these outputs, one per row; not given: zeros */
  xent_const_vector log_prob;
  xent_const_vector entropy;
} xent_upstream;
#define XENT_UPSTREAM_INIT                                                                                \
  {                                                                                                       \
    sizeof(xent_upstream), 1.0, {NULL, XENT_F32, 0, 0}, {NULL, XENT_F32, 0, 0}, {NULL, XENT_F32, 0, 0}, { \
      NULL, XENT_F32, 0, 0                                                                                \
    }                                                                                                     \
  }

typedef struct xent_nll_outputs {
  size_t struct_size;
  xent_vector loss;     /* XENT_NONE: one per row; else one element */
  int64_t* valid_count; /* may be NULL */
} xent_nll_outputs;
#define XENT_NLL_OUTPUTS_INIT \
  { sizeof(xent_nll_outputs), {NULL, XENT_F32, 0, 0}, NULL }

typedef struct xent_cross_entropy_outputs { /* what is not given costs nothing; give at least one */
  size_t struct_size;
  xent_vector loss;         /* XENT_NONE: one per row; else one element */
  xent_vector lse;          /* log Σ_c exp(z[r,c]) per row */
  xent_indices argmax;      /* lowest class of the largest logit, per row */
  xent_matrix grad;         /* ∂(g·loss)/∂x; may be the logits' own view */
  int64_t* correct_count;   /* valid rows whose argmax is their label; may be NULL */
  int64_t* valid_count;     /* may be NULL */
  xent_vector row_loss;     /* per row, whatever the reduction */
  xent_vector log_prob;     /* Σ_c q[c]·log p[c] per row, log p[label] with labels */
  xent_vector entropy;      /* -Σ_c p[c]·log p[c] per row */
  xent_indices target_rank; /* per row, how many classes come before the label; 0: it is the argmax */
  xent_matrix grad_targets; /* for soft targets; may be their own view */
  int64_t* top_k_count;     /* valid rows whose target_rank is below top_k; may be NULL */
  double* divisor;          /* what XENT_MEAN divides by when no denominator is given; may be NULL */
  int64_t top_k;            /* 0 means 5 */
} xent_cross_entropy_outputs;
#define XENT_CROSS_ENTROPY_OUTPUTS_INIT                                                                  \
  {                                                                                                      \
    sizeof(xent_cross_entropy_outputs), {NULL, XENT_F32, 0, 0}, {NULL, XENT_F32, 0, 0},                  \
        {NULL, XENT_U8, 0, 0}, {NULL, XENT_F32, {0, 0, 0, 0, 0, 0}}, NULL, NULL, {NULL, XENT_F32, 0, 0}, \
        {NULL, XENT_F32, 0, 0}, {NULL, XENT_F32, 0, 0}, {NULL, XENT_U8, 0, 0},                           \
        {NULL, XENT_F32, {0, 0, 0, 0, 0, 0}}, NULL, NULL, 0                                              \
  }

typedef struct xent_label_error {
  int64_t row;     /* first row whose label is out of range */
  int64_t value;   /* the label it holds */
  int64_t classes; /* labels must lie in [0, classes) or equal ignore_index */
} xent_label_error;

/* rows × classes, row-major; row_stride 0 means packed. */
static inline xent_layout xent_row_major(int64_t rows, int64_t classes, int64_t row_stride) {
  xent_layout layout = {rows, classes, 1, row_stride == 0 ? classes : row_stride, 1, 1};
  return layout;
}

/* (outer, classes, inner) packed. */
static inline xent_layout xent_channels_first(int64_t outer, int64_t classes, int64_t inner) {
  xent_layout layout = {outer, classes, inner, classes * inner, inner, 1};
  return layout;
}

static inline xent_matrix xent_make_matrix(void* data, xent_dtype dtype, xent_layout layout) {
  xent_matrix view = {data, dtype, layout};
  return view;
}

static inline xent_const_matrix xent_make_const_matrix(const void* data, xent_dtype dtype,
                                                       xent_layout layout) {
  xent_const_matrix view = {data, dtype, layout};
  return view;
}

/* The vectors below are packed (stride 1). */
static inline xent_vector xent_make_vector(void* data, xent_dtype dtype, int64_t size) {
  xent_vector view = {data, dtype, size, 1};
  return view;
}

static inline xent_const_vector xent_make_const_vector(const void* data, xent_dtype dtype, int64_t size) {
  xent_const_vector view = {data, dtype, size, 1};
  return view;
}

static inline xent_labels xent_make_labels(const void* data, xent_label_type type, int64_t size) {
  xent_labels view = {data, type, size, 1};
  return view;
}

static inline xent_indices xent_make_indices(void* data, xent_label_type type, int64_t size) {
  xent_indices view = {data, type, size, 1};
  return view;
}

#ifdef __cplusplus
}
#endif

#endif
