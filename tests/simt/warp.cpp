// Warp collectives: lanes leave their operands at a rendezvous; the last to arrive computes for all.
#include <cstdio>
#include <cstring>

#include "tests/simt/runtime.hpp"
#include "tests/simt/scheduler.hpp"

namespace simt {
namespace {

template <class F>
void for_each_lane(Lanes lanes, F f) {
  for (; lanes != 0; lanes &= lanes - 1) f(static_cast<unsigned>(std::countr_zero(lanes)));
}

std::string hex(Lanes mask) {
  char text[12];
  std::snprintf(text, sizeof text, "0x%08x", mask);
  return text;
}

[[gnu::noinline]] void refuse_source(const Thread& reader, unsigned source, Lanes present) {
  fail("SHUFFLE: " + describe(reader, reader.place) + " reads lane " + std::to_string(source) +
       ", which does not take part (exited, absent or not in the mask); those who do: " + hex(present));
}

// Words, not memcpy: an intercepted memcpy would be an access by whichever thread happens to run.
void copy_words(void* to, const void* from, unsigned bytes) {
  auto* out = static_cast<volatile unsigned char*>(to);
  const auto* in = static_cast<const volatile unsigned char*>(from);
  if (bytes % 4 == 0) {
    for (unsigned i = 0; i < bytes; i += 4) {
      std::uint32_t word;
      __builtin_memcpy(&word, const_cast<const unsigned char*>(in) + i, 4);
      __builtin_memcpy(const_cast<unsigned char*>(out) + i, &word, 4);
    }
    return;
  }
  for (unsigned i = 0; i < bytes; ++i) out[i] = in[i];
}

void complete_shuffle(Warp& warp, Lanes present) {
  for_each_lane(present, [&](unsigned lane) {
    const Thread& reader = *warp.lane[lane];
    const auto& mine = *static_cast<const ShuffleOperand*>(reader.operand);
    if ((present >> mine.source & 1U) == 0) refuse_source(reader, mine.source, present);
    const auto& theirs = *static_cast<const ShuffleOperand*>(warp.lane[mine.source]->operand);
    copy_words(mine.out, theirs.in, mine.bytes);
  });
}

void complete_vote(Warp& warp, Lanes present) {
  Lanes ballot = 0;
  for_each_lane(present, [&](unsigned lane) {
    ballot |= Lanes{static_cast<const VoteOperand*>(warp.lane[lane]->operand)->predicate} << lane;
  });
  for_each_lane(present, [&](unsigned lane) {
    auto& operand = *static_cast<VoteOperand*>(warp.lane[lane]->operand);
    operand.ballot = ballot;
    operand.participants = present;
  });
}

void finish(Warp& warp, unsigned slot, Lanes present) {
  Rendezvous done = warp.rendezvous[slot];
  if (done.complete != nullptr) done.complete(warp, present);
  warp.rendezvous[slot] = warp.rendezvous[--warp.pending];
  warp.block->cluster->spins = 0;
}

unsigned find(const Warp& warp, Lanes mask) {
  unsigned slot = 0;
  while (slot < warp.pending && warp.rendezvous[slot].mask != mask) ++slot;
  return slot;
}

[[gnu::noinline]] void refuse_meeting(const Thread& me, const Thread& first) {
  fail("DIVERGENT WARP: " + describe(me, me.place) + " meets, with the same mask " + hex(me.mask) + ", " +
       describe(first, first.place));
}

// Only __syncwarp orders memory; ThreadSanitizer gets no edge from a shuffle or a vote, as on the device.
void meet(Lanes mask, Wait kind, void* operand, void (*complete)(Warp&, Lanes), const Where& where) {
  Thread& me = self();
  Warp& warp = *me.warp;
  const Lanes mine = 1U << me.lane;
  me.place = place_of(where);
  if ((mask & mine) == 0) {
    fail("MASK: " + describe(me, me.place) + " calls a warp collective whose mask " + hex(mask) +
         " leaves it out");
  }
  me.operand = operand;
  me.mask = mask;
  const unsigned slot = find(warp, mask);
  Rendezvous& here = warp.rendezvous[slot];
  if (slot == warp.pending) {
    ++warp.pending;
    here = {mask, 0, kind, &me, kind == Wait::warp_barrier ? fresh_sync() : nullptr, complete};
  } else if (here.kind != kind || !same_place(here.first->place, me.place)) {
    refuse_meeting(me, *here.first);
  }
  void* const sync = here.sync;
  if (sync != nullptr) release(sync);
  here.arrived |= mine;
  me.wait = kind;
  const Lanes present = here.arrived;
  if (present == (mask & warp.live)) {
    finish(warp, slot, present);
    if ((present & ~mine) != 0) wake(warp, present & ~mine);
  } else {
    block_until_woken(me);
  }
  me.wait = Wait::nothing;
  if (sync != nullptr) acquire(sync);
}

}  // namespace

void leave_warp_collectives(Warp& warp) {
  for (unsigned slot = 0; slot < warp.pending;) {
    const Lanes present = warp.rendezvous[slot].arrived;
    if (present != (warp.rendezvous[slot].mask & warp.live)) {
      ++slot;
      continue;
    }
    finish(warp, slot, present);  // the last one moves into the slot
    wake(warp, present);
  }
}

void shuffle(Lanes mask, ShuffleOperand operand, const Where& where) {
  meet(mask, Wait::shuffle, &operand, complete_shuffle, where);
}

VoteOperand vote(Lanes mask, bool predicate, const Where& where) {
  VoteOperand operand{predicate, 0, 0};
  meet(mask, Wait::vote, &operand, complete_vote, where);
  return operand;
}

void warp_barrier(Lanes mask, const Where& where) { meet(mask, Wait::warp_barrier, nullptr, nullptr, where); }

}  // namespace simt
