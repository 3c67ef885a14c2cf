// What a shard's rows take and leave, kernel by kernel; dispatched to the machine's vectors.
#pragma once

#include <cstdint>
#include <span>

#include <xent/shards.hpp>

#include "host/cpu/cross_entropy_job.hpp"

namespace xent::cpu {

/// A job of which the logits are a part of a vocabulary.
struct ShardJob {
  CrossEntropyJob job{};
  std::int64_t first_class = 0;

  /// The label's column; -1 without one among these classes.
  std::int64_t label_of(std::int64_t r) const {
    if (!job.has_labels()) return -1;
    const std::int64_t column = load(job.target.labels, r) - first_class;
    return column >= 0 && column < job.classes() ? column : -1;
  }
  bool ignored(std::int64_t r) const { return job.has_labels() && job.ignored(load(job.target.labels, r)); }
};

/// partials[r] for rows [begin, end).
void shard_sums(const ShardJob& job, std::span<RowPartial> partials, std::int64_t begin, std::int64_t end);

/// The gradients of rows [begin, end) from the whole rows' partials.
void shard_gradients(const ShardJob& job, std::span<const RowPartial> merged, std::int64_t begin,
                     std::int64_t end);

}  // namespace xent::cpu
