// What every entry point of the C ABI is wrapped in: exceptions become a status and this thread's message.
#pragma once

#include <xent/c_types.h>

namespace xent::c {

/// Call inside a catch block: files the exception in flight as this thread's last error. Never throws
/// and never allocates, since the exception may be bad_alloc.
xent_status file_current_exception() noexcept;

template <class Body>
xent_status guarded(const Body& body) noexcept {
  try {
    body();
    return XENT_OK;
  } catch (...) {
    return file_current_exception();
  }
}

}  // namespace xent::c
