// What a row is compared with: the target q as given, and the weighted, smoothed one that its loss takes.
#pragma once

#include <cstddef>
#include <optional>

#include <xent/options.hpp>
#include <xent/target.hpp>

#include "host/reference/row.hpp"

namespace xent::reference {

struct RowTarget {
  std::optional<std::size_t> label;
  Row given;  ///< q: one-hot, as given, or zeros without a target
  Row taken;  ///< t[c] = w[c]·((1-ε)·q[c] + ε/K), ε/K at the K classes whose z is not -inf
};

/// Of row r, over the classes of z.
RowTarget row_target(const TargetView& target, std::int64_t r, const Row& z, const LossOptions& options);

}  // namespace xent::reference
