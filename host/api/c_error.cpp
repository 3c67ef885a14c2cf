// The C ABI's error record: one per thread, in memory that exists before anything can go wrong.
#include "host/api/c_error.hpp"

#include <cstdio>
#include <exception>
#include <new>

#include <xent/c_api.h>
#include <xent/error.hpp>

namespace {

struct LastError {
  char message[1024] = "";
  xent_status status = XENT_OK;
  xent_label_error label{};
};

thread_local LastError last_error;

xent_status file(xent_status status, const char* message) {
  std::snprintf(last_error.message, sizeof last_error.message, "%s", message);
  last_error.status = status;
  return status;
}

}  // namespace

xent_status xent::c::file_current_exception() noexcept {
  try {
    throw;
  } catch (const LabelError& error) {
    last_error.label = {.row = error.row(), .value = error.value(), .classes = error.classes()};
    return file(XENT_LABEL_OUT_OF_RANGE, error.what());
  } catch (const InvalidArgument& error) {
    return file(XENT_INVALID_ARGUMENT, error.what());
  } catch (const Unsupported& error) {
    return file(XENT_UNSUPPORTED, error.what());
  } catch (const OutOfMemory& error) {
    return file(XENT_OUT_OF_MEMORY, error.what());
  } catch (const CudaError& error) {
    return file(XENT_CUDA_FAILURE, error.what());
  } catch (const std::bad_alloc&) {
    return file(XENT_OUT_OF_MEMORY, "out of memory");
  } catch (const std::exception& error) {
    return file(XENT_INTERNAL, error.what());
  } catch (...) {
    return file(XENT_INTERNAL, "an exception of unknown type");
  }
}

extern "C" {

const char* xent_last_error(void) { return last_error.message; }

int32_t xent_last_label_error(xent_label_error* details) {
  if (last_error.status != XENT_LABEL_OUT_OF_RANGE) return 0;
  if (details != nullptr) *details = last_error.label;
  return 1;
}

const char* xent_status_name(xent_status status) {
  switch (status) {
    case XENT_OK: return "XENT_OK";
    case XENT_INVALID_ARGUMENT: return "XENT_INVALID_ARGUMENT";
    case XENT_LABEL_OUT_OF_RANGE: return "XENT_LABEL_OUT_OF_RANGE";
    case XENT_UNSUPPORTED: return "XENT_UNSUPPORTED";
    case XENT_OUT_OF_MEMORY: return "XENT_OUT_OF_MEMORY";
    case XENT_INTERNAL: return "XENT_INTERNAL";
    case XENT_CUDA_FAILURE: return "XENT_CUDA_FAILURE";
    default: return "unknown status";
  }
}

}  // extern "C"
