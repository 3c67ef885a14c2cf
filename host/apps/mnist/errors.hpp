// What the command line got wrong, as opposed to what went wrong while running.
#pragma once

#include <stdexcept>

namespace xent::mnist {

inline constexpr int kExitFailure = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitInterrupted = 130;

/// One line for the user; the program ends with kExitUsage.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A device computes otherwise than its arithmetic explains; the program ends with kExitFailure.
class ValidationFailed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace xent::mnist
