#include "host/mlp/cuda/device_data.hpp"

#include "host/mlp/cuda/grid.hpp"
#include "kernels/instances/mlp.hpp"

namespace xent::mlp {

DeviceData::DeviceData(const data::Dataset& train, std::uint64_t seed, cuda::Stream stream)
    : seed_(seed),
      stream_(stream),
      count_(train.count),
      height_(train.height),
      width_(train.width),
      pixels_(train.pixels.size()),
      labels_(train.labels.size()),
      order_(train.labels.size()),
      keys_(2 * train.labels.size()),
      samples_(train.labels.size()) {
  if (count_ == 0) return;
  scratch_ = cuda::DeviceArray<unsigned char>(gpu::shuffle_scratch_bytes(count_));
  pixels_.upload(train.pixels, stream_);
  labels_.upload(train.labels, stream_);
  cuda::wait(stream_);
}

void DeviceData::shuffle(std::int64_t epoch) {
  if (epoch == epoch_) return;
  const RandomStream stream(seed_, Purpose::shuffle, static_cast<std::uint64_t>(epoch));
  gpu::launch_shuffle({.grid = flat_grid(count_), .stream = stream_}, stream, count_,
                      {.keys = keys_.data(),
                       .samples = samples_.data(),
                       .scratch = scratch_.data(),
                       .scratch_bytes = scratch_.size()},
                      order_.data());
  epoch_ = epoch;
}

}  // namespace xent::mlp
