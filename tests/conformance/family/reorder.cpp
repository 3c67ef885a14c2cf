#include "tests/conformance/family/reorder.hpp"

namespace xent::testing::family {
namespace {

template <class Buffer>
void reverse(Buffer& buffer, std::int64_t size) {
  for (std::int64_t i = 0; i < size / 2; ++i) {
    const auto first = buffer.get(i);
    buffer.set(i, buffer.get(size - 1 - i));
    buffer.set(size - 1 - i, first);
  }
}

void swap_elements(MatrixBuffer& matrix, std::int64_t r, std::int64_t c, std::int64_t other_r,
                   std::int64_t other_c) {
  const double first = matrix.get(r, c);
  matrix.set(r, c, matrix.get(other_r, other_c));
  matrix.set(other_r, other_c, first);
}

void reverse_matrix_rows(MatrixBuffer& matrix) {
  const std::int64_t rows = matrix.layout.rows();
  for (std::int64_t r = 0; r < rows / 2; ++r) {
    for (std::int64_t c = 0; c < matrix.layout.classes; ++c) swap_elements(matrix, r, c, rows - 1 - r, c);
  }
}

void reverse_matrix_classes(MatrixBuffer& matrix, std::int64_t classes) {
  for (std::int64_t r = 0; r < matrix.layout.rows(); ++r) {
    for (std::int64_t c = 0; c < classes / 2; ++c) swap_elements(matrix, r, c, r, classes - 1 - c);
  }
}

std::int64_t existing(const Case& posed) {
  return posed.valid_classes == 0 ? posed.classes : posed.valid_classes;
}

}  // namespace

void reverse_rows(Inputs& inputs) {
  reverse_matrix_rows(inputs.logits);
  reverse_matrix_rows(inputs.soft);
  reverse(inputs.labels, inputs.labels.size);
  if (inputs.posed.values == Values::per_row) reverse(inputs.values, inputs.values.size);
  reverse(inputs.upstream_lse, inputs.upstream_lse.size);
  reverse(inputs.upstream_log_prob, inputs.upstream_log_prob.size);
  reverse(inputs.upstream_entropy, inputs.upstream_entropy.size);
}

void reverse_classes(Inputs& inputs) {
  const std::int64_t classes = existing(inputs.posed);
  reverse_matrix_classes(inputs.logits, classes);
  reverse_matrix_classes(inputs.soft, classes);
  if (inputs.weights.size != 0) reverse(inputs.weights, classes);
  if (inputs.bias.size != 0) reverse(inputs.bias, classes);
  for (std::int64_t r = 0; r < inputs.labels.size; ++r) {
    const std::int64_t label = inputs.labels.get(r);
    if (inputs.ignore_index() != label) inputs.labels.set(r, classes - 1 - label);
  }
}

void reverse_classes(const Inputs& inputs, Outputs& outputs) {
  reverse_matrix_classes(outputs.grad, existing(inputs.posed));
  reverse_matrix_classes(outputs.grad_targets, existing(inputs.posed));
}

}  // namespace xent::testing::family
