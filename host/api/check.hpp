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
/// A number to write, or null.
void check_output(std::string_view argument, const std::int64_t* count);
void check_output(std::string_view argument, const double* number);

/// What holds of the options whatever the loss, for a matrix of so many classes and such elements.
void check(const LossOptions& options, std::int64_t classes, DType dtype);
void check(const LogitTransform& transform, std::int64_t classes, DType dtype);
/// Each of the vectors must be absent, or one per row; values may also be one shared number, and must be
/// unless the loss itself is one per row.
void check(const Upstream& upstream, const LossOptions& options, std::int64_t rows);
/// Refuses everything that only a softmax's logits can have: for losses that see probabilities.
void check_no_softmax_options(const LossOptions& options);

}  // namespace xent::api
