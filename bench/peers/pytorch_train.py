"""The 784-512-10 network at batch 64 with Adam at 0.01, trained from a float tensor in memory."""

from pathlib import Path

import torch
from torch import nn

BATCH = 64


def load(folder):
    """The digits that xent trains on, as PyTorch's users hold them: f32 in [0, 1], labels i64."""
    pixels = torch.frombuffer(bytearray(Path(folder, "pixels").read_bytes()), dtype=torch.uint8)
    labels = torch.frombuffer(bytearray(Path(folder, "labels").read_bytes()), dtype=torch.uint8)
    return pixels.reshape(len(labels), -1).float() / 255, labels.long()


def workload(steps, folder, variant):
    """A call trains `steps` steps, 0 = an epoch; the next one goes on from there.

    Nothing is evaluated or printed and no loss is fetched: only what training needs.
    """
    images, labels = load(folder)
    network = nn.Sequential(nn.Linear(images.shape[1], 512), nn.ReLU(), nn.Linear(512, 10))
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01, fused=True if variant == "fused" else None)
    loss_of = nn.CrossEntropyLoss()

    def forward_loss(x, y):
        return loss_of(network(x), y)

    if variant == "compile":
        forward_loss = torch.compile(forward_loss)

    def train():
        order = torch.randperm(len(labels))
        for batch in order.split(BATCH)[: steps or None]:
            value = forward_loss(images.index_select(0, batch), labels.index_select(0, batch))
            optimizer.zero_grad()
            value.backward()
            optimizer.step()

    return train
