// The kernels for nvcc: that they compile for a device is the test.
#include "kernels/cross_entropy/backward.cuh"
#include "kernels/cross_entropy/forward.cuh"
#include "kernels/nll/nll.cuh"
#include "kernels/reduction/loss_sum.cuh"
#include "kernels/reduction/valid_rows.cuh"
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

#define XENT_INSTANTIATE_NLL(T, team)                                                    \
  template __global__ void nll_kernel<T>(const __grid_constant__ CrossEntropyArguments); \
  template __global__ void nll_backward_kernel<T, team, 128>(const __grid_constant__ CrossEntropyArguments)

XENT_INSTANTIATE(float, 4);
XENT_INSTANTIATE(bf16, 32);
XENT_INSTANTIATE(f16, 128);
XENT_INSTANTIATE(double, 128);
XENT_INSTANTIATE_NLL(float, 8);
XENT_INSTANTIATE_NLL(bf16, 128);

template __global__ void count_valid_rows_kernel<256>(const __grid_constant__ LabelView, std::int64_t,
                                                      unsigned long long*);
template __global__ void loss_parts_kernel<256>(const __grid_constant__ ConstVectorView, double*);
template __global__ void loss_sum_kernel<256>(const __grid_constant__ LossSumArguments);

}  // namespace xent::gpu
