// Neighbouring columns of a row in shared memory. Memory sees 16-byte accesses whatever the row's alignment;
// the threads see columns, so what they add up, and in which order, does not depend on where the row lies.
#pragma once

#include "kernels/primitives/async.cuh"
#include "kernels/primitives/element.cuh"
#include "kernels/primitives/team.cuh"
#include "kernels/row/bulk_fill.cuh"

namespace xent::gpu {

/// How n elements divide into single ones up to a 16-byte boundary, whole chunks, and single ones.
template <class T, class Size = std::int64_t>
struct ChunkSpan {
  Size head;
  Size chunks;

  __device__ __forceinline__ ChunkSpan(const T* at, Size n) {
    const auto past = static_cast<Size>(reinterpret_cast<std::uintptr_t>(at) % 16 / sizeof(T));
    head = past == 0 ? 0 : Chunk<T>::kSize - past;
    if (head > n) head = n;
    chunks = (n - head) / Chunk<T>::kSize;
  }
  __device__ __forceinline__ Size tail() const { return head + chunks * Chunk<T>::kSize; }
};

template <class T>
inline constexpr int kUsualColumnsAtOnce = sizeof(Compute<T>) == 8 ? 1 : 4;

// How far loops are unrolled. Left to the compiler, kernels need more registers than 1024 threads can have.
template <class T, class Team, int kColumnsAtOnce = kUsualColumnsAtOnce<T>>
class RowTile {
 public:
  using C = Compute<T>;

  static constexpr int kStridedAtOnce = 2;
  static constexpr int kLoadsAtOnce = 4;
  static constexpr int kStoresAtOnce = 2;

  __device__ __forceinline__ RowTile(unsigned char* memory, const TileShape& shape, const Team& team)
      : memory_(memory), shape_(shape), team_(team) {}

  /// Columns [begin, begin + n) of a row whose classes lie `stride` apart.
  __device__ __forceinline__ void load(const T* row, std::int64_t stride, std::int64_t begin, int n) {
    ask(row, stride, begin, n);
    await();
  }
  /// Asks memory for them. They are there after await(), of this or of a tile that was asked for later.
  __device__ __forceinline__ void ask(const T* row, std::int64_t stride, std::int64_t begin, int n) {
    n_ = n;
    Bulk::release(shape_);
    team_.sync();  // the tile before may still be read
    if (stride != 1) {
      at_ = reinterpret_cast<T*>(memory_);
      XENT_UNROLL_BY(kStridedAtOnce)
      for (int c = team_.rank(); c < n; c += Team::kSize) at_[c] = row[(begin + c) * stride];
    } else {
      const T* from = row + begin;
      at_ = place(memory_, from);
      const ChunkSpan<T, int> span(from, n);
      copy_chunks(at_, from, span);
      XENT_UNROLL_BY(1)
      for (int c = team_.rank(); c < span.head; c += Team::kSize) at_[c] = from[c];
      XENT_UNROLL_BY(1)
      for (int c = span.tail() + team_.rank(); c < n; c += Team::kSize) at_[c] = from[c];
    }
  }
  __device__ __forceinline__ void await() const {
    wait_copies();
    Bulk::await(team_, shape_);
    team_.sync();
  }

  /// n columns from wherever they lie, one element each: column c from *at(c). There after await().
  template <class At>
  __device__ __forceinline__ void gather(int n, const At& at) {
    reserve(n);
    XENT_UNROLL_BY(kStridedAtOnce)
    for (int c = team_.rank(); c < n; c += Team::kSize) at_[c] = *at(c);
  }
  /// n columns that are yet to be put.
  __device__ __forceinline__ void reserve(int n) {
    n_ = n;
    team_.sync();  // the tile before may still be read
    at_ = reinterpret_cast<T*>(memory_);
  }

  /// The same columns to a row of any alignment of its own.
  __device__ __forceinline__ void store(T* row, std::int64_t stride, std::int64_t begin) const {
    team_.sync();  // all columns are written
    if (stride != 1) {
      XENT_UNROLL_BY(kStridedAtOnce)
      for (int c = team_.rank(); c < n_; c += Team::kSize) row[(begin + c) * stride] = at_[c];
      return;
    }
    T* to = row + begin;
    const ChunkSpan<T, int> span(to, n_);
    XENT_UNROLL_BY(1)
    for (int c = team_.rank(); c < span.head; c += Team::kSize) to[c] = at_[c];
    // Read element by element, four lanes of a warp meet in a bank.
    if (is_chunk_aligned(at_ + span.head)) {
      XENT_UNROLL_BY(kStoresAtOnce)
      for (int i = team_.rank(); i < span.chunks; i += Team::kSize) {
        const int c = span.head + i * Chunk<T>::kSize;
        store_chunk<Cache::stream>(to + c, load_chunk(at_ + c));
      }
    } else {
      XENT_UNROLL_BY(kStoresAtOnce)
      for (int i = team_.rank(); i < span.chunks; i += Team::kSize) {
        const int c = span.head + i * Chunk<T>::kSize;
        Chunk<T> chunk;
        XENT_UNROLL
        for (int e = 0; e < Chunk<T>::kSize; ++e) chunk.element[e] = at_[c + e];
        store_chunk<Cache::stream>(to + c, chunk);
      }
    }
    XENT_UNROLL_BY(1)
    for (int c = span.tail() + team_.rank(); c < n_; c += Team::kSize) to[c] = at_[c];
  }

