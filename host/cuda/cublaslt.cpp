#include "host/cuda/cublaslt.hpp"

#include <dlfcn.h>

#include <optional>
#include <string>

namespace xent::cuda {
namespace {

std::optional<CublasLt> open() {
  const std::string name = "libcublasLt.so." + std::to_string(CUBLAS_VER_MAJOR);
  // Never closed: its own threads and exit handlers do not expect it.
  void* const library = ::dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return std::nullopt;
  bool complete = true;
  const auto load = [&](auto& function, const char* symbol) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(::dlsym(library, symbol));
    complete = complete && function != nullptr;
  };
  CublasLt lt;
  load(lt.version, "cublasLtGetVersion");
  load(lt.status_string, "cublasLtGetStatusString");
  load(lt.create, "cublasLtCreate");
  load(lt.destroy, "cublasLtDestroy");
  load(lt.operation_create, "cublasLtMatmulDescCreate");
  load(lt.operation_destroy, "cublasLtMatmulDescDestroy");
  load(lt.operation_set, "cublasLtMatmulDescSetAttribute");
  load(lt.layout_create, "cublasLtMatrixLayoutCreate");
  load(lt.layout_destroy, "cublasLtMatrixLayoutDestroy");
  load(lt.preference_create, "cublasLtMatmulPreferenceCreate");
  load(lt.preference_destroy, "cublasLtMatmulPreferenceDestroy");
  load(lt.preference_set, "cublasLtMatmulPreferenceSetAttribute");
  load(lt.heuristic, "cublasLtMatmulAlgoGetHeuristic");
  load(lt.matmul, "cublasLtMatmul");
  return complete ? std::optional(lt) : std::nullopt;
}

}  // namespace

const CublasLt* cublaslt() {
  static const std::optional<CublasLt> lt = open();
  return lt ? &*lt : nullptr;
}

}  // namespace xent::cuda
