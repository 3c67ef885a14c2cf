// Loss and gradient of two rows of logits, in one call.
#include <cstdio>
#include <xent/xent.hpp>

int main() {
  const float logits[] = {1.2F, 0.9F, 0.3F,  //
                          0.1F, 2.0F, -1.0F};
  const int labels[] = {1, 1};
  float loss = 0.0F;
  float grad[6];
  xent::cross_entropy(xent::matrix(logits, 2, 3), xent::labels(labels, 2),
                      {.loss = xent::vector(&loss, 1), .grad = xent::matrix(grad, 2, 3)});
  std::printf("mean loss %.5f, gradient of the first logit %+.5f\n", loss, grad[0]);
}
