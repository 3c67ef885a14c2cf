// Rows and their normalisers.
#include "host/reference/row.hpp"

#include <cmath>
#include <limits>

#include "host/reference/element.hpp"

namespace xent::reference {

Row read_row(const ConstMatrixView& matrix, std::int64_t r) {
  const Layout& layout = matrix.layout;
  Row row(static_cast<std::size_t>(layout.classes));
  std::int64_t at = layout.row_offset(r);
  for (double& element : row) {
    element = load(matrix.data, matrix.dtype, at);
    at += layout.class_stride;
  }
  return row;
}

void write_row(const MatrixView& matrix, std::int64_t r, const Row& values) {
  const Layout& layout = matrix.layout;
  std::int64_t at = layout.row_offset(r);
  for (const double value : values) {
    store(matrix.data, matrix.dtype, at, value);
    at += layout.class_stride;
  }
}

double Normaliser::lse() const { return max + std::log1p(rest); }

double Normaliser::prob(double z) const { return std::exp(z - max) / (1.0 + rest); }

Normaliser normaliser(const Row& logits) {
  Normaliser state{.argmax = 0, .max = logits[0], .rest = 0.0};
  for (std::size_t c = 1; c < logits.size(); ++c) {
    const bool first_nan = std::isnan(logits[c]) && !std::isnan(state.max);
    if (first_nan || logits[c] > state.max) {
      state.argmax = c;
      state.max = logits[c];
    }
  }
  if (!std::isfinite(state.max)) {
    state.rest = std::numeric_limits<double>::quiet_NaN();
    return state;
  }
  for (std::size_t c = 0; c < logits.size(); ++c) {
    if (c != state.argmax) state.rest += std::exp(logits[c] - state.max);
  }
  return state;
}

}  // namespace xent::reference
