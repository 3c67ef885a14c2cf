#include "host/api/check.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include <xent/device.hpp>
#include <xent/error.hpp>

#include "host/api/text.hpp"

namespace xent::api {
namespace {

bool multiplies(std::int64_t a, std::int64_t b, std::int64_t& product) {
  return !__builtin_mul_overflow(a, b, &product);
}

void check_dtype(std::string_view argument, DType dtype) {
  if (size_of(dtype) == 0) {
    reject(argument, "dtype is " + text(static_cast<int>(dtype)), "f32, f16, bf16 or f64");
  }
}

void check_label_type(std::string_view argument, LabelType type) {
  if (size_of(type) == 0) reject(argument, "type is " + text(static_cast<int>(type)), "u8, i32 or i64");
}

void check_memory(std::string_view argument, const void* data, std::size_t element, std::int64_t elements) {
  if (elements > 0 && data == nullptr) reject(argument, "data is null", "memory for its elements");
  if (reinterpret_cast<std::uintptr_t>(data) % element != 0) {
    reject(argument, "data is not aligned to its element", "a multiple of " + text(element) + " bytes");
  }
}

struct Dimension {
  const char* name;
  std::int64_t extent;
  std::int64_t stride;
};

/// Every element's byte offset must fit int64, so that no later arithmetic needs to ask.
void check_extent(std::string_view argument, const std::array<Dimension, 3>& dimensions,
                  std::size_t element) {
  std::int64_t elements = 1;
  std::int64_t last = 0;
  for (const Dimension& d : dimensions) {
    std::int64_t reach = 0;
    const bool fits = multiplies(elements, d.extent, elements) &&
                      (d.extent == 0 || multiplies(d.extent - 1, d.stride, reach)) &&
                      !__builtin_add_overflow(last, reach, &last);
    std::int64_t bytes = 0;
    if (!fits || !multiplies(elements, static_cast<std::int64_t>(element), bytes) ||
        !multiplies(last, static_cast<std::int64_t>(element), bytes) ||
        bytes > std::numeric_limits<std::int64_t>::max() / 2) {
      reject(argument, "extents and strides reach beyond the address space", "byte offsets below 2^62");
    }
  }
}

/// Walking from the smallest stride up, each dimension must step over all that lies below it.
bool repeats_addresses(std::array<Dimension, 3> dimensions) {
  std::sort(dimensions.begin(), dimensions.end(),
            [](const Dimension& a, const Dimension& b) { return a.stride < b.stride; });
  std::int64_t reach = 0;
  for (const Dimension& d : dimensions) {
    if (d.extent <= 1) continue;
    if (d.stride <= reach) return true;
    reach += (d.extent - 1) * d.stride;
  }
  return false;
}

void check_matrix(std::string_view argument, const ConstMatrixView& view, bool output) {
  check_dtype(argument, view.dtype);
  const Layout& l = view.layout;
  const std::array<Dimension, 3> dimensions{Dimension{"outer", l.outer, l.outer_stride},
                                            Dimension{"classes", l.classes, l.class_stride},
                                            Dimension{"inner", l.inner, l.inner_stride}};
  if (l.classes < 1) reject(argument, "classes is " + text(l.classes), "1 or more");
  for (const Dimension& d : dimensions) {
    if (d.extent < 0) reject(argument, std::string(d.name) + " is " + text(d.extent), "0 or more");
    if (d.stride < 0) reject(argument, std::string(d.name) + "'s stride is " + text(d.stride), "0 or more");
  }
  check_extent(argument, dimensions, size_of(view.dtype));
  check_memory(argument, view.data, size_of(view.dtype), l.rows());
  if (output && l.rows() > 0 && repeats_addresses(dimensions)) {
    reject(argument,
           "strides " + text(l.outer_stride) + ", " + text(l.class_stride) + ", " + text(l.inner_stride) +
               " (outer, class, inner) put several elements at one address",
           "an address of its own for each of the " + text(l.outer) + " × " + text(l.classes) + " × " +
               text(l.inner) + " elements");
  }
}

void check_strided(std::string_view argument, const void* data, std::size_t element, std::int64_t size,
                   std::int64_t stride, std::int64_t expected_size, bool output) {
  if (size != expected_size) reject(argument, "size is " + text(size), text(expected_size));
  const std::int64_t least = output && size > 1 ? 1 : 0;
  if (stride < least) reject(argument, "stride is " + text(stride), text(least) + " or more");
  check_extent(argument, {Dimension{"size", size, stride}, {"", 1, 0}, {"", 1, 0}}, element);
  check_memory(argument, data, element, size);
}

void check_real(std::string_view argument, DType dtype) {
  if (dtype != DType::f32 && dtype != DType::f64) {
    reject(argument, std::string("dtype is ") + name(dtype), "f32 or f64");
  }
}

}  // namespace

void reject(std::string_view argument, const std::string& problem, std::string_view allowed) {
  throw InvalidArgument(std::string(argument) + ": " + problem + "; allowed: " + std::string(allowed));
}

void check(const Exec& exec) {
  switch (exec.device) {
    case Device::cpu:
    case Device::reference: break;
    case Device::cuda:
      if (const std::string why = unavailable(Device::cuda); !why.empty()) {
        throw Unsupported("exec.device: cuda cannot be used: " + why + "; use cpu or reference");
      }
      break;
    default: reject("exec.device", "is " + text(static_cast<int>(exec.device)), "cpu, reference or cuda");
  }
  if (exec.threads < 0 || exec.threads > kMostThreads) {
    reject("exec.threads", "is " + text(exec.threads), "0 (all) to " + text(kMostThreads));
  }
}

void check_input(std::string_view argument, const ConstMatrixView& view) {
  check_matrix(argument, view, false);
}

void check_output(std::string_view argument, const MatrixView& view) { check_matrix(argument, view, true); }

void check_same_shape(std::string_view argument, const ConstMatrixView& view, std::string_view other_argument,
                      const ConstMatrixView& other) {
  const auto shape = [](const Layout& l) {
    return text(l.outer) + " × " + text(l.classes) + " × " + text(l.inner);
  };
  const Layout& a = view.layout;
  const Layout& b = other.layout;
  if (a.outer != b.outer || a.classes != b.classes || a.inner != b.inner) {
    reject(argument, "shape is " + shape(a) + " (outer × classes × inner)",
           shape(b) + ", the shape of " + std::string(other_argument));
  }
}

void check_same_dtype(std::string_view argument, DType dtype, std::string_view other_argument, DType other) {
  if (dtype != other) {
    reject(argument, std::string("dtype is ") + name(dtype),
           std::string(name(other)) + ", the dtype of " + std::string(other_argument));
  }
}

void check_input(std::string_view argument, const ConstVectorView& view, std::int64_t size) {
  check_real(argument, view.dtype);
  check_strided(argument, view.data, size_of(view.dtype), view.size, view.stride, size, false);
}

void check_output(std::string_view argument, const VectorView& view, std::int64_t size) {
  check_real(argument, view.dtype);
  check_strided(argument, view.data, size_of(view.dtype), view.size, view.stride, size, true);
}

void check_output(std::string_view argument, const IndexView& view, std::int64_t size, std::int64_t classes) {
  check_label_type(argument, view.type);
  check_strided(argument, view.data, size_of(view.type), view.size, view.stride, size, true);
  // u8 keeps 255 for "ignored row".
  if (view.type == LabelType::u8 && classes > 255) {
    reject(argument, "type is u8 for " + text(classes) + " classes", "i32 or i64 above 255 classes");
  }
  if (view.type == LabelType::i32 && classes > std::numeric_limits<std::int32_t>::max()) {
    reject(argument, "type is i32 for " + text(classes) + " classes", "i64 above 2^31-1 classes");
  }
}

void check_input(std::string_view argument, const LabelView& view, std::int64_t size) {
  check_label_type(argument, view.type);
  check_strided(argument, view.data, size_of(view.type), view.size, view.stride, size, false);
}

void check_output(std::string_view argument, const std::int64_t* count) {
  check_memory(argument, count, sizeof *count, 0);
}
void check_output(std::string_view argument, const double* number) {
  check_memory(argument, number, sizeof *number, 0);
}

}  // namespace xent::api
