#include "host/api/overlap.hpp"

#include "host/api/check.hpp"

namespace xent::api {
namespace {

std::uintptr_t address(const void* data) { return reinterpret_cast<std::uintptr_t>(data); }

Footprint strided(std::string_view argument, const void* data, std::int64_t size, std::int64_t stride,
                  std::size_t element) {
  const std::uintptr_t begin = address(data);
  if (size == 0) return {argument, begin, begin};
  const auto span = static_cast<std::uint64_t>((size - 1) * stride + 1) * element;
  return {argument, begin, begin + span};
}

}  // namespace

Footprint footprint(std::string_view argument, const ConstMatrixView& view) {
  const Layout& l = view.layout;
  const std::uintptr_t begin = address(view.data);
  if (l.rows() == 0 || l.classes == 0) return {argument, begin, begin};
  const std::uint64_t element = size_of(view.dtype);
  const std::int64_t last =
      (l.outer - 1) * l.outer_stride + (l.classes - 1) * l.class_stride + (l.inner - 1) * l.inner_stride;
  Footprint result{argument, begin, begin + static_cast<std::uint64_t>(last + 1) * element};
  const bool contiguous_rows = l.inner == 1 && l.class_stride == 1 && l.outer_stride >= l.classes;
  if (contiguous_rows) {
    result.pitch = static_cast<std::uint64_t>(l.outer_stride) * element;
    result.width = static_cast<std::uint64_t>(l.classes) * element;
  }
  return result;
}

Footprint footprint(std::string_view argument, const ConstVectorView& view) {
  return strided(argument, view.data, view.size, view.stride, size_of(view.dtype));
}
Footprint footprint(std::string_view argument, const LabelView& view) {
  return strided(argument, view.data, view.size, view.stride, size_of(view.type));
}
Footprint footprint(std::string_view argument, const IndexView& view) {
  return strided(argument, view.data, view.size, view.stride, size_of(view.type));
}
Footprint footprint(std::string_view argument, const std::int64_t* count) {
  return strided(argument, count, count == nullptr ? 0 : 1, 1, sizeof *count);
}
Footprint footprint(std::string_view argument, const double* number) {
  return strided(argument, number, number == nullptr ? 0 : 1, 1, sizeof *number);
}

Footprint workspace_footprint(const Exec& exec) {
  const std::uintptr_t begin = address(exec.workspace.data);
  const std::size_t bytes = exec.device == Device::cuda ? exec.workspace.bytes : 0;
  return {"exec.workspace", begin, begin + bytes};
}

bool may_share_memory(const Footprint& a, const Footprint& b) {
  if (a.begin == a.end || b.begin == b.end || a.end <= b.begin || b.end <= a.begin) return false;
  if (a.pitch == 0 || a.pitch != b.pitch) return true;
  // Rows of one pitch: place b's row within a's period. They are apart if b's columns start after a's
  // end and end before a's next row starts.
  const Footprint& low = a.begin <= b.begin ? a : b;
  const Footprint& high = a.begin <= b.begin ? b : a;
  const std::uint64_t shift = (high.begin - low.begin) % a.pitch;
  return !(shift >= low.width && shift + high.width <= a.pitch);
}

bool same_view(const ConstMatrixView& a, const ConstMatrixView& b) {
  return a.data == b.data && a.dtype == b.dtype && a.layout == b.layout;
}

void check_disjoint(const std::vector<Footprint>& outputs, const std::vector<Footprint>& inputs) {
  const auto require_apart = [](const Footprint& output, const Footprint& other) {
    if (may_share_memory(output, other)) {
      reject(output.argument, "shares memory with " + std::string(other.argument),
             "memory of its own (or, for a matrix, exactly the view of the matrix it replaces)");
    }
  };
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    for (const Footprint& input : inputs) require_apart(outputs[i], input);
    for (std::size_t j = i + 1; j < outputs.size(); ++j) require_apart(outputs[i], outputs[j]);
  }
}

}  // namespace xent::api
