#include "bench/judge.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <xent/parallel.hpp>

namespace xent::bench {
namespace {

using Real = long double;

template <class T>
Real real(T value) {
  if constexpr (std::is_floating_point_v<T>) {
    return value;
  } else {
    return static_cast<float>(value);
  }
}

/// What rounding a value of the type to its nearest may change, and the step where that no longer shrinks.
struct Rounding {
  Real unit;
  Real step;
};

template <class T>
constexpr Rounding kRounding{};
template <>
constexpr Rounding kRounding<float>{0x1p-24L, 0x1p-126L};
template <>
constexpr Rounding kRounding<f16>{0x1p-11L, 0x1p-24L};
template <>
constexpr Rounding kRounding<bf16>{0x1p-8L, 0x1p-126L};
template <>
constexpr Rounding kRounding<double>{0x1p-53L, 0x1p-1022L};

template <class T>
Real units(T got, Real want, Real magnitude) {
  const Rounding& rounding = kRounding<T>;
  const Real error =
      std::abs(real(got) - want) / std::max(rounding.unit * std::abs(magnitude), rounding.step / 2);
  return std::isnan(error) ? std::numeric_limits<Real>::infinity() : error;
}

template <class T>
Real units(T got, Real want) {
  return units(got, want, want);
}

/// A row of logits: its maximum, and log Σ exp against it.
struct Normaliser {
  Real max = -std::numeric_limits<Real>::infinity();
  Real rest = 0;  ///< Σ exp without the maximum's own 1

  template <class T>
  Normaliser(const T* z, std::int64_t n) {
    std::int64_t at = 0;
    for (std::int64_t i = 0; i < n; ++i) {
      if (real(z[i]) > max) max = real(z[at = i]);
    }
    for (std::int64_t i = 0; i < n; ++i) rest += i == at ? 0 : std::exp(real(z[i]) - max);
  }

  Real probability(Real z) const { return std::exp(z - max) / (1 + rest); }
  Real log_probability(Real z) const { return (z - max) - std::log1p(rest); }
};

template <class T>
class Row {
 public:
  Row(const LossCase& c, const LossBuffers<T>& b, std::int64_t row)
      : n_(c.classes),
        in_(b.logits.data() + row * n_),
        from_above_(b.upstream_matrix.data() + (takes_upstream_matrix(c.operation) ? row * n_ : 0)),
        got_(b.result.data() + (writes_matrix(c.operation) ? row * n_ : 0)),
        label_(b.labels.data()[row]),
        upstream_(real(b.upstream.data()[row])),
        loss_(b.loss.data()[row]) {}

  Real worst(Operation operation) const {
    switch (operation) {
      case Operation::cross_entropy: return std::max(loss(), gradient());
      case Operation::cross_entropy_forward: return loss();
      case Operation::cross_entropy_backward: return gradient();
      case Operation::softmax: return softmax();
      case Operation::log_softmax: return log_softmax();
      case Operation::softmax_backward: return softmax_backward();
      case Operation::log_softmax_backward: return log_softmax_backward();
      case Operation::nll: return units(loss_, -real(in_[label_]));
      case Operation::nll_backward: return nll_backward();
      case Operation::cross_entropy_in_place: break;  // what the truth would be taken from is overwritten
    }
    return std::numeric_limits<Real>::infinity();
  }

 private:
  /// The largest of body(class).
  template <class Body>
  Real over_classes(const Body& body) const {
    Real worst = 0;
    for (std::int64_t i = 0; i < n_; ++i) worst = std::max(worst, body(i));
    return worst;
  }

  Real loss() const { return units(loss_, -Normaliser(in_, n_).log_probability(real(in_[label_]))); }

  Real gradient() const {
    const Normaliser row(in_, n_);
    Real others = 0;  // of a label that is nearly sure, 1 - p: as a sum it keeps its digits
    for (std::int64_t i = 0; i < n_; ++i) others += i == label_ ? 0 : row.probability(real(in_[i]));
    return over_classes([&](std::int64_t i) {
      return units(got_[i], upstream_ * (i == label_ ? -others : row.probability(real(in_[i]))));
    });
  }

  Real softmax() const {
    const Normaliser row(in_, n_);
    return over_classes([&](std::int64_t i) { return units(got_[i], row.probability(real(in_[i]))); });
  }

  Real log_softmax() const {
    const Normaliser row(in_, n_);
    return over_classes([&](std::int64_t i) { return units(got_[i], row.log_probability(real(in_[i]))); });
  }

  Real softmax_backward() const {
    Real dot = 0;
    Real magnitude = 0;
    for (std::int64_t i = 0; i < n_; ++i) {
      const Real term = real(in_[i]) * real(from_above_[i]);
      dot += term;
      magnitude += std::abs(term);
    }
    return over_classes([&](std::int64_t i) {
      const Real p = real(in_[i]);
      const Real g = real(from_above_[i]);
      return units(got_[i], p * (g - dot), p * (std::abs(g) + magnitude));
    });
  }

  Real log_softmax_backward() const {
    Real sum = 0;
    Real magnitude = 0;
    for (std::int64_t i = 0; i < n_; ++i) {
      sum += real(from_above_[i]);
      magnitude += std::abs(real(from_above_[i]));
    }
    return over_classes([&](std::int64_t i) {
      const Real p = std::exp(real(in_[i]));
      const Real g = real(from_above_[i]);
      return units(got_[i], g - p * sum, std::abs(g) + p * magnitude);
    });
  }

  Real nll_backward() const {
    return over_classes([&](std::int64_t i) { return units(got_[i], i == label_ ? -upstream_ : 0); });
  }

  std::int64_t n_;
  const T* in_;
  const T* from_above_;
  const T* got_;
  std::int64_t label_;
  Real upstream_;
  typename LossBuffers<T>::Number loss_;
};

constexpr std::int64_t kElements = 1 << 20;

}  // namespace

template <class T>
double worst_error(const LossCase& c, const LossBuffers<T>& b, int threads) {
  std::vector<double> worst(static_cast<std::size_t>(c.rows));
  parallel_for(c.rows, threads, [&](std::int64_t row) {
    worst[static_cast<std::size_t>(row)] = static_cast<double>(Row<T>(c, b, row).worst(c.operation));
  });
  return *std::max_element(worst.begin(), worst.end());
}

Judgement judge(LossCase c, int threads) {
  c.reduction = Reduction::none;
  c.rows = std::min(c.rows, std::max<std::int64_t>(1, kElements / c.classes));
  return with_type(c.dtype, [&](auto zero) {
    LossBuffers<decltype(zero)> buffers(c, threads, 0);
    call(c, buffers, {.device = c.device, .threads = threads});
    return Judgement{.worst = worst_error(c, buffers, threads), .rows = c.rows};
  });
}

template double worst_error(const LossCase&, const LossBuffers<float>&, int);
template double worst_error(const LossCase&, const LossBuffers<f16>&, int);
template double worst_error(const LossCase&, const LossBuffers<bf16>&, int);
template double worst_error(const LossCase&, const LossBuffers<double>&, int);

}  // namespace xent::bench
