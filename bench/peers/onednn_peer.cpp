// xent-bench-onednn THREADS: oneDNN's side of bench/run. Takes the commands of xent-bench-server
// (bench/server.cpp); a prepared case is told how many sets of buffers to use in turn.
//
// oneDNN has softmax and log-softmax, forward and backward. What else it is asked for, and the types that it
// has no kernel for on this processor, it answers with an error that says so.
#include <cmath>
#include <cstddef>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>

#include <omp.h>

#include <nlohmann/json.hpp>
#include <oneapi/dnnl/dnnl.hpp>
#include <xent/dtype.hpp>

#include "bench/protocol.hpp"
#include "bench/random_logits.hpp"
#include "bench/workload.hpp"
#include "bench/workloads.hpp"

namespace {

using dnnl::memory;
using nlohmann::json;
using namespace xent::bench;

// Version 3 took the descriptors away and called softmax_v2 softmax.
#if DNNL_VERSION_MAJOR >= 3
using Forward = dnnl::softmax_forward;
using Backward = dnnl::softmax_backward;
#else
using Forward = dnnl::softmax_v2_forward;
using Backward = dnnl::softmax_v2_backward;
#endif

std::string version() {
  const dnnl_version_t* v = dnnl_version();
  return std::to_string(v->major) + "." + std::to_string(v->minor) + "." + std::to_string(v->patch);
}

struct Case {
  std::string operation;
  std::string dtype;
  std::int64_t rows = 0;
  std::int64_t classes = 0;
  std::int64_t sets = 1;

  std::int64_t size() const { return rows * classes; }
  bool backward() const { return operation.ends_with("_backward"); }
  dnnl::algorithm algorithm() const {
    if (operation.starts_with("softmax")) return dnnl::algorithm::softmax_accurate;
    return dnnl::algorithm::softmax_log;
  }
};

bool has(const std::string& operation) {
  return operation == "softmax" || operation == "log_softmax" || operation == "softmax_backward" ||
         operation == "log_softmax_backward";
}

/// A type as oneDNN names it, and how numbers are stored in it.
struct Type {
  memory::data_type type;
  std::int64_t bytes;
  void (*store)(std::byte* to, std::int64_t index, float value);
  float (*load)(const std::byte* from, std::int64_t index);
};

template <class T>
constexpr Type type_of(memory::data_type type) {
  return {type, sizeof(T),
          [](std::byte* to, std::int64_t index, float value) { reinterpret_cast<T*>(to)[index] = T(value); },
          [](const std::byte* from, std::int64_t index) {
            return static_cast<float>(reinterpret_cast<const T*>(from)[index]);
          }};
}

Type type(const std::string& dtype) {
  if (dtype == "f32") return type_of<float>(memory::data_type::f32);
  if (dtype == "bf16") return type_of<xent::bf16>(memory::data_type::bf16);
  if (dtype == "f16") return type_of<xent::f16>(memory::data_type::f16);
#if DNNL_VERSION_MAJOR >= 3
  if (dtype == "f64") return type_of<double>(memory::data_type::f64);
#endif
  throw std::runtime_error("oneDNN " + version() + " has no type " + dtype);
}

Forward::primitive_desc forward(const Case& c, const memory::desc& desc, const dnnl::engine& engine) {
  const auto kind = c.backward() ? dnnl::prop_kind::forward_training : dnnl::prop_kind::forward_inference;
#if DNNL_VERSION_MAJOR >= 3
  return {engine, kind, c.algorithm(), desc, desc, 1};
#else
  return {Forward::desc(kind, c.algorithm(), desc, desc, 1), engine};
#endif
}

Backward::primitive_desc backward(const Case& c, const memory::desc& desc, const dnnl::engine& engine,
                                  const Forward::primitive_desc& hint) {
#if DNNL_VERSION_MAJOR >= 3
  return {engine, c.algorithm(), desc, desc, desc, 1, hint};
#else
  return {Backward::desc(c.algorithm(), desc, desc, desc, 1), engine, hint};
#endif
}

/// One set of buffers: what a call reads and writes, allocated beforehand as xent's are.
struct Set {
  Buffer<std::byte> random;  ///< logits; in a backward the gradient from above, of the same numbers
  Buffer<std::byte> saved;   ///< softmax or log-softmax of them; empty in a forward
  Buffer<std::byte> result;

