// What a row's logits are compared with: a class, a distribution over the classes, or nothing.
#pragma once

#include <cstdint>

#include <xent/view.hpp>

namespace xent {

enum class TargetKind : std::uint8_t {
  none,
  labels,  ///< hard: one class per row
  probs,   ///< soft: a number per class
};

/// A function that takes a TargetView takes a LabelView or a matrix as it is, and {} for no target.
struct TargetView {
  TargetKind kind = TargetKind::none;
  /// One class index per row, u8, i32 or i64.
  LabelView labels{};
  /// q[r,c], of the logits' shape and dtype. Meant as probabilities, but neither checked nor normalised.
  ConstMatrixView probs{};

  constexpr TargetView() = default;
  constexpr TargetView(const LabelView& labels_)  // NOLINT(google-explicit-constructor)
      : kind(TargetKind::labels), labels(labels_) {}
  constexpr TargetView(const ConstMatrixView& probs_)  // NOLINT(google-explicit-constructor)
      : kind(TargetKind::probs), probs(probs_) {}
  constexpr TargetView(const MatrixView& probs_)  // NOLINT(google-explicit-constructor)
      : kind(TargetKind::probs), probs(probs_) {}
};

}  // namespace xent
