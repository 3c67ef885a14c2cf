// The training set in device memory, as bytes, and the order of an epoch.
#pragma once

#include <cstdint>

#include "host/cuda/memory.hpp"
#include "host/data/dataset.hpp"

namespace xent::mlp {

class DeviceData {
 public:
  /// The data may be empty; then there is nothing to shuffle either.
  DeviceData(const data::Dataset& train, std::uint64_t seed, cuda::Stream stream);

  /// Queues the epoch's order, unless it is the one that is there.
  void shuffle(std::int64_t epoch);

  std::int64_t count() const { return count_; }
  std::int64_t height() const { return height_; }
  std::int64_t width() const { return width_; }
  const std::uint8_t* pixels() const { return pixels_.data(); }
  const std::uint8_t* labels() const { return labels_.data(); }
  const std::uint32_t* order() const { return order_.data(); }

 private:
  std::uint64_t seed_;
  cuda::Stream stream_;
  std::int64_t count_;
  std::int64_t height_;
  std::int64_t width_;
  cuda::DeviceArray<std::uint8_t> pixels_;
  cuda::DeviceArray<std::uint8_t> labels_;
  cuda::DeviceArray<std::uint32_t> order_;
  std::int64_t epoch_ = -1;  ///< whose order it is
  // The sort's.
  cuda::DeviceArray<std::uint64_t> keys_;
  cuda::DeviceArray<std::uint32_t> samples_;
  cuda::DeviceArray<unsigned char> scratch_;
};

}  // namespace xent::mlp
