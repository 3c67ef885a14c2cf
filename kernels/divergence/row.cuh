// Divergences, forward and backward: the normalisers of both rows, then the sums over the classes, then the
// gradients. Rows that fit the team's tiles are read from memory once, longer ones once for each of these.
#pragma once

#include "kernels/divergence/arguments.hpp"
#include "kernels/divergence/formulas.cuh"
#include "kernels/row/rows.cuh"
#include "kernels/row/scalars.cuh"

namespace xent::gpu {

template <bool kJensenShannon, class T, class Team>
class DivergenceRow {
 public:
  using C = Compute<T>;

  __device__ __forceinline__ DivergenceRow(const DivergenceArguments& arguments, const Team& team,
                                           unsigned char* memory)
      : arguments_(arguments),
        team_(team),
        tiles_(team, arguments.p_logits.layout, arguments.tile),
        p_tile_(memory, arguments.tile, team),
        q_tile_(memory + arguments.tile.bytes, arguments.tile, team) {}

  __device__ __forceinline__ void operator()(std::int64_t r) {
    normalise(r);
    add_up(r);
    if (team_.leads() && arguments_.row_loss.size != 0) store_scalar(arguments_.row_loss, r, loss());
    if (arguments_.grad_p.data != nullptr || arguments_.grad_q.data != nullptr) write_gradients(r);
  }

 private:
  /// KL(p‖m) and KL(q‖m); of the Kullback-Leibler divergence only the first, m being q.
  struct Sums {
    C of_p = C(0);
    C of_q = C(0);
    __device__ __forceinline__ Sums operator+(const Sums& other) const {
      return {of_p + other.of_p, of_q + other.of_q};
    }
  };
  struct Class {
    C p;
    C q;
    C log_ratio;
  };

  __device__ __forceinline__ void load(std::int64_t r, std::int64_t round) {
    const auto ask = [&](RowTile<T, Team>& tile, const ConstMatrixView& from) {
      tile.ask(static_cast<const T*>(from.data) + row_offset(from.layout, r), from.layout.class_stride,
               tiles_.begin(round), tiles_.columns(round));
    };
    ask(p_tile_, arguments_.p_logits);
    ask(q_tile_, arguments_.q_logits);
    q_tile_.await();
  }

  __device__ __forceinline__ C inverse_temperature() const {
    return static_cast<C>(arguments_.inverse_temperature);
  }

  __device__ __forceinline__ void normalise(std::int64_t r) {
    const MergeAt<C> merge{inverse_temperature()};
    MaxRest<C> p;
    MaxRest<C> q;
    for (std::int64_t round = 0; round <= tiles_.last(); round += tiles_.step()) {
      load(r, round);
      p = merge(p, tile_state_at(team_, p_tile_, merge.inverse_temperature));
      q = merge(q, tile_state_at(team_, q_tile_, merge.inverse_temperature));
    }
    p = team_.combine(p, merge);
    q = team_.combine(q, merge);
    // Nothing but masked classes is no distribution, and beside one that is none nothing is.
    if (p.max == -kInfinity<C> || q.max == -kInfinity<C>) p.rest = kNaN<C>;
    p_max_ = p.max;
    q_max_ = q.max;
    p_factor_ = C(1) / p.sum();
    q_factor_ = C(1) / q.sum();
    log_sums_ = log1p(p.rest) - log1p(q.rest);
  }

  __device__ __forceinline__ Class class_of(C p_logit, C q_logit) const {
    const C p_gap = (p_logit - p_max_) * inverse_temperature();
    const C q_gap = (q_logit - q_max_) * inverse_temperature();
    const bool absent = p_gap == -kInfinity<C> && q_gap == -kInfinity<C>;
    return {exp_of(p_gap) * p_factor_, exp_of(q_gap) * q_factor_,
            absent ? C(0) : (p_gap - q_gap) - log_sums_};
  }

  __device__ __forceinline__ C beta() const { return static_cast<C>(arguments_.beta); }
  __device__ __forceinline__ C one_less_beta() const { return static_cast<C>(1.0 - arguments_.beta); }

  /// The last round's tiles are there; the first round's stay.
  __device__ __forceinline__ void add_up(std::int64_t r) {
    sums_ = {};
    for (std::int64_t round = tiles_.last(); round >= 0; round -= tiles_.step()) {
      if (round != tiles_.last()) load(r, round);
      Sums mine;
      p_tile_.for_mine([&](int c, C p_logit) {
        const Class k = class_of(p_logit, q_tile_.value(c));
        if constexpr (kJensenShannon) {
          const MixtureRatios<C> ratios = over_mixture(k.log_ratio, beta(), one_less_beta());
          const C m = beta() * k.p + one_less_beta() * k.q;
          mine.of_p += excess(k.p, m, ratios.p_over_m);
          mine.of_q += excess(k.q, m, ratios.q_over_m);
        } else {
          mine.of_p += excess(k.p, k.q, k.log_ratio);
        }
      });
      if constexpr (kJensenShannon) {
        sums_ = sums_ + team_.reduce(mine, Plus(), Sums());
      } else {
        sums_.of_p += team_.reduce(mine.of_p, Plus(), C(0));
      }
    }
    sums_ = team_.combine(sums_, Plus());
    const C nothing = log_sums_ - log_sums_;  // 0, or NaN where there are no two distributions
    sums_.of_p += nothing;
    sums_.of_q += nothing;
  }

