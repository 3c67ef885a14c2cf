/* The C ABI computes: every function, called from C99, against formulas written out with libm. */
#include "check.h"

enum { ROWS = 3, CLASSES = 4, ELEMENTS = ROWS * CLASSES };

static const double logits[ELEMENTS] = {1.2, 0.9, 0.3, -2.0, 0.0, 0.0, 0.0, 0.0, -7.5, 3.25, 11.0, 0.5};
static const int32_t label_of[ROWS] = {1, 3, 2};

static double lse_of(int row) {
  double sum = 0.0;
  int c;
  for (c = 0; c < CLASSES; ++c) sum += exp(logits[row * CLASSES + c]);
  return log(sum);
}

static double prob_of(int row, int c) { return exp(logits[row * CLASSES + c] - lse_of(row)); }

static double loss_of(int row) { return lse_of(row) - logits[row * CLASSES + label_of[row]]; }

static xent_const_matrix in(const double* data) {
  return xent_make_const_matrix(data, XENT_F64, xent_row_major(ROWS, CLASSES, 0));
}

static xent_matrix out(double* data) {
  return xent_make_matrix(data, XENT_F64, xent_row_major(ROWS, CLASSES, 0));
}

static void softmax_and_log_softmax(void) {
  double probs[ELEMENTS];
  double log_probs[ELEMENTS];
  const xent_const_matrix z = in(logits);
  const xent_matrix p = out(probs);
  const xent_matrix l = out(log_probs);
  int i;
  EXPECT(xent_softmax(&z, &p, NULL) == XENT_OK);
  EXPECT(xent_log_softmax(&z, &l, NULL) == XENT_OK);
  for (i = 0; i < ELEMENTS; ++i) {
    EXPECT_NEAR(probs[i], prob_of(i / CLASSES, i % CLASSES), 1e-14);
    EXPECT_NEAR(log_probs[i], logits[i] - lse_of(i / CLASSES), 1e-14);
  }
}

static void softmax_backwards(void) {
  double probs[ELEMENTS];
  double log_probs[ELEMENTS];
  double upstream[ELEMENTS];
  double grad[ELEMENTS];
  double log_grad[ELEMENTS];
  const xent_const_matrix z = in(logits);
  const xent_const_matrix p = in(probs);
  const xent_const_matrix l = in(log_probs);
  const xent_const_matrix g = in(upstream);
  const xent_matrix p_out = out(probs);
  const xent_matrix l_out = out(log_probs);
  const xent_matrix grad_out = out(grad);
  const xent_matrix log_grad_out = out(log_grad);
  int i;
  for (i = 0; i < ELEMENTS; ++i) upstream[i] = 0.25 * i - 1.0;
  EXPECT(xent_softmax(&z, &p_out, NULL) == XENT_OK);
  EXPECT(xent_log_softmax(&z, &l_out, NULL) == XENT_OK);
  EXPECT(xent_softmax_backward(&p, &g, &grad_out, NULL) == XENT_OK);
  EXPECT(xent_log_softmax_backward(&l, &g, &log_grad_out, NULL) == XENT_OK);
  for (i = 0; i < ELEMENTS; ++i) {
    const int row = i / CLASSES;
    double dot = 0.0;
    double sum = 0.0;
    int c;
    for (c = 0; c < CLASSES; ++c) {
      dot += upstream[row * CLASSES + c] * prob_of(row, c);
      sum += upstream[row * CLASSES + c];
    }
    EXPECT_NEAR(grad[i], prob_of(row, i % CLASSES) * (upstream[i] - dot), 1e-13);
    EXPECT_NEAR(log_grad[i], upstream[i] - prob_of(row, i % CLASSES) * sum, 1e-13);
  }
}

static void nll_forward_and_backward(void) {
  double log_probs[ELEMENTS];
  double loss[ROWS];
  double grad[ELEMENTS];
  int64_t valid = -1;
  int i;
  const xent_const_matrix z = in(logits);
  const xent_matrix l_out = out(log_probs);
  const xent_const_matrix l = in(log_probs);
  const xent_matrix grad_out = out(grad);
  const xent_labels labels = xent_make_labels(label_of, XENT_I32, ROWS);
  xent_nll_outputs outputs = XENT_NLL_OUTPUTS_INIT;
  xent_loss_options options = XENT_LOSS_OPTIONS_INIT;
  xent_upstream upstream = XENT_UPSTREAM_INIT;
  options.reduction = XENT_NONE;
  options.has_ignore_index = 1;
  options.ignore_index = label_of[1];
  outputs.loss = xent_make_vector(loss, XENT_F64, ROWS);
  outputs.valid_count = &valid;
  upstream.scale = -2.0;
  EXPECT(xent_log_softmax(&z, &l_out, NULL) == XENT_OK);
  EXPECT(xent_nll(&l, &labels, &outputs, &options, NULL) == XENT_OK);
  EXPECT(xent_nll_backward(&labels, &grad_out, &options, &upstream, NULL) == XENT_OK);
  EXPECT(valid == 2);
  EXPECT_NEAR(loss[0], loss_of(0), 1e-14);
  EXPECT(loss[1] == 0.0);
  EXPECT_NEAR(loss[2], loss_of(2), 1e-14);
  for (i = 0; i < ELEMENTS; ++i) {
    const int row = i / CLASSES;
    EXPECT(grad[i] == (row != 1 && i % CLASSES == label_of[row] ? 2.0 : 0.0));
  }
}

