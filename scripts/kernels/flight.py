"""How many bytes one thread of a kernel has asked memory for before it waits, from the machine code of its row
loops. What the source asks for counts for nothing: a compiler short of registers stores what one load brought
before it issues the next, and then a loop unrolled by four has fewer under way. Bulk copies (UBLKCP), whose
length is not in the code, count for nothing: a kernel has them besides its threads' own copies."""

import math
import re

from kernels import loops

WIDTHS = {"U8": 1, "S8": 1, "U16": 2, "S16": 2, "64": 8, "128": 16}
# Of a loop that asks for all of a tile, as long as it may be, before anything waits for it.
WHOLE_TILE = math.inf
WORD = 4  # what an access without a width in its name moves, and what a register holds
ROW_ACCESS = 16  # a row is read by accesses this wide; narrower ones fetch its ends, labels and weights

# The scoreboard of cp.async's groups. DEPBAR of another one waits for something else.
COPIES_KEPT = re.compile(r"\bSB0,\s*0x([0-9a-f]+)")
REGISTER = re.compile(r"\bR(\d+)(\.64)?")


def width(name):
    return next((WIDTHS[part] for part in name.split(".") if part in WIDTHS), WORD)


def words(name, position, operand, at):
    """Registers that follow from one: a wide operand is named by its first."""
    kind = name.split(".")[0]
    if "[" in operand[:at.start()]:
        return 2 if at[2] else 1
    if kind in ("LDG", "STG", "LDS", "STS", "LD", "ST"):
        return max(1, width(name) // WORD)
    doubled = kind in ("DADD", "DMUL", "DFMA", "DSETP") or (".WIDE" in name and position in (0, 3))
    return 2 if doubled else 1


def touched(name, rest):
    """The registers that an instruction reads or writes: either has to wait for a load into them."""
    return {int(at[1]) + word
            for position, operand in enumerate(rest.split(","))
            for at in REGISTER.finditer(operand)
            for word in range(words(name, position, operand, at))}


def copies_kept(name, rest):
    """Of an instruction that waits for asynchronous copies: how many groups may still be under way after it."""
    found = COPIES_KEPT.search(rest) if name.split(".")[0] == "DEPBAR" else None
    return int(found[1], 16) if found else None


class Thread:
    """Walks through code and counts what it has asked for and not yet waited for."""

    def __init__(self):
        self.most = 0
        self.loads = 0  # bytes
        self.awaited = set()  # the registers they go to
        self.forget_copies()

    def forget_copies(self):
        self.group = 0  # bytes copied since the last commit
        self.groups = []  # of each one committed

    def forget_loads(self):
        self.loads, self.awaited = 0, set()

    def step(self, name, rest):
        kind = name.split(".")[0]
        # Loads issued together come back together: who waits for one has waited for those beside it.
        if not self.awaited.isdisjoint(touched(name, rest)):
            self.forget_loads()
        if kind == "LDG" and width(name) == ROW_ACCESS:
            self.awaited |= {int(REGISTER.search(rest)[1]) + word for word in range(ROW_ACCESS // WORD)}
            self.loads += ROW_ACCESS
        elif kind in ("BRA", "CALL"):
            self.forget_loads()  # what lies on both sides of a branch need not be run together
        elif kind == "LDGSTS" and width(name) == ROW_ACCESS:
            self.group += ROW_ACCESS
        elif kind == "LDGDEPBAR":
            self.groups.append(self.group)
            self.group = 0
        elif (kept := copies_kept(name, rest)) is not None:
            self.groups = self.groups[max(0, len(self.groups) - kept):]
        self.most = max(self.most, self.loads + self.group + sum(self.groups))


def of_loop(loop):
    """In the steady state: loads may be used, and copies awaited, one or more passes after they were issued."""
    kept = [groups for name, rest in loop if (groups := copies_kept(name, rest)) is not None]
    if not kept and any(name.split(".")[0] == "LDGSTS" and width(name) == ROW_ACCESS for name, _ in loop):
        return WHOLE_TILE
    thread = Thread()
    *body, _ = loop  # the branch back ends no run: it is always taken
    for _ in range(2 + max(kept, default=0)):
        for name, rest in body:
            thread.step(name, rest)
    return thread.most


def of_kernel(code):
    """A kernel that reads its row more than once has more than one such loop; the poorest decides. 0 where no
    loop reads by accesses of a row's width."""
    return min((most for loop in loops.innermost_loops(code) if (most := of_loop(loop))), default=0)
