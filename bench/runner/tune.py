"""Times mappings against each other on a GPU, each pair around the threshold between them."""

from runner import thresholds
from runner.measure import calls_for, interleave

OPERATIONS = ["cross_entropy", "softmax", "softmax_backward"]
BLOCK_SHAPES = {"few_lanes": 10, "warp": 500, "block": 4000}  # classes in f32, well within each mapping
CACHES = 2.0  # so many bytes has a matrix: rows enough for every multiprocessor, and none of it stays in the cache
BLOCKS = 32  # for each multiprocessor, while mappings are compared


def rows_for(facts, row_bytes):
    return max(facts["multiprocessors"], int(CACHES * facts["level2_mib"] * (1 << 20) / row_bytes))


def race(xent, ways, rounds, seconds):
    """{name: seconds of a call}; ways are {name: words after "mapped"}. What is not possible has no times."""
    racers, calls = [], {}
    try:
        for name, words in ways.items():
            calls[name] = xent.ask("prepare", name, "mapped", *words)["calls"]
            racers.append((name, xent, name, calls_for(xent, name, seconds)))
        return {name: [time / calls[name] for time in times] for name, times in interleave(racers, rounds, 1).items()}
    finally:
        for name in calls:
            xent.ask("drop", name)


def measure_border(xent, border, dtype, rounds, seconds, quick):
    sizes = border.sizes(dtype)
    found = []
    for size in sizes[:: len(sizes) - 1] if quick else sizes:
        classes = border.classes(dtype, size)
        rows = rows_for(xent.facts, classes * thresholds.DTYPES[dtype])
        for operation in OPERATIONS[:1] if quick else OPERATIONS:
            ways = {mapping: [operation, dtype, rows, classes, mapping, BLOCKS]
                    for mapping in (border.lower, border.upper)}
            found.append({"border": border.name, "dtype": dtype, "operation": operation, "rows": rows, "size": size,
                          "classes": classes, "seconds": race(xent, ways, rounds, seconds)})
    return found


def measure_blocks(xent, rounds, seconds, quick):
    found = []
    for mapping, classes in list(BLOCK_SHAPES.items())[: 1 if quick else None]:
        rows = rows_for(xent.facts, classes * thresholds.DTYPES["f32"])
        ways = {str(blocks): ["softmax", "f32", rows, classes, mapping, blocks] for blocks in thresholds.BLOCKS_TRIED}
        found.append({"mapping": mapping, "rows": rows, "classes": classes, "seconds": race(xent, ways, rounds, seconds)})
    return found


def measure(xent, dtypes, rounds, seconds, quick, notice):
    """What is possible of it; the rest is named."""
    borders, blocks, missing = [], [], []
    for border in thresholds.BORDERS:
        for dtype in dtypes:
            notice(f"{border.lower} or {border.upper}, {dtype}")
            try:
                borders += measure_border(xent, border, dtype, rounds, seconds, quick)
            except RuntimeError as why:
                missing.append(f"{border.name}, {dtype}: {why}")
                notice(f"  not measured: {why}")
    notice("blocks per multiprocessor")
    try:
        blocks = measure_blocks(xent, rounds, seconds, quick)
    except RuntimeError as why:
        missing.append(f"{thresholds.BLOCKS}: {why}")
        notice(f"  not measured: {why}")
    return {"borders": borders, "blocks": blocks, "missing": missing}
