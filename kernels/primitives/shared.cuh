// Shared memory. Every object starts on a 128-byte line and holds nothing until it is written.
//   XENT_SHARED(row_sum, float[8]);      row_sum is a float (&)[8], one per block
//   XENT_DYNAMIC_SHARED(bytes);          bytes is an unsigned char*: what the launch asked for
// A declaration belongs to the whole block: put it where all threads pass.
#pragma once

#include "kernels/primitives/portable.cuh"

#ifdef __CUDACC__

namespace xent::gpu {

/// Raw bytes, since __shared__ wants no constructor, not even one that does nothing.
template <class T>
struct alignas(128) SharedStorage {
  unsigned char bytes[sizeof(T)];
};

}  // namespace xent::gpu

#define XENT_SHARED(name, ...)                                       \
  __shared__ ::xent::gpu::SharedStorage<__VA_ARGS__> name##_storage; \
  auto& name = *reinterpret_cast<::xent::gpu::Identity<__VA_ARGS__>*>(name##_storage.bytes)
#define XENT_DYNAMIC_SHARED(name) extern __shared__ __align__(128) unsigned char name[]

#else

#define XENT_SHARED(name, ...) auto& name = ::simt::static_shared<__VA_ARGS__>([] {})  // NOLINT
#define XENT_DYNAMIC_SHARED(name) unsigned char* const name = ::simt::dynamic_shared()

#endif

namespace xent::gpu {

template <class T>
struct IdentityOf {
  using Type = T;
};
/// Spells an array type where a declarator would be needed.
template <class T>
using Identity = typename IdentityOf<T>::Type;

}  // namespace xent::gpu
