"""What a kernel takes of a multiprocessor, and how many of its blocks fit into one of sm_90."""

import re
from dataclasses import dataclass

from kernels import flight, loops, objects

# A multiprocessor of sm_90 has four parts with a quarter of the registers each.
PARTS = 4
REGISTERS_PER_PART = 16384
REGISTER_GRANULE = 256  # a warp's registers come in multiples of this
WARPS = 64
BLOCKS = 32
SHARED_BYTES = 228 << 10
SHARED_GRANULE = 128
SHARED_RESERVED = 1 << 10  # per block, the system's


@dataclass(frozen=True)
class Kernel:
    name: str
    block: int  # threads it is bounded to; 0 where it is not
    registers: int
    shared: int  # static bytes, without the system's
    stack: int
    local: int  # bytes per thread
    in_flight: int = 0  # bytes that a thread has asked memory for before it waits

    def spills(self):
        return self.stack != 0 or self.local != 0


def round_up(n, granule):
    return (n + granule - 1) // granule * granule


def blocks_per_multiprocessor(kernel, dynamic=0):
    """With so many bytes of dynamic shared memory each."""
    warps = round_up(kernel.block, 32) // 32
    of_a_part = REGISTERS_PER_PART // round_up(kernel.registers * 32, REGISTER_GRANULE)
    by_registers = of_a_part * PARTS // round_up(warps, PARTS)
    by_shared = SHARED_BYTES // round_up(kernel.shared + dynamic + SHARED_RESERVED, SHARED_GRANULE)
    return min(by_registers, by_shared, WARPS // warps, BLOCKS)


def parse_usage(text):
    """Of `cuobjdump --dump-resource-usage`: {mangled name: {"REG": 64, "STACK": 0, …}}"""
    found = re.findall(r"Function (\S+):\s*\n\s*(REG:.*)", text)
    return {name: {key: int(value) for key, value in re.findall(r"(\w+):(\d+)", line)} for name, line in found}


def parse_bounds(text):
    """Of `cuobjdump --dump-elf`: {mangled name: threads of a block at most}"""
    bounds, kernel = {}, None
    for line in text.splitlines():
        if section := re.match(r"\.nv\.info\.(\S+)", line):
            kernel = section[1]
        elif line.startswith("."):
            kernel = None
        elif kernel and "EIATTR_MAX_THREADS" in line:
            bounds[kernel] = 0  # in the line after the next
        elif kernel and bounds.get(kernel) == 0 and "Value:" in line:
            x, y, z = (int(number, 16) for number in re.findall(r"0x[0-9a-f]+", line))
            bounds[kernel] = x * y * z
    return bounds


def kernels_of(usage, bounds, code):
    made = []
    for mangled, demangled in objects.demangle(usage).items():
        has, block = usage[mangled], bounds.get(mangled, 0)
        shared = max(0, has["SHARED"] - SHARED_RESERVED)  # kernels that use none have nothing reserved either
        made.append(Kernel(objects.short_name(demangled, block), block, has["REG"], shared, has["STACK"],
                           has["LOCAL"], flight.of_kernel(code.get(mangled, ""))))
    return made


def read(cuobjdump, nvdisasm, path):
    dump = [cuobjdump, "-arch", objects.ARCHITECTURE]
    return kernels_of(parse_usage(objects.run(*dump, "--dump-resource-usage", str(path))),
                      parse_bounds(objects.run(*dump, "--dump-elf", str(path))),
                      loops.functions(objects.sass(cuobjdump, nvdisasm, path)))
