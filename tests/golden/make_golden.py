#!/usr/bin/env python3
"""Writes pytorch.json beside this script: losses and gradients of PyTorch in float64, as golden vectors.

Needs `pip install torch numpy`. The numbers are printed with repr, which round-trips doubles; the inputs
are multiples of 1/64 below 2^7 in magnitude, so they are exact in float32 and float16 too.

The layout of a case: "shape" is (N, C) or (N, C, d); matrices are flat lists in that (C, then d) order,
row r of the labels being (n, i) = (r / d, r % d). What a case lacks, the operation has not.

Where PyTorch has no function (focal loss, z-loss, soft capping, entropy …) the case is a composition of what it
has, and autograd's gradient.
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


def soft_targets(generator, shape):
    """Exact in float32; not quite distributions, which nobody asks for."""
    share = torch.rand(shape, generator=generator, dtype=torch.float64)
    return (share / share.sum(dim=1, keepdim=True) * 256).round() / 256


def class_weights(generator, classes):
    weights = (torch.rand(classes, generator=generator, dtype=torch.float64) * 128).round() / 64
    weights[classes // 2] = 0.0
    return weights


def weighted_case(generator, shape, reduction, smoothing, soft, weighted):
    """F.cross_entropy with class weights, with labels (a third ignored) or with distributions."""
    logits = exact_logits(generator, shape, 3.0).requires_grad_()
    weights = class_weights(generator, shape[1]) if weighted else None
    target = soft_targets(generator, shape).requires_grad_() if soft else label_case(generator, shape, True)
    loss = F.cross_entropy(logits, target, weight=weights, reduction=reduction, label_smoothing=smoothing,
                           ignore_index=IGNORE)
    upstream = exact_logits(generator, loss.shape, 2.0)
    loss.backward(upstream)
    case = {"op": "cross_entropy", "shape": list(shape), "reduction": reduction, "smoothing": smoothing,
            "input": flat(logits), "upstream": flat(upstream), "output": flat(loss), "grad": flat(logits.grad)}
    if weighted:
        case["weights"] = flat(weights)
    if soft:
        case |= {"targets": flat(target), "grad_targets": flat(target.grad)}
    else:
        case["labels"] = target.reshape(-1).tolist()
    return case


def transformed(logits, options):
    shape = (1, -1) + (1,) * (logits.dim() - 2)
    u = options.get("logit_scale", 1.0) * logits
    if "bias" in options:
        u = u + torch.tensor(options["bias"], dtype=torch.float64).reshape(shape)
    if "softcap" in options:
        u = options["softcap"] * torch.tanh(u / options["softcap"])
    return u / options.get("temperature", 1.0)


def composed_case(generator, shape, options, soft=False):
    """Loss, lse, log_prob and entropy of every row, all with upstream gradients."""
    logits = exact_logits(generator, shape, 3.0).requires_grad_()
    labels = torch.randint(0, shape[1], (shape[0],) + shape[2:], generator=generator)
    one_hot = F.one_hot(labels, shape[1]).movedim(-1, 1).to(torch.float64)
    q = soft_targets(generator, shape) if soft else one_hot
    q = q.requires_grad_()
    z = transformed(logits, options)
    log_p = F.log_softmax(z, dim=1)
    smoothing = options.get("smoothing", 0.0)
    taken = q * (1 - smoothing) + smoothing / shape[1]
    lse = torch.logsumexp(z, dim=1)
    focal = (1 - log_p.exp()) ** options.get("gamma", 0.0)
    rows = {"output": -(taken * focal * log_p).sum(dim=1) + options.get("z_loss", 0.0) * lse ** 2,
            "lse": lse, "log_prob": (q * log_p).sum(dim=1), "entropy": -(log_p.exp() * log_p).sum(dim=1)}
    upstream = {name: exact_logits(generator, lse.shape, 2.0) for name in rows}
    sum((upstream[name] * value).sum() for name, value in rows.items()).backward()
    case = {"op": "cross_entropy", "shape": list(shape), "reduction": "none", **options, "input": flat(logits),
            "upstream": flat(upstream.pop("output")), "upstreams": {name: flat(g) for name, g in upstream.items()},
            **{name: flat(value) for name, value in rows.items()}, "grad": flat(logits.grad)}
    if soft:
        return case | {"targets": flat(q), "grad_targets": flat(q.grad)}
    return case | {"labels": labels.reshape(-1).tolist()}


def option_cases(generator):
    for shape in ((6, 10), (2, 5, 3)):
        for reduction in ("none", "sum", "mean"):
            for smoothing in (0.0, 0.1):
                for soft in (False, True):
                    for weighted in (False, True):
                        if soft or weighted:  # what is left are the cases above
                            yield weighted_case(generator, shape, reduction, smoothing, soft, weighted)
        bias = [float(b) for b in exact_logits(generator, (shape[1],), 1.0)]
        every = {"logit_scale": 1.5, "softcap": 5.0, "temperature": 2.0, "bias": bias, "gamma": 1.5, "z_loss": 0.125,
                 "smoothing": 0.1}
        alone = [{name: value} for name, value in every.items()]
        for options in [{}, *alone, {"gamma": 0.5}, {"gamma": 2.0, "temperature": 0.5}, every]:
            for soft in (False, True):
                yield composed_case(generator, shape, options, soft)


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
    cases.extend(option_cases(generator))
    lines = ",\n".join(json.dumps(case) for case in cases)
    path = pathlib.Path(__file__).with_name("pytorch.json")
    path.write_text(f'{{"torch": "{torch.__version__}", "ignore_index": {IGNORE}, "cases": [\n{lines}\n]}}\n')
    print(f"{path.name}: {len(cases)} cases, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
