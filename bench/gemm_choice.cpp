// Which GEMM for the trainer? OpenBLAS on its own threads, OpenBLAS in fixed blocks on ours, and oneDNN where
// it is installed, on the products of a 784-512-10 network at batch 64. docs/gemm.md quotes the output.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include <cblas.h>

#include "host/mlp/blocks.hpp"
#include "host/mlp/gemm.hpp"

#ifdef XENT_HAVE_ONEDNN
#include <omp.h>

#include <oneapi/dnnl/dnnl.h>
#endif

namespace {

/// c (rows × cols) = a·b with a or b transposed as the layer's pass has it.
struct Product {
  const char* name;
  std::int64_t rows, cols, depth;
  bool a_transposed, b_transposed;
  bool split_rows;  ///< else columns
};

// As host/mlp/cpu_network.cpp calls them: weights are outputs × inputs.
constexpr Product kProducts[] = {
    {"fwd1   64x512x784", 64, 512, 784, false, true, false},
    {"dW1    512x784x64", 512, 784, 64, true, false, true},
    {"fwd2   64x10x512", 64, 10, 512, false, true, false},
    {"dX2    64x512x10", 64, 512, 10, false, false, false},
    {"dW2    10x512x64", 10, 512, 64, true, false, true},
};
constexpr std::int64_t kBlocks[] = {32, 64, 128, 256};

struct Operands {
  std::vector<float> a, b, c;
  std::int64_t a_stride, b_stride;

  explicit Operands(const Product& p)
      : a(static_cast<std::size_t>(p.rows * p.depth)),
        b(static_cast<std::size_t>(p.depth * p.cols)),
        c(static_cast<std::size_t>(p.rows * p.cols)),
        a_stride(p.a_transposed ? p.rows : p.depth),
        b_stride(p.b_transposed ? p.depth : p.cols) {
    unsigned state = 1;
    for (auto* matrix : {&a, &b}) {
      for (float& x : *matrix)
        x = static_cast<float>((state = state * 1664525U + 1013904223U) >> 8U) * 0x1p-24F;
    }
  }
};

void openblas_threads(const Product& p, Operands& o, int threads) {
  openblas_set_num_threads(threads);
  const auto n = [](std::int64_t extent) { return static_cast<blasint>(extent); };
  cblas_sgemm(CblasRowMajor, p.a_transposed ? CblasTrans : CblasNoTrans,
              p.b_transposed ? CblasTrans : CblasNoTrans, n(p.rows), n(p.cols), n(p.depth), 1.0F, o.a.data(),
              n(o.a_stride), o.b.data(), n(o.b_stride), 0.0F, o.c.data(), n(p.cols));
  openblas_set_num_threads(1);
}

using Serial = void (*)(std::int64_t, std::int64_t, std::int64_t, const xent::mlp::Factor&,
                        const xent::mlp::Factor&, float, float*, std::int64_t);

/// The product in blocks of its split side, each by one serial call, on the library's threads.
void in_blocks(const Product& p, Operands& o, int threads, std::int64_t block, Serial gemm) {
  const std::int64_t work = p.rows * p.cols * p.depth;
  xent::mlp::for_blocks(
      p.split_rows ? p.rows : p.cols, block, work, threads, [&](std::int64_t begin, std::int64_t end) {
        const std::int64_t row = p.split_rows ? begin : 0;
        const std::int64_t col = p.split_rows ? 0 : begin;
        const std::int64_t rows = p.split_rows ? end - begin : p.rows;
        const std::int64_t cols = p.split_rows ? p.cols : end - begin;
        const float* a = o.a.data() + (p.a_transposed ? row : row * o.a_stride);
        const float* b = o.b.data() + (p.b_transposed ? col * o.b_stride : col);
        gemm(rows, cols, p.depth, {a, o.a_stride, p.a_transposed}, {b, o.b_stride, p.b_transposed}, 0.0F,
             o.c.data() + row * p.cols + col, p.cols);
      });
}

#ifdef XENT_HAVE_ONEDNN
void onednn(std::int64_t rows, std::int64_t cols, std::int64_t depth, const xent::mlp::Factor& a,
            const xent::mlp::Factor& b, float beta, float* c, std::int64_t c_stride) {
  dnnl_sgemm(a.transposed ? 'T' : 'N', b.transposed ? 'T' : 'N', rows, cols, depth, 1.0F, a.data, a.stride,
             b.data, b.stride, beta, c, c_stride);
}

void onednn_serial(std::int64_t rows, std::int64_t cols, std::int64_t depth, const xent::mlp::Factor& a,
                   const xent::mlp::Factor& b, float beta, float* c, std::int64_t c_stride) {
  omp_set_num_threads(1);  // of the calling thread
  onednn(rows, cols, depth, a, b, beta, c, c_stride);
}
#endif

struct Candidate {
  std::string name;
  std::function<void(const Product&, Operands&)> run;
  std::vector<double> seconds{};
};

std::vector<Candidate> candidates(int threads) {
  std::vector<Candidate> list;
  list.push_back(
      {"OpenBLAS, its threads", [=](const Product& p, Operands& o) { openblas_threads(p, o, threads); }});
  for (const std::int64_t block : kBlocks) {
    list.push_back({"OpenBLAS, blocks of " + std::to_string(block), [=](const Product& p, Operands& o) {
                      in_blocks(p, o, threads, block, xent::mlp::gemm);
                    }});
  }
#ifdef XENT_HAVE_ONEDNN
  list.push_back({"oneDNN, its threads", [=](const Product& p, Operands& o) {
                    omp_set_num_threads(threads);
                    onednn(p.rows, p.cols, p.depth, {o.a.data(), o.a_stride, p.a_transposed},
                           {o.b.data(), o.b_stride, p.b_transposed}, 0.0F, o.c.data(), p.cols);
                  }});
  for (const std::int64_t block : kBlocks) {
    list.push_back({"oneDNN, blocks of " + std::to_string(block),
                    [=](const Product& p, Operands& o) { in_blocks(p, o, threads, block, onednn_serial); }});
  }
#endif
  return list;
}

double seconds_of(const std::function<void()>& call) {
  const auto start = std::chrono::steady_clock::now();
  call();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void measure(const Product& product, int threads, int rounds) {
  Operands operands(product);
  std::vector<Candidate> list = candidates(threads);
  constexpr int kCalls = 3;  // in a row: few enough to fit between two interruptions of a busy machine
  for (int round = -1; round < rounds; ++round) {
    for (Candidate& candidate : list) {
      candidate.run(product, operands);
      const double seconds = seconds_of([&] {
        for (int i = 0; i < kCalls; ++i) candidate.run(product, operands);
      });
      if (round >= 0) candidate.seconds.push_back(seconds / kCalls);  // round -1 warms up
    }
  }
  const double flops = 2.0 * static_cast<double>(product.rows * product.cols * product.depth);
  for (Candidate& candidate : list) {
    std::sort(candidate.seconds.begin(), candidate.seconds.end());
    std::printf("| %-17s | %d | %-24s | %8.1f | %8.1f |\n", product.name, threads, candidate.name.c_str(),
                flops / candidate.seconds[candidate.seconds.size() / 2] * 1e-9,
                flops / candidate.seconds.front() * 1e-9);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 30;
  std::printf("| %-17s | threads | %-24s | median GFLOP/s | best GFLOP/s |\n|---|---|---|---|---|\n",
              "product", "candidate");
  for (const Product& product : kProducts) {
    for (const int threads : {1, 2}) measure(product, threads, rounds);
  }
}
