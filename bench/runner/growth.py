"""Growth: whether an element takes as long among 2^31 as among 2^20, and what workspace the library asks for."""

from statistics import median

from runner import cases, measure, summary, tables

CLASSES = 32768
DTYPES = ["bf16", "f32"]
OPERATIONS = {"cross_entropy_in_place": "copy", "cross_entropy_forward": "read"}  # and the limit beside it
POWERS = [*range(20, 31, 2), 31]  # of two, that many elements
BAR = 0.10  # by how much an element may take longer than where it takes least
SHARE_OF_MEMORY = 0.6  # of what is free: others run too


def free_bytes(meminfo="/proc/meminfo"):
    with open(meminfo, encoding="ascii") as lines:
        for line in lines:
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    raise RuntimeError(f"{meminfo} has no MemAvailable")


def sizes(dtype, free):
    """Numbers of elements, and those that there is no memory for."""
    fits = {1 << power: (1 << power) * cases.ELEMENT_BYTES[dtype] <= SHARE_OF_MEMORY * free for power in POWERS}
    return [n for n in fits if fits[n]], [n for n in fits if not fits[n]]


def measure_size(field, operation, dtype, elements, rounds, seconds):
    """One record; the limit is prepared already."""
    case = cases.LossCase(operation, dtype, elements // CLASSES, CLASSES, "sum")
    limit = OPERATIONS[operation]
    measured = measure.measure_loss(field, case, rounds, seconds, dict.fromkeys(("copy", limit)))
    return {**measured, "limit": limit, "elements": elements,
            "workspace": field.xent.ask("workspace", case.rows)["bytes"]}


def measure_all(field, free, rounds, seconds, notice):
    limits = measure.measure_limits(field, rounds, seconds, keep=("read", "copy"))
    measured, too_large = [], []
    for dtype in DTYPES:
        fitting, others = sizes(dtype, free)
        too_large += [{"dtype": dtype, "elements": elements} for elements in others]
        for operation in OPERATIONS:
            for elements in fitting:
                notice(f"{operation} {dtype}, {elements:,} elements")
                measured.append(measure_size(field, operation, dtype, elements, rounds, seconds))
    return {"threads": field.threads, "limits": limits, "cases": measured, "too_large": too_large}


def per_element(case):
    return median(case["seconds"]["xent"]) / case["elements"]


def power(case):
    return case["elements"].bit_length() - 1


def share_of_limit(case, limit):
    return summary.share(case["bytes"], case["seconds"]["xent"], limit["bytes"], case["seconds"][case["limit"]])


def beside_limit(case):
    """Time of an element in bytes of the limit that the machine could have moved meanwhile: what disturbs the machine
    for a while disturbs both."""
    return median(case["seconds"]["xent"]) / median(case["seconds"][case["limit"]]) / case["elements"]


def judged(mine):
    """(case, its time of an element over the least of them, beside the limit)."""
    least = min(map(beside_limit, mine))
    return [(case, beside_limit(case) / least) for case in mine]


def verdict(mine):
    most = max(ratio for _, ratio in judged(mine))
    return f"Within {BAR * 100:.0f} %: {'yes' if most <= 1 + BAR else 'no'}, {(most - 1) * 100:.0f} % at the most."


def lines(run):
    found = {}
    for case in run["cases"]:
        found.setdefault((case["operation"], case["dtype"]), []).append(case)
    return found


def section(run):
    """Tables of one number of threads, and what they come to."""
    parts = [f"### Growth, {tables.threads(run)}"]
    for (operation, dtype), mine in lines(run).items():
        limit = run["limits"][mine[0]["limit"]]
        rows = [[f"2^{power(case)}", f"{case['rows']:,} × {case['classes']:,}", tables.median_of(case, "xent"),
                 f"{per_element(case) * 1e9:.4f} ns", f"{share_of_limit(case, limit) * 100:.0f} %", f"{ratio:.2f}",
                 f"{case['workspace']:,} B", f"{case['workspace'] / case['rows']:.1f} B"]
                for case, ratio in judged(mine)]
        parts += [f"{tables.OPERATIONS[operation]}, {dtype}:",
                  tables.table(["elements", "shape", "xent", "an element", f"of {mine[0]['limit']}", "over the least",
                                "workspace", "a row"], rows), verdict(mine)]
    if run["too_large"]:
        parts.append("Too large for the memory that was free: " + ", ".join(
            f"2^{power(one)} in {one['dtype']}" for one in run["too_large"]) + ".")
    return "\n\n".join(parts)
