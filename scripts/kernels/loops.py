"""The innermost loops of a kernel's machine code, and how wide they read and write."""

import re
from dataclasses import dataclass

INSTRUCTION = re.compile(r"^\s+/\*([0-9a-f]{4,})\*/\s+(?:@!?U?P\w+\s+)?([A-Z][\w.]*)(.*?);", re.MULTILINE)


@dataclass(frozen=True)
class Widths:
    loads: int = 0  # 16-byte loads from memory in one pass of the loop that fills a tile
    stores: int = 0  # 16-byte stores in one pass of the loop that empties it


def functions(text):
    """Of `cuobjdump --dump-sass`: {mangled name: its lines}"""
    parts = re.split(r"^\s+Function : (\S+)\s*$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2]))


def innermost_loops(code):
    """Lists of (instruction's name, its operands), each from the target of a branch back to that branch."""
    instructions = [(int(at, 16), name, rest) for at, name, rest in INSTRUCTION.findall(code)]
    loops = []
    for at, name, rest in instructions:
        target = re.search(r"\b0x([0-9a-f]+)\s*$", rest) if name.split(".")[0] == "BRA" else None
        if target and int(target[1], 16) < at:  # a branch to itself is the end of the code
            loops.append((int(target[1], 16), at))
    inner = [a for a in loops if not any(b != a and a[0] <= b[0] and b[1] <= a[1] for b in loops)]
    return [[(name, rest) for at, name, rest in instructions if begin <= at <= end] for begin, end in inner]


def widths(code):
    """A tile is filled by asynchronous copies (LDGSTS), or from memory (LDG) into shared memory (STS), and emptied
    the other way round; other loops, such as those that write zeros, say nothing of how the row is read."""
    loads = stores = 0
    for loop in innermost_loops(code):
        kinds = {name.split(".")[0] for name, _ in loop}
        wide = [name.split(".")[0] for name, _ in loop if name.endswith(".128")]
        loads = max(loads, wide.count("LDGSTS"))
        if "STS" in kinds:
            loads = max(loads, wide.count("LDG"))
        if "LDS" in kinds:
            stores = max(stores, wide.count("STG"))
    return Widths(loads, stores)
