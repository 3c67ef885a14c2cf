// What the emulation costs: nanoseconds per thread and primitive, for docs/simt.md. Not a test.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

#include "tests/simt/harness.hpp"
#include "tests/simt/primitive_kernels.cuh"

namespace {

using namespace xent::gpu;  // NOLINT

enum class What { nothing, shuffle, warp_barrier, barrier, cluster, atomic, reduction };

__global__ void repeat(What what, int times, unsigned* out) {
  XENT_SHARED(scratch, BlockScratch<float>);
  float value = 1;
  for (int i = 0; i < times; ++i) {
    switch (what) {
      case What::nothing: break;
      case What::shuffle: value = __shfl_xor_sync(kAllLanes, value, 1); break;
      case What::warp_barrier: __syncwarp(); break;
      case What::barrier: __syncthreads(); break;
      case What::cluster: cluster_sync(); break;
      case What::atomic: atomic_add(out, 1U); break;
      case What::reduction: value = reduce_block(value, Maximum(), 0.0F, scratch); break;
    }
  }
  if (value < 0) *out = 0;
}

double nanoseconds(What what, unsigned threads, int times) {
  unsigned out = 0;
  double best = 1e300;
  const unsigned blocks = what == What::cluster ? 4 : 1;
  for (int repetition = 0; repetition < 7; ++repetition) {
    const auto start = std::chrono::steady_clock::now();
    launch({.grid = blocks, .block = threads, .cluster = blocks}, repeat, what, times, &out);
    best = std::min(
        best, std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count());
  }
  return best / threads / blocks;
}

void line(const char* name, What what, int times, const std::vector<unsigned>& blocks) {
  std::printf("%-14s", name);
  for (const unsigned threads : blocks) {
    std::printf("%9.1f", (nanoseconds(what, threads, times) - nanoseconds(what, threads, 0)) / times);
    std::fflush(stdout);
  }
  std::printf("\n");
}

}  // namespace

int main(int argc, char**) {
  const bool quick = argc > 1;  // for sanitizers
  const int times = quick ? 20 : 300;
  const std::vector<unsigned> blocks = quick ? std::vector{32U, 256U} : std::vector{32U, 256U, 1024U};
  for (const simt::Schedule schedule :
       {simt::Schedule::fifo, simt::Schedule::sticky, simt::Schedule::uniform}) {
    const simt::With with(schedule);
    std::printf("%s: ns per thread, blocks of 32, 256 and, unless quick, 1024\n", name(schedule).c_str());
    line("shuffle", What::shuffle, times, blocks);
    line("__syncwarp", What::warp_barrier, times, blocks);
    line("__syncthreads", What::barrier, times, blocks);
    line("cluster_sync", What::cluster, times, blocks);
    line("atomic_add", What::atomic, times, blocks);
    line("reduce_block", What::reduction, times / 5, blocks);
    std::printf("empty launch: %.1f us for 256 threads\n", nanoseconds(What::nothing, 256, 0) * 256 / 1000);
  }
}
