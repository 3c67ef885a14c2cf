// Which argmax and which rank of a label rounding leaves open.
#pragma once

#include <cstdint>

#include "tests/conformance/family/row_errors.hpp"

namespace xent::testing::family {

struct Ranks {
  std::int64_t least = 0;
  std::int64_t most = 0;
};

/// Whether it is the wanted class, or one whose z is as large but for rounding.
bool may_be_argmax(const RowErrors& errors, std::int64_t argmax, std::int64_t want);

/// From which to which rank rounding may move the label, whose rank the reference says is `want`.
Ranks ranks(const RowErrors& errors, std::int64_t label, std::int64_t want);

}  // namespace xent::testing::family