  __device__ __forceinline__ double loss() const {
    if constexpr (!kJensenShannon) return static_cast<double>(sums_.of_p);
    return arguments_.beta * static_cast<double>(sums_.of_p) +
           (1.0 - arguments_.beta) * static_cast<double>(sums_.of_q);
  }

  __device__ __forceinline__ double row_scale(std::int64_t r) const {
    const bool at = arguments_.divisor_at.size != 0;
    const double divisor = at ? load_scalar<double>(arguments_.divisor_at, 0) : arguments_.divisor;
    if (divisor == 0.0) return 0.0;
    const ConstVectorView& values = arguments_.upstream_values;
    const double value = values.size == 0 ? 1.0 : load_scalar<double>(values, values.size == 1 ? 0 : r);
    return arguments_.scale * value * arguments_.inverse_temperature / divisor;
  }

  /// p·(log(p/m) - its mean).
  static __device__ __forceinline__ C weighed(C p, C log_ratio, C mean) {
    return p == C(0) ? C(0) : p * (log_ratio - mean);
  }

  __device__ __forceinline__ void write_gradients(std::int64_t r) {
    const C nothing = sums_.of_p != sums_.of_p ? kNaN<C> : C(0);
    const double scale = row_scale(r);
    C p_scale = static_cast<C>(kJensenShannon ? scale * arguments_.beta : scale) + nothing;
    const C q_scale = static_cast<C>(kJensenShannon ? scale * (1.0 - arguments_.beta) : scale) + nothing;
    if (sums_.of_p == kInfinity<C>) p_scale = kNaN<C>;
    for (std::int64_t round = 0; round <= tiles_.last(); round += tiles_.step()) {
      if (round != 0) load(r, round);
      p_tile_.replace_mine([&](int c, C p_logit) {
        const Class k = class_of(p_logit, q_tile_.value(c));
        if constexpr (kJensenShannon) {
          const MixtureRatios<C> ratios = over_mixture(k.log_ratio, beta(), one_less_beta());
          q_tile_.put(c, weighed(k.q, ratios.q_over_m, sums_.of_q) * q_scale);
          return weighed(k.p, ratios.p_over_m, sums_.of_p) * p_scale;
        } else {
          q_tile_.put(c, difference(k.p, k.q, k.log_ratio) * q_scale);
          return weighed(k.p, k.log_ratio, sums_.of_p) * p_scale;
        }
      });
      store(p_tile_, arguments_.grad_p, r, round);
      store(q_tile_, arguments_.grad_q, r, round);
    }
  }

  __device__ __forceinline__ void store(const RowTile<T, Team>& tile, const MatrixView& grad, std::int64_t r,
                                        std::int64_t round) const {
    if (grad.data == nullptr) return;
    tile.store(static_cast<T*>(grad.data) + row_offset(grad.layout, r), grad.layout.class_stride,
               tiles_.begin(round));
  }

  const DivergenceArguments& arguments_;
  const Team& team_;
  RowTiles<Team> tiles_;
  RowTile<T, Team> p_tile_;
  RowTile<T, Team> q_tile_;
  C p_max_ = C(0);
  C q_max_ = C(0);
  C p_factor_ = C(0);
  C q_factor_ = C(0);
  C log_sums_ = C(0);
  Sums sums_{};
};

/// In double, two rows' worth of numbers need more than the 64 registers that 1024 threads can have.
template <class T>
inline constexpr int kDivergenceThreads = sizeof(T) == sizeof(double) ? 512 : 1024;

template <bool kJensenShannon, class T, int kTeam, int kBlock>
__global__ void __launch_bounds__(kBlock, kDivergenceThreads<T> / kBlock)
    divergence_kernel(const __grid_constant__ DivergenceArguments arguments) {
  for_rows<kTeam, kBlock>(arguments.p_logits.layout, arguments.tile, 2,
                          [&](const Team<kTeam>& team, unsigned char* memory) {
                            return DivergenceRow<kJensenShannon, T, Team<kTeam>>(arguments, team, memory);
                          });
}

template <bool kJensenShannon>
struct Divergence {
  using Arguments = DivergenceArguments;
  template <class T, int kTeam, int kBlock>
  static auto kernel() {
    return &divergence_kernel<kJensenShannon, T, kTeam, kBlock>;
  }
};
using KlDivergence = Divergence<false>;
using JsDivergence = Divergence<true>;

}  // namespace xent::gpu
