// Errors: what the library refuses is thrown as one of these, and then nothing has been written. Only
// std::bad_alloc, for a row's scratch memory, and CudaError can come later and leave the outputs half done.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace xent {

class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// An argument breaks its stated precondition; the message names the argument, its value and the
/// allowed range.
class InvalidArgument : public Error {
 public:
  using Error::Error;
};

/// A label lies outside [0, classes) and is not ignore_index.
class LabelError : public InvalidArgument {
 public:
  LabelError(std::int64_t row, std::int64_t value, std::int64_t classes);

  /// First such row in row order, the label it holds, and the number of classes.
  std::int64_t row() const noexcept { return row_; }
  std::int64_t value() const noexcept { return value_; }
  std::int64_t classes() const noexcept { return classes_; }

 private:
  std::int64_t row_;
  std::int64_t value_;
  std::int64_t classes_;
};

/// The arguments make sense but this build or device cannot serve them.
class Unsupported : public Error {
 public:
  using Error::Error;
};

/// Device memory ran out; the message says how much was asked for and how much is free.
class OutOfMemory : public Error {
 public:
  using Error::Error;
};

/// The CUDA runtime refused or lost something; the message names the call, the reason and the device.
class CudaError : public Error {
 public:
  CudaError(const std::string& message, int code) : Error(message), code_(code) {}
  /// The runtime's own error number.
  int code() const noexcept { return code_; }

 private:
  int code_;
};

}  // namespace xent
