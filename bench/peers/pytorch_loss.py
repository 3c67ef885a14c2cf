"""Softmax and cross-entropy as PyTorch's users call them."""

import itertools

import torch
import torch.nn.functional as F

DTYPES = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16, "f64": torch.float64}


def workload(operation, dtype, rows, classes, reduction, sets, variant):
    """A call without arguments that does the operation once, on the next of `sets` sets of buffers."""
    loss = torch.compile(F.cross_entropy) if variant == "compile" else F.cross_entropy
    upstream = torch.randn(rows).to(DTYPES[dtype]) if reduction == "none" else None
    buffers = [make_set(operation, DTYPES[dtype], rows, classes) for _ in range(sets)]
    turn = itertools.cycle(buffers)

    def forward_backward():
        logits, labels = next(turn)
        value = loss(logits, labels, reduction=reduction)
        return torch.autograd.grad(value, logits, upstream)

    def forward():
        with torch.no_grad():
            return loss(*next(turn), reduction=reduction)

    def softmax():
        return torch.softmax(next(turn)[0], 1)

    def log_softmax():
        return torch.log_softmax(next(turn)[0], 1)

    if operation.endswith("_backward"):
        graphs = itertools.cycle([(*graph(operation, *pair, reduction, loss, upstream), pair[0]) for pair in buffers])

        def backward():
            value, from_above, logits = next(graphs)
            return torch.autograd.grad(value, logits, from_above, retain_graph=True)

        return backward
    def nll():
        with torch.no_grad():
            return F.nll_loss(*next(turn), reduction=reduction)

    return {"cross_entropy": forward_backward, "cross_entropy_forward": forward, "softmax": softmax,
            "log_softmax": log_softmax, "nll": nll}[operation]


def graph(operation, logits, labels, reduction, loss, upstream):
    """What a backward goes back from, and the gradient that arrives there."""
    if operation == "cross_entropy_backward":
        return loss(logits, labels, reduction=reduction), upstream
    if operation == "nll_backward":
        return F.nll_loss(logits, labels, reduction=reduction), upstream
    forward = {"softmax_backward": torch.softmax, "log_softmax_backward": torch.log_softmax}[operation]
    return forward(logits, 1), torch.randn(logits.shape).to(logits.dtype)


def make_set(operation, dtype, rows, classes):
    logits = (2 * torch.randn(rows, classes)).to(dtype)
    needs_grad = operation.startswith("cross_entropy") or operation.endswith("_backward")
    return logits.requires_grad_(needs_grad), torch.randint(classes, (rows,))
