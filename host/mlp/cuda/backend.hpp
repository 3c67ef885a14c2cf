// Training on a CUDA device, f32. Data, network and everything between stay there; a step is, of a
// network that fits on chip, one of many in a single launch, or else a CUDA graph that is recorded once; and
// the host waits for a whole run of steps.
#pragma once

#include <optional>
#include <vector>

#include "host/mlp/cuda/device_data.hpp"
#include "host/mlp/cuda/device_network.hpp"
#include "host/mlp/cuda/resident_plan.hpp"
#include "host/mlp/cuda/resident_steps.hpp"

namespace xent::mlp {

class CudaBackend final : public Backend {
 public:
  /// Throws Unsupported where the network is to be resident and cannot.
  CudaBackend(const Recipe& recipe, const data::Dataset& train, StepPath path = StepPath::automatic);

  std::vector<BatchResult> train(const Steps& steps) override;
  std::int64_t steps_at_once() const override { return steps_per_epoch_; }
  std::optional<StepChoice> step_choice() const override { return choice_; }
  void logits(const std::uint8_t* pixels, std::int64_t count, float* out) const override;
  NetworkState state() const override { return network_.state(); }
  void set_state(const NetworkState& state) override { network_.set_state(state); }
  DType dtype() const override { return DType::f32; }

 private:
  /// A step of so many rows. Its first run is queued as it is: it loads kernels and chooses algorithms, which
  /// a recording does not bear. The second is recorded.
  struct RecordedStep {
    std::int64_t rows = 0;
    bool ran = false;
    cuda::Graph graph{};
  };

  ResidentPlan plan_on_chip() const;
  void choose(StepPath path);
  void prepare_operations();
  void run(RecordedStep& step);
  void queue_step(std::int64_t rows);
  void queue_loss(std::int64_t rows);
  void drop_hidden(std::size_t layer, std::int64_t rows);
  std::vector<gpu::StepScalars> scalars_of(const Steps& steps) const;

  Recipe recipe_;
  std::int64_t steps_per_epoch_;
  cuda::OwnedStream stream_{};  // before all that uses it
  DeviceData data_;
  DeviceNetwork network_;

  std::optional<StepChoice> choice_{};  ///< where there is data
  std::optional<ResidentSteps> resident_{};

  // Of a kernel for each operation, reused by every step: activations_[l] enters layer l, the last holds the
  // logits; deltas_[l] is the loss's gradient by activations_[l].
  std::vector<cuda::DeviceArray<float>> activations_{};
  std::vector<cuda::DeviceArray<float>> deltas_{};
  cuda::DeviceArray<std::uint8_t> labels_{};
  cuda::DeviceArray<double> loss_{};
  cuda::DeviceArray<std::int64_t> correct_{};
  cuda::DeviceArray<unsigned char> workspace_{};  // the loss function's

  // Of a run of steps (see gpu::StepTable).
  cuda::DeviceArray<gpu::StepScalars> scalars_{};
  cuda::DeviceArray<gpu::StepOutcome> outcomes_{};
  cuda::DeviceArray<std::int64_t> number_{};
  gpu::StepTable table_{};

  RecordedStep full_{};
  RecordedStep last_{};  ///< of an epoch whose last batch is shorter
};

}  // namespace xent::mlp
