#include "tests/simt/atomic.hpp"

namespace simt {

void before_atomic(void* p, const Where& where) {
  give_way(where);
  FenceState& fences = self().fences;
  if (fences.publish) release(p);
  fences.publish = false;
}

void after_atomic(void* p, bool changed, const Where& where) {
  Thread& me = self();
  me.fences.seen[me.fences.next++ % me.fences.seen.size()] = p;
  if (changed) {
    me.block->cluster->spins = 0;
  } else {
    spin(where);  // a lock that is held, a flag that is not yet set
  }
}

void fence() {
  FenceState& fences = self().fences;
  for (void*& p : fences.seen) {
    if (p != nullptr) acquire(p);
    p = nullptr;
  }
  fences.publish = true;
}

}  // namespace simt
