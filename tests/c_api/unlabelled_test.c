/* The losses without labels through the C ABI, against formulas written out with libm; and their refusals. */
#include "check.h"

enum { ROWS = 2, CLASSES = 3, ELEMENTS = ROWS * CLASSES };

static const double p_data[ELEMENTS] = {1.2, 0.9, -2.0, 0.0, 3.0, 0.5};
static const double q_data[ELEMENTS] = {0.25, 0.0, 1.0, 0.75, 1.0, 0.5};

static xent_const_matrix in(const double* data) {
  return xent_make_const_matrix(data, XENT_F64, xent_row_major(ROWS, CLASSES, 0));
}

static xent_matrix out(double* data) {
  return xent_make_matrix(data, XENT_F64, xent_row_major(ROWS, CLASSES, 0));
}

static double softplus(double x) { return log(1.0 + exp(x)); }

static void binary_cross_entropy(void) {
  const double weights[CLASSES] = {1.0, 0.5, 2.0};
  const double pos_weight[CLASSES] = {3.0, 1.0, 0.25};
  double losses[ELEMENTS];
  double grad[ELEMENTS];
  double grad_targets[ELEMENTS];
  double mean = 0.0;
  double sum = 0.0;
  int i;
  const xent_const_matrix x = in(p_data);
  const xent_const_matrix y = in(q_data);
  xent_binary_cross_entropy_outputs outputs = XENT_BINARY_CROSS_ENTROPY_OUTPUTS_INIT;
  xent_binary_cross_entropy_options options = XENT_BINARY_CROSS_ENTROPY_OPTIONS_INIT;
  xent_binary_cross_entropy_upstream upstream = XENT_BINARY_CROSS_ENTROPY_UPSTREAM_INIT;
  options.reduction = XENT_NONE;
  options.class_weights = xent_make_const_vector(weights, XENT_F64, CLASSES);
  options.pos_weight = xent_make_const_vector(pos_weight, XENT_F64, CLASSES);
  upstream.scale = -2.0;
  outputs.losses = out(losses);
  outputs.grad = out(grad);
  outputs.grad_targets = out(grad_targets);
  EXPECT(xent_binary_cross_entropy(&x, &y, &outputs, &options, &upstream, NULL) == XENT_OK);
  for (i = 0; i < ELEMENTS; ++i) {
    const double w = weights[i % CLASSES];
    const double v = pos_weight[i % CLASSES];
    const double sigma = 1.0 / (1.0 + exp(-p_data[i]));
    const double loss = w * (q_data[i] * v * softplus(-p_data[i]) + (1.0 - q_data[i]) * softplus(p_data[i]));
    EXPECT_NEAR(losses[i], loss, 1e-14);
    EXPECT_NEAR(grad[i], -2.0 * w * ((1.0 - q_data[i]) * sigma - q_data[i] * v * (1.0 - sigma)), 1e-14);
    EXPECT_NEAR(grad_targets[i], -2.0 * w * (v * softplus(-p_data[i]) - softplus(p_data[i])), 1e-14);
    sum += softplus(p_data[i]) - q_data[i] * p_data[i];
  }
  {
    const xent_binary_cross_entropy_outputs none = XENT_BINARY_CROSS_ENTROPY_OUTPUTS_INIT;
    outputs = none;
    outputs.loss = xent_make_vector(&mean, XENT_F64, 1);
    EXPECT(xent_binary_cross_entropy(&x, &y, &outputs, NULL, NULL, NULL) == XENT_OK);
    EXPECT_NEAR(mean, sum / ELEMENTS, 1e-14);
  }
  EXPECT_FAILS(xent_binary_cross_entropy(NULL, &y, &outputs, NULL, NULL, NULL), XENT_INVALID_ARGUMENT,
               "logits");
  EXPECT_FAILS(xent_binary_cross_entropy(&x, NULL, &outputs, NULL, NULL, NULL), XENT_INVALID_ARGUMENT,
               "targets");
  EXPECT_FAILS(xent_binary_cross_entropy(&x, &y, NULL, NULL, NULL, NULL), XENT_INVALID_ARGUMENT, "outputs");
  options.has_denominator = 2;
  EXPECT_FAILS(xent_binary_cross_entropy(&x, &y, &outputs, &options, NULL, NULL), XENT_INVALID_ARGUMENT,
               "has_denominator");
}

