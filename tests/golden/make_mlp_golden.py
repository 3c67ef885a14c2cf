#!/usr/bin/env python3
"""Writes mlp_golden.json: losses of 100 training steps by PyTorch, for tests/mlp/golden_test.cpp.

Weights, pixels, labels and batches are pure functions of Philox4x32-10 words, computed here with NumPy and in
the test with the trainer's own code, so the file holds nothing but losses. Needs numpy and torch.
"""
import json
import pathlib

import numpy as np
import torch
import torch.nn.functional as F

STEPS, BATCH, SAMPLES, SEED = 100, 64, 512, 2024
# Purposes as in kernels/mlp/random.hpp; the data use one that the trainer does not.
WEIGHT_INIT, BIAS_INIT, MADE_UP_DATA = 0, 1, 200

CASES = {
    "adam": dict(layers=[64, 48, 10], optimizer="adam", lr=0.01, weight_decay=0.0, label_smoothing=0.0),
    "adam_decay": dict(layers=[64, 48, 10], optimizer="adam", lr=0.003, weight_decay=0.01, label_smoothing=0.1),
    "adamw": dict(layers=[64, 48, 32, 10], optimizer="adamw", lr=0.003, weight_decay=0.1, label_smoothing=0.0),
    "sgd": dict(layers=[64, 48, 10], optimizer="sgd", lr=0.1, weight_decay=0.001, label_smoothing=0.0),
    "mnist_shape": dict(layers=[784, 512, 10], optimizer="adam", lr=0.001, weight_decay=0.0, label_smoothing=0.0),
}


def philox_words(count, purpose, time=0, layer=0):
    """The first `count` words of the trainer's RandomStream(SEED, purpose, time, layer)."""
    blocks = (count + 3) // 4
    mask = np.uint64(0xFFFFFFFF)
    counter = [np.arange(blocks, dtype=np.uint64)] + [
        np.full(blocks, word, np.uint64) for word in (purpose | layer << 8, time, 0)]
    key = [SEED & 0xFFFFFFFF, SEED >> 32]
    for _ in range(10):
        product0 = np.uint64(0xD2511F53) * counter[0]
        product1 = np.uint64(0xCD9E8D57) * counter[2]
        counter = [(product1 >> np.uint64(32)) ^ counter[1] ^ np.uint64(key[0]), product1 & mask,
                   (product0 >> np.uint64(32)) ^ counter[3] ^ np.uint64(key[1]), product0 & mask]
        key = [(key[0] + 0x9E3779B9) & 0xFFFFFFFF, (key[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return np.stack(counter, axis=1).reshape(-1)[:count]


def made_up_data(features):
    """Class k's pixels average to a pattern of its own; noise on top; labels by turns."""
    labels = np.arange(SAMPLES) % 10
    noise = philox_words(SAMPLES * features, MADE_UP_DATA).reshape(SAMPLES, features) % np.uint64(216)
    pattern = philox_words(10 * features, MADE_UP_DATA, time=1).reshape(10, features) % np.uint64(40)
    return (noise + pattern[labels]).astype(np.uint8), labels


def model(layers, dtype):
    modules = []
    for i, (inputs, outputs) in enumerate(zip(layers, layers[1:])):
        linear = torch.nn.Linear(inputs, outputs)
        for parameter, purpose in ((linear.weight, WEIGHT_INIT), (linear.bias, BIAS_INIT)):
            unit = philox_words(parameter.numel(), purpose, layer=i).astype(np.float64) * 2.0**-31 - 1.0
            start = (unit * (1.0 / np.sqrt(inputs))).astype(np.float32).reshape(parameter.shape)
            parameter.data = torch.from_numpy(start)
        modules += [linear, torch.nn.ReLU()]
    return torch.nn.Sequential(*modules[:-1]).to(dtype)


def optimizer_of(case, parameters):
    common = dict(lr=case["lr"], weight_decay=case["weight_decay"])
    if case["optimizer"] == "sgd":
        return torch.optim.SGD(parameters, momentum=0.9, **common)
    return {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[case["optimizer"]](parameters, **common)


def losses(case, dtype):
    pixels, labels = made_up_data(case["layers"][0])
    x = torch.from_numpy(pixels).to(dtype) / 255
    y = torch.from_numpy(labels)
    net = model(case["layers"], dtype)
    optimizer = optimizer_of(case, net.parameters())
    result = []
    for step in range(STEPS):
        batch = torch.arange(step * BATCH, (step + 1) * BATCH) * 7 % SAMPLES
        optimizer.zero_grad()
        loss = F.cross_entropy(net(x[batch]), y[batch], label_smoothing=case["label_smoothing"])
        loss.backward()
        optimizer.step()
        result.append(loss.item())
    return result


def main():
    golden = {"torch": torch.__version__.split("+")[0], "seed": SEED, "samples": SAMPLES, "batch": BATCH, "cases": {}}
    for name, case in CASES.items():
        exact, single = losses(case, torch.float64), losses(case, torch.float32)
        drift = max(abs(a / b - 1) for a, b in zip(single, exact))
        print(f"{name}: loss {exact[0]:.6f} -> {exact[-1]:.6f}; PyTorch's own f32 is off by up to {drift:.1e}")
        golden["cases"][name] = {**case, "losses": exact}
    path = pathlib.Path(__file__).with_name("mlp_golden.json")
    path.write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()
