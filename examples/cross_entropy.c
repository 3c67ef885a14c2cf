/* The same from C: loss and gradient of two rows of logits, in one call. */
#include <stdio.h>
#include <xent/c_api.h>

int main(void) {
  const float data[] = {1.2F, 0.9F, 0.3F, 0.1F, 2.0F, -1.0F};
  const int32_t classes[] = {1, 1};
  float loss = 0.0F;
  float grad[6];
  const xent_const_matrix logits = xent_make_const_matrix(data, XENT_F32, xent_row_major(2, 3, 0));
  const xent_labels labels = xent_make_labels(classes, XENT_I32, 2);
  xent_cross_entropy_outputs outputs = XENT_CROSS_ENTROPY_OUTPUTS_INIT;
  outputs.loss = xent_make_vector(&loss, XENT_F32, 1);
  outputs.grad = xent_make_matrix(grad, XENT_F32, xent_row_major(2, 3, 0));
  if (xent_cross_entropy(&logits, &labels, &outputs, NULL, NULL, NULL) != XENT_OK) {
    fprintf(stderr, "%s\n", xent_last_error());
    return 1;
  }
  printf("mean loss %.5f, gradient of the first logit %+.5f\n", (double)loss, (double)grad[0]);
  return 0;
}
