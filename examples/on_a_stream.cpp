// Mean loss and gradient of logits that lie on a GPU, queued on the caller's stream.
#include <cuda_runtime_api.h>
#include <xent/xent.hpp>

void loss_and_gradient(const xent::bf16* logits, const int* labels, float* loss, xent::bf16* grad, int rows,
                       int classes, void* workspace, cudaStream_t stream) {
  xent::cross_entropy(xent::matrix(logits, rows, classes), xent::labels(labels, rows),
                      {.loss = xent::vector(loss, 1), .grad = xent::matrix(grad, rows, classes)},
                      {.ignore_index = -100}, {},
                      {.device = xent::Device::cuda,
                       .stream = stream,
                       .workspace = {workspace, xent::workspace_bytes(rows)}});
}
