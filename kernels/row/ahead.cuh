// A row's tile, and a second one into which the next row comes while this one is worked on: the plan gives a
// launch both where they leave no block without room (TileShape::buffers).
#pragma once

#include "kernels/row/rows.cuh"
#include "kernels/row/tile.cuh"

namespace xent::gpu {

template <class T, class Team>
class RowTileAhead : public RowTile<T, Team> {
  using Tile = RowTile<T, Team>;

 public:
  __device__ __forceinline__ RowTileAhead(unsigned char* memory, const TileShape& shape, const Team& team)
      : Tile(memory, shape, team), to_other_(static_cast<int>(shape.bytes)) {}

  /// Whether rows can be asked for ahead: there is memory, a row is one tile, its classes lie side by side.
  /// In double there are no registers for it.
  static __device__ __forceinline__ bool can_ask(const TileShape& shape, const RowTiles<Team>& tiles,
                                                 const Layout& layout) {
    return Team::kIsBlock && sizeof(T) < sizeof(double) && shape.buffers == 2 && tiles.last() == 0 &&
           layout.class_stride == 1;
  }

  /// As RowTile's, but what has been asked for ahead is taken: these must be its columns.
  __device__ __forceinline__ void load(const T* row, std::int64_t stride, std::int64_t begin, int n) {
    if (!asked_) return Tile::load(row, stride, begin, n);
    asked_ = false;
    const T* const from = row + begin;
    this->memory_ += to_other_;
    to_other_ = -to_other_;
    this->n_ = n;
    this->at_ = Tile::place(this->memory_, from);
    const int c = edge_column(ChunkSpan<T, int>(from, n), n);
    if (c >= 0) this->at_[c] = edge_;
    Tile::Bulk::release(this->shape_);  // what becomes the second tile was written to
    this->await();
  }

  /// Asks memory for columns of the row that is loaded next. The second tile is free: since it was in use all
  /// threads have met, in the load() of the row that is worked on now.
  __device__ __forceinline__ void ask_ahead(const T* from, int n) {
    asked_ = true;
    const ChunkSpan<T, int> span(from, n);
    this->copy_chunks(Tile::place(this->memory_ + to_other_, from), from, span);
    const int c = edge_column(span, n);
    if (c >= 0) edge_ = from[c];
  }

 private:
  /// Of the columns outside whole chunks, the one that the calling thread brings; -1: none. Were they put
  /// into shared memory at once, their threads would wait for memory while the row at hand is worked on.
  __device__ __forceinline__ int edge_column(const ChunkSpan<T, int>& span, int n) const {
    static_assert(!Team::kIsBlock || Team::kSize >= 2 * Chunk<T>::kSize);
    const int rank = this->team_.rank();
    if (rank < Chunk<T>::kSize) return rank < span.head ? rank : -1;
    const int c = span.tail() + rank - Chunk<T>::kSize;
    return c < n ? c : -1;
  }

  int to_other_;  ///< from the one tile to the other, in bytes
  T edge_{};
  bool asked_ = false;
};

}  // namespace xent::gpu
