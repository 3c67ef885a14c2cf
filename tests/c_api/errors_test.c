/* The C ABI refuses: each kind of bad input gives its status and a message, and writes nothing. */
#include "check.h"

static float data[6] = {1.0F, 2.0F, 3.0F, 4.0F, 5.0F, 6.0F};
static int64_t label_values[2] = {0, 2};
static float loss = -1.0F;

static xent_const_matrix z;
static xent_labels labels;
static xent_cross_entropy_outputs outputs;

static void set_up(void) {
  const xent_cross_entropy_outputs none = XENT_CROSS_ENTROPY_OUTPUTS_INIT;
  z = xent_make_const_matrix(data, XENT_F32, xent_row_major(2, 3, 0));
  labels = xent_make_labels(label_values, XENT_I64, 2);
  outputs = none;
  outputs.loss = xent_make_vector(&loss, XENT_F32, 1);
}

static xent_status call(const xent_loss_options* options, const xent_exec* exec) {
  return xent_cross_entropy(&z, &labels, &outputs, options, NULL, exec);
}

static void label_out_of_range(void) {
  xent_label_error details = {0, 0, 0};
  set_up();
  label_values[1] = 7;
  EXPECT_FAILS(call(NULL, NULL), XENT_LABEL_OUT_OF_RANGE, "7");
  EXPECT(xent_last_label_error(NULL) == 1);
  EXPECT(xent_last_label_error(&details) == 1);
  EXPECT(details.row == 1 && details.value == 7 && details.classes == 3);
  label_values[1] = 2;
  EXPECT(call(NULL, NULL) == XENT_OK);
  EXPECT(xent_last_label_error(NULL) == 1); /* still that of the last call that failed */
  EXPECT_FAILS(xent_thread_count(-1, NULL), XENT_INVALID_ARGUMENT, "count");
  EXPECT(xent_last_label_error(&details) == 0);
  loss = -1.0F;
}

/* One missing argument at a time: which of several is named is not promised. */
static void null_pointers(void) {
  static float grad[6];
  int32_t count = 0;
  const xent_matrix out = xent_make_matrix(grad, XENT_F32, xent_row_major(2, 3, 0));
  const xent_const_vector lse = xent_make_const_vector(grad, XENT_F32, 2);
  const xent_nll_outputs nll_outputs = XENT_NLL_OUTPUTS_INIT;
  set_up();
  EXPECT_FAILS(xent_softmax(NULL, &out, NULL), XENT_INVALID_ARGUMENT, "logits");
  EXPECT_FAILS(xent_softmax(&z, NULL, NULL), XENT_INVALID_ARGUMENT, "probs");
  EXPECT_FAILS(xent_log_softmax(&z, NULL, NULL), XENT_INVALID_ARGUMENT, "log_probs");
  EXPECT_FAILS(xent_softmax_backward(&z, NULL, &out, NULL), XENT_INVALID_ARGUMENT, "grad_probs");
  EXPECT_FAILS(xent_log_softmax_backward(&z, &z, NULL, NULL), XENT_INVALID_ARGUMENT, "grad_logits");
  EXPECT_FAILS(xent_nll(&z, NULL, &nll_outputs, NULL, NULL), XENT_INVALID_ARGUMENT, "labels");
  EXPECT_FAILS(xent_nll(&z, &labels, NULL, NULL, NULL), XENT_INVALID_ARGUMENT, "outputs");
  EXPECT_FAILS(xent_nll_backward(&labels, NULL, NULL, NULL, NULL), XENT_INVALID_ARGUMENT, "grad_log_probs");
  EXPECT_FAILS(xent_cross_entropy(&z, &labels, NULL, NULL, NULL, NULL), XENT_INVALID_ARGUMENT, "outputs");
  EXPECT_FAILS(xent_cross_entropy_backward(&z, &labels, NULL, &out, NULL, NULL, NULL), XENT_INVALID_ARGUMENT,
               "lse");
  EXPECT_FAILS(xent_cross_entropy_backward(&z, &labels, &lse, NULL, NULL, NULL, NULL), XENT_INVALID_ARGUMENT,
               "grad");
  EXPECT_FAILS(xent_parallel_for(1, 1, NULL, NULL), XENT_INVALID_ARGUMENT, "body");
  EXPECT_FAILS(xent_thread_count(-1, &count), XENT_INVALID_ARGUMENT, "-1");
  z.data = NULL;
  EXPECT_FAILS(call(NULL, NULL), XENT_INVALID_ARGUMENT, "logits");
}

