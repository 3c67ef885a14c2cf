// Cross-entropy with every option, forward with its gradients, or the gradients from a saved lse. Options are
// branches that go the same way in the whole grid. A row is read once for its sums, once more for a focal
// loss of more than a label, and once for its gradients; what is still on chip of the time before is not read
// again.
#pragma once

#include "kernels/cross_entropy/general_row.cuh"
#include "kernels/cross_entropy/row_partial.cuh"
#include "kernels/row/rows.cuh"

namespace xent::gpu {

/// kShard: the logits are a part of a vocabulary, and the row's sums leave for elsewhere or come from there.
template <class T, class Team, template <class> class Normaliser, bool kShard = false>
class GeneralRow {
 public:
  using C = Compute<T>;
  using Board = RowBoard<C, Normaliser<C>, Team::kIsBlock>;
  using Arguments = GeneralCrossEntropyArguments;
  using Tile = RowTile<T, Team, 1>;

  __device__ __forceinline__ GeneralRow(const Arguments& arguments, const Team& team, unsigned char* memory,
                                        Board& board)
      : arguments_(arguments),
        team_(team),
        board_(board),
        tiles_(team, arguments.logits.layout, arguments.tile),
        x_(memory, arguments.tile, team),
        q_(memory + arguments.tile.bytes, arguments.tile, team) {}

  __device__ __forceinline__ void operator()(std::int64_t r) {
    std::int64_t label = -1;
    if (arguments_.target == TargetKind::labels) {
      label = load_label(arguments_.labels, r);  // of the whole vocabulary
      const RowKind kind = kind_of(arguments_, label);
      if (kind != RowKind::valid) return skip(r, kind, label);
    }
    r_ = r;
    if (notes()) begin_row<T>(arguments_, r, label, board_, board_.part[turn_]);
    if (from_partial()) {
      if (notes()) {
        take_partial(arguments_.merged[r], row(), board_);
        set_scale(arguments_, row(), board_);
      }
    } else {
      for (std::int64_t round = 0; round <= tiles_.last(); round += tiles_.step()) sum(round);
      meet();
    }
    if (to_partial()) {
      if (team_.leads()) store_partial(arguments_, r, row(), board_);
      return;
    }
    FocalSums<C> focal;
    if (arguments_.spreads_focal()) focal = sum_focal();
    if (notes()) finish_row(arguments_, r, !kShard && team_.leads(), focal, row(), board_);
    if (arguments_.grad.data == nullptr && arguments_.grad_targets.data == nullptr) return;
    team_.sync();
    write_gradients();
  }

 private:
  __device__ __forceinline__ bool notes() const { return team_.rank() == 0; }
  __device__ __forceinline__ bool soft() const { return arguments_.target == TargetKind::probs; }
  __device__ __forceinline__ bool from_partial() const { return kShard && arguments_.merged != nullptr; }
  __device__ __forceinline__ bool to_partial() const { return kShard && arguments_.merged == nullptr; }
  /// q of a column of the tile that begins there.
  __device__ __forceinline__ C target_of(int c, std::int64_t begin) const {
    if (soft()) return q_.value(c);
    return begin + c == board_.label ? C(1) : C(0);
  }
  __device__ __forceinline__ PartSums<C>& row() {
    if constexpr (Team::kIsBlock) {
      if (team_.parts() > 1) return board_.part[2];
    }
    return board_.part[turn_];
  }

  __device__ __forceinline__ void skip(std::int64_t r, RowKind kind, std::int64_t label) {
    skip_row<T>(arguments_, team_, r, kind, label);
    if (team_.leads()) {
      if (to_partial()) arguments_.partials[r] = RowPartial{};
      const double nothing = kind == RowKind::bad_label ? kNaN<double> : 0.0;
      store_row(arguments_.log_prob, r, nothing);
      store_row(arguments_.entropy, r, nothing);
      if (arguments_.target_rank.size != 0) store_index(arguments_.target_rank, r, -1);
    }
  }

  __device__ __forceinline__ void load(std::int64_t round) {
    ask(x_, arguments_.logits, round);
    if (soft()) ask(q_, arguments_.probs, round);
    x_.await();
  }
  __device__ __forceinline__ void ask(Tile& tile, const ConstMatrixView& from, std::int64_t round) {
    tile.ask(static_cast<const T*>(from.data) + row_offset(from.layout, r_), from.layout.class_stride,
             tiles_.begin(round), tiles_.columns(round));
  }

