// Steps of a network that stays on chip: a whole run of them is one launch (kernels/resident/train.cuh).
#pragma once

#include "host/mlp/cuda/device_data.hpp"
#include "host/mlp/cuda/device_network.hpp"
#include "kernels/resident/arguments.hpp"

namespace xent::mlp {

class ResidentSteps {
 public:
  ResidentSteps(const Recipe& recipe, const gpu::ResidentShape& shape);

  /// Queues the first so many steps of the table.
  void run(const DeviceData& data, const DeviceNetwork& network, const gpu::StepTable& table, int steps,
           cuda::Stream stream);

  const gpu::ResidentShape& shape() const { return shape_; }

 private:
  Recipe recipe_;
  gpu::ResidentShape shape_;
  cuda::DeviceArray<float> partials_;
  cuda::DeviceArray<float> deltas_;
  cuda::DeviceArray<double> row_loss_;
  cuda::DeviceArray<std::uint8_t> row_right_;
  cuda::DeviceArray<std::uint32_t> arrivals_;
};

}  // namespace xent::mlp
