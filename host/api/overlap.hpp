// Do two views share memory? Inputs stay const and outputs stay apart because of this.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include <xent/exec.hpp>
#include <xent/view.hpp>

namespace xent::api {

/// The bytes that a view spans, and the pattern within them where it is known.
struct Footprint {
  std::string_view argument{};
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;   ///< one past the last byte; begin == end for a view without elements
  std::uint64_t pitch = 0;  ///< bytes from row to row, 0 if the view is not made of contiguous rows
  std::uint64_t width = 0;  ///< bytes of one row
};

Footprint footprint(std::string_view argument, const ConstMatrixView& view);
Footprint footprint(std::string_view argument, const ConstVectorView& view);
Footprint footprint(std::string_view argument, const LabelView& view);
Footprint footprint(std::string_view argument, const IndexView& view);
Footprint footprint(std::string_view argument, const std::int64_t* count);
Footprint footprint(std::string_view argument, const double* number);
/// What a call may write besides its results: nothing but on a CUDA device.
Footprint workspace_footprint(const Exec& exec);

/// True if the two may share a byte. Exact for column ranges of one pitched buffer; otherwise views
/// whose spans intersect count as sharing.
bool may_share_memory(const Footprint& a, const Footprint& b);

bool same_view(const ConstMatrixView& a, const ConstMatrixView& b);

/// Throws InvalidArgument if any output shares memory with an input or with another output.
void check_disjoint(const std::vector<Footprint>& outputs, const std::vector<Footprint>& inputs);

}  // namespace xent::api
