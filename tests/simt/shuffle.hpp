// __shfl_*_sync and votes, for the types that CUDA has them for.
#pragma once

#include <bit>

#include "tests/simt/runtime.hpp"

namespace simt {

template <class T>
inline constexpr bool kShuffles =
    std::is_arithmetic_v<T> && !std::is_same_v<T, bool> && (sizeof(T) == 4 || sizeof(T) == 8);

template <class T>
T shuffle_from(Lanes mask, T value, unsigned source, const Where& where) {
  static_assert(kShuffles<T>, "CUDA shuffles 32- and 64-bit numbers");
  T result;
  shuffle(mask, {&value, &result, sizeof(T), source}, where);
  return result;
}

/// A group's lanes are `width` (a power of two up to 32) consecutive ones.
inline unsigned lane_in(unsigned width) { return self().lane & (width - 1); }
inline unsigned first_of(unsigned width) { return self().lane & ~(width - 1); }

}  // namespace simt

template <class T>
T __shfl_sync(unsigned mask, T value, int source, int width = 32,
              simt::Where where = simt::Where::current()) {
  const auto w = static_cast<unsigned>(width);
  return simt::shuffle_from(mask, value, simt::first_of(w) + (static_cast<unsigned>(source) & (w - 1)),
                            where);
}

template <class T>
T __shfl_xor_sync(unsigned mask, T value, int lanes, int width = 32,
                  simt::Where where = simt::Where::current()) {
  const auto w = static_cast<unsigned>(width);
  const unsigned source = simt::self().lane ^ static_cast<unsigned>(lanes);
  const bool beyond =
      (source & ~(w - 1)) > simt::first_of(w);  // of the group; CUDA lets one look back, not ahead
  return simt::shuffle_from(mask, value, beyond ? simt::self().lane : source, where);
}

template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32,
                 simt::Where where = simt::Where::current()) {
  const bool inside = simt::lane_in(static_cast<unsigned>(width)) >= delta;
  return simt::shuffle_from(mask, value, simt::self().lane - (inside ? delta : 0), where);
}

template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32,
                   simt::Where where = simt::Where::current()) {
  const auto w = static_cast<unsigned>(width);
  const bool inside = simt::lane_in(w) + delta < w;
  return simt::shuffle_from(mask, value, simt::self().lane + (inside ? delta : 0), where);
}

inline unsigned __ballot_sync(unsigned mask, int predicate, simt::Where where = simt::Where::current()) {
  return simt::vote(mask, predicate != 0, where).ballot;
}

inline int __any_sync(unsigned mask, int predicate, simt::Where where = simt::Where::current()) {
  return static_cast<int>(simt::vote(mask, predicate != 0, where).ballot != 0);
}

inline int __all_sync(unsigned mask, int predicate, simt::Where where = simt::Where::current()) {
  const auto result = simt::vote(mask, predicate != 0, where);
  return static_cast<int>(result.ballot == result.participants);
}
