// A network with one hidden layer in slabs of hidden units: all that a slab's training reads and writes of
// the parameters lies together, and slabs share none of it.
#pragma once

#include <cstdint>

#include <hwy/aligned_allocator.h>

#include "host/mlp/backend.hpp"
#include "host/mlp/slab_loops.hpp"

namespace xent::mlp {

/// Floats that start on a cache line: an unaligned vector of 64 bytes would touch two lines each time.
using AlignedFloats = hwy::AlignedFreeUniquePtr<float[]>;
AlignedFloats aligned_floats(std::int64_t n);  ///< zeros

/// Units that only fill up the last slab are zero with all their weights, and stay so.
class SlabNetwork {
 public:
  SlabNetwork() = default;
  explicit SlabNetwork(const NetworkState& state);
  NetworkState state() const;

  std::int64_t slabs() const { return (hidden_ + kSlab - 1) / kSlab; }

  SlabTensor input_weight(std::int64_t slab) const { return input_weight_.at(slab * inputs_ * kSlab); }
  SlabTensor hidden_bias(std::int64_t slab) const { return hidden_bias_.at(slab * kSlab); }
  SlabTensor output_weight(std::int64_t slab) const { return output_weight_.at(slab * classes_ * kSlab); }
  /// One per class.
  SlabTensor output_bias() const { return output_bias_.at(0); }

 private:
  struct Tensor {
    AlignedFloats value{};
    AlignedFloats moment1{};
    AlignedFloats moment2{};

    SlabTensor at(std::int64_t i) const {
      return {value.get() + i, moment1.get() + i, moment2 ? moment2.get() + i : nullptr};
    }
  };
  template <class Place>
  static Tensor tensor(const Parameter& from, std::int64_t size, const Place& place);
  template <class Place>
  static Parameter parameter(const Tensor& from, std::int64_t count, const Place& place);
  auto input_weight_place() const;
  auto output_weight_place() const;

  std::int64_t inputs_ = 0;
  std::int64_t hidden_ = 0;
  std::int64_t classes_ = 0;
  Tensor input_weight_{};   // slab × input × unit
  Tensor hidden_bias_{};    // slab × unit
  Tensor output_weight_{};  // slab × class × unit
  Tensor output_bias_{};
};

}  // namespace xent::mlp
