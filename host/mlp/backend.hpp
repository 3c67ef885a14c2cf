// What a device must be able to do to train the network; everything else of the trainer is shared.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <xent/dtype.hpp>
#include <xent/exec.hpp>

#include "host/data/dataset.hpp"
#include "host/mlp/recipe.hpp"
#include "host/mlp/step_path.hpp"

namespace xent::mlp {

/// One tensor and what the optimizer remembers of it. Doubles hold every backend's numbers exactly.
struct Parameter {
  std::vector<double> value{};
  std::vector<double> moment1{};  ///< Adam's exp_avg, SGD's momentum_buffer; zeros before the first step
  std::vector<double> moment2{};  ///< Adam's exp_avg_sq; empty for SGD
};

/// A linear layer y = W·x + b with PyTorch's layout: weight is outputs × inputs, row-major.
struct LayerState {
  std::int64_t inputs = 0;
  std::int64_t outputs = 0;
  Parameter weight{};
  Parameter bias{};
};

using NetworkState = std::vector<LayerState>;

/// PyTorch's default for nn.Linear: weight and bias uniform within ±1/√inputs. Moments are zero.
NetworkState initial_state(const Recipe& recipe);

/// Consecutive steps of one epoch.
struct Steps {
  std::int64_t epoch = 0;           ///< decides the order of the samples
  std::int64_t first_in_epoch = 0;  ///< the first step's number in the epoch
  std::int64_t first = 0;           ///< and in the run: the key of everything else random
  std::span<const double> lr{};     ///< one per step, which gives their number
};

struct BatchResult {
  double loss = 0.0;  ///< mean over the batch, as the recipe smooths it
  std::int64_t correct = 0;
};

class Backend {
 public:
  Backend() = default;
  virtual ~Backend() = default;
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;

  /// Forward, backward and update, step by step; one result each.
  virtual std::vector<BatchResult> train(const Steps& steps) = 0;
  /// How many steps the backend likes to get at once; any number is right.
  virtual std::int64_t steps_at_once() const { return 1; }

  /// Which of its ways to step it takes; nothing where there is but one, or nothing to train on.
  virtual std::optional<StepChoice> step_choice() const { return std::nullopt; }

  /// Logits without dropout: count × classes from count × features bytes.
  virtual void logits(const std::uint8_t* pixels, std::int64_t count, float* out) const = 0;

  virtual NetworkState state() const = 0;
  /// The state's shapes must be the recipe's.
  virtual void set_state(const NetworkState& state) = 0;

  /// The type the backend keeps its numbers in, and so the one they are saved in.
  virtual DType dtype() const = 0;
};

/// The data must outlive the backend; it may be empty where only logits() is wanted.
/// Throws Unsupported for a device that cannot be used, or cannot take that path, and InvalidArgument for
/// any path but automatic where the device is not CUDA's.
std::unique_ptr<Backend> make_backend(const Recipe& recipe, const data::Dataset& train, const Exec& exec,
                                      StepPath path = StepPath::automatic);

/// One line on the CUDA device that would be used and on what multiplies its matrices. Only where
/// unavailable(Device::cuda) is empty.
std::string describe_cuda_device();

}  // namespace xent::mlp
