// One class of a row of the general kernels: its probability, its loss, and what its gradients are.
#pragma once

#include "kernels/cross_entropy/arguments.hpp"
#include "kernels/formulas/row_loss.hpp"
#include "kernels/row/normaliser.cuh"
#include "kernels/row/transform.cuh"

namespace xent::gpu {

template <class C>
__device__ __forceinline__ C class_weight(const GeneralCrossEntropyArguments& arguments, std::int64_t c) {
  return arguments.class_weights.size == 0 ? C(1) : load_scalar<C>(arguments.class_weights, c);
}

/// Board: what is known of its row, a RowBoard.
template <class Board, class C>
class Element {
 public:
  __device__ __forceinline__ Element(const GeneralCrossEntropyArguments& arguments, const Board& board,
                                     std::int64_t c, C x)
      : arguments_(arguments),
        board_(board),
        c_(c),
        x_(x),
        z_(transformed(arguments.transform, c, x)),
        log_(board.log_of(z_)),
        p_(exp_of(log_) * board.factor) {}

  __device__ __forceinline__ bool masked() const { return z_ == -kInfinity<C>; }
  __device__ __forceinline__ bool at_peak() const { return board_.at_peak(c_, z_); }

  /// keep·w·q + share·w, the share at unmasked classes alone.
  __device__ __forceinline__ C taken(C keep, C share, C q) const {
    const C mass = keep * q + (masked() ? C(0) : share);
    return mass == C(0) ? C(0) : mass * class_weight<C>(arguments_, c_);
  }
  __device__ __forceinline__ C others() const {
    return at_peak() && board_.peaked ? board_.others : C(1) - p_;
  }
  __device__ __forceinline__ C log_loss() const {
    return formulas::log_loss(others(), board_.log_sum - log_);
  }
  __device__ __forceinline__ formulas::Focal<C> focal() const {
    return {arguments_.focal_gamma.as<C>(), others(), log_loss()};
  }

  /// For x.
  __device__ __forceinline__ C gradient(C q) const {
    const formulas::RowGradient<C>& row = board_.gradient;
    C pull = taken(row.of_target, row.share, q);
    if (arguments_.focal_gamma.wide != 0.0 && pull != C(0)) pull *= focal().pull;
    if (row.of_given != C(0)) pull -= row.of_given * q;
    const bool splits = board_.splits && at_peak();
    C gradient =
        splits ? (C(1) - board_.others) * board_.of_peak - pull * board_.others : p_ * row.of_prob - pull;
    if (row.of_prob_gap != C(0) && p_ != C(0)) {
      gradient += p_ * (board_.of_entropy - row.of_prob_gap * log_);
    }
    return arguments_.transform.on ? gradient * slope_of(arguments_.transform, c_, x_) : gradient;
  }
  /// For q.
  __device__ __forceinline__ C target_gradient() const {
    const C nothing = C(0) * board_.factor;  // NaN in all classes of a row without a distribution
    if (masked()) return nothing;
    const C of_loss = board_.gradient.of_target * class_weight<C>(arguments_, c_);
    return formulas::times(of_loss, focal().loss) - formulas::times(board_.gradient.of_given, log_loss()) +
           nothing;
  }

 private:
  const GeneralCrossEntropyArguments& arguments_;
  const Board& board_;
  std::int64_t c_;
  C x_;
  C z_;
  C log_;
  C p_;
};

}  // namespace xent::gpu
