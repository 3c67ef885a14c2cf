// One pass over the labels before any work: count the valid rows, refuse a label out of range.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <xent/error.hpp>
#include <xent/parallel.hpp>

#include "host/api/check.hpp"
#include "host/api/counts.hpp"
#include "host/api/text.hpp"

namespace xent {

LabelError::LabelError(std::int64_t row, std::int64_t value, std::int64_t classes)
    : InvalidArgument("labels: row " + std::to_string(row) + " holds " + std::to_string(value) +
                      "; allowed: 0 to " + std::to_string(classes - 1) + ", or ignore_index"),
      row_(row),
      value_(value),
      classes_(classes) {}

namespace api {
namespace {

constexpr std::int64_t kRowsPerTask = 1 << 16;

struct Scan {
  std::int64_t valid = 0;
  std::int64_t bad = 0;
};

template <class T>
Scan scan(const T* labels, std::int64_t stride, std::int64_t begin, std::int64_t end, std::int64_t classes,
          const std::optional<std::int64_t>& ignore_index) {
  // No early exit, so that the compiler can vectorise; the first bad row is searched for afterwards.
  Scan result;
  const std::int64_t ignored_label = ignore_index.value_or(0);
  const bool ignoring = ignore_index.has_value();
  for (std::int64_t r = begin; r < end; ++r) {
    const auto label = static_cast<std::int64_t>(labels[r * stride]);
    const bool ignored = ignoring & (label == ignored_label);
    const bool in_range = (label >= 0) & (label < classes);
    result.valid += ignored ? 0 : 1;
    result.bad += (ignored | in_range) ? 0 : 1;
  }
  return result;
}

template <class T>
std::int64_t count(const LabelView& view, std::int64_t classes, const LossOptions& options, int threads) {
  const T* data = static_cast<const T*>(view.data);
  const std::int64_t tasks = (view.size + kRowsPerTask - 1) / kRowsPerTask;
  std::atomic<std::int64_t> valid{0};
  std::atomic<std::int64_t> first_bad_task{std::numeric_limits<std::int64_t>::max()};
  parallel_for(tasks, threads, [&](std::int64_t task) {
    const std::int64_t begin = task * kRowsPerTask;
    const std::int64_t end = std::min(view.size, begin + kRowsPerTask);
    const Scan part = scan(data, view.stride, begin, end, classes, options.ignore_index);
    valid += part.valid;
    if (part.bad == 0) return;
    std::int64_t seen = first_bad_task.load();
    while (task < seen && !first_bad_task.compare_exchange_weak(seen, task)) {
    }
  });
  if (first_bad_task.load() < tasks) {
    for (std::int64_t r = first_bad_task.load() * kRowsPerTask;; ++r) {
      const auto label = static_cast<std::int64_t>(data[r * view.stride]);
      const bool ignored = options.ignore_index && label == *options.ignore_index;
      if (!ignored && (label < 0 || label >= classes)) throw LabelError(r, label, classes);
    }
  }
  return valid.load();
}

double element(const ConstVectorView& values, std::int64_t i) {
  const std::int64_t at = i * values.stride;
  return values.dtype == DType::f32 ? static_cast<double>(static_cast<const float*>(values.data)[at])
                                    : static_cast<const double*>(values.data)[at];
}

/// Σ class_weights[label] over valid rows, task by task, so that threads change no bit.
template <class T>
double sum_of_weights(const LabelView& view, const LossOptions& options, int threads) {
  const T* data = static_cast<const T*>(view.data);
  std::vector<double> sums(static_cast<std::size_t>((view.size + kRowsPerTask - 1) / kRowsPerTask), 0.0);
  parallel_for(std::ssize(sums), threads, [&](std::int64_t task) {
    double sum = 0.0;
    const std::int64_t end = std::min(view.size, (task + 1) * kRowsPerTask);
    for (std::int64_t r = task * kRowsPerTask; r < end; ++r) {
      const auto label = static_cast<std::int64_t>(data[r * view.stride]);
      if (options.ignore_index != label) sum += element(options.class_weights, label);
    }
    sums[static_cast<std::size_t>(task)] = sum;
  });
  double total = 0.0;
  for (const double sum : sums) total += sum;
  return total;
}

template <class T>
RowCounts count_labels(const LabelView& labels, std::int64_t classes, const LossOptions& options,
                       int threads) {
  RowCounts counts{.valid = count<T>(labels, classes, options, threads)};
  counts.divisor = static_cast<double>(counts.valid);
  if (options.class_weights.given() && options.mean_over == MeanOver::weights) {
    counts.divisor = sum_of_weights<T>(labels, options, threads);
  }
  return counts;
}

}  // namespace

RowCounts count_rows(const TargetView& target, std::int64_t rows, std::int64_t classes,
                     const LossOptions& options, int threads) {
  if (target.kind != TargetKind::labels) return {.valid = rows, .divisor = static_cast<double>(rows)};
  switch (target.labels.type) {
    case LabelType::u8: return count_labels<std::uint8_t>(target.labels, classes, options, threads);
    case LabelType::i32: return count_labels<std::int32_t>(target.labels, classes, options, threads);
    case LabelType::i64: break;
  }
  return count_labels<std::int64_t>(target.labels, classes, options, threads);
}

double loss_divisor(const LossOptions& options, const RowCounts& counts) {
  if (options.reduction != Reduction::mean) return 1.0;
  if (!options.denominator_at.given()) return options.denominator.value_or(counts.divisor);
  const double divisor = element(options.denominator_at, 0);
  if (!(std::isfinite(divisor) && divisor >= 0.0)) {
    reject("options.denominator_at", "holds " + text(divisor), "finite, 0 (an empty mean) or more");
  }
  return divisor;
}

}  // namespace api
}  // namespace xent
