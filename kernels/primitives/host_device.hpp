// For functions that the host and kernels both call, in headers that a plain compiler reads too.
#pragma once

#ifdef __CUDACC__
#define XENT_HOST_DEVICE __host__ __device__
#else
#define XENT_HOST_DEVICE
#endif