static void cross_entropy_both_ways(void) {
  double loss = 0.0;
  double lse[ROWS];
  double grad[ELEMENTS];
  double later[ELEMENTS];
  int64_t argmax[ROWS];
  int64_t correct = -1;
  int64_t valid = -1;
  int i;
  const xent_const_matrix z = in(logits);
  const xent_matrix later_out = out(later);
  const xent_labels labels = xent_make_labels(label_of, XENT_I32, ROWS);
  const xent_const_vector saved = xent_make_const_vector(lse, XENT_F64, ROWS);
  xent_cross_entropy_outputs outputs = XENT_CROSS_ENTROPY_OUTPUTS_INIT;
  xent_loss_options options = XENT_LOSS_OPTIONS_INIT;
  options.has_denominator = 1;
  options.denominator = 8.0;
  outputs.loss = xent_make_vector(&loss, XENT_F64, 1);
  outputs.lse = xent_make_vector(lse, XENT_F64, ROWS);
  outputs.argmax = xent_make_indices(argmax, XENT_I64, ROWS);
  outputs.grad = out(grad);
  outputs.correct_count = &correct;
  outputs.valid_count = &valid;
  EXPECT(xent_cross_entropy(&z, &labels, &outputs, &options, NULL, NULL) == XENT_OK);
  EXPECT(xent_cross_entropy_backward(&z, &labels, &saved, &later_out, &options, NULL, NULL) == XENT_OK);
  EXPECT_NEAR(loss, (loss_of(0) + loss_of(1) + loss_of(2)) / 8.0, 1e-14);
  EXPECT(argmax[0] == 0 && argmax[1] == 0 && argmax[2] == 2);
  EXPECT(correct == 1);
  EXPECT(valid == ROWS);
  for (i = 0; i < ROWS; ++i) EXPECT_NEAR(lse[i], lse_of(i), 1e-14);
  for (i = 0; i < ELEMENTS; ++i) {
    const int row = i / CLASSES;
    const double target = i % CLASSES == label_of[row] ? 1.0 : 0.0;
    EXPECT_NEAR(grad[i], (prob_of(row, i % CLASSES) - target) / 8.0, 1e-15);
    EXPECT_NEAR(later[i], grad[i], 1e-14);
  }
}

/* One row of three classes at every dtype; the row pitch is 5, and the padding stays as it was. */
static void sixteen_bit_floats_in_place(void) {
  const float row[3] = {1.5F, -0.25F, 3.0F};
  uint16_t data[10];
  const uint8_t label_bytes[2] = {2, 0};
  float loss[2];
  int i;
  const xent_labels labels = xent_make_labels(label_bytes, XENT_U8, 2);
  const xent_matrix grad = xent_make_matrix(data, XENT_BF16, xent_row_major(2, 3, 5));
  const xent_const_matrix z = xent_make_const_matrix(data, XENT_BF16, xent_row_major(2, 3, 5));
  xent_cross_entropy_outputs outputs = XENT_CROSS_ENTROPY_OUTPUTS_INIT;
  xent_loss_options options = XENT_LOSS_OPTIONS_INIT;
  const double sum = exp(1.5) + exp(-0.25) + exp(3.0);
  for (i = 0; i < 10; ++i) data[i] = i % 5 < 3 ? xent_bf16_from_float(row[i % 5]) : 0x7FC1;
  options.reduction = XENT_NONE;
  outputs.loss = xent_make_vector(loss, XENT_F32, 2);
  outputs.grad = grad;
  EXPECT(xent_cross_entropy(&z, &labels, &outputs, &options, NULL, NULL) == XENT_OK);
  EXPECT_NEAR(loss[0], log(sum) - 3.0, 1e-6);
  EXPECT_NEAR(loss[1], log(sum) - 1.5, 1e-6);
  EXPECT_NEAR(xent_bf16_to_float(data[0]), exp(1.5) / sum, 1e-3);
  EXPECT_NEAR(xent_bf16_to_float(data[2]), exp(3.0) / sum - 1.0, 1e-3);
  EXPECT_NEAR(xent_bf16_to_float(data[5]), exp(1.5) / sum - 1.0, 4e-3);
  for (i = 0; i < 10; ++i) EXPECT(i % 5 < 3 || data[i] == 0x7FC1);
  EXPECT(xent_f16_to_float(xent_f16_from_float(0.333251953125F)) == 0.333251953125F);
  EXPECT(xent_bf16_to_float(xent_bf16_from_float(-1.5F)) == -1.5F);
}

static void add_task(int64_t task, void* context) {
  double* slots = context;
  slots[task] = (double)task * 2.0;
}

static void threads_and_version(void) {
  double slots[100] = {0.0};
  int32_t count = 0;
  char composed[32];
  int i;
  EXPECT(xent_thread_count(3, &count) == XENT_OK && count == 3);
  EXPECT(xent_thread_count(0, &count) == XENT_OK && count >= 1);
  EXPECT(xent_parallel_for(100, 2, add_task, slots) == XENT_OK);
  for (i = 0; i < 100; ++i) EXPECT(slots[i] == 2.0 * i);
  snprintf(composed, sizeof composed, "%d.%d.%d", XENT_VERSION_MAJOR, XENT_VERSION_MINOR, XENT_VERSION_PATCH);
  EXPECT(strcmp(xent_version(), XENT_VERSION_STRING) == 0);
  EXPECT(strcmp(composed, XENT_VERSION_STRING) == 0);
}

int main(void) {
  softmax_and_log_softmax();
  softmax_backwards();
  nll_forward_and_backward();
  cross_entropy_both_ways();
  sixteen_bit_floats_in_place();
  threads_and_version();
  return report();
}