  Set(const Case& c, const Type& type, std::int64_t seed)
      : random(c.size() * type.bytes),
        saved(c.backward() ? c.size() * type.bytes : 0),
        result(c.size() * type.bytes) {
#pragma omp parallel for  // by those who will use it, so that each page lies near them
    for (std::int64_t row = 0; row < c.rows; ++row) {
      for (std::int64_t i = row * c.classes; i < (row + 1) * c.classes; ++i) {
        const auto number = (static_cast<std::uint64_t>(seed) << 40U) + static_cast<std::uint64_t>(i);
        type.store(random.data(), i, random_logit(number));
        type.store(result.data(), i, 0.0F);
        if (c.backward()) type.store(saved.data(), i, 0.0F);
      }
    }
  }
};

/// Whether the set's first row holds what was asked for: to be fast at something else counts for nothing.
bool right(const Case& c, const Type& type, const Set& set) {
  const bool log = c.operation.starts_with("log_softmax");
  double exponentials = 0.0;  // of the logits: no logit here is large enough to overflow
  double sum = 0.0;           // that a backward subtracts
  for (std::int64_t i = 0; i < c.classes; ++i) {
    const double x = type.load(set.random.data(), i);
    exponentials += std::exp(x);
    if (c.backward()) sum += log ? x : x * type.load(set.saved.data(), i);
  }
  for (std::int64_t i = 0; i < c.classes; ++i) {
    const double x = type.load(set.random.data(), i);
    const double p = std::exp(x) / exponentials;
    double want = log ? std::log(p) : p;
    if (c.backward()) want = log ? x - p * sum : p * (x - sum);
    const double magnitude = std::abs(want) + (c.backward() ? p * std::abs(sum) : 0.0);
    // Room for the rounding of 16-bit types, and for f16 below its normal numbers.
    if (!(std::abs(type.load(set.result.data(), i) - want) <= 0.03 * magnitude + 1e-6)) return false;
  }
  return true;
}

using Arguments = std::unordered_map<int, memory>;

Workload workload(const Case& c) {
  if (!has(c.operation)) throw std::runtime_error("oneDNN has no " + c.operation);
  const Type stored = type(c.dtype);
  const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  dnnl::stream stream(engine);
  const memory::desc desc({c.rows, c.classes}, stored.type, memory::format_tag::ab);
  const Forward::primitive_desc forward_desc = forward(c, desc, engine);
  const Forward forward_once(forward_desc);
  dnnl::primitive primitive = forward_once;
  if (c.backward()) primitive = Backward(backward(c, desc, engine, forward_desc));

  auto sets = std::make_shared<std::vector<Set>>();
  std::vector<Arguments> arguments;
  for (std::int64_t i = 0; i < c.sets; ++i) {
    Set& set = sets->emplace_back(c, stored, i);
    const memory random(desc, engine, set.random.data());
    const memory result(desc, engine, set.result.data());
    if (!c.backward()) {
      arguments.push_back({{DNNL_ARG_SRC, random}, {DNNL_ARG_DST, result}});
      continue;
    }
    const memory saved(desc, engine, set.saved.data());
    forward_once.execute(stream, {{DNNL_ARG_SRC, random}, {DNNL_ARG_DST, saved}});
    stream.wait();
    arguments.push_back({{DNNL_ARG_DST, saved}, {DNNL_ARG_DIFF_DST, random}, {DNNL_ARG_DIFF_SRC, result}});
  }
  primitive.execute(stream, arguments[0]);
  stream.wait();
  if (!right(c, stored, sets->front())) throw std::runtime_error("oneDNN computes something else");
  return {.call =
              [=, keep = sets, next = std::size_t{0}]() mutable {
                primitive.execute(stream, arguments[next]);
                stream.wait();
                next = (next + 1) % arguments.size();
              },
          .sets = c.sets};
}

Workload prepare(std::istream& command) {
  Case c;
  c.operation = word<std::string>(command, "operation");
  c.dtype = word<std::string>(command, "dtype");
  c.rows = positive(command, "rows");
  c.classes = positive(command, "classes");
  word<std::string>(command, "reduction");  // which none of these has
  c.sets = positive(command, "sets");
  try {
    return workload(c);
  } catch (const dnnl::error& error) {
    if (error.status != dnnl_unimplemented) throw;
    throw std::runtime_error("oneDNN " + version() + " has no " + c.operation + " of " + c.dtype +
                             " on this processor");
  }
}

json answer(Workloads& workloads, std::istream& command) {
  const auto verb = word<std::string>(command, "command");
  const auto name = word<std::string>(command, "name");
  if (verb == "prepare") return workloads.prepare(name, [&] { return prepare(command); });
  if (verb == "run") return workloads.run(name, command);
  if (verb == "drop") return workloads.drop(name);
  throw std::runtime_error("command \"" + verb + "\" is not known");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: xent-bench-onednn THREADS   (bench/run drives it)\n";
    return 2;
  }
  try {
    omp_set_num_threads(std::stoi(argv[1]));
    const json facts{{"name", "oneDNN"}, {"version", version()}, {"threads", omp_get_max_threads()}};
    std::cout << facts << std::endl;
    Workloads workloads;
    serve([&](std::istream& command) { return answer(workloads, command); });
  } catch (const std::exception& error) {
    std::cerr << "xent-bench-onednn: " << error.what() << "\n";
    return 1;
  }
}
