// A row of the general kernels: from its sums to its results.
#pragma once

#include "kernels/cross_entropy/element.cuh"
#include "kernels/cross_entropy/target_row.cuh"
#include "kernels/cross_entropy/tile_sums.cuh"
#include "kernels/formulas/row_loss.hpp"

namespace xent::gpu {

/// The column of a label that is not among the logits' classes.
inline constexpr std::int64_t kElsewhere = std::numeric_limits<std::int64_t>::max();

/// What the threads of a part share about their row. Its first thread writes, all read.
template <class C, class Normaliser_, bool kParts>
struct RowBoard {
  using Normaliser = Normaliser_;
  static constexpr bool kSaved = std::is_same_v<Normaliser, FromLse<C>>;

  PartSums<C> round;                 ///< of the tile that is on chip
  PartSums<C> part[kParts ? 3 : 1];  ///< of the part so far; the last is of all parts
  std::int64_t label;                ///< -1 without one, kElsewhere if in another shard
  C label_weight;                    ///< w of it
  Normaliser normaliser;
  C z_label;

  // p = exp(log_of(z)) · factor, ℓ = log_sum - log_of(z)
  C max;
  std::int64_t peak;  ///< from a saved lse, the class at the maximum
  C factor;
  C log_sum;
  C others;     ///< 1 - p of the class at the peak
  bool peaked;  ///< which has more than half of the probability
  C keep;       ///< 1 - ε, 0 without a target
  C share;      ///< ε/K

  formulas::RowGradient<C> gradient;
  C of_entropy;  ///< of_prob that the gradient for the entropy adds
  C of_peak;     ///< of_prob without the pull of the class at the peak
  bool splits;   ///< that class dominates, and takes of_peak
  PlainGradient<C> plain;

