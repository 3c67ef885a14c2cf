// From the C ABI's structs to the C++ API's, with everything C lets through and C++ would not checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>

#include <xent/c_types.h>
#include <xent/xent.hpp>

#include "host/api/check.hpp"

namespace xent::c {

/// An integer that must be one of 0 … last, the listed values of the field's enumeration. The names
/// are joined only for the message, so that a good call allocates nothing.
inline void require_listed(const char* argument, const char* field, std::int32_t value, std::int32_t last) {
  if (value < 0 || value > last) {
    api::reject(std::string(argument) + "." + field, std::to_string(value), "0 … " + std::to_string(last));
  }
}

template <class T>
const T& required(const char* argument, const T* given) {
  if (given == nullptr) api::reject(argument, "null pointer", "the address of a struct");
  return *given;
}

/// A copy of *given that any version of the caller may have compiled, `fallback` for NULL. Fields the
/// caller does not know are zero, which means off; `first_size` is the struct's size in its first version.
template <class T>
T versioned(const char* argument, const T* given, std::size_t first_size, const T& fallback) {
  if (given == nullptr) return fallback;
  const auto* bytes = reinterpret_cast<const unsigned char*>(given);
  std::size_t size = 0;
  std::memcpy(&size, bytes, sizeof size);
  constexpr std::size_t largest = 4096;  // a struct never initialised must not send us far past its end
  if (size < first_size || size > largest) {
    api::reject(std::string(argument) + ".struct_size", std::to_string(size),
                std::to_string(first_size) + " … " + std::to_string(largest) +
                    ", as set by the struct's _INIT value");
  }
  for (std::size_t i = sizeof(T); i < size; ++i) {
    if (bytes[i] != 0) {
      throw Unsupported(std::string(argument) + ": byte " + std::to_string(i) + " of " +
                        std::to_string(size) + " is set, but this library knows " +
                        std::to_string(sizeof(T)));
    }
  }
  T copy{};
  std::memcpy(&copy, bytes, size < sizeof(T) ? size : sizeof(T));
  return copy;
}

inline DType to_dtype(const char* argument, xent_dtype value) {
  require_listed(argument, "dtype", value, XENT_F64);
  return static_cast<DType>(value);
}

inline LabelType to_label_type(const char* argument, xent_label_type value) {
  require_listed(argument, "type", value, XENT_I64);
  return static_cast<LabelType>(value);
}

/// All zero, as in a zeroed struct, is C++'s default: the layout of a view that is not given.
inline Layout to_layout(const xent_layout& in) {
  const Layout out{.outer = in.outer,
                   .classes = in.classes,
                   .inner = in.inner,
                   .outer_stride = in.outer_stride,
                   .class_stride = in.class_stride,
                   .inner_stride = in.inner_stride};
  return out == Layout{0, 0, 0, 0, 0, 0} ? Layout{} : out;
}

inline MatrixView to_view(const char* argument, const xent_matrix& in) {
  return {.data = in.data, .dtype = to_dtype(argument, in.dtype), .layout = to_layout(in.layout)};
}

inline ConstMatrixView to_view(const char* argument, const xent_const_matrix& in) {
  return {in.data, to_dtype(argument, in.dtype), to_layout(in.layout)};
}

inline VectorView to_view(const char* argument, const xent_vector& in) {
  return {.data = in.data, .dtype = to_dtype(argument, in.dtype), .size = in.size, .stride = in.stride};
}

inline ConstVectorView to_view(const char* argument, const xent_const_vector& in) {
  return {in.data, to_dtype(argument, in.dtype), in.size, in.stride};
}

inline LabelView to_view(const char* argument, const xent_labels& in) {
  return {.data = in.data, .type = to_label_type(argument, in.type), .size = in.size, .stride = in.stride};
}

inline IndexView to_view(const char* argument, const xent_indices& in) {
  return {.data = in.data, .type = to_label_type(argument, in.type), .size = in.size, .stride = in.stride};
}

inline Exec to_exec(const xent_exec* given) {
  constexpr xent_exec defaults = XENT_EXEC_INIT;
  constexpr std::size_t first_size = offsetof(xent_exec, threads) + sizeof defaults.threads;
  const xent_exec in = versioned("exec", given, first_size, defaults);
  require_listed("exec", "device", in.device, XENT_CUDA);
  return {.device = static_cast<Device>(in.device),
          .threads = in.threads,
          .stream = in.stream,
          .workspace = {in.workspace, in.workspace_bytes}};
}

inline LossOptions to_options(const xent_loss_options* given) {
  constexpr xent_loss_options defaults = XENT_LOSS_OPTIONS_INIT;
  constexpr std::size_t first_size =
      offsetof(xent_loss_options, label_smoothing) + sizeof defaults.label_smoothing;
  const xent_loss_options in = versioned("options", given, first_size, defaults);
  require_listed("options", "reduction", in.reduction, XENT_MEAN);
  require_listed("options", "empty_mean", in.empty_mean, XENT_EMPTY_NAN);
  require_listed("options", "has_ignore_index", in.has_ignore_index, 1);
  require_listed("options", "has_denominator", in.has_denominator, 1);
  require_listed("options", "mean_over", in.mean_over, XENT_OVER_VALID_ROWS);
  const auto or_one = [](double value) { return value == 0.0 ? 1.0 : value; };
  return {.reduction = static_cast<Reduction>(in.reduction),
          .ignore_index = in.has_ignore_index == 1 ? std::optional(in.ignore_index) : std::nullopt,
          .denominator = in.has_denominator == 1 ? std::optional(in.denominator) : std::nullopt,
          .denominator_at = to_view("options.denominator_at", in.denominator_at),
          .mean_over = static_cast<MeanOver>(in.mean_over),
          .empty_mean = static_cast<EmptyMean>(in.empty_mean),
          .label_smoothing = in.label_smoothing,
          .class_weights = to_view("options.class_weights", in.class_weights),
          .focal_gamma = in.focal_gamma,
          .z_loss = in.z_loss,
          .transform = {.logit_scale = or_one(in.logit_scale),
                        .temperature = or_one(in.temperature),
                        .softcap = in.softcap,
                        .bias = to_view("options.bias", in.bias),
                        .valid_classes = in.valid_classes}};
}

inline Upstream to_upstream(const xent_upstream* given) {
  constexpr xent_upstream defaults = XENT_UPSTREAM_INIT;
  constexpr std::size_t first_size = offsetof(xent_upstream, values) + sizeof defaults.values;
  const xent_upstream in = versioned("upstream", given, first_size, defaults);
  return {.scale = in.scale,
          .values = to_view("upstream.values", in.values),
          .lse = to_view("upstream.lse", in.lse),
          .log_prob = to_view("upstream.log_prob", in.log_prob),
          .entropy = to_view("upstream.entropy", in.entropy)};
}

inline NllOutputs to_outputs(const xent_nll_outputs* given) {
  constexpr xent_nll_outputs none = XENT_NLL_OUTPUTS_INIT;
  constexpr std::size_t first_size = offsetof(xent_nll_outputs, valid_count) + sizeof none.valid_count;
  const auto in = versioned("outputs", &required("outputs", given), first_size, none);
  return {.loss = to_view("outputs.loss", in.loss), .valid_count = in.valid_count};
}

inline CrossEntropyOutputs to_outputs(const xent_cross_entropy_outputs* given) {
  constexpr xent_cross_entropy_outputs none = XENT_CROSS_ENTROPY_OUTPUTS_INIT;
  constexpr std::size_t first_size =
      offsetof(xent_cross_entropy_outputs, valid_count) + sizeof none.valid_count;
  const auto in = versioned("outputs", &required("outputs", given), first_size, none);
  return {.loss = to_view("outputs.loss", in.loss),
          .row_loss = to_view("outputs.row_loss", in.row_loss),
          .lse = to_view("outputs.lse", in.lse),
          .log_prob = to_view("outputs.log_prob", in.log_prob),
          .entropy = to_view("outputs.entropy", in.entropy),
          .argmax = to_view("outputs.argmax", in.argmax),
          .target_rank = to_view("outputs.target_rank", in.target_rank),
          .grad = to_view("outputs.grad", in.grad),
          .grad_targets = to_view("outputs.grad_targets", in.grad_targets),
          .correct_count = in.correct_count,
          .top_k_count = in.top_k_count,
          .valid_count = in.valid_count,
          .divisor = in.divisor,
          .top_k = in.top_k == 0 ? CrossEntropyOutputs{}.top_k : in.top_k};
}

/// The transform among the options, for a function that has no loss: all else must be as in _INIT.
inline LogitTransform to_transform(const xent_loss_options* given) {
  LossOptions options = to_options(given);
  const bool default_mean = options.reduction == Reduction::mean && options.mean_over == MeanOver::weights &&
                            options.empty_mean == EmptyMean::zero && !options.denominator &&
                            !options.denominator_at.given();
  if (!default_mean || options.ignore_index || options.label_smoothing != 0.0 ||
      options.class_weights.given() || options.focal_gamma != 0.0 || options.z_loss != 0.0) {
    api::reject("options", "an option of a loss is set", "logit_scale to valid_classes, or NULL");
  }
  return options.transform;
}

/// A matrix to write: NULL is "not given".
inline MatrixView optional_view(const char* argument, const xent_matrix* given) {
  return given == nullptr ? MatrixView{} : to_view(argument, *given);
}

/// A view argument: NULL is refused.
template <class View>
auto to_view(const char* argument, const View* given) {
  return to_view(argument, required(argument, given));
}

}  // namespace xent::c
