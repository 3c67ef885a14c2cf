#!/usr/bin/env python3
"""Writes pytorch.json beside this script: losses and gradients of PyTorch in float64, as golden vectors.

Needs `pip install torch numpy`. The numbers are printed with repr, which round-trips doubles; the inputs
are multiples of 1/64 below 2^7 in magnitude, so they are exact in float32 and float16 too.

The layout of a case: "shape" is (N, C) or (N, C, d); matrices are flat lists in that (C, then d) order,
row r of the labels being (n, i) = (r / d, r % d). What a case lacks, the operation has not.
"""

import json
import pathlib

import torch
import torch.nn.functional as F

IGNORE = -100


def exact_logits(generator, shape, scale):
    logits = torch.randn(shape, generator=generator, dtype=torch.float64) * scale
    return (logits * 64).round() / 64


def flat(tensor):
    return [float(x) for x in tensor.detach().reshape(-1)]


def label_case(generator, shape, ignored):
    target_shape = (shape[0],) + shape[2:]
    target = torch.randint(0, shape[1], target_shape, generator=generator)
    if ignored:
        target.view(-1)[::3] = IGNORE
    return target


def cross_entropy_case(generator, shape, scale, reduction, ignored, smoothing):
    logits = exact_logits(generator, shape, scale).requires_grad_()
    target = label_case(generator, shape, ignored)
    loss = F.cross_entropy(logits, target, ignore_index=IGNORE, reduction=reduction, label_smoothing=smoothing)
    upstream = exact_logits(generator, loss.shape, 2.0)
    loss.backward(upstream)
    return {
        "op": "cross_entropy", "shape": list(shape), "reduction": reduction, "smoothing": smoothing,
        "input": flat(logits), "labels": target.reshape(-1).tolist(), "upstream": flat(upstream),
        "output": flat(loss), "grad": flat(logits.grad),
    }


def nll_case(generator, shape, reduction, ignored):
    log_probs = F.log_softmax(exact_logits(generator, shape, 2.0), dim=1)
    log_probs = ((log_probs * 64).round() / 64).requires_grad_()
    target = label_case(generator, shape, ignored)
    loss = F.nll_loss(log_probs, target, ignore_index=IGNORE, reduction=reduction)
    upstream = exact_logits(generator, loss.shape, 2.0)
    loss.backward(upstream)
    return {
        "op": "nll", "shape": list(shape), "reduction": reduction,
        "input": flat(log_probs), "labels": target.reshape(-1).tolist(), "upstream": flat(upstream),
        "output": flat(loss), "grad": flat(log_probs.grad),
    }


def softmax_case(generator, op, function, shape, scale):
    logits = exact_logits(generator, shape, scale).requires_grad_()
    output = function(logits, dim=1)
    upstream = exact_logits(generator, shape, 2.0)
    output.backward(upstream)
    return {
        "op": op, "shape": list(shape), "input": flat(logits), "upstream": flat(upstream),
        "output": flat(output), "grad": flat(logits.grad),
    }


def main():
    generator = torch.Generator().manual_seed(20240229)
    cases = []
    for shape, scale in (((4, 1), 1.0), ((5, 3), 2.0), ((6, 10), 4.0), ((2, 33), 8.0), ((2, 5, 3), 2.0)):
        for reduction in ("none", "sum", "mean"):
            for ignored in (False, True):
                for smoothing in (0.0, 0.1):
                    cases.append(cross_entropy_case(generator, shape, scale, reduction, ignored, smoothing))
                cases.append(nll_case(generator, shape, reduction, ignored))
        cases.append(softmax_case(generator, "softmax", F.softmax, shape, scale))
        cases.append(softmax_case(generator, "log_softmax", F.log_softmax, shape, scale))
    lines = ",\n".join(json.dumps(case) for case in cases)
    path = pathlib.Path(__file__).with_name("pytorch.json")
    path.write_text(f'{{"torch": "{torch.__version__}", "ignore_index": {IGNORE}, "cases": [\n{lines}\n]}}\n')
    print(f"{path.name}: {len(cases)} cases, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