  /// Of a round's tile, which goes into the part's before the next is taken.
  __device__ __forceinline__ void sum(std::int64_t round) {
    load(round);
    const std::int64_t begin = tiles_.begin(round);
    const TransformedTile<Tile> z(x_, arguments_.transform, begin);
    PartSums<C>& sums = board_.round;
    const C max = tile_maximum(team_, z);
    if (notes()) sums.max = max;
    int peak = -1;
    if (Board::kSaved || arguments_.argmax.size != 0 || arguments_.correct_count != nullptr || to_partial()) {
      const Best<C> best = tile_best(team_, z, begin);
      if (notes()) sums.best = best;
      peak = static_cast<int>(best.index - begin);
    }
    const auto at_peak = [&](int c, C each) { return Board::kSaved ? c == peak : each == max; };
    const TileProbabilities<C> probabilities =
        tile_probabilities(team_, z, max, board_.normaliser, at_peak, arguments_.wants_gap);
    if (notes()) {
      sums.rest = probabilities.rest;
      sums.probability_gap = probabilities.gap;
    }
    const auto weight_of = [&](int c) { return class_weight<C>(arguments_, begin + c); };
    if (arguments_.smoothing.wide != 0.0) {
      const TileSpread<C> spread = tile_spread(team_, z, max, at_peak, weight_of);
      if (notes()) {
        sums.spread_gap = spread.gap;
        sums.spread = spread.weight;
        sums.unmasked = spread.unmasked;
      }
    }
    if (soft()) {
      WeightedGaps<C> gaps = tile_weighted_gaps(team_, z, max, at_peak, [&](int c) { return q_.value(c); });
      if (notes()) sums.given = gaps;
      if (arguments_.class_weights.size != 0) {
        gaps = tile_weighted_gaps(team_, z, max, at_peak,
                                  [&](int c) { return formulas::times(weight_of(c), q_.value(c)); });
      }
      if (notes()) sums.target = gaps;
    }
    if (arguments_.target_rank.size != 0 || arguments_.top_k_count != nullptr) {
      const TileRank rank = tile_rank(team_, z, board_.z_label, board_.label - begin);
      if (notes()) {
        sums.before = rank.before;
        sums.nans = rank.nans;
      }
    }
    if (notes()) merge_into(board_.part[turn_], sums, board_.normaliser, arguments_.class_weights.size == 0);
  }

  /// The row's sums from its parts', and what is wanted next of them.
  __device__ __forceinline__ void meet() {
    if constexpr (Team::kIsBlock) {
      if (team_.parts() > 1) {
        // Two places take turns: who writes one has waited, at the other's barrier, for all its readers.
        team_.sync_parts();
        if (notes()) {
          nothing_yet(board_.part[2], board_.normaliser);
          for (int part = 0; part < team_.parts(); ++part) {
            merge_into(board_.part[2], *map_shared(&board_.part[turn_], static_cast<unsigned>(part)),
                       board_.normaliser, arguments_.class_weights.size == 0);
          }
        }
        turn_ ^= 1;
      }
    }
    if (notes()) set_scale(arguments_, row(), board_);
  }

  __device__ __forceinline__ FocalSums<C> sum_focal() {
    team_.sync();
    FocalSums<C> sums;
    for (std::int64_t round = tiles_.last(); round >= 0; round -= tiles_.step()) {
      if (round != tiles_.last()) load(round);
      const std::int64_t begin = tiles_.begin(round);
      C loss = C(0);
      PeakSum<C> pull;
      x_.for_mine([&](int c, C x) {
        const Element<Board, C> element(arguments_, board_, begin + c, x);
        const C weight = element.taken(board_.keep, board_.share, target_of(c, begin));
        if (weight == C(0)) return;
        const formulas::Focal<C> focal = element.focal();
        loss += weight * focal.loss;
        pull.add(weight * focal.pull, element.at_peak());
      });
      sums.loss += team_.reduce(loss, Plus(), C(0));
      sums.pull = sums.pull + team_.reduce(pull, Plus(), PeakSum<C>());
    }
    return {team_.combine(sums.loss, Plus()), team_.combine(sums.pull, Plus())};
  }

