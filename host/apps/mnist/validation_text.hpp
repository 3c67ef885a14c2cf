// A validation as people read it.
#pragma once

#include <string>
#include <vector>

#include "host/mlp/validate.hpp"

namespace xent::mnist {

/// A line per tensor with its worst deviations beside what is allowed, then one each for the loss, the
/// correct answers and the repetition. At most 77 columns.
std::vector<std::string> validation_table(const mlp::Validation& validation);

/// What is beyond its bound, with figure, bound and step; empty where nothing is.
std::string complaint(const mlp::Validation& validation);

}  // namespace xent::mnist
