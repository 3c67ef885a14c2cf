"""The longest rows of each mapping and the dynamic shared memory they take, by the numbers of
host/plan; and what kernels without a mapping take. Tiles of long rows may leave room for fewer blocks
than a kernel's registers do."""

import re

from kernels import objects

SOURCES = ("host/plan/gpu_plan.cpp", "host/plan/gpu_plan.hpp", "host/cuda/binary_cross_entropy.cpp")
THRESHOLDS = "host/plan/gpu_threshold_values.hpp"
ELEMENT = {"f16": 2, "bf16": 2, "f32": 4, "f64": 8}
TEAM = re.compile(r"(\w+), (\d+) (?:lanes|threads)>$")


def constants():
    """{name: value} of what the plan calls by a name, like kMostRowBytesBlock = 32 << 10"""
    text = "\n".join((objects.ROOT / source).read_text(encoding="utf-8") for source in SOURCES)
    found = re.findall(r"\b(\w+) = (\d+)U?(?: << (\d+)U?)?;", text)
    return {name: int(value) << int(shift or 0) for name, value, shift in found} | thresholds()


def thresholds():
    """{"bf16.most_row_bytes_warp": value} of the table of thresholds"""
    text = (objects.ROOT / THRESHOLDS).read_text(encoding="utf-8")
    return {f"{dtype}.{name}": int(value) for dtype, values in re.findall(r"\.(\w+) = \{(.*?)\}", text, re.DOTALL)
            for name, value in re.findall(r"\.(\w+) = (\d+)", values)}


def tile(row_bytes):
    """kernels/shapes/tile_shape.hpp: room for a row that begins between two 16-byte boundaries"""
    return (row_bytes + 15) // 16 * 16 + 16


def row_bytes(name, plan):
    """Of the longest row that the mapping has: (threads that share it, its bytes); None for the widest, whose rows
    have no limit, and for kernels that have no mapping."""
    mapping = TEAM.search(name)
    team = int(mapping[2]) if mapping else 0
    if team not in (4, 32, 256):
        return None
    if team == 4:
        return team, plan[f"{mapping[1]}.most_columns_few_lanes"] * ELEMENT[mapping[1]]
    return team, plan[f"{mapping[1]}.most_row_bytes_{'warp' if team == 32 else 'block'}"]


def whole_tile(name, tiles, plan):
    """Bytes of one matrix that a block holds, where no row of the mapping is the longest."""
    if not TEAM.search(name):
        return plan["kElementTileBytes"]
    return (plan["shared_per_block"] - plan["kSharedReserve"]) // tiles


def shared_bytes(name, block, tiles, plan):
    """Of a block, with the longest rows of its mapping."""
    if tiles == 0:
        return 0
    if not TEAM.search(name):  # its tiles are full of elements, whatever the rows
        return tiles * tile(plan["kElementTileBytes"])
    if not (limited := row_bytes(name, plan)):  # the row, or what of it fits, fills a block's shared memory
        return tiles * whole_tile(name, tiles, plan)
    team, longest = limited
    return block // team * tiles * tile(longest)
