"""Times mappings against each other on a GPU, each pair around the threshold between them."""

from runner import thresholds
from runner.measure import calls_for, interleave

OPERATIONS = ["cross_entropy", "softmax", "softmax_backward"]
BLOCK_SHAPES = {"few_lanes": 10, "warp": 500, "block": 4000}  # classes in f32, well within each mapping
CACHES = 2.0  # so many bytes has a matrix: rows enough for every multiprocessor, and none of it stays in the cache
BLOCKS = 32  # for each multiprocessor, while mappings are compared
BULK_MAPPINGS = {"block": (8192, 16384, 32768), "wide_block": (65536, 131072, 262144)}  # and bytes of their rows


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
            ways = {mapping: [operation, dtype, rows, classes, mapping, BLOCKS, "threads"]
                    for mapping in (border.lower, border.upper)}
            found.append({"border": border.name, "dtype": dtype, "operation": operation, "rows": rows, "size": size,
                          "classes": classes, "seconds": race(xent, ways, rounds, seconds)})
    return found


def measure_blocks(xent, rounds, seconds, quick):
    found = []
    for mapping, classes in list(BLOCK_SHAPES.items())[: 1 if quick else None]:
        rows = rows_for(xent.facts, classes * thresholds.DTYPES["f32"])
        ways = {str(blocks): ["softmax", "f32", rows, classes, mapping, blocks, "threads"]
                for blocks in thresholds.BLOCKS_TRIED}
        found.append({"mapping": mapping, "rows": rows, "classes": classes, "seconds": race(xent, ways, rounds, seconds)})
    return found


def measure_bulk(xent, dtype, rounds, seconds, quick):
    found = []
    sizes = [(mapping, size) for mapping, tried in BULK_MAPPINGS.items() for size in tried]
    for mapping, size in sizes[:1] if quick else sizes:
        classes = size // thresholds.DTYPES[dtype]
        rows = rows_for(xent.facts, size)
        for operation in OPERATIONS[:1] if quick else OPERATIONS:
            ways = {fill: [operation, dtype, rows, classes, mapping, BLOCKS, fill] for fill in thresholds.FILLS}
            found.append({"dtype": dtype, "operation": operation, "rows": rows, "size": size, "classes": classes,
                          "mapping": mapping, "seconds": race(xent, ways, rounds, seconds)})
    return found


def measure(xent, dtypes, rounds, seconds, quick, notice):
    """What is possible of it; the rest is named."""
    found = {"borders": [], "blocks": [], "bulk": [], "missing": []}

    def attempt(kind, threshold, what, measured):
        notice(what)
        try:
            found[kind] += measured()
        except RuntimeError as why:
            found["missing"].append(f"{threshold}: {why}")
            notice(f"  not measured: {why}")

    for border in thresholds.BORDERS:
        for dtype in dtypes:
            attempt("borders", f"{border.name}, {dtype}", f"{border.lower} or {border.upper}, {dtype}",
                    lambda b=border, d=dtype: measure_border(xent, b, d, rounds, seconds, quick))
    attempt("blocks", thresholds.BLOCKS, "blocks per multiprocessor", lambda: measure_blocks(xent, rounds, seconds, quick))
    for dtype in dtypes:
        attempt("bulk", f"{thresholds.BULK}, {dtype}", f"tiles filled by threads or in bulk, {dtype}",
                lambda d=dtype: measure_bulk(xent, d, rounds, seconds, quick))
    return found
