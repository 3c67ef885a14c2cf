// The products by cuBLASLt, with bias, ReLU and the bias's gradient in their epilogues. cuBLASLt's matrices
// are column-major, so it sees the transposes of ours: yᵀ = W·xᵀ, delta_xᵀ = Wᵀ·delta_yᵀ, delta_Wᵀ =
// xᵀ·delta_y.
#include <cstring>
#include <map>
#include <optional>
#include <tuple>

#include <xent/error.hpp>

#include "host/cuda/cublaslt.hpp"
#include "host/cuda/gemm.hpp"
#include "host/cuda/memory.hpp"

namespace xent::cuda {
namespace {

/// What NVIDIA recommends for Hopper; older devices want less.
constexpr std::size_t kWorkspaceBytes = std::size_t{32} << 20U;

void check(cublasStatus_t status, const char* call) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  throw CudaError(std::string("cuBLASLt, ") + call + ": " + cublaslt()->status_string(status),
                  static_cast<int>(status));
}

/// An object of cuBLASLt's and the function that ends it.
template <class T>
using Owned = std::unique_ptr<std::remove_pointer_t<T>, cublasStatus_t (*)(T)>;

/// d = op(a)·op(b), column-major: d is m × n, the inner extent k.
struct Product {
  cublasOperation_t op_a = CUBLAS_OP_N;
  cublasOperation_t op_b = CUBLAS_OP_N;
  std::int64_t m = 0;
  std::int64_t n = 0;
  std::int64_t k = 0;
  cublasLtEpilogue_t epilogue = CUBLASLT_EPILOGUE_DEFAULT;

  bool operator<(const Product& other) const {
    const auto all = [](const Product& p) { return std::tuple(p.op_a, p.op_b, p.m, p.n, p.k, p.epilogue); };
    return all(*this) < all(other);
  }
};

Owned<cublasLtMatrixLayout_t> layout(cublasOperation_t op, std::int64_t rows, std::int64_t cols) {
  if (op == CUBLAS_OP_T) std::swap(rows, cols);
  cublasLtMatrixLayout_t made = nullptr;
  check(cublaslt()->layout_create(&made, CUDA_R_32F, static_cast<std::uint64_t>(rows),
                                  static_cast<std::uint64_t>(cols), rows),
        "matrix layout");
  return {made, cublaslt()->layout_destroy};
}

Owned<cublasLtMatmulPreference_t> preference() {
  cublasLtMatmulPreference_t made = nullptr;
  check(cublaslt()->preference_create(&made), "preference");
  Owned<cublasLtMatmulPreference_t> owned(made, cublaslt()->preference_destroy);
  const auto set = [&](cublasLtMatmulPreferenceAttributes_t attribute, const auto& value) {
    check(cublaslt()->preference_set(made, attribute, &value, sizeof value), "preference");
  };
  set(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, std::uint64_t{kWorkspaceBytes});
  // A sum that is split is put together in a second pass, in the order of its parts.
  set(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, std::uint32_t{CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE});
  return owned;
}

/// A product with the algorithm chosen for it.
class Plan {
 public:
  Plan(cublasLtHandle_t handle, const Product& product)
      : operation_(nullptr, cublaslt()->operation_destroy),
        a_(layout(product.op_a, product.m, product.k)),
        b_(layout(product.op_b, product.k, product.n)),
        d_(layout(CUBLAS_OP_N, product.m, product.n)) {
    cublasLtMatmulDesc_t made = nullptr;
    check(cublaslt()->operation_create(&made, CUBLAS_COMPUTE_32F, CUDA_R_32F), "operation");
    operation_.reset(made);
    set(CUBLASLT_MATMUL_DESC_TRANSA, product.op_a);
    set(CUBLASLT_MATMUL_DESC_TRANSB, product.op_b);
    set(CUBLASLT_MATMUL_DESC_EPILOGUE, product.epilogue);
    // Only its alignment is looked at here.
    if (product.epilogue != CUBLASLT_EPILOGUE_DEFAULT) set_bias(reinterpret_cast<void*>(std::uintptr_t{256}));
    cublasLtMatmulHeuristicResult_t best{};
    int found = 0;
    const cublasStatus_t status = cublaslt()->heuristic(handle, made, a_.get(), b_.get(), d_.get(), d_.get(),
                                                        preference().get(), 1, &best, &found);
    // Which of the two it says of an epilogue that it lacks for f32 is not documented.
    if (status == CUBLAS_STATUS_NOT_SUPPORTED || status == CUBLAS_STATUS_INVALID_VALUE) return;
    check(status, "choice of an algorithm");
    if (found > 0) algorithm_ = best.algo;
  }

