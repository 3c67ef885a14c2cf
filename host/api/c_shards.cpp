// The C ABI's functions of shards.
#include <cstddef>
#include <string>

#include <xent/c_shards.h>
#include <xent/shards.hpp>

#include "host/api/c_convert.hpp"
#include "host/api/c_error.hpp"

namespace xent::c {
namespace {

// Arrays of one are arrays of the other.
static_assert(sizeof(RowPartial) == sizeof(xent_row_partial) &&
              alignof(RowPartial) == alignof(xent_row_partial));
static_assert(offsetof(RowPartial, entropy_gap) == offsetof(xent_row_partial, entropy_gap) &&
              offsetof(RowPartial, spread_gap) == offsetof(xent_row_partial, spread_gap) &&
              offsetof(RowPartial, label_weight) == offsetof(xent_row_partial, label_weight) &&
              offsetof(RowPartial, argmax) == offsetof(xent_row_partial, argmax) &&
              offsetof(RowPartial, labels) == offsetof(xent_row_partial, labels));

template <class Partial, class Given>
std::span<Partial> partials_of(const char* argument, Given* given, std::int64_t count) {
  if (count < 0) api::reject(argument, "size is " + std::to_string(count), "0 or more");
  if (given == nullptr && count > 0) api::reject(argument, "null pointer", "memory for one per row");
  return {reinterpret_cast<Partial*>(given), static_cast<std::size_t>(count)};
}

TargetView target_of(const xent_labels* labels, const xent_const_matrix* targets) {
  if (labels != nullptr && targets != nullptr) {
    api::reject("targets", "is given with labels", "one of the two, or neither");
  }
  if (labels != nullptr) return to_view("labels", *labels);
  if (targets != nullptr) return to_view("targets", *targets);
  return {};
}

Shard to_shard(const xent_shard* given) {
  const xent_shard& in = required("shard", given);
  return {.first_class = in.first_class, .classes = in.classes};
}

/// Of logits' rows; what is wrong with the layout is the C++ function's to say.
std::int64_t rows_of(const ConstMatrixView& logits) {
  std::int64_t rows = 0;
  const bool fits = !__builtin_mul_overflow(logits.layout.outer, logits.layout.inner, &rows);
  return fits && rows > 0 ? rows : 0;
}

}  // namespace
}  // namespace xent::c

using namespace xent::c;

extern "C" {

xent_status xent_cross_entropy_partials(const xent_const_matrix* logits, const xent_labels* labels,
                                        const xent_const_matrix* targets, const xent_shard* shard,
                                        xent_row_partial* partials, const xent_loss_options* options,
                                        const xent_exec* exec) {
  return guarded([&] {
    const xent::ConstMatrixView z = to_view("logits", logits);
    xent::cross_entropy_partials(z, target_of(labels, targets), to_shard(shard),
                                 partials_of<xent::RowPartial>("partials", partials, rows_of(z)),
                                 to_options(options), to_exec(exec));
  });
}

xent_status xent_merge_partials(const xent_row_partial* partials, int64_t shards, int64_t rows,
                                xent_row_partial* merged, const xent_exec* exec) {
  return guarded([&] {
    std::int64_t count = 0;
    if (shards < 1 || __builtin_mul_overflow(shards, rows, &count)) {
      xent::api::reject("shards", "is " + std::to_string(shards), "1 or more, of memory that can be");
    }
    xent::merge_partials(partials_of<const xent::RowPartial>("partials", partials, count),
                         partials_of<xent::RowPartial>("merged", merged, rows), to_exec(exec));
  });
}

xent_status xent_cross_entropy_from_partials(const xent_row_partial* merged, int64_t rows,
                                             const xent_labels* labels, const xent_const_matrix* targets,
                                             const xent_cross_entropy_outputs* outputs,
                                             const xent_loss_options* options, const xent_exec* exec) {
  return guarded([&] {
    xent::cross_entropy_from_partials(partials_of<const xent::RowPartial>("merged", merged, rows),
                                      target_of(labels, targets), to_outputs(outputs), to_options(options),
                                      to_exec(exec));
  });
}

xent_status xent_cross_entropy_shard_backward(const xent_const_matrix* logits, const xent_labels* labels,
                                              const xent_const_matrix* targets, const xent_shard* shard,
                                              const xent_row_partial* merged, const xent_matrix* grad,
                                              const xent_matrix* grad_targets,
                                              const xent_loss_options* options, const xent_upstream* upstream,
                                              const xent_exec* exec) {
  return guarded([&] {
    const xent::ConstMatrixView z = to_view("logits", logits);
    xent::cross_entropy_shard_backward(
        z, target_of(labels, targets), to_shard(shard),
        partials_of<const xent::RowPartial>("merged", merged, rows_of(z)),
        {optional_view("grad", grad), optional_view("grad_targets", grad_targets)}, to_options(options),
        to_upstream(upstream), to_exec(exec));
  });
}

}  // extern "C"
