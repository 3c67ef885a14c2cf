#include "host/mlp/cuda/resident_steps.hpp"

#include "host/mlp/cuda/dropout.hpp"
#include "kernels/instances/mlp.hpp"

namespace xent::mlp {
namespace {

std::size_t size(int n) { return static_cast<std::size_t>(n); }

}  // namespace

ResidentSteps::ResidentSteps(const Recipe& recipe, const gpu::ResidentShape& shape)
    : recipe_(recipe),
      shape_(shape),
      partials_(size(shape.rows) * size(shape.blocks()) * size(shape.classes)),
      deltas_(size(shape.rows) * size(shape.classes)),
      row_loss_(size(shape.rows)),
      row_right_(size(shape.rows)),
      arrivals_(1) {}

void ResidentSteps::run(const DeviceData& data, const DeviceNetwork& network, const gpu::StepTable& table,
                        int steps, cuda::Stream stream) {
  const std::vector<DeviceNetwork::Layer>& layers = network.layers();
  const DeviceNetwork::Parameters parameters = network.parameters();
  const gpu::Dropout input = dropout(recipe_, 0);
  const auto at = [](std::size_t place) { return static_cast<std::int64_t>(place); };
  cuda::fill_zero(arrivals_.data(), arrivals_.bytes(), stream);
  gpu::launch_resident_steps(stream, network.adaptive(),
                             {.shape = shape_,
                              .batch = {.pixels = data.pixels(),
                                        .labels = data.labels(),
                                        .order = data.order(),
                                        .height = data.height(),
                                        .width = data.width(),
                                        .shift = recipe_.shift,
                                        .seed = recipe_.seed,
                                        .dropout = input,
                                        .steps = table},
                              .samples = data.count(),
                              .steps = steps,
                              .pixel_scale = input.scale / 255.0F,
                              .dropout = dropout(recipe_, 1),
                              .label_smoothing = recipe_.label_smoothing,
                              .value = parameters.value,
                              .moment1 = parameters.moment1,
                              .moment2 = parameters.moment2,
                              .weight1 = at(layers[0].weight),
                              .bias1 = at(layers[0].bias),
                              .weight2 = at(layers[1].weight),
                              .bias2 = at(layers[1].bias),
                              .partials = partials_.data(),
                              .deltas = deltas_.data(),
                              .row_loss = row_loss_.data(),
                              .row_right = row_right_.data(),
                              .arrivals = arrivals_.data()});
}

}  // namespace xent::mlp