  /// Whether there is an algorithm for it.
  bool exists() const { return algorithm_.has_value(); }

  void run(cublasLtHandle_t handle, const float* a, const float* b, void* bias, float* d, void* workspace,
           Stream stream) {
    if (bias != nullptr) set_bias(bias);
    const float one = 1.0F;
    const float zero = 0.0F;
    check(cublaslt()->matmul(handle, operation_.get(), &one, a, a_.get(), b, b_.get(), &zero, d, d_.get(), d,
                             d_.get(), &*algorithm_, workspace, kWorkspaceBytes,
                             static_cast<cudaStream_t>(stream)),
          "product");
  }

 private:
  template <class T>
  void set(cublasLtMatmulDescAttributes_t attribute, const T& value) {
    check(cublaslt()->operation_set(operation_.get(), attribute, &value, sizeof value), "operation");
  }
  void set_bias(void* bias) { set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, bias); }

  Owned<cublasLtMatmulDesc_t> operation_;
  Owned<cublasLtMatrixLayout_t> a_;
  Owned<cublasLtMatrixLayout_t> b_;
  Owned<cublasLtMatrixLayout_t> d_;
  std::optional<cublasLtMatmulAlgo_t> algorithm_{};
};

/// What cuBLASLt has no algorithm for is left to the own kernels.
class CublasLtProducts final : public LinearProducts {
 public:
  explicit CublasLtProducts(Stream stream)
      : stream_(stream), workspace_(kWorkspaceBytes), otherwise_(make_kernel_products(stream)) {
    cublasLtHandle_t made = nullptr;
    check(cublaslt()->create(&made), "start");
    handle_.reset(made);
  }

  void forward(const Linear& linear, const float* x, const float* weight, const float* bias, bool relu,
               float* y) override {
    const Product product{.op_a = CUBLAS_OP_T,
                          .m = linear.outputs,
                          .n = linear.rows,
                          .k = linear.inputs,
                          .epilogue = relu ? CUBLASLT_EPILOGUE_RELU_BIAS : CUBLASLT_EPILOGUE_BIAS};
    if (!run(product, weight, x, const_cast<float*>(bias), y)) {
      otherwise_->forward(linear, x, weight, bias, relu, y);
    }
  }

  void input_gradient(const Linear& linear, const float* delta_y, const float* weight,
                      float* delta_x) override {
    const Product product{.m = linear.inputs, .n = linear.rows, .k = linear.outputs};
    if (!run(product, weight, delta_y, nullptr, delta_x)) {
      otherwise_->input_gradient(linear, delta_y, weight, delta_x);
    }
  }

  void parameter_gradients(const Linear& linear, const float* delta_y, const float* x, float* delta_weight,
                           float* delta_bias) override {
    Product product{.op_b = CUBLAS_OP_T,
                    .m = linear.inputs,
                    .n = linear.outputs,
                    .k = linear.rows,
                    .epilogue = CUBLASLT_EPILOGUE_BGRADB};
    if (run(product, x, delta_y, delta_bias, delta_weight)) return;
    product.epilogue = CUBLASLT_EPILOGUE_DEFAULT;
    if (run(product, x, delta_y, nullptr, delta_weight)) {
      column_sums(delta_y, linear.rows, linear.outputs, delta_bias, stream_);
    } else {
      otherwise_->parameter_gradients(linear, delta_y, x, delta_weight, delta_bias);
    }
  }

 private:
  bool run(const Product& product, const float* a, const float* b, void* bias, float* d) {
    auto place = plans_.find(product);
    if (place == plans_.end()) place = plans_.try_emplace(product, handle_.get(), product).first;
    if (place->second.exists()) place->second.run(handle_.get(), a, b, bias, d, workspace_.data(), stream_);
    return place->second.exists();
  }

  Stream stream_;
  DeviceArray<unsigned char> workspace_;
  std::unique_ptr<LinearProducts> otherwise_;
  Owned<cublasLtHandle_t> handle_{nullptr, cublaslt()->destroy};
  std::map<Product, Plan> plans_{};
};

}  // namespace

std::unique_ptr<LinearProducts> make_linear_products(Stream stream) {
  if (cublaslt() == nullptr) return make_kernel_products(stream);
  return std::make_unique<CublasLtProducts>(stream);
}

std::string linear_products_name() {
  if (cublaslt() == nullptr) return kKernelProductsName;
  const std::size_t version = cublaslt()->version();
  return "cuBLASLt " + std::to_string(version / 10000) + "." + std::to_string(version / 100 % 100) + "." +
         std::to_string(version % 100);
}

}  // namespace xent::cuda
