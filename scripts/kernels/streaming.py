"""Which kernels have to keep memory busy, and whether they do: the bytes that a multiprocessor has asked for at
once. 32 KiB is what one of an H200's 132 gets in 0.9 µs of 4.8 TB/s; whether memory answers sooner is not measured."""

import re

from kernels import flight, planned, resources

NEEDED = 32 << 10

# family: (matrices of which the plan keeps tiles on chip, at most; why it streams, or None; why it does not)
ROWS = "reads whole rows"
SMALL = "a few numbers per row, once in a call"
MLP = "the trainer's: its matrices fit in the second-level cache"
FAMILIES = {
    "softmax": (1, ROWS, None),
    "softmax_backward": (2, ROWS, None),
    "cross_entropy": (1, ROWS, None),
    "cross_entropy_backward": (1, ROWS, None),
    "cross_entropy_general": (2, ROWS, None),
    "cross_entropy_general_backward": (2, ROWS, None),
    "cross_entropy_shard": (2, ROWS, None),
    "divergence": (2, ROWS, None),
    "binary_cross_entropy": (3, "reads whole matrices", None),
    "nll": (0, None, "reads one element of a row"),
    "nll_backward": (0, None, "writes rows, and reads none"),
    "merge_partials": (0, None, SMALL),
    "rows_from_partials": (0, None, SMALL),
    "count_valid_rows": (0, None, SMALL),
    "weight_parts": (0, None, SMALL),
    "divisor": (0, None, SMALL),
    "loss_sum": (0, None, SMALL),
    "column_sums": (0, None, MLP),
    "dropout": (0, None, MLP),
    "end_step": (0, None, MLP),
    "gather": (0, None, MLP),
    "gemm": (0, None, MLP),
    "normalise": (0, None, MLP),
    "optimizer": (0, None, MLP),
    "relu_backward": (0, None, MLP),
    "resident_steps": (0, None, MLP),
    "shuffle_keys": (0, None, MLP),
}

# A few lanes or a warp have rows of at most 4 KiB: their loop is over after a pass or two, and what a
# multiprocessor asks for is as many rows as it has teams.
SHORT_ROWS = " lanes>"

# Kernels that stay below: {name: (bytes on a multiprocessor, why)}. One that is no longer needed is an error.
EXCEPTIONS = {}


def of_library(name):
    return name.endswith(" (CUB)")


def family(name):
    return re.match(r"\w+", name)[0]


def streams(name):
    return not of_library(name) and FAMILIES[family(name)][1] is not None and not name.endswith(SHORT_ROWS)


def in_flight(kernel, plan):
    """Bytes on a multiprocessor; None where the threads of a block are not known."""
    if kernel.block == 0:
        return None
    tiles = 0 if of_library(kernel.name) else FAMILIES[family(kernel.name)][0]
    shared = planned.shared_bytes(kernel.name, kernel.block, tiles, plan)
    of_block = kernel.block * kernel.in_flight
    if limited := planned.row_bytes(kernel.name, plan):  # nobody asks for more than there is
        team, longest = limited
        of_block = min(of_block, kernel.block // team * longest)
    elif of_block == flight.WHOLE_TILE:  # of one matrix: whether another's is asked for too cannot be seen
        of_block = planned.whole_tile(kernel.name, tiles, plan)
    return resources.blocks_per_multiprocessor(kernel, shared) * of_block


def wrong(figures, exceptions=None):
    """Of {kernel's name: bytes on a multiprocessor}, what is not as it has to be."""
    exceptions = EXCEPTIONS if exceptions is None else exceptions
    found = []
    for name, figure in figures.items():
        allowed = exceptions[name][0] if name in exceptions else NEEDED
        if streams(name) and (figure or 0) < allowed:
            found.append(f"{name}: {figure or 0} bytes in flight on a multiprocessor, {allowed} are the least")
    for name, (figure, _) in exceptions.items():
        has = figures.get(name)
        if has is None or not streams(name) or has >= NEEDED:
            found.append(f"{name}: no exception for it is needed")
        elif has > figure:
            found.append(f"{name}: {has} bytes in flight on a multiprocessor, and its exception says {figure}")
    return found
