// An epoch of training as a workload, and the data set handed to whoever trains on the same digits.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "bench/workload.hpp"
#include "host/data/dataset.hpp"

namespace xent::bench {

/// The article's recipe: 784-512-10, batch 64, Adam at 0.01. A call trains `steps` steps, 0 = an epoch; the
/// next one goes on from there. What belongs to an epoch besides its steps, the shuffle, is in it.
Workload training(std::shared_ptr<const data::Dataset> digits, std::int64_t steps, int threads);

/// The floor of the same steps: the operations of their dense matrix products, 104.7 million for a batch of
/// 64, at the rate of multiply-adds that never leave the registers of these threads. What a step saves by
/// passing over zero pixels is not taken off, so that the floor is the network's and not the data's.
Workload training_floor(const data::Dataset& digits, std::int64_t steps, int threads);

/// The limit of the processor: multiply-adds of these threads that never leave their registers.
Workload multiply_add_limit(int threads);

/// Writes folder/pixels and folder/labels, raw bytes as the Dataset holds them.
void write_digits(const data::Dataset& digits, const std::filesystem::path& folder);

}  // namespace xent::bench
