"""What is measured, and against whom."""

from dataclasses import dataclass, field

SHAPES = [(8192, 10), (4096, 1000), (256, 50257), (128, 128256)]


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
    Peer("eager, freed memory kept", "eager", KEEP_MEMORY, training=False),
    Peer("eager, fused Adam", "fused", losses=False),
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
