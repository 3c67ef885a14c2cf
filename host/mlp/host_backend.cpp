#include "host/mlp/host_backend.hpp"

#include <algorithm>

#include "host/mlp/random.hpp"

namespace xent::mlp {

std::span<const std::int64_t> EpochOrder::samples(std::int64_t epoch, std::int64_t step_in_epoch) {
  if (epoch != epoch_) {
    order_ = permutation(RandomStream(seed_, Purpose::shuffle, static_cast<std::uint64_t>(epoch)), count_);
    epoch_ = epoch;
  }
  const std::int64_t first = step_in_epoch * batch_;
  const std::int64_t rows = std::min(batch_, count_ - first);
  return std::span(order_).subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(rows));
}

std::vector<BatchResult> HostBackend::train(const Steps& steps) {
  std::vector<BatchResult> results;
  for (const double lr : steps.lr) {
    const auto done = static_cast<std::int64_t>(results.size());
    results.push_back(train_batch(
        {.samples = order_.samples(steps.epoch, steps.first_in_epoch + done), .step = steps.first + done},
        lr));
  }
  return results;
}

}  // namespace xent::mlp
