// Checkpoints: any bytes give a container that reads back as itself, and a checkpoint that a run can resume
// from; or a FormatError.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "host/io/error.hpp"
#include "host/mlp/checkpoint.hpp"
#include "host/mlp/safetensors.hpp"

namespace {

using namespace xent::mlp;

void require(bool promise) {
  if (!promise) std::abort();
}

bool equal(const safetensors::Tensor& a, const safetensors::Tensor& b) {
  return a.dtype == b.dtype && a.shape == b.shape &&
         std::equal(a.bytes.begin(), a.bytes.end(), b.bytes.begin(), b.bytes.end());
}

void check_container(std::span<const std::byte> bytes) {
  const safetensors::File file = safetensors::parse(bytes, "input");
  const std::vector<std::byte> again = safetensors::serialise(file);
  const safetensors::File read = safetensors::parse(again, "again");
  require(read.metadata == file.metadata && read.tensors.size() == file.tensors.size());
  for (const auto& [name, tensor] : file.tensors) require(equal(tensor, read.tensors.at(name)));
}

void check_checkpoint(std::span<const std::byte> bytes) {
  const Checkpoint checkpoint = decode(bytes, "input");
  check(checkpoint.recipe);
  require(checkpoint.network.size() + 1 == checkpoint.recipe.layers.size());
  for (const LayerState& layer : checkpoint.network) {
    const auto weights = static_cast<std::size_t>(layer.inputs * layer.outputs);
    require(layer.weight.value.size() == weights && layer.weight.moment1.size() == weights);
    require(std::ssize(layer.bias.value) == layer.outputs);
  }
  const Checkpoint again = decode(encode(checkpoint), "again");
  require(again.recipe == checkpoint.recipe && again.note == checkpoint.note);
  require(again.progress.step == checkpoint.progress.step);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  for (const auto& judge : {check_container, check_checkpoint}) {
    try {
      judge(bytes);
    } catch (const xent::io::FormatError&) {
    }
  }
  return 0;
}
