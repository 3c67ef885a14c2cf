"""Cross-entropy on a GPU as each peer's users call it. Imports happen in here: what is missing says so."""

import torch
import torch.nn.functional as F

DTYPES = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}


class Library:
    """A mean loss of (logits, labels), and what else the library has."""

    def __init__(self, version, loss=None, softmax=None, log_softmax=None):
        self.version = version
        self.loss, self.softmax, self.log_softmax = loss, softmax, log_softmax

    def forget(self):
        """Before a new shape."""


class Compiled(Library):
    def forget(self):
        # After a few shapes the compiler would give up on constants, or give up altogether and run eagerly.
        torch.compiler.reset()


def eager():
    return Library(torch.__version__, F.cross_entropy, lambda x: torch.softmax(x, 1),
                   lambda x: torch.log_softmax(x, 1))


def compiled():
    plain = eager()
    return Compiled(plain.version, *(torch.compile(function, dynamic=False)
                                     for function in (plain.loss, plain.softmax, plain.log_softmax)))


def installed(package):
    from importlib import metadata

    return metadata.version(package)


def liger():
    from liger_kernel.transformers.functional import liger_cross_entropy

    try:
        from liger_kernel.transformers.functional import liger_softmax
    except ImportError:  # earlier ones have none
        liger_softmax = None
    return Library(installed("liger-kernel"), liger_cross_entropy, liger_softmax)


def quack():
    from quack.cross_entropy import cross_entropy
    from quack.softmax import softmax

    return Library(installed("quack-kernels"),
                   lambda logits, labels: cross_entropy(logits, labels, reduction="mean"), softmax)


def flash():
    from flash_attn.ops.triton.cross_entropy import cross_entropy_loss

    return Library(installed("flash-attn"), lambda logits, labels: cross_entropy_loss(logits, labels)[0].mean())


def apex():
    from apex.contrib.xentropy import SoftmaxCrossEntropyLoss

    # No smoothing, no padding index, losses in the logits' type.
    return Library("unknown", lambda logits, labels:
                   SoftmaxCrossEntropyLoss.apply(logits, labels, 0.0, -100, False).mean())


def cce():
    installed("cut-cross-entropy")
    raise RuntimeError("cut-cross-entropy takes embeddings and a classifier, never logits: no operation here is its own")


def cudnn_softmax():
    import cudnn_library

    library = cudnn_library.Softmax(cudnn_library.load())
    names = {dtype: name for name, dtype in DTYPES.items()}

    class Function(torch.autograd.Function):
        @staticmethod
        def forward(context, x, log):
            y = torch.empty_like(x)
            library.forward(names[x.dtype], *x.shape, x.data_ptr(), y.data_ptr(), log, stream())
            context.save_for_backward(y)
            context.log = log
            return y

        @staticmethod
        def backward(context, upstream):
            y, = context.saved_tensors
            grad = torch.empty_like(y)
            library.backward(names[y.dtype], *y.shape, y.data_ptr(), upstream.data_ptr(), grad.data_ptr(), context.log,
                             stream())
            return grad, None

    def stream():
        return torch.cuda.current_stream().cuda_stream

    x = torch.randn(8, 100, device="cuda")
    for log, truth in ((False, torch.softmax(x, 1)), (True, torch.log_softmax(x, 1))):
        if not torch.allclose(Function.apply(x, log), truth, atol=1e-5):
            raise RuntimeError("cuDNN's softmax gave other numbers than PyTorch's")
    return Library(library.version(), softmax=lambda x: Function.apply(x, False),
                   log_softmax=lambda x: Function.apply(x, True))


VARIANTS = {"eager": eager, "compile": compiled, "liger": liger, "quack": quack, "flash": flash, "apex": apex,
            "cce": cce, "cudnn": cudnn_softmax}


def level2_bytes():
    return getattr(torch.cuda.get_device_properties(0), "L2_cache_size", 128 << 20)


class Buffers:
    """As many sets of logits and labels as xent uses in turn."""

    def __init__(self, operation, dtype, rows, classes, sets):
        gradient = operation.startswith("cross_entropy") or operation.endswith("_backward")
        first = (2 * torch.randn(rows, classes, device="cuda")).to(DTYPES[dtype])
        copies = [first] + [first.clone() for _ in range(sets - 1)]
        self.logits = [logits.requires_grad_(gradient) for logits in copies]
        self.labels = [torch.randint(classes, (rows,), device="cuda") for _ in range(sets)]
        self.pristine = None
        if operation == "cross_entropy_in_place":
            self.pristine = first.detach().clone()
            self.flush = torch.empty(2 * level2_bytes(),
                                     dtype=torch.uint8, device="cuda")

    def restore(self):
        """The logits that gradients replaced; then these are swept out of the cache."""
        with torch.no_grad():
            for logits in self.logits:
                logits.copy_(self.pristine)
            self.flush.zero_()


def call_of(library, operation, buffers):
    """A function of the number of a set that does the operation once."""
    library.forget()
    logits, labels = buffers.logits, buffers.labels
    needed = operation.removesuffix("_backward") if "softmax" in operation else "loss"
    if getattr(library, needed) is None:
        raise RuntimeError(f"has no {operation}")

    def forward_backward(i):
        torch.autograd.grad(library.loss(logits[i], labels[i]), logits[i])

    def forward(i):
        with torch.no_grad():
            library.loss(logits[i], labels[i])

    def softmax(i):
        with torch.no_grad():
            library.softmax(logits[i])

    def log_softmax(i):
        with torch.no_grad():
            library.log_softmax(logits[i])

    if operation == "cross_entropy_backward":
        losses = [library.loss(*pair) for pair in zip(logits, labels)]
        return lambda i: torch.autograd.grad(losses[i], logits[i], retain_graph=True)
    if operation.endswith("softmax_backward"):
        results = [getattr(library, needed)(one) for one in logits]
        upstream = [torch.randn_like(one) for one in logits]
        return lambda i: torch.autograd.grad(results[i], logits[i], upstream[i], retain_graph=True)
    return {"cross_entropy": forward_backward, "cross_entropy_in_place": forward_backward,
            "cross_entropy_forward": forward, "softmax": softmax, "log_softmax": log_softmax}[operation]
