// Reports for people: who waits where, threads that do the same in one line.
#include <algorithm>
#include <cstdio>
#include <mutex>

#include "tests/simt/runtime.hpp"

namespace simt {
namespace {

const char* name(Wait wait) {
  switch (wait) {
    case Wait::nothing: return "run";
    case Wait::shuffle: return "wait at __shfl_*_sync";
    case Wait::vote: return "wait at a vote (__ballot_sync …)";
    case Wait::warp_barrier: return "wait at __syncwarp";
    case Wait::block_barrier: return "wait at __syncthreads";
    case Wait::cluster_barrier: return "wait at the cluster barrier";
    case Wait::grid_barrier: return "wait at the grid barrier";
    case Wait::spin: return "spin";
    case Wait::exited: return "exited";
  }
  return "?";
}

std::string text(uint3 index) {
  char out[48];
  std::snprintf(out, sizeof out, "(%u,%u,%u)", index.x, index.y, index.z);
  return out;
}

std::string text(const Where& where) {
  const std::string path = where.file_name();
  const auto slash = path.rfind('/');
  return path.substr(slash == std::string::npos ? 0 : slash + 1) + ":" + std::to_string(where.line());
}

std::string text(const Place& place) {
  std::string out = text(place.kernel);
  if (!same_place(place.kernel, place.primitive)) out += " (in " + text(place.primitive) + ")";
  return out;
}

bool collective(Wait wait) {
  return wait == Wait::shuffle || wait == Wait::vote || wait == Wait::warp_barrier;
}

bool alike(const Thread& a, const Thread& b) {
  if (a.wait != b.wait) return false;
  if (a.wait == Wait::exited || a.wait == Wait::nothing) return true;
  return same_place(a.place, b.place) && (!collective(a.wait) || a.mask == b.mask);
}

std::string ranges(const std::vector<unsigned>& sorted) {
  std::string out;
  for (std::size_t i = 0; i < sorted.size();) {
    std::size_t end = i + 1;
    while (end < sorted.size() && sorted[end] == sorted[end - 1] + 1) ++end;
    if (!out.empty()) out += ',';
    out += std::to_string(sorted[i]);
    if (end - i > 1) out.append("-").append(std::to_string(sorted[end - 1]));
    i = end;
  }
  return out;
}

void list(const Block& block, std::string& out) {
  std::vector<bool> listed(block.threads);
  for (unsigned first = 0; first < block.threads; ++first) {
    if (listed[first]) continue;
    const Thread& one = *block.thread[first];
    std::vector<unsigned> group;
    for (unsigned other = first; other < block.threads; ++other) {
      if (listed[other] || !alike(one, *block.thread[other])) continue;
      listed[other] = true;
      group.push_back(other);
    }
    out += "  block " + text(block.index) + ": threads " + ranges(group) + " " + name(one.wait);
    if (collective(one.wait)) {
      char mask[24];
      std::snprintf(mask, sizeof mask, "(0x%08x)", one.mask);
      out += mask;
    }
    if (one.wait != Wait::exited && one.wait != Wait::nothing) out += ", " + text(one.place);
    out += '\n';
  }
}

}  // namespace

Place place_of(const Where& primitive) {
  const Where* kernel = self().kernel_line;
  return {kernel != nullptr ? *kernel : primitive, primitive};
}

std::string describe(const Thread& thread, const Place& place) {
  return "thread " + text(thread.index) + " of block " + text(thread.block->index) + " at " + text(place);
}

void fail(const std::string& message) {
  {
    const Unobserved by_tsan;
    Cluster& cluster = *self().block->cluster;
    Launch& launch = *cluster.launch;
    std::string report = message + '\n';
    for (const Block* block : cluster.blocks) list(*block, report);
    report += "replay: SIMT_SCHEDULE=" + name(launch.options.schedule) +
              " SIMT_SEED=" + std::to_string(launch.options.seed) + " SIMT_THREADS=1";
    if (launch.options.yield_one_in != 0) {
      report += " SIMT_YIELD=" + std::to_string(launch.options.yield_one_in);
    }
    const std::lock_guard held(launch.lock);
    if (!launch.failed) launch.report = std::move(report);
    launch.failed = true;
  }
  throw Stop();
}

}  // namespace simt
