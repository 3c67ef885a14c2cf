#!/usr/bin/env python3
"""Writes unlabelled.json beside this script: PyTorch's binary cross-entropy and divergences in float64, with the
gradients of both inputs, as golden vectors.

Needs `pip install torch numpy`. Inputs are exact in float32 and the layout of a case is that of pytorch.json
(see make_golden.py); "second" is the other matrix, targets or the q logits.
"""

import json
import pathlib

import torch
import torch.nn.functional as F

from make_golden import exact_logits, flat


def answer(case, inputs, loss, upstream):
    loss.backward(upstream)
    return case | {
        "input": flat(inputs[0]), "second": flat(inputs[1]), "upstream": flat(upstream), "output": flat(loss),
        "grad": flat(inputs[0].grad), "second_grad": flat(inputs[1].grad),
    }


def binary_case(generator, shape, scale, reduction, weighted):
    logits = exact_logits(generator, shape, scale).requires_grad_()
    targets = (torch.rand(shape, generator=generator, dtype=torch.float64) * 64).round() / 64
    targets.requires_grad_()
    case = {"op": "binary_cross_entropy", "shape": list(shape), "reduction": reduction}
    weights = {}
    if weighted:
        per_class = (shape[1],) + (1,) * (len(shape) - 2)
        for name in ("weight", "pos_weight"):
            values = exact_logits(generator, (shape[1],), 2.0).abs()
            case[name] = flat(values)
            weights[name] = values.reshape(per_class)
    loss = F.binary_cross_entropy_with_logits(logits, targets, reduction=reduction, **weights)
    return answer(case, (logits, targets), loss, exact_logits(generator, loss.shape, 2.0))


def divergence_case(generator, op, shape, scale, reduction, temperature, beta):
    p_logits = exact_logits(generator, shape, scale).requires_grad_()
    q_logits = exact_logits(generator, shape, scale).requires_grad_()
    log_p = F.log_softmax(p_logits / temperature, dim=1)
    log_q = F.log_softmax(q_logits / temperature, dim=1)

    def kl(log_of, log_to):
        return F.kl_div(log_to, log_of, reduction="none", log_target=True).sum(dim=1)

    if op == "kl_divergence":
        losses = kl(log_p, log_q)
    else:
        log_m = (beta * log_p.exp() + (1 - beta) * log_q.exp()).log()
        losses = beta * kl(log_p, log_m) + (1 - beta) * kl(log_q, log_m)
    loss = {"none": losses, "sum": losses.sum(), "mean": losses.mean()}[reduction]
    case = {"op": op, "shape": list(shape), "reduction": reduction, "temperature": temperature, "beta": beta}
    return answer(case, (p_logits, q_logits), loss, exact_logits(generator, loss.shape, 2.0))


def main():
    generator = torch.Generator().manual_seed(20240301)
    cases = []
    for shape, scale in (((4, 1), 1.0), ((5, 3), 2.0), ((3, 33), 4.0), ((2, 5, 3), 2.0)):
        for reduction in ("none", "sum", "mean"):
            for weighted in (False, True):
                cases.append(binary_case(generator, shape, scale, reduction, weighted))
            for temperature in (1.0, 2.5):
                cases.append(divergence_case(generator, "kl_divergence", shape, scale, reduction, temperature, 0.5))
            for beta in (0.5, 0.125):
                cases.append(divergence_case(generator, "js_divergence", shape, scale, reduction, 1.0, beta))
    lines = ",\n".join(json.dumps(case) for case in cases)
    path = pathlib.Path(__file__).with_name("unlabelled.json")
    path.write_text(f'{{"torch": "{torch.__version__}", "cases": [\n{lines}\n]}}\n')
    print(f"{path.name}: {len(cases)} cases, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