static void values_outside_enumerations(void) {
  xent_loss_options options = XENT_LOSS_OPTIONS_INIT;
  xent_exec exec = XENT_EXEC_INIT;
  set_up();
  z.dtype = 4;
  EXPECT_FAILS(call(NULL, NULL), XENT_INVALID_ARGUMENT, "logits.dtype");
  z.dtype = -1;
  EXPECT_FAILS(call(NULL, NULL), XENT_INVALID_ARGUMENT, "logits.dtype");
  z.dtype = 256; /* would be f32 if cut to a byte */
  EXPECT_FAILS(call(NULL, NULL), XENT_INVALID_ARGUMENT, "logits.dtype");
  set_up();
  labels.type = 3;
  EXPECT_FAILS(call(NULL, NULL), XENT_INVALID_ARGUMENT, "labels.type");
  set_up();
  outputs.argmax.type = 99;
  EXPECT_FAILS(call(NULL, NULL), XENT_INVALID_ARGUMENT, "outputs.argmax.type");
  set_up();
  options.reduction = 3;
  EXPECT_FAILS(call(&options, NULL), XENT_INVALID_ARGUMENT, "options.reduction");
  options.reduction = XENT_MEAN;
  options.empty_mean = 2;
  EXPECT_FAILS(call(&options, NULL), XENT_INVALID_ARGUMENT, "options.empty_mean");
  options.empty_mean = XENT_EMPTY_NAN;
  options.has_ignore_index = -1;
  EXPECT_FAILS(call(&options, NULL), XENT_INVALID_ARGUMENT, "options.has_ignore_index");
  options.has_ignore_index = 0;
  options.has_denominator = 2;
  EXPECT_FAILS(call(&options, NULL), XENT_INVALID_ARGUMENT, "options.has_denominator");
  exec.device = 17;
  EXPECT_FAILS(call(NULL, &exec), XENT_INVALID_ARGUMENT, "exec.device");
}

static void refusals_of_the_library_itself(void) {
  xent_loss_options options = XENT_LOSS_OPTIONS_INIT;
  xent_exec exec = XENT_EXEC_INIT;
  const xent_matrix wrong_shape = xent_make_matrix(data, XENT_F32, xent_row_major(3, 2, 0));
  set_up();
  exec.threads = -2;
  EXPECT_FAILS(call(NULL, &exec), XENT_INVALID_ARGUMENT, "-2");
  options.label_smoothing = NAN;
  EXPECT_FAILS(call(&options, NULL), XENT_INVALID_ARGUMENT, "label_smoothing");
  options.label_smoothing = 0.0;
  options.has_denominator = 1; /* and the denominator itself is 0 */
  EXPECT_FAILS(call(&options, NULL), XENT_INVALID_ARGUMENT, "denominator");
  EXPECT_FAILS(xent_softmax(&z, &wrong_shape, NULL), XENT_INVALID_ARGUMENT, "probs");
  exec.threads = 0;
  exec.device = XENT_CUDA;
  EXPECT_FAILS(call(NULL, &exec), XENT_UNSUPPORTED, "exec.device");
  labels.size = 1;
  EXPECT_FAILS(call(NULL, NULL), XENT_INVALID_ARGUMENT, "labels");
}

/* Structs of callers compiled against another version of the header. */
static void struct_sizes(void) {
  struct {
    xent_loss_options known;
    int64_t later_field;
  } newer = {XENT_LOSS_OPTIONS_INIT, 0};
  xent_loss_options options = XENT_LOSS_OPTIONS_INIT;
  set_up();
  options.struct_size = 0;
  EXPECT_FAILS(call(&options, NULL), XENT_INVALID_ARGUMENT, "options.struct_size");
  options.struct_size = (size_t)-1;
  EXPECT_FAILS(call(&options, NULL), XENT_INVALID_ARGUMENT, "options.struct_size");
  newer.known.struct_size = sizeof newer;
  EXPECT(call(&newer.known, NULL) == XENT_OK);
  newer.later_field = 1;
  EXPECT_FAILS(call(&newer.known, NULL), XENT_UNSUPPORTED, "options");
}

static void devices(void) {
  const char* why = NULL;
  size_t bytes = 0;
  xent_exec exec = XENT_EXEC_INIT;
  EXPECT(xent_unavailable(XENT_CPU, &why) == XENT_OK && why[0] == '\0');
  EXPECT_FAILS(xent_unavailable(7, &why), XENT_INVALID_ARGUMENT, "device");
  EXPECT_FAILS(xent_unavailable(XENT_CPU, NULL), XENT_INVALID_ARGUMENT, "why");
  EXPECT(xent_workspace_bytes(1000, &bytes) == XENT_OK && bytes >= 8000);
  EXPECT_FAILS(xent_workspace_bytes(-1, &bytes), XENT_INVALID_ARGUMENT, "rows");
  EXPECT_FAILS(xent_workspace_bytes(1, NULL), XENT_INVALID_ARGUMENT, "bytes");
  EXPECT(xent_check(&exec) == XENT_OK); /* on the CPU there is nothing to report later */
  exec.device = XENT_CUDA;
  EXPECT(xent_unavailable(XENT_CUDA, &why) == XENT_OK);
  set_up();
  if (why[0] != '\0') EXPECT_FAILS(call(NULL, &exec), XENT_UNSUPPORTED, "cuda cannot be used");
}

int main(void) {
  int i;
  EXPECT(strcmp(xent_last_error(), "") == 0);
  EXPECT(xent_last_label_error(NULL) == 0);
  label_out_of_range();
  null_pointers();
  values_outside_enumerations();
  refusals_of_the_library_itself();
  devices();
  EXPECT(loss == -1.0F); /* nothing that failed wrote it */
  struct_sizes();
  for (i = 0; i < 6; ++i) EXPECT(data[i] == (float)(i + 1));
  EXPECT(strcmp(xent_status_name(XENT_UNSUPPORTED), "XENT_UNSUPPORTED") == 0);
  EXPECT(strcmp(xent_status_name(-5), "unknown status") == 0);
  return report();
}
