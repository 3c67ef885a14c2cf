// Tensors fcN.weight and fcN.bias, optim.<tensor>.<moment>; recipe and progress in the metadata.
#include "host/mlp/checkpoint.hpp"

#include <cstring>
#include <limits>

#include <xent/error.hpp>

#include "host/io/error.hpp"
#include "host/io/file.hpp"
#include "host/mlp/recipe_fields.hpp"
#include "host/mlp/safetensors.hpp"

namespace xent::mlp {
namespace {

constexpr const char* kVersion = "1";

struct MomentNames {
  const char* first;
  const char* second;  ///< null if the optimizer has one moment
};

MomentNames moment_names(Optimizer optimizer) {
  return optimizer == Optimizer::sgd ? MomentNames{"momentum_buffer", nullptr}
                                     : MomentNames{"exp_avg", "exp_avg_sq"};
}

/// visit(name, shape, values) for every tensor of the network.
template <class Network, class Visitor>
void each_tensor(Network& network, Optimizer optimizer, const Visitor& visit) {
  const MomentNames moments = moment_names(optimizer);
  const auto parameter = [&](const std::string& name, const std::vector<std::int64_t>& shape, auto& tensor) {
    visit(name, shape, tensor.value);
    visit("optim." + name + "." + moments.first, shape, tensor.moment1);
    if (moments.second != nullptr) visit("optim." + name + "." + moments.second, shape, tensor.moment2);
  };
  for (std::size_t l = 0; l < network.size(); ++l) {
    auto& layer = network[l];
    const std::string name = "fc" + std::to_string(l + 1);
    parameter(name + ".weight", {layer.outputs, layer.inputs}, layer.weight);
    parameter(name + ".bias", {layer.outputs}, layer.bias);
  }
}

template <class Float>
std::vector<std::byte> packed(const std::vector<double>& values) {
  const std::vector<Float> rounded(values.begin(), values.end());
  std::vector<std::byte> bytes(rounded.size() * sizeof(Float));
  std::memcpy(bytes.data(), rounded.data(), bytes.size());
  return bytes;
}

template <class Float>
std::vector<double> unpacked(std::span<const std::byte> bytes) {
  std::vector<Float> values(bytes.size() / sizeof(Float));
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return {values.begin(), values.end()};
}

/// Steps in an epoch and so on must agree, or a resumed run would read outside its own shuffle.
void check_progress(const Checkpoint& checkpoint) {
  const auto require = [](bool holds, const char* field, const auto value, const std::string& allowed) {
    if (!holds)
      throw InvalidArgument(std::string(field) + " is " + std::to_string(value) + ", must be " + allowed);
  };
  const Progress& p = checkpoint.progress;
  const Recipe& recipe = checkpoint.recipe;
  require(checkpoint.samples >= 1 && checkpoint.samples <= std::numeric_limits<std::int32_t>::max(),
          "data.samples", checkpoint.samples, "from 1 to 2^31 - 1");
  const std::int64_t steps = (checkpoint.samples + recipe.batch - 1) / recipe.batch;
  require(p.epoch >= 0 && p.epoch <= recipe.epochs, "progress.epoch", p.epoch,
          "from 0 to " + std::to_string(recipe.epochs));
  const std::int64_t last = p.epoch == recipe.epochs ? 0 : steps - 1;
  require(p.step_in_epoch >= 0 && p.step_in_epoch <= last, "progress.step_in_epoch", p.step_in_epoch,
          "from 0 to " + std::to_string(last));
  require(p.step == p.epoch * steps + p.step_in_epoch, "progress.step", p.step,
          std::to_string(p.epoch * steps + p.step_in_epoch));
  // The sums of an epoch stay readable after its end, until the next one's first step.
  const std::int64_t ended = p.epoch > 0 ? checkpoint.samples : 0;
  const std::int64_t seen = p.step_in_epoch > 0 ? p.step_in_epoch * recipe.batch : ended;
  require(p.epoch_samples == seen, "progress.epoch_samples", p.epoch_samples, std::to_string(seen));
  require(p.epoch_correct >= 0 && p.epoch_correct <= p.epoch_samples, "progress.epoch_correct",
          p.epoch_correct, "from 0 to " + std::to_string(p.epoch_samples));
}

Checkpoint read_metadata(const Fields& fields) {
  const auto version = fields.find("xent.version");
  if (version == fields.end() || version->second != kVersion) {
    throw InvalidArgument("xent.version is " +
                          (version == fields.end() ? "missing" : '"' + version->second + '"') +
                          ", this program reads \"" + kVersion + "\"");
  }
  Checkpoint checkpoint{.recipe = read_recipe(fields),
                        .progress = read_progress(fields),
                        .samples = read_integer(fields, "data.samples"),
                        .data_fingerprint = read_unsigned(fields, "data.fingerprint")};
  if (const auto note = fields.find("note"); note != fields.end()) checkpoint.note = note->second;
  check(checkpoint.recipe);
  check_progress(checkpoint);
  return checkpoint;
}

void read_network(const safetensors::File& file, Checkpoint& checkpoint) {
  const auto& widths = checkpoint.recipe.layers;
  for (std::size_t l = 0; l + 1 < widths.size(); ++l) {
    checkpoint.network.push_back({.inputs = widths[l], .outputs = widths[l + 1]});
  }
  std::size_t used = 0;
  std::string dtype;
  each_tensor(
      checkpoint.network, checkpoint.recipe.optimizer,
      [&](const std::string& name, const std::vector<std::int64_t>& shape, std::vector<double>& values) {
        const auto found = file.tensors.find(name);
        if (found == file.tensors.end()) throw InvalidArgument("tensor " + name + " is missing");
        const safetensors::Tensor& tensor = found->second;
        if (tensor.shape != shape) throw InvalidArgument("tensor " + name + " has not the recipe's shape");
        if (dtype.empty()) dtype = tensor.dtype;
        if ((dtype != "F32" && dtype != "F64") || tensor.dtype != dtype) {
          throw InvalidArgument("tensor " + name + " has dtype " + tensor.dtype +
                                ", must be F32 or F64, one for all");
        }
        values = dtype == "F32" ? unpacked<float>(tensor.bytes) : unpacked<double>(tensor.bytes);
        ++used;
      });
  if (used != file.tensors.size()) {
    throw InvalidArgument("it holds " + std::to_string(file.tensors.size()) + " tensors, the recipe has " +
                          std::to_string(used));
  }
  checkpoint.dtype = dtype == "F32" ? DType::f32 : DType::f64;
}

}  // namespace

std::vector<std::byte> encode(const Checkpoint& checkpoint) {
  safetensors::File file;
  file.metadata = {{"format", "pt"},  // the mark by which PyTorch's loaders know their layout
                   {"xent.version", kVersion},
                   {"data.samples", std::to_string(checkpoint.samples)},
                   {"data.fingerprint", std::to_string(checkpoint.data_fingerprint)}};
  if (!checkpoint.note.empty()) file.metadata["note"] = checkpoint.note;
  write_fields(checkpoint.recipe, file.metadata);
  write_fields(checkpoint.progress, file.metadata);
  const bool wide = checkpoint.dtype == DType::f64;
  std::vector<std::vector<std::byte>> contents;
  each_tensor(checkpoint.network, checkpoint.recipe.optimizer,
              [&](const std::string& name, const std::vector<std::int64_t>& shape,
                  const std::vector<double>& values) {
                contents.push_back(wide ? packed<double>(values) : packed<float>(values));
                file.tensors[name] = {
                    .dtype = wide ? "F64" : "F32", .shape = shape, .bytes = contents.back()};
              });
  return safetensors::serialise(file);
}

Checkpoint decode(std::span<const std::byte> bytes, const std::string& source) {
  const safetensors::File file = safetensors::parse(bytes, source);
  try {
    Checkpoint checkpoint = read_metadata(file.metadata);
    read_network(file, checkpoint);
    return checkpoint;
  } catch (const InvalidArgument& error) {
    throw io::FormatError(source + ": not a checkpoint of this trainer: " + error.what());
  }
}

Checkpoint load_checkpoint(const std::filesystem::path& path) {
  return decode(io::read_file(path), path.string());
}

}  // namespace xent::mlp
