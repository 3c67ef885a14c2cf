// Shared memory by declaration. The tag is a lambda's type: unique for a declaration in one instantiation.
#pragma once

#include "tests/simt/runtime.hpp"

namespace simt {

template <class Tag>
inline const unsigned declaration_number = new_declaration();

template <class T, class Tag>
T& static_shared(Tag) {
  static_assert(std::is_trivially_destructible_v<T>, "shared memory is never constructed or destroyed");
  const unsigned number = declaration_number<Tag>;
  void* place = self().block->placed[number];
  if (place == nullptr) [[unlikely]] {
    place = place_static(number, sizeof(T), alignof(T));
  }
  return *static_cast<T*>(place);
}

}  // namespace simt
