"""What is measured on a GPU, and against whom."""

from dataclasses import dataclass, replace

SHAPES = [(65536, 10), (32768, 1000), (16384, 4096), (8192, 32000), (8192, 50257), (4096, 128256),
          (2048, 256000)]
QUICK_SHAPES = [(32768, 1000), (4096, 128256)]
DTYPES = ["bf16", "f32"]
# In this order, should time run out.
OPERATIONS = ["cross_entropy", "cross_entropy_forward", "cross_entropy_in_place", "cross_entropy_backward",
              "softmax", "log_softmax", "softmax_backward", "log_softmax_backward"]


@dataclass(frozen=True)
class GpuCase:
    operation: str
    dtype: str
    rows: int
    classes: int
    mode: str = "graph"

    def words(self):
        return [self.operation, self.dtype, self.rows, self.classes, self.mode]

    def streamed(self):
        return replace(self, mode="stream")


@dataclass(frozen=True)
class GpuPeer:
    """`variant` is what bench/peers/gpu_peer.py calls it."""

    label: str
    variant: str
    operations: tuple


LOSSES = ("cross_entropy", "cross_entropy_forward")
BACKWARD = "cross_entropy_backward"  # by autograd, from what its forward saved
PEERS = [
    GpuPeer("PyTorch eager", "eager", tuple(op for op in OPERATIONS if op != "cross_entropy_in_place")),
    GpuPeer("torch.compile", "compile", (*LOSSES, "softmax", "log_softmax")),
    # Its gradient always replaces the logits.
    GpuPeer("Liger", "liger", ("cross_entropy_in_place", "softmax", "softmax_backward")),
    GpuPeer("QuACK", "quack", (*LOSSES, BACKWARD, "softmax", "softmax_backward")),
    GpuPeer("cut-cross-entropy", "cce", ()),  # says why it has none
    GpuPeer("flash-attn", "flash", (*LOSSES, BACKWARD)),
    GpuPeer("apex", "apex", (*LOSSES, BACKWARD)),
    GpuPeer("cuDNN", "cudnn", ("softmax", "log_softmax", "softmax_backward", "log_softmax_backward")),
]

# So little work that the way it is asked for is all that takes time.
LATENCY = [GpuCase("cross_entropy", "f32", 64, 10, mode) for mode in ("graph", "stream", "call")]


def gpu_cases(operations=None, dtypes=None, shapes=None):
    """All, or those of the given operations, types and shapes."""
    chosen = [GpuCase(operation, dtype, *shape) for operation in operations or OPERATIONS
              for dtype in dtypes or DTYPES for shape in shapes or SHAPES]
    return chosen if shapes else LATENCY + chosen
