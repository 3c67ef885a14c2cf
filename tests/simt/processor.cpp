#include "tests/simt/processor.hpp"

#include <exception>

#include "tests/simt/arena.hpp"
#include "tests/simt/runtime.hpp"
#include "tests/simt/scheduler.hpp"
#include "tests/simt/stack.hpp"

namespace simt {
namespace {

void begin(Block& block) {
  if (!block.started) {
    block.started = true;
    open_arena(block);
    release(block.open_sync);
  }
  acquire(block.open_sync);
}

void end(Block& block) {
  release(block.close_sync);
  if (block.live != 0) return;
  acquire(block.close_sync);
  close_arena(block);
}

// From entry to exit of one CUDA thread; false if the launch has failed.
[[gnu::noinline]] bool run_thread(Thread& me) {
  Block& block = *me.block;
  Launch& launch = *block.cluster->launch;
  acquire(launch.start_sync);
  try {
    begin(block);
    try {
      launch.call(launch.kernel);
    } catch (const std::exception& error) {
      fail(std::string("EXCEPTION in a kernel: ") + error.what());
    }
    check_nothing_in_flight(me);
    release(launch.end_sync);
    thread_exits(me);
    end(block);
    Thread* const next = block.cluster->live != 0 ? next_thread(me) : nullptr;
    if (next == nullptr && block.cluster->live != 0) fail("DEADLOCK: no thread can run");
    running = next;
    return true;
  } catch (const Stop&) {
    return false;
  }
}

// A fiber plays one CUDA thread after another: it leaves at the end of one and goes on with the next.
[[noreturn]] void fiber(void* argument) {
  entered();
  Thread& me = *static_cast<Thread*>(argument);
  for (;;) {
    const bool good = run_thread(me);
    Context& next = good && running != nullptr ? running->context : me.block->cluster->scheduler;
    switch_context(me.context, next);
  }
}

}  // namespace

Processor::Processor() = default;

Processor::~Processor() {
  forget_threads();
  for (auto& block : blocks_) unmap_arena(block->shared);
}

void Processor::forget_threads() {
  const Unobserved by_tsan;
  for (auto& thread : threads_) {
    unmap_stack(thread->context, thread->stack_bytes);
#ifdef SIMT_TSAN
    __tsan_destroy_fiber(thread->context.fiber);
#endif
  }
  threads_.clear();
}

Thread& Processor::thread(std::size_t number) {
  while (threads_.size() <= number) {
    auto made = std::make_unique<Thread>();
    const std::size_t wanted = cluster_.launch->options.stack_bytes;
    made->stack_bytes = wanted != 0 ? wanted : default_stack_bytes();
    map_stack(made->context, made->stack_bytes, threads_.size());
    made->context.entry = fiber;
    made->context.argument = made.get();
    prepare(made->context);
#ifdef SIMT_TSAN
    made->context.fiber = __tsan_create_fiber(0);
#endif
    threads_.push_back(std::move(made));
  }
  return *threads_[number];
}

void Processor::set_up_thread(Block& block, unsigned rank) {
  const dim3 shape = cluster_.launch->block;
  const std::size_t all = std::size_t{block.threads} * cluster_.launch->group_size();
  Thread& thread = this->thread((std::size_t{block.rank} * block.threads + rank + shift_) % all);
  Warp& warp = block.warps[rank / kWarpSize];
  thread.index = {rank % shape.x, rank / shape.x % shape.y, rank / (shape.x * shape.y)};
  thread.lane = rank % kWarpSize;
  thread.rank = rank;
  thread.warp = &warp;
  thread.block = &block;
  thread.kernel_line = nullptr;
  thread.wait = Wait::nothing;
  thread.arrived_at_cluster = false;
  thread.async = {};
  thread.fences = {};
  warp.lane[thread.lane] = &thread;
  warp.live |= 1U << thread.lane;
  block.thread[rank] = &thread;
}

void Processor::set_up_block(unsigned rank, uint3 index) {
  if (blocks_.size() <= rank) {
    blocks_.push_back(std::make_unique<Block>());
    blocks_[rank]->shared = map_arena();
  }
  Block& block = *blocks_[rank];
  const auto threads =
      static_cast<unsigned>(cluster_.launch->block.x * cluster_.launch->block.y * cluster_.launch->block.z);
  block.index = index;
  block.rank = rank;
  block.threads = block.live = threads;
  block.started = false;
  block.arrived_at_grid = false;
  block.open_sync = fresh_sync();
  block.close_sync = fresh_sync();
  block.ready_warps = 0;
  block.cluster = &cluster_;
  block.placed.assign(declaration_count(), nullptr);
  block.barrier = {};
  block.proxy = {};
  block.warps.assign((threads + kWarpSize - 1) / kWarpSize, Warp());
  block.thread.resize(threads);
  for (unsigned i = 0; i < block.warps.size(); ++i) {
    block.warps[i].block = &block;
    block.warps[i].index = i;
  }
  for (unsigned i = 0; i < threads; ++i) set_up_thread(block, i);
  cluster_.blocks.push_back(&block);
  cluster_.live += threads;
  renew_arena(block);
}

void Processor::draw_schedule(std::uint64_t number) {
  const Options& options = cluster_.launch->options;
  cluster_.random = Random(options.seed, number);
  cluster_.schedule = options.schedule;
  if (options.schedule == Schedule::mixed) {
    constexpr Schedule kDrawn[] = {Schedule::sticky, Schedule::sticky, Schedule::uniform,
                                   Schedule::starve_lane, Schedule::starve_warp};
    cluster_.schedule = kDrawn[cluster_.random.below(5)];
  }
  const std::uint32_t lane = cluster_.random.below(kWarpSize);
  Block& block = *cluster_.blocks[cluster_.random.below(static_cast<std::uint32_t>(cluster_.blocks.size()))];
  Warp& warp = block.warps[cluster_.random.below(static_cast<std::uint32_t>(block.warps.size()))];
  if (cluster_.schedule == Schedule::starve_warp) warp.starved = ~0U;
  if (cluster_.schedule != Schedule::starve_lane) return;
  for (Block* each : cluster_.blocks) {
    for (Warp& starving : each->warps) starving.starved = 1U << lane;
  }
}

void Processor::set_up(Launch& launch, std::uint64_t number, uint3 first_block) {
  const Unobserved by_tsan;
  cluster_ = Cluster();
  cluster_.launch = &launch;
  const dim3 size = launch.group;
#ifdef SIMT_TSAN
  // It takes all that one of its fibers does for ordered: were thread 5 of every block the same fiber, a
  // race between thread 5 of two blocks would go unseen.
  shift_ += 1 + Random(launch.options.seed, number).below(31);
#endif
  for (unsigned rank = 0; rank < launch.group_size(); ++rank) {
    set_up_block(rank, {first_block.x + rank % size.x, first_block.y + rank / size.x % size.y,
                        first_block.z + rank / (size.x * size.y)});
  }
  draw_schedule(number);
  for (Block* block : cluster_.blocks) {
    for (Warp& warp : block->warps) wake(warp, warp.live);
  }
  describe_own_stack(cluster_.scheduler);
#ifdef SIMT_TSAN
  cluster_.scheduler.fiber = __tsan_get_current_fiber();
#endif
}

// Threads that wait in the middle of the kernel never get on. What they did is over for the host too.
void Processor::abandon(const Launch& launch) {
  for (auto& thread : threads_) {
    const AsAnotherThread that_one(thread->context.fiber);
    release(launch.end_sync);
  }
  forget_threads();
}

void Processor::run(Launch& launch, std::uint64_t number, uint3 first_block) {
  set_up(launch, number, first_block);
  Thread& first = *cluster_.blocks[0]->thread[0];
  running = cluster_.schedule == Schedule::fifo ? take(*first.warp, 0) : next_thread(first, true);
  switch_context(cluster_.scheduler, running->context);
  running = nullptr;
  if (launch.failed) abandon(launch);
}

}  // namespace simt
