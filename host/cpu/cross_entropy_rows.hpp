// The row kernels of cross-entropy, each over rows [begin, end) on the calling thread.
#pragma once

#include "host/cpu/cross_entropy_job.hpp"

namespace xent::cpu {

/// Long rows, a row along the lanes.
void cross_entropy_rows(const CrossEntropyJob& job, std::int64_t begin, std::int64_t end,
                        const CrossEntropyParts& parts);
/// The same where every element takes more than an exponential and a factor.
void cross_entropy_term_rows(const CrossEntropyJob& job, std::int64_t begin, std::int64_t end,
                             const CrossEntropyParts& parts);
/// Short rows, a row per lane.
void cross_entropy_lanes(const CrossEntropyJob& job, std::int64_t begin, std::int64_t end,
                         const CrossEntropyParts& parts);
/// The same with any option.
void cross_entropy_term_lanes(const CrossEntropyJob& job, std::int64_t begin, std::int64_t end,
                              const CrossEntropyParts& parts);
/// The gradient from a saved lse. Of short rows where no option is on; rows of any length.
void cross_entropy_backward_lanes(const CrossEntropyJob& job, std::int64_t begin, std::int64_t end);
void cross_entropy_backward_rows(const CrossEntropyJob& job, std::int64_t begin, std::int64_t end);

}  // namespace xent::cpu