static double log_prob(const double* logits, int row, int c) {
  double sum = 0.0;
  int k;
  for (k = 0; k < CLASSES; ++k) sum += exp(logits[row * CLASSES + k] / 2.0);
  return logits[row * CLASSES + c] / 2.0 - log(sum);
}

/* T = 2, so every gradient is halved. */
static void divergences(void) {
  double kl[ROWS];
  double js[ROWS];
  double grad_p[ELEMENTS];
  double grad_q[ELEMENTS];
  double js_grad[ELEMENTS];
  int row;
  int c;
  const xent_const_matrix p = in(p_data);
  const xent_const_matrix q = in(q_data);
  xent_divergence_outputs outputs = XENT_DIVERGENCE_OUTPUTS_INIT;
  xent_divergence_options options = XENT_DIVERGENCE_OPTIONS_INIT;
  options.reduction = XENT_NONE;
  options.temperature = 2.0;
  outputs.loss = xent_make_vector(kl, XENT_F64, ROWS);
  outputs.grad_p = out(grad_p);
  outputs.grad_q = out(grad_q);
  EXPECT(xent_kl_divergence(&p, &q, &outputs, &options, NULL, NULL) == XENT_OK);
  options.beta = 0.25;
  outputs.loss = xent_make_vector(js, XENT_F64, ROWS);
  outputs.grad_q = out(js_grad);
  {
    const xent_divergence_outputs none = XENT_DIVERGENCE_OUTPUTS_INIT;
    outputs.grad_p = none.grad_p;
  }
  EXPECT(xent_js_divergence(&p, &q, &outputs, &options, NULL, NULL) == XENT_OK);
  for (row = 0; row < ROWS; ++row) {
    double wanted = 0.0;
    double of_p = 0.0;
    double of_q = 0.0;
    for (c = 0; c < CLASSES; ++c) {
      const double lp = log_prob(p_data, row, c);
      const double lq = log_prob(q_data, row, c);
      const double lm = log(0.25 * exp(lp) + 0.75 * exp(lq));
      wanted += exp(lp) * (lp - lq);
      of_p += exp(lp) * (lp - lm);
      of_q += exp(lq) * (lq - lm);
    }
    EXPECT_NEAR(kl[row], wanted, 1e-14);
    EXPECT_NEAR(js[row], 0.25 * of_p + 0.75 * of_q, 1e-14);
    for (c = 0; c < CLASSES; ++c) {
      const double lp = log_prob(p_data, row, c);
      const double lq = log_prob(q_data, row, c);
      const double lm = log(0.25 * exp(lp) + 0.75 * exp(lq));
      const int i = row * CLASSES + c;
      EXPECT_NEAR(grad_p[i], exp(lp) * (lp - lq - wanted) / 2.0, 1e-14);
      EXPECT_NEAR(grad_q[i], (exp(lq) - exp(lp)) / 2.0, 1e-14);
      EXPECT_NEAR(js_grad[i], 0.75 * exp(lq) * (lq - lm - of_q) / 2.0, 1e-14);
    }
  }
  EXPECT_FAILS(xent_kl_divergence(&p, &q, &outputs, &options, NULL, NULL), XENT_INVALID_ARGUMENT, "beta");
  EXPECT_FAILS(xent_js_divergence(NULL, &q, &outputs, &options, NULL, NULL), XENT_INVALID_ARGUMENT,
               "p_logits");
  EXPECT_FAILS(xent_js_divergence(&p, NULL, &outputs, &options, NULL, NULL), XENT_INVALID_ARGUMENT,
               "q_logits");
  EXPECT_FAILS(xent_js_divergence(&p, &q, NULL, &options, NULL, NULL), XENT_INVALID_ARGUMENT, "outputs");
  options.struct_size = 3;
  EXPECT_FAILS(xent_js_divergence(&p, &q, &outputs, &options, NULL, NULL), XENT_INVALID_ARGUMENT,
               "struct_size");
}

int main(void) {
  binary_cross_entropy();
  divergences();
  return report();
}
