// The kernels for nvcc: that they compile for a device is the test.
#include "kernels/cross_entropy/backward.cuh"
#include "kernels/cross_entropy/forward.cuh"
#include "kernels/softmax/backward.cuh"
#include "kernels/softmax/forward.cuh"

namespace xent::gpu {

#define XENT_INSTANTIATE(T, team)                                                                  \
  template __global__ void cross_entropy_kernel<T, team, 128>(                                     \
      const __grid_constant__ CrossEntropyArguments);                                              \
  template __global__ void cross_entropy_backward_kernel<T, team, 128>(                            \
      const __grid_constant__ CrossEntropyArguments);                                              \
  template __global__ void softmax_kernel<T, team, 128>(const __grid_constant__ SoftmaxArguments); \
  template __global__ void softmax_backward_kernel<T, team, 128>(                                  \
      const __grid_constant__ SoftmaxBackwardArguments)

XENT_INSTANTIATE(float, 4);
XENT_INSTANTIATE(bf16, 32);
XENT_INSTANTIATE(f16, 128);
XENT_INSTANTIATE(double, 128);

}  // namespace xent::gpu
