// The caller's workspace, cut up for a call.
#pragma once

#include <xent/error.hpp>
#include <xent/exec.hpp>

#include "kernels/shapes/workspace.hpp"

namespace xent::cuda {

class CallWorkspace {
 public:
  /// Throws InvalidArgument if it is missing, too small or misaligned.
  CallWorkspace(const Exec& exec, std::int64_t rows);

  gpu::LabelReport* report() const { return at<gpu::LabelReport>(layout_.report); }
  std::int64_t* valid_rows() const { return at<std::int64_t>(layout_.valid_rows); }
  double* divisor() const { return at<double>(layout_.divisor); }
  std::uint32_t* ticket() const { return at<std::uint32_t>(layout_.ticket); }
  double* parts() const { return at<double>(layout_.parts); }
  double* row_loss() const { return at<double>(layout_.row_loss); }

 private:
  template <class T>
  T* at(std::size_t offset) const {
    return reinterpret_cast<T*>(data_ + offset);
  }

  gpu::WorkspaceLayout layout_;
  unsigned char* data_;
};

}  // namespace xent::cuda
