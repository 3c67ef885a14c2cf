"""The kernels and their figures in Markdown."""

from kernels import flight, resources, streaming

HEAD = ["| kernel | threads | registers | shared | stack | blocks | warps | occupancy | asked | in flight |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|"]


def kibibytes(figure):
    return f"{figure / 1024:g} KiB"


def asked(kernel):
    return "tile" if kernel.in_flight == flight.WHOLE_TILE else kernel.in_flight


def row(kernel, plan):
    used = f"{kernel.registers} | {kernel.shared} | {kernel.stack + kernel.local}"
    if kernel.block == 0:
        return f"| `{kernel.name}` | | {used} | | | | | |"
    blocks = resources.blocks_per_multiprocessor(kernel)
    warps = blocks * resources.round_up(kernel.block, 32) // 32
    figure = kibibytes(streaming.in_flight(kernel, plan)) if kernel.in_flight else "0"
    if streaming.streams(kernel.name):
        figure = f"**{figure}**"
    return (f"| `{kernel.name}` | {kernel.block} | {used} | {blocks} | {warps} | {100 * warps // resources.WARPS} % "
            f"| {asked(kernel)} | {figure} |")


def exceptions(excepted):
    return "\n".join(f"- `{name}`, {kibibytes(figure)}: {why}" for name, (figure, why) in excepted.items())


def table(kernels, plan):
    lines = HEAD + [row(k, plan) for k in kernels]
    if streaming.EXCEPTIONS:
        lines += ["", f"Streaming kernels below {kibibytes(streaming.NEEDED)}, and why:", "",
                  exceptions(streaming.EXCEPTIONS)]
    return "\n".join(lines)
