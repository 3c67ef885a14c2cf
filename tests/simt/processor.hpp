// One OS thread's share of the machine: the fibers and shared memory that run one cluster after another.
#pragma once

#include <memory>

#include "tests/simt/machine.hpp"

namespace simt {

class Processor {
 public:
  Processor();
  ~Processor();
  Processor(const Processor&) = delete;
  Processor& operator=(const Processor&) = delete;

  /// Runs the blocks of one cluster to their end, or until something is found to be wrong.
  void run(Launch& launch, std::uint64_t number, uint3 first_block);

 private:
  void set_up(Launch& launch, std::uint64_t number, uint3 first_block);
  void set_up_block(unsigned rank, uint3 index);
  void set_up_thread(Block& block, unsigned rank);
  void draw_schedule(std::uint64_t number);
  Thread& thread(std::size_t number);
  void abandon(const Launch& launch);
  void forget_threads();

  Cluster cluster_;
  std::vector<std::unique_ptr<Block>> blocks_;
  std::vector<std::unique_ptr<Thread>> threads_;  // each keeps its stack
  std::size_t shift_ = 0;                         // which of them is the cluster's first
};

}  // namespace simt
