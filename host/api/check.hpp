// The preconditions of the public functions, each checked once, here, before anything is written.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include <xent/exec.hpp>
#include <xent/options.hpp>
#include <xent/view.hpp>

namespace xent::api {

/// Throws InvalidArgument: "argument: problem; allowed: …".
[[noreturn]] void reject(std::string_view argument, const std::string& problem, std::string_view allowed);

inline constexpr int kMostThreads = 1024;

void check(const Exec& exec);

/// The matrix has a valid type, shape and strides, and memory where it has elements. An output's
/// elements must all lie at different addresses; an input may repeat some (stride 0).
void check_input(std::string_view argument, const ConstMatrixView& view);
void check_output(std::string_view argument, const MatrixView& view);
void check_same_shape(std::string_view argument, const ConstMatrixView& view, std::string_view other_argument,
                      const ConstMatrixView& other);
void check_same_dtype(std::string_view argument, DType dtype, std::string_view other_argument, DType other);

void check_input(std::string_view argument, const ConstVectorView& view, std::int64_t size);
void check_output(std::string_view argument, const VectorView& view, std::int64_t size);
void check_output(std::string_view argument, const IndexView& view, std::int64_t size, std::int64_t classes);
void check_input(std::string_view argument, const LabelView& view, std::int64_t size);
/// A count to write, or null.
void check_output(std::string_view argument, const std::int64_t* count);

void check(const LossOptions& options);
/// values must be absent, one shared value, or one per row where the loss itself is one per row.
void check(const Upstream& upstream, const LossOptions& options, std::int64_t rows);

/// Counts the rows whose label is not ignored. Throws LabelError for the first label outside [0, classes).
std::int64_t count_valid_labels(const LabelView& labels, std::int64_t classes, const LossOptions& options,
                                int threads);

/// What every valid row's loss is divided by.
double loss_divisor(const LossOptions& options, std::int64_t valid_rows);

}  // namespace xent::api