  __device__ __forceinline__ bool at_peak(std::int64_t c, C z) const {
    if constexpr (kSaved) {
      return c == peak;
    } else {
      return z == max;
    }
  }
  __device__ __forceinline__ C log_of(C z) const {
    if constexpr (kSaved) {
      return normaliser.log_probability(z);
    } else {
      return z - max;
    }
  }
};

__device__ __forceinline__ void store_row(const VectorView& view, std::int64_t r, double value) {
  if (view.size != 0) store_scalar(view, r, value);
}

template <class C>
__device__ __forceinline__ formulas::RowUpstream<C> row_upstream(
    const GeneralCrossEntropyArguments& arguments, std::int64_t r) {
  const Upstream& upstream = arguments.upstream;
  const auto scaled = [&](const ConstVectorView& values) {
    return values.size == 0 ? C(0) : static_cast<C>(upstream.scale * load_scalar<double>(values, r));
  };
  return {row_scale<C>(arguments, r), scaled(upstream.lse), scaled(upstream.log_prob),
          scaled(upstream.entropy)};
}

template <class C, class Normaliser>
__device__ __forceinline__ void nothing_yet(PartSums<C>& sums, const Normaliser&) {
  sums = {};
  sums.rest = Normaliser::kNothing;
}

template <class T, class Board, class C = Compute<T>>
__device__ __forceinline__ void begin_row(const GeneralCrossEntropyArguments& arguments, std::int64_t r,
                                          std::int64_t label, Board& board, PartSums<C>& part) {
  board.round = {};
  board.label = label;
  if constexpr (Board::kSaved) board.normaliser = FromLse<C>(load_scalar<double>(arguments.lse, r));
  nothing_yet(part, board.normaliser);
  if (label < 0) return;
  const Layout& layout = arguments.logits.layout;
  label -= arguments.first_class;
  if (label < 0 || label >= layout.classes) {
    board.label = kElsewhere;
    board.z_label = -kInfinity<C>;
    board.label_weight = C(0);
    return;
  }
  board.label = label;
  board.label_weight = class_weight<C>(arguments, label);
  const T* const x = static_cast<const T*>(arguments.logits.data) + row_offset(layout, r);
  board.z_label = transformed(arguments.transform, label, widen(x[label * layout.class_stride]));
}

/// What every class is seen against, once the row's sums are known.
template <class C, class Board>
__device__ __forceinline__ void set_scale(const GeneralCrossEntropyArguments& arguments, PartSums<C>& sums,
                                          Board& board) {
  board.max = sums.max;
  if constexpr (Board::kSaved) {
    const C high = board.normaliser.high;
    const C peak = board.normaliser.probability(sums.max);
    board.factor = high == high ? C(1) : high;
    board.log_sum = C(0);
    board.peak = sums.best.index;
    board.peaked = peak > C(0.5);
    board.others = board.peaked ? sums.rest : C(1) - peak;
  } else {
    if (sums.max == -kInfinity<C>) sums.rest = kNaN<C>;  // no distribution
    const C sum = C(1) + sums.rest;
    board.factor = C(1) / sum;
    board.log_sum = log1p(sums.rest);
    board.peaked = sums.rest < C(1);
    board.others = sums.rest / sum;
  }
  const C smoothing = arguments.smoothing.as<C>();
  board.keep = C(1) - smoothing;
  board.share = smoothing == C(0) ? C(0) : smoothing / static_cast<C>(sums.unmasked);
}

/// Σ of a focal loss of more than a label.
template <class C>
struct FocalSums {
  C loss = C(0);
  PeakSum<C> pull{};
};

/// Results and gradients by the plain kernels' own formulas.
template <class C, class Board>
__device__ __forceinline__ C finish_plain(const GeneralCrossEntropyArguments& arguments, std::int64_t r,
                                          const PartSums<C>& sums, Board& board) {
  const TargetDistribution<C> target(arguments.label_smoothing, sums.unmasked);
  board.plain = PlainGradient<C>(target, row_scale<C>(arguments, r), {sums.max, sums.rest}, board.z_label);
  return target.loss(sums.max - board.z_label, {sums.spread_gap, sums.unmasked}, board.log_sum);
}

template <class C>
__device__ __forceinline__ void store_general(const GeneralCrossEntropyArguments& arguments, std::int64_t r,
                                              std::int64_t label, const PartSums<C>& sums,
                                              const formulas::RowLoss<C>& row) {
  store_result(arguments, r,
               {.loss = static_cast<double>(row.loss),
                .lse = static_cast<double>(sums.max) + static_cast<double>(row.log_sum),
                .argmax = sums.best.index});
  store_row(arguments.log_prob, r, static_cast<double>(row.log_prob));
  store_row(arguments.entropy, r, static_cast<double>(row.entropy));
  const std::int64_t rank = label < 0 || sums.nans != 0 ? -1 : sums.before;
  if (arguments.target_rank.size != 0) store_index(arguments.target_rank, r, rank);
  if (arguments.correct_count != nullptr && sums.best.index == label) {
    atomic_add(arguments.correct_count, std::int64_t{1});
  }
  if (arguments.top_k_count != nullptr && rank >= 0 && rank < arguments.top_k) {
    atomic_add(arguments.top_k_count, std::int64_t{1});
  }
}

/// By one thread of each part. `stores`: the part's results are the row's.
template <class C, class Board>
__device__ __forceinline__ void finish_row(const GeneralCrossEntropyArguments& arguments, std::int64_t r,
                                           bool stores, const FocalSums<C>& focal, const PartSums<C>& sums,
                                           Board& board) {
  const formulas::RowOptions<C> options{arguments.smoothing.as<C>(), arguments.focal_gamma.as<C>(),
                                        arguments.z_loss.as<C>()};
  formulas::RowSums<C> all{.entropy_gap = sums.probability_gap,
                           .target = {sums.target.gap, sums.target.weight.sum()},
                           .given = {sums.given.gap, sums.given.weight.sum()},
                           .spread = {C(0), sums.spread.sum()},
                           .unmasked = static_cast<C>(sums.unmasked)};
  if constexpr (Board::kSaved) {
    all.max = board.normaliser.high;
    all.rest = C(0);
  } else {
    all.max = sums.max;
    all.rest = sums.rest;
  }
  formulas::RowLoss<C> row;
  const std::int64_t label = board.label;
  PeakSum<C> target = sums.target.weight;
  PeakSum<C> given = sums.given.weight;
  if (label >= 0) {
    const bool at_peak = board.at_peak(label, board.z_label);
    const C log_p = board.log_of(board.z_label);
    const C others = at_peak && board.peaked ? board.others : C(1) - exp_of(log_p) * board.factor;
    const formulas::Label<C> its{.gap = -log_p,
                                 .weight = board.label_weight,
                                 .others_sum = others * all.sum(),
                                 .masked = board.z_label == -kInfinity<C>};
    row = formulas::row_loss(all, options, its);
    given = {};
    given.add(C(1), at_peak);
    target = {};
    target.add(its.weight, at_peak);
    if (options.focal_gamma != C(0) && options.smoothing == C(0)) {
      target = {};
      target.add(row.pull, at_peak);
    }
  } else {
    row = formulas::row_loss(all, options);
  }
  PeakSum<C> pull{board.keep * target.peak + row.share * sums.spread.peak,
                  board.keep * target.rest + row.share * sums.spread.rest};
  if (row.share != C(0)) row.loss += sums.spread_gap * row.share / GapSums<C>::kUnit;
  if (arguments.spreads_focal()) {
    row.loss = row.log_sum == row.log_sum ? focal.loss : row.log_sum;  // the sum may be over no class
    pull = focal.pull;
    row.pull = pull.sum();
  }
  formulas::add_penalty(row, options);
  if (arguments.plain) row.loss = finish_plain(arguments, r, sums, board);
  if (!Board::kSaved && stores) store_general(arguments, r, label, sums, row);

  formulas::RowUpstream<C> upstream = row_upstream<C>(arguments, r);
  const C of_gap = upstream.entropy;
  upstream.entropy = C(0);  // goes by p itself, also where that is taken from the others
  board.gradient = formulas::row_gradient(all, row, options, upstream, given.sum());
  board.gradient.of_prob_gap = of_gap;
  board.of_entropy = of_gap == C(0) ? C(0) : -of_gap * (sums.probability_gap / all.sum());
  row.pull = pull.rest;
  board.of_peak = formulas::row_gradient(all, row, options, upstream, given.rest).of_prob;
  const auto size = [](C x) { return x < C(0) ? -x : x; };
  const bool dominates = size(upstream.loss * pull.peak - upstream.log_prob * given.peak) >
                         size(upstream.loss * pull.rest - upstream.log_prob * given.rest);
  board.splits = board.peaked && (label < 0 ? dominates : board.at_peak(label, board.z_label));
}

}  // namespace xent::gpu
