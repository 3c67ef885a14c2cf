// Loads, stores, asynchronous copies and atomics do what they say.
#include <gtest/gtest.h>

#include <numeric>

#include "tests/simt/harness.hpp"
#include "tests/simt/primitive_kernels.cuh"

namespace {

using namespace xent::gpu;  // NOLINT
using xent::bf16;
using xent::f16;

template <class T>
struct alignas(16) Line {
  T element[400];
};

template <class T, Cache kCache>
void expect_doubled() {
  for (const std::int64_t n : {0, 1, 7, 8, 255, 256, 263, 400}) {
    auto in = std::make_unique<Line<T>>();
    auto out = std::make_unique<Line<T>>();
    for (int i = 0; i < 400; ++i) in->element[i] = narrow<T>(static_cast<Compute<T>>(i - 200));
    launch({.grid = 1, .block = 1}, memory_kernel<T, kCache>, in->element, out->element, n);
    for (int i = 0; i < 400; ++i)
      EXPECT_EQ(widen(out->element[i]), i < n ? 2 * (i - 200) : 0) << n << ' ' << i;
  }
}

TEST(Memory, ChunksAndElementsOfEveryType) {
  expect_doubled<float, Cache::normal>();
  expect_doubled<double, Cache::stream>();
  expect_doubled<f16, Cache::stream>();
  expect_doubled<bf16, Cache::read_only>();
}

TEST(Memory, AsynchronousCopies) {
  simt::for_each_schedule(8, [] {
    std::vector<uint4> in(64);
    for (unsigned i = 0; i < 64; ++i) in[i] = {i, i + 1, i + 2, i + 3};
    for (const unsigned bytes : {0U, 4U, 12U, 16U}) {
      std::vector<uint4> out(64);
      launch({.grid = 1, .block = 64}, copy_kernel, in.data(), out.data(), bytes);
      for (unsigned i = 1; i < 64; ++i) EXPECT_EQ(out[i].x, 63 - i);
      EXPECT_EQ(out[0].x, bytes >= 4 ? 63U : 0U);
      EXPECT_EQ(out[0].z, bytes >= 12 ? 65U : 0U);
      EXPECT_EQ(out[0].w, bytes >= 16 ? 66U : 0U);
    }
  });
}

TEST(Memory, BulkCopiesThroughAPipeline) {
  simt::for_each_schedule(8, [] {
    for (const int tiles : {1, 2, 3, 7}) {
      std::vector<float4> in(static_cast<std::size_t>(tiles) * 32);  // for its alignment
      std::vector<float4> out(in.size());
      float* const first = &in[0].x;
      std::iota(first, first + tiles * 128, 0.0F);
      launch({.grid = 1, .block = 128}, bulk_kernel, first, &out[0].x, tiles);
      for (int i = 0; i < tiles * 128; ++i) EXPECT_EQ((&out[0].x)[i], static_cast<float>(i + 1));
    }
  });
}

template <class T>
void expect_atomics(unsigned threads) {
  const simt::With with(simt::Schedule::mixed, 5, threads);
  T sum = 0;
  T least = 1000000;
  T most = static_cast<T>(std::is_signed_v<T> ? -5 : 5);
  T last = 0;
  T claimed = 0;
  launch({.grid = 6, .block = 64}, atomic_kernel<T>, &sum, &least, &most, &last, &claimed);
  EXPECT_EQ(sum, T{384 * 385 / 2});
  EXPECT_EQ(least, T{1});
  EXPECT_EQ(most, T{384});
  EXPECT_TRUE(last >= 1 && last <= 384);
  EXPECT_TRUE(claimed >= 1 && claimed <= 384);
}

TEST(Memory, AtomicsOfEveryWidth) {
  for (const unsigned threads : {1U, 3U}) {
    expect_atomics<std::int32_t>(threads);
    expect_atomics<std::uint32_t>(threads);
    expect_atomics<std::int64_t>(threads);
    expect_atomics<std::uint64_t>(threads);
  }
}

TEST(Memory, TheLastBlockSeesWhatTheOthersLeft) {
  for (const unsigned threads : {1U, 2U}) {
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
      const simt::With with(simt::Schedule::mixed, seed, threads);
      std::vector<unsigned> in(20 * 32);
      std::iota(in.begin(), in.end(), 0U);
      std::vector<unsigned> partial(20);
      unsigned done = 0;
      unsigned sum = 0;
      launch({.grid = 20, .block = 32}, last_block_kernel, in.data(), partial.data(), &done, &sum);
      EXPECT_EQ(sum, 640U * 639 / 2);
    }
  }
}

}  // namespace
