// option-ratios: what each option and output of cross-entropy costs beside the plain call, loss and gradient
// in one. Every round takes all cases in turn, so that whatever disturbs the machine disturbs all of them.
//   option-ratios [rounds [threads [names…]]]: only the cases named
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include <xent/cross_entropy.hpp>
#include <xent/parallel.hpp>

#include "bench/loss.hpp"
#include "bench/random_logits.hpp"
#include "bench/workload.hpp"

namespace xent::bench {
namespace {

/// Everything that a case may read or write, of one shape.
struct Memory {
  Memory(std::int64_t rows_, std::int64_t classes_, std::uint64_t seed)
      : rows(rows_),
        classes(classes_),
        logits(rows * classes),
        probs(rows * classes),
        grad(rows * classes),
        grad_targets(rows * classes),
        labels(rows) {
    parallel_for(rows, 0, [&](std::int64_t r) {
      const auto first = (seed << 40U) + static_cast<std::uint64_t>(r * classes);
      for (std::int64_t c = 0; c < classes; ++c) {
        const auto number = first + static_cast<std::uint64_t>(c);
        logits.data()[r * classes + c] = random_logit(number);
        probs.data()[r * classes + c] =
            static_cast<float>(random_word(number) % 1024) / (512.0F * static_cast<float>(classes));
        grad.data()[r * classes + c] = grad_targets.data()[r * classes + c] = 0.0F;
      }
      labels.data()[r] = static_cast<std::int64_t>(random_word(~first) % static_cast<std::uint64_t>(valid()));
    });
  }
  std::int64_t valid() const { return classes - classes / 64; }

  std::int64_t rows;
  std::int64_t classes;
  Buffer<float> logits, probs, grad, grad_targets;
  Buffer<std::int64_t> labels;
};

/// What all cases share beside the matrices.
struct Vectors {
  explicit Vectors(const Memory& shape)
      : per_class(static_cast<std::size_t>(shape.classes)),
        per_row(static_cast<std::size_t>(shape.rows)),
        result(static_cast<std::size_t>(shape.rows)),
        indices(static_cast<std::size_t>(shape.rows)) {
    for (std::size_t c = 0; c < per_class.size(); ++c) per_class[c] = 1.0F + 0.1F * random_logit(c);
    for (std::size_t r = 0; r < per_row.size(); ++r) per_row[r] = random_logit(~r);
  }
  ConstVectorView classes() const { return {per_class.data(), DType::f32, std::ssize(per_class)}; }
  ConstVectorView rows() const { return {per_row.data(), DType::f32, std::ssize(per_row)}; }
  VectorView to() { return vector(result.data(), std::ssize(result)); }
  IndexView to_indices() { return xent::indices(indices.data(), std::ssize(indices)); }

