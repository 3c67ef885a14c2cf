// How many threads share a row of parts: in chunks of neighbouring parts that grow smaller towards the end.
// Few chunks let a kernel overlap a part with the next; small last ones let the threads finish together.
#pragma once

#include <algorithm>
#include <cstdint>

namespace xent::plan {

struct Chunk {
  std::int64_t begin = 0;
  std::int64_t end = 0;

  bool operator==(const Chunk&) const = default;
};

/// The chunk after `chunk`, or an empty one at the end: half of what would be a thread's fair share of what
/// is left (guided self-scheduling, Polychronopoulos and Kuck 1987).
constexpr Chunk next_chunk(const Chunk& chunk, std::int64_t parts, int threads) {
  const std::int64_t left = parts - chunk.end;
  const std::int64_t fair = threads == 1 ? left : left / (2 * static_cast<std::int64_t>(threads));
  return {chunk.end, chunk.end + std::min(left, std::max<std::int64_t>(fair, 1))};
}

constexpr std::int64_t chunk_count(std::int64_t parts, int threads) {
  std::int64_t count = 0;
  for (Chunk chunk; chunk.end < parts; ++count) chunk = next_chunk(chunk, parts, threads);
  return count;
}

/// Chunk `number` of chunk_count; counting up to it is cheap beside working on it.
constexpr Chunk chunk_at(std::int64_t number, std::int64_t parts, int threads) {
  Chunk chunk = next_chunk({}, parts, threads);
  for (std::int64_t i = 0; i < number; ++i) chunk = next_chunk(chunk, parts, threads);
  return chunk;
}

}  // namespace xent::plan
