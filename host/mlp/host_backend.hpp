// What the backends on the host share: they find a step's samples themselves and train on one batch at a
// time.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "host/mlp/backend.hpp"

namespace xent::mlp {

/// Which samples a step trains on, and when: `step` is the key of everything random in it.
struct Batch {
  std::span<const std::int64_t> samples{};
  std::int64_t step = 0;
};

/// The order in which an epoch visits the samples, made once per epoch.
class EpochOrder {
 public:
  EpochOrder(const Recipe& recipe, const data::Dataset& train)
      : seed_(recipe.seed), batch_(recipe.batch), count_(train.count) {}

  /// The samples of a step, fewer in an epoch's last. Valid until another epoch is asked for.
  std::span<const std::int64_t> samples(std::int64_t epoch, std::int64_t step_in_epoch);

 private:
  std::uint64_t seed_;
  std::int64_t batch_;
  std::int64_t count_;
  std::int64_t epoch_ = -1;
  std::vector<std::int64_t> order_{};  ///< of epoch_
};

class HostBackend : public Backend {
 public:
  std::vector<BatchResult> train(const Steps& steps) final;
  /// One step on these samples with learning rate lr.
  virtual BatchResult train_batch(const Batch& batch, double lr) = 0;

 protected:
  HostBackend(const Recipe& recipe, const data::Dataset& train) : order_(recipe, train) {}

 private:
  EpochOrder order_;
};

/// The CPU's backend for this network: SlabBackend where it serves, else CpuBackend.
std::unique_ptr<HostBackend> make_cpu_backend(const Recipe& recipe, const data::Dataset& train, int threads);

}  // namespace xent::mlp