  std::vector<float> per_class, per_row, result;
  std::vector<std::int64_t> indices;
  std::int64_t count = 0;
  float loss = 0.0F;
};

struct Case {
  std::string name;
  LossOptions options{};
  Upstream upstream{};
  CrossEntropyOutputs outputs{};  ///< besides loss and grad
  TargetKind kind = TargetKind::labels;
  bool grad_targets = false;
  int matrices = 2;  ///< read or written
};

/// The plain call, and the cases that are named; without names, all.
std::vector<Case> cases(Vectors& v, const Memory& shape, std::span<char*> names) {
  const auto per_class = v.classes();
  const auto per_row = v.rows();
  constexpr TargetKind kProbs = TargetKind::probs;
  std::vector<Case> all{
      {.name = "plain"},
      {.name = "plain, again"},
      {.name = "logit_scale", .options = {.transform = {.logit_scale = 0.5}}},
      {.name = "temperature", .options = {.transform = {.temperature = 2.0}}},
      {.name = "valid_classes", .options = {.transform = {.valid_classes = shape.valid()}}},
      {.name = "bias", .options = {.transform = {.bias = per_class}}},
      {.name = "class_weights", .options = {.class_weights = per_class}},
      {.name = "label_smoothing", .options = {.label_smoothing = 0.1}},
      {.name = "z_loss", .options = {.z_loss = 1e-4}},
      {.name = "row_loss", .outputs = {.row_loss = v.to()}},
      {.name = "lse", .outputs = {.lse = v.to()}},
      {.name = "log_prob", .outputs = {.log_prob = v.to()}},
      {.name = "argmax", .outputs = {.argmax = v.to_indices()}},
      {.name = "correct_count", .outputs = {.correct_count = &v.count}},
      {.name = "target_rank", .outputs = {.target_rank = v.to_indices()}},
      {.name = "top_k_count", .outputs = {.top_k_count = &v.count}},
      {.name = "upstream.lse", .upstream = {.lse = per_row}},
      {.name = "upstream.log_prob", .upstream = {.log_prob = per_row}},
      {.name = "no target, upstream.lse", .upstream = {.lse = per_row}, .kind = TargetKind::none},
      {.name = "focal_gamma", .options = {.focal_gamma = 2.0}},
      {.name = "softcap", .options = {.transform = {.softcap = 30.0}}},
      {.name = "entropy", .outputs = {.entropy = v.to()}},
      {.name = "upstream.entropy", .upstream = {.entropy = per_row}},
      {.name = "entropy, upstream.entropy", .upstream = {.entropy = per_row}, .outputs = {.entropy = v.to()}},
      {.name = "soft targets", .kind = kProbs, .matrices = 3},
      {.name = "soft targets, grad_targets", .kind = kProbs, .grad_targets = true, .matrices = 4},
      {.name = "label_smoothing, class_weights",
       .options = {.label_smoothing = 0.1, .class_weights = per_class}},
      {.name = "label_smoothing, focal_gamma", .options = {.label_smoothing = 0.1, .focal_gamma = 2.0}},
  };
  std::erase_if(all, [&](const Case& c) {
    return !names.empty() && c.name != "plain" && std::ranges::find(names, c.name) == names.end();
  });
  return all;
}

double seconds(const Case& c, Memory& memory, Vectors& vectors, int threads) {
  const auto logits = matrix(static_cast<const float*>(memory.logits.data()), memory.rows, memory.classes);
  const auto probs = matrix(static_cast<const float*>(memory.probs.data()), memory.rows, memory.classes);
  CrossEntropyOutputs outputs = c.outputs;
  outputs.loss = vector(&vectors.loss, 1);
  outputs.grad = matrix(memory.grad.data(), memory.rows, memory.classes);
  if (c.grad_targets) outputs.grad_targets = matrix(memory.grad_targets.data(), memory.rows, memory.classes);
  TargetView target;
  if (c.kind == TargetKind::labels) target = labels(memory.labels.data(), memory.rows);
  if (c.kind == TargetKind::probs) target = probs;
  const auto start = std::chrono::steady_clock::now();
  cross_entropy(logits, target, outputs, c.options, c.upstream, {.threads = threads});
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + std::ssize(values) / 2, values.end());
  return values[values.size() / 2];
}

void measure(std::int64_t rows, std::int64_t classes, int rounds, int threads, std::span<char*> names) {
  constexpr int kCalls = 3;
  const double bytes = 4.0 * sizeof(float) * static_cast<double>(rows * classes);
  std::vector<Memory> sets;
  const std::int64_t count = std::min<std::int64_t>(buffer_sets(bytes, threads), 4);
  for (std::int64_t i = 0; i < count; ++i) sets.emplace_back(rows, classes, static_cast<std::uint64_t>(i));
  Vectors vectors(sets.front());
  const std::vector<Case> all = cases(vectors, sets.front(), names);
  std::vector<std::vector<double>> times(all.size());
  std::size_t set = 0;
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      std::vector<double> calls;
      for (int call = -1; call < kCalls; ++call) {
        set = (set + 1) % sets.size();
        const double time = seconds(all[i], sets[set], vectors, threads);
        if (call >= 0) calls.push_back(time);
      }
      times[i].push_back(median(calls));
    }
  }
  std::printf("\n%ld × %ld, f32:\n\n| case | ms | beside plain | bytes |\n|---|--:|--:|--:|\n",
              static_cast<long>(rows), static_cast<long>(classes));
  for (std::size_t i = 0; i < all.size(); ++i) {
    std::vector<double> ratios;
    for (std::size_t r = 0; r < times[i].size(); ++r) ratios.push_back(times[i][r] / times[0][r]);
    std::printf("| %s | %.2f | %.2f× | %.1f× |\n", all[i].name.c_str(), 1e3 * median(times[i]),
                median(ratios), all[i].matrices / 2.0);
  }
}

}  // namespace
}  // namespace xent::bench

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 15;
  const int threads = argc > 2 ? std::atoi(argv[2]) : 0;
  const std::span<char*> names(argv + std::min(argc, 3), argv + argc);
  xent::bench::measure(256, 50257, rounds, threads, names);
  xent::bench::measure(4096, 1000, rounds, threads, names);
}