  __device__ __forceinline__ void write_gradients() {
    // From the round that is still there to the one farthest from it.
    const bool ascending = arguments_.spreads_focal();
    const std::int64_t last = tiles_.last();
    for (std::int64_t done = 0; done <= last; done += tiles_.step()) {
      const std::int64_t round = ascending ? done : last - done;
      if (done != 0 || from_partial()) load(round);
      const std::int64_t begin = tiles_.begin(round);
      if (arguments_.plain) {
        x_.replace_mine([&](int, C x) { return board_.plain.elsewhere(x, board_.max); });
        x_.put_if_mine(board_.label - begin, board_.plain.at_label);
      } else {
        replace_general(begin);
      }
      store(x_, arguments_.grad, begin);
      store(q_, arguments_.grad_targets, begin);
    }
    zero_tail(arguments_.grad);
    zero_tail(arguments_.grad_targets);
  }
  __device__ __forceinline__ void replace_general(std::int64_t begin) {
    x_.replace_mine([&](int c, C x) {
      const Element<Board, C> element(arguments_, board_, begin + c, x);
      const C q = target_of(c, begin);
      if (arguments_.grad_targets.data != nullptr) q_.put(c, element.target_gradient());
      return element.gradient(q);
    });
  }
  __device__ __forceinline__ void store(const Tile& tile, const MatrixView& to, std::int64_t begin) {
    if (to.data == nullptr) return;
    tile.store(static_cast<T*>(to.data) + row_offset(to.layout, r_), to.layout.class_stride, begin);
  }
  __device__ __forceinline__ void zero_tail(const MatrixView& to) {
    if (to.data == nullptr || arguments_.tail == 0) return;
    T* const tail = static_cast<T*>(to.data) + row_offset(to.layout, r_) +
                    arguments_.logits.layout.classes * to.layout.class_stride;
    zero_row(team_, tail, to.layout.class_stride, arguments_.tail);
  }

  const Arguments& arguments_;
  const Team& team_;
  Board& board_;
  RowTiles<Team> tiles_;
  Tile x_;
  Tile q_;
  std::int64_t r_ = 0;
  int turn_ = 0;
};

/// Threads of which a multiprocessor's registers suffice. In f64 the functions that options call want more
/// than 1024 could have.
template <class T>
inline constexpr int kGeneralThreads = std::is_same_v<T, double> ? 512 : 1024;

/// Partials too.
inline constexpr int kShardThreads = 512;

template <class T, int kTeam, int kBlock, template <class> class Normaliser, bool kShard = false>
__device__ __forceinline__ void general_rows(const GeneralCrossEntropyArguments& arguments) {
  using Row = GeneralRow<T, Team<kTeam>, Normaliser, kShard>;
  XENT_SHARED(boards, typename Row::Board[Team<kTeam>::per_block(kBlock)]);
  // What plans and launches leave for a kernel's own shared memory.
  static_assert(sizeof boards <= (Team<kTeam>::kIsBlock ? 1 << 10 : 15 << 10));
  const int tiles = arguments.target == TargetKind::probs ? 2 : 1;
  for_rows<kTeam, kBlock>(arguments.logits.layout, arguments.tile, tiles,
                          [&](const Team<kTeam>& team, unsigned char* memory) {
                            return Row(arguments, team, memory, boards[team.number_in_block()]);
                          });
}

template <class T, int kTeam, int kBlock>
__global__ void __launch_bounds__(kBlock, kGeneralThreads<T> / kBlock)
    cross_entropy_general_kernel(const __grid_constant__ GeneralCrossEntropyArguments arguments) {
  general_rows<T, kTeam, kBlock, FromMaximum>(arguments);
}
template <class T, int kTeam, int kBlock>
__global__ void __launch_bounds__(kBlock, kGeneralThreads<T> / kBlock)
    cross_entropy_general_backward_kernel(const __grid_constant__ GeneralCrossEntropyArguments arguments) {
  general_rows<T, kTeam, kBlock, FromLse>(arguments);
}

template <class T, int kTeam, int kBlock>
__global__ void __launch_bounds__(kBlock, kShardThreads / kBlock)
    cross_entropy_shard_kernel(const __grid_constant__ GeneralCrossEntropyArguments arguments) {
  general_rows<T, kTeam, kBlock, FromMaximum, true>(arguments);
}

struct CrossEntropyGeneral {
  using Arguments = GeneralCrossEntropyArguments;
  template <class T, int kTeam, int kBlock>
  static auto kernel() {
    return &cross_entropy_general_kernel<T, kTeam, kBlock>;
  }
};
struct CrossEntropyGeneralBackward {
  using Arguments = GeneralCrossEntropyArguments;
  template <class T, int kTeam, int kBlock>
  static auto kernel() {
    return &cross_entropy_general_backward_kernel<T, kTeam, kBlock>;
  }
};
struct CrossEntropyShard {
  using Arguments = GeneralCrossEntropyArguments;
  template <class T, int kTeam, int kBlock>
  static auto kernel() {
    return &cross_entropy_shard_kernel<T, kTeam, kBlock>;
  }
};

}  // namespace xent::gpu
