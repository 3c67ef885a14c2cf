// Binary cross-entropy: a kernel over the elements, then the sum of what its blocks added up.
#include <optional>

#include "host/cuda/backend.hpp"
#include "host/cuda/launch.hpp"
#include "host/cuda/reduced_loss.hpp"

namespace xent::cuda {
namespace {

// A tile of a matrix, which a block has at a time: four 16-byte chunks for each of its 256 threads. Three of
// them leave room on a multiprocessor of sm_90 for as many blocks as its registers do.
constexpr std::int64_t kElementTileBytes = 16 << 10;

constexpr std::int64_t divide_up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

}  // namespace

void binary_cross_entropy(const ConstMatrixView& logits, const ConstMatrixView& targets,
                          const BinaryCrossEntropyOutputs& outputs, const BinaryCrossEntropyOptions& options,
                          const BinaryCrossEntropyUpstream& upstream, const Exec& exec) {
  const Layout& shape = logits.layout;
  const std::int64_t rows = shape.rows();
  const std::int64_t tile_elements = kElementTileBytes / static_cast<std::int64_t>(size_of(logits.dtype));
  const bool long_rows = shape.classes > tile_elements;
  const bool mean = options.reduction == Reduction::mean;
  gpu::BinaryCrossEntropyArguments arguments{
      .logits = logits,
      .targets = targets,
      .upstream = upstream.values,
      .losses = outputs.losses,
      .grad = outputs.grad,
      .grad_targets = outputs.grad_targets,
      .class_weights = options.class_weights,
      .pos_weight = options.pos_weight,
      .scale = upstream.scale,
      .upstream_value = upstream.value,
      .divisor = mean ? options.denominator.value_or(static_cast<double>(rows * shape.classes)) : 1.0,
      .divisor_at = options.denominator_at,
      .rows_per_part = long_rows ? 1 : tile_elements / shape.classes,
      // A sum per part has to fit where there is a number per row.
      .columns_per_part = long_rows && !outputs.loss.given() ? tile_elements : shape.classes,
      .tile = gpu::tile_of(tile_elements, size_of(logits.dtype))};
  arguments.tile.bulk =
      plan::fills_in_bulk(kElementTileBytes, gpu::Mapping::block, device_properties(), plan_thresholds());
  const std::int64_t groups = divide_up(rows, arguments.rows_per_part);
  arguments.parts = groups * divide_up(shape.classes, arguments.columns_per_part);
  std::optional<CallWorkspace> workspace;
  if (outputs.loss.given()) {
    workspace.emplace(exec, rows);
    arguments.part_loss = workspace->row_loss();
  }
  if (rows > 0) {
    constexpr gpu::Mapping kMapping = gpu::Mapping::block;
    constexpr int kBlock = gpu::shape_of(kMapping).block;
    const bool third = upstream.values.data != nullptr || outputs.losses.data != nullptr;
    gpu::launch(gpu::instance(gpu::Op::binary_cross_entropy, logits.dtype, kMapping),
                {.grid = plan::flat_grid(arguments.parts * kBlock, kBlock, device_properties()),
                 .shared_bytes = (third ? 3 : 2) * arguments.tile.bytes,
                 .stream = exec.stream},
                arguments);
  }
  if (!workspace) return;
  reduce_losses(*workspace, groups,
                {.loss = outputs.loss,
                 .divisor = arguments.divisor,
                 .divisor_at = arguments.divisor_at,
                 .empty_is_nan = options.empty_mean == EmptyMean::nan},
                exec);
}

}  // namespace xent::cuda
