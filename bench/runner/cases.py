"""What is measured, and against whom."""

import math
from dataclasses import dataclass, field

SHAPES = [(8192, 10), (4096, 1000), (256, 50257), (128, 128256)]

# The grid: from yes or no over the classes of MNIST, CIFAR-100 and ImageNet to the vocabularies of Llama 2, GPT-2,
# Llama 3, Qwen and Gemma.
GRID_OPERATIONS = ["cross_entropy", "cross_entropy_forward", "cross_entropy_backward", "softmax", "softmax_backward",
                   "log_softmax", "log_softmax_backward", "nll", "nll_backward"]
GRID_DTYPES = ["f32", "bf16", "f16", "f64"]
ELEMENT_BYTES = {"f32": 4, "bf16": 2, "f16": 2, "f64": 8}
GRID_CLASSES = [2, 10, 100, 1000, 32000, 50257, 128256, 151936, 256000]
GRID_ELEMENTS = 1 << 22
LEAST_ROWS = 4  # for each thread, so that none waits long for the last row


@dataclass(frozen=True)
class LossCase:
    operation: str
    dtype: str
    rows: int
    classes: int
    reduction: str = "mean"

    def words(self):
        return [self.operation, self.dtype, self.rows, self.classes, self.reduction]


@dataclass(frozen=True)
class Peer:
    label: str
    variant: str
    program: str = "pytorch"
    environment: dict = field(default_factory=dict)
    losses: bool = True
    training: bool = True


# The C library hands large freed blocks back to the kernel, so PyTorch's fresh gradient is cleared page by
# page in every call. These settings make it keep them, as a tuned process might.
KEEP_MEMORY = {"MALLOC_MMAP_THRESHOLD_": "4294967296", "MALLOC_TRIM_THRESHOLD_": "4294967296",
               "MALLOC_TOP_PAD_": "268435456"}

EAGER = Peer("PyTorch eager", "eager")
PEERS = [
    EAGER,
    Peer("eager, freed memory kept", "eager", environment=KEEP_MEMORY, training=False),
    Peer("eager, fused Adam", "fused", losses=False),
    Peer("oneDNN", "", "onednn", training=False),
]
COMPILED = Peer("torch.compile", "compile")


def loss_cases(quick):
    headline = [LossCase("cross_entropy", "f32", *shape) for shape in SHAPES]
    if quick:
        return headline
    others = [LossCase("cross_entropy", "f32", *shape, "none") for shape in SHAPES]
    others += [LossCase("cross_entropy", dtype, *shape) for dtype in ("bf16", "f16") for shape in SHAPES]
    others += [LossCase(operation, "f32", *shape)
               for operation in ("cross_entropy_forward", "cross_entropy_backward", "softmax", "log_softmax")
               for shape in SHAPES]
    return headline + others


def grid_rows(classes, threads):
    """About as many as make GRID_ELEMENTS: the nearest power of two."""
    return max(LEAST_ROWS * threads, 2 ** round(math.log2(GRID_ELEMENTS / classes)))


def grid_cases(threads, quick):
    return [LossCase(operation, dtype, grid_rows(classes, threads), classes)
            for operation in GRID_OPERATIONS for dtype in GRID_DTYPES
            for classes in ([10, 50257] if quick else GRID_CLASSES)]
