// What the CUDA names stand on: the calls from a running thread into the scheduler.
#pragma once

#include <memory>
#include <type_traits>

#include "tests/simt/machine.hpp"

namespace simt {

/// Unwinds the thread that found the launch to be wrong; the others are abandoned where they wait.
struct Stop {};

/// Ends the launch with this message, who waits where, and how to replay it.
[[noreturn]] void fail(const std::string& message);

/// Where the running thread is, as the kernel's author sees it.
Place place_of(const Where& primitive);

/// "thread (3,0,0) of block (1,0,0) at kernel.cuh:17"
std::string describe(const Thread& thread, const Place& place);

/// In a primitive: what it calls reports the primitive's caller. The outermost primitive wins.
class CalledFrom {
 public:
  SIMT_UNOBSERVED explicit CalledFrom(const Where& where) : outermost_(self().kernel_line == nullptr) {
    if (outermost_) self().kernel_line = std::addressof(where);
  }
  SIMT_UNOBSERVED ~CalledFrom() {
    if (outermost_) self().kernel_line = nullptr;
  }
  CalledFrom(const CalledFrom&) = delete;
  CalledFrom& operator=(const CalledFrom&) = delete;

 private:
  bool outermost_;
};

// Warp collectives: every live lane of the mask has to come to the same one.
struct ShuffleOperand {
  const void* in;
  void* out;
  unsigned bytes;
  unsigned source;  // lane
};
void shuffle(Lanes mask, ShuffleOperand operand, const Where& where);

struct VoteOperand {
  bool predicate;
  Lanes ballot;        // of those who said yes
  Lanes participants;  // live lanes of the mask
};
VoteOperand vote(Lanes mask, bool predicate, const Where& where);
void warp_barrier(Lanes mask, const Where& where);

/// All live threads of the block; returns how many said yes, and how many there were.
struct BarrierCount {
  int yes;
  int threads;
};
BarrierCount block_barrier(bool predicate, const Where& where);

void arrive_at_cluster(const Where& where);
void wait_for_cluster(const Where& where);
/// In its cluster. A block of a cooperative grid is a cluster of its own.
unsigned cluster_rank();
unsigned cluster_size();

/// A cooperative grid's barrier, by one thread of each block: sees that all blocks come to the same one, and
/// orders nothing.
void arrive_at_grid(const Where& where);
void wait_for_grid(const Where& where);

/// Lets others run. A thread that waits for memory to change must call it; too often without anything
/// happening is a livelock.
void spin(const Where& where);

/// Options::yield_one_in: the chance for another thread to come between two accesses.
void give_way(const Where& where);

/// Before an access of 16 bytes: it must be aligned. Also a chance to give way.
void before_chunk(const void* p, const Where& where);

/// A thread may not end before its asynchronous copies do.
void check_nothing_in_flight(const Thread& thread);

/// A number for each __shared__ declaration and instantiation.
unsigned new_declaration();
void* place_static(unsigned declaration, std::size_t bytes, std::size_t alignment);
unsigned char* dynamic_shared();
bool in_shared(const void* p, std::size_t bytes);
void* map_shared(const void* p, unsigned rank, const Where& where);

struct Config {
  dim3 grid;
  dim3 block;
  std::size_t dynamic_bytes = 0;
  dim3 cluster;
  bool cooperative = false;
};

void launch(const Config& config, void (*call)(void*), void* kernel);

/// Runs the kernel's body once per thread; throws Error.
template <class Body>
void launch(const Config& config, const Body& body) {
  launch(
      config, [](void* kernel) { (*static_cast<const Body*>(kernel))(); },
      const_cast<void*>(static_cast<const void*>(std::addressof(body))));
}

}  // namespace simt