  /// The same columns, column c to *at(c).
  template <class At>
  __device__ __forceinline__ void scatter(const At& at) const {
    team_.sync();  // all columns are written
    XENT_UNROLL_BY(kStridedAtOnce)
    for (int c = team_.rank(); c < n_; c += Team::kSize) *at(c) = at_[c];
  }

  /// z[c]; of this thread's columns, or after a sync.
  __device__ __forceinline__ C value(int c) const { return widen(at_[c]); }
  /// Of this thread's columns.
  __device__ __forceinline__ void put(int c, C value) { at_[c] = narrow<T>(value); }
  /// Of a column of any thread's, or of none in the tile: whose it is puts it.
  __device__ __forceinline__ void put_if_mine(std::int64_t c, C value) {
    if (c >= 0 && c < n_ && static_cast<int>(c) % Team::kSize == team_.rank())
      put(static_cast<int>(c), value);
  }
  /// f(c, z[c]) for this thread's columns, c counted within the tile.
  template <class F>
  __device__ __forceinline__ void for_mine(const F& f) const {
    XENT_UNROLL_BY(kColumnsAtOnce)
    for (int c = team_.rank(); c < n_; c += Team::kSize) f(c, widen(at_[c]));
  }
  /// z[c] = f(c, z[c]), rounded to the element type.
  template <class F>
  __device__ __forceinline__ void replace_mine(const F& f) {
    XENT_UNROLL_BY(kColumnsAtOnce)
    for (int c = team_.rank(); c < n_; c += Team::kSize) at_[c] = narrow<T>(f(c, widen(at_[c])));
  }

 protected:
  using Bulk = BulkFill<Team>;

  /// Where a tile begins that lies between 16-byte boundaries as its row does.
  static __device__ __forceinline__ T* place(unsigned char* memory, const T* from) {
    return reinterpret_cast<T*>(memory + reinterpret_cast<std::uintptr_t>(from) % 16);
  }
  __device__ __forceinline__ void copy_chunks(T* to, const T* from, const ChunkSpan<T, int>& span) const {
    if (Bulk::chosen(shape_)) {
      return Bulk::ask(team_, to + span.head, from + span.head,
                       static_cast<std::uint32_t>(span.chunks) * sizeof(Chunk<T>));
    }
    XENT_UNROLL_BY(kLoadsAtOnce)
    for (int i = team_.rank(); i < span.chunks; i += Team::kSize) {
      const int c = span.head + i * Chunk<T>::kSize;
      copy_async(to + c, from + c);
    }
    commit_copies();
  }

  unsigned char* memory_;
  const TileShape& shape_;
  const Team& team_;
  T* at_ = nullptr;
  int n_ = 0;
};

/// Zeros for a whole row, by the whole team.
template <class T, class Team>
__device__ __forceinline__ void zero_row(const Team& team, T* row, std::int64_t stride,
                                         std::int64_t classes) {
  const T zero = narrow<T>(Compute<T>(0));
  const std::int64_t rank = team.part() * Team::kSize + team.rank();
  const std::int64_t threads = team.parts() * Team::kSize;
  if (stride != 1) {
    for (std::int64_t c = rank; c < classes; c += threads) row[c * stride] = zero;
    return;
  }
  Chunk<T> zeros;
  XENT_UNROLL
  for (int e = 0; e < Chunk<T>::kSize; ++e) zeros.element[e] = zero;
  const ChunkSpan<T> span(row, classes);
  XENT_UNROLL_BY(1)
  for (std::int64_t c = rank; c < span.head; c += threads) row[c] = zero;
  for (std::int64_t i = rank; i < span.chunks; i += threads) {
    store_chunk<Cache::stream>(row + span.head + i * Chunk<T>::kSize, zeros);
  }
  XENT_UNROLL_BY(1)
  for (std::int64_t c = span.tail() + rank; c < classes; c += threads) row[c] = zero;
}

}  // namespace xent::gpu
