// One row of a matrix in double, and the softmax of it: the definition all functions here share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <xent/view.hpp>

namespace xent::reference {

using Row = std::vector<double>;

/// A whole row is read before any of it is written, which is what makes in-place calls right.
Row read_row(const ConstMatrixView& matrix, std::int64_t r);
void write_row(const MatrixView& matrix, std::int64_t r, const Row& values);

/// The normaliser Σ_c exp(z[c]) of a row, as (max, rest): Σ = exp(max) · (1 + rest).
struct Normaliser {
  std::size_t argmax = 0;  ///< lowest class with the largest logit; NaN is larger than any number
  double max = 0.0;        ///< z[argmax]
  double rest = 0.0;       ///< Σ_{c ≠ argmax} exp(z[c] - max); NaN if max is not finite

  double lse() const;           ///< log Σ_c exp(z[c])
  double prob(double z) const;  ///< exp(z) / Σ
};

Normaliser normaliser(const Row& logits);

}  // namespace xent::reference
