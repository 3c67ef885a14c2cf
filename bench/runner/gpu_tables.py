"""Markdown tables from what bench/gpu/run measured."""

from statistics import median

from runner import summary, tables

NAMES = tables.OPERATIONS
LATENCIES = {"graph": "a call in a recorded graph", "stream": "a call queued on a stream",
             "call": "a call, and waiting for it"}
PARTS = {"bench": "xent alone", "peers": "Beside peers"}  # of gpu-check that measure, and their headings


def limits_table(limits):
    rows = [[name, f"{summary.rate(limit['bytes'], limit['seconds']) * 1e-9:.0f}", limit["how"]]
            for name, limit in limits.items()]
    return tables.table(["memory", "GB/s", "by"], rows)


COSTS = {"launch": "a kernel on a stream", "graph_node": "a kernel in a graph",
         "grid_sync": "all blocks of a kernel meet", "gemm": "a matrix product"}


def costs_table(costs):
    """Also of what could not be measured, which is told."""
    rows = []
    for name, cost in costs.items():
        if "why" in cost:
            rows.append([COSTS[name], "–", cost["why"]])
        else:
            seconds = median(cost["seconds"])
            rate = f", {cost['operations'] / seconds * 1e-12:.1f} TFLOP/s" if cost["operations"] else ""
            rows.append([COSTS[name], f"{seconds * 1e6:.2f} µs{rate}", cost["how"]])
    return tables.table(["what", "takes", "by"], rows)


def latency_table(cases):
    rows = [[LATENCIES[case["mode"]], *(f"{median(case['seconds'][label]) * 1e6:.1f} µs"
                                        if label in case["seconds"] else "–" for label in contestants(cases))]
            for case in cases]
    return tables.table([f"cross-entropy, f32, {cases[0]['rows']} × {cases[0]['classes']}", *contestants(cases)],
                        rows)


def contestants(cases):
    return ["xent", *tables.all_peers(cases)]


def is_latency(case):
    return not case["cold"] or case["mode"] != "graph"


def case_name(case):
    how = f", {LATENCIES[case['mode']]}" if case["mode"] != "graph" else ""
    return f"{NAMES[case['operation']]}{how}, {case['dtype']}, {case['rows']} × {case['classes']}"


def measured(results):
    """Heading and figures of the parts of gpu-check's document that have any."""
    found = ((heading, results["parts"].get(part, {}).get("results", {})) for part, heading in PARTS.items())
    return [(heading, figures) for heading, figures in found if figures.get("cases")]


def section(results):
    """All that was measured in one run."""
    parts = []
    if "limits" in results:
        parts.append(limits_table(results["limits"]))
    if results.get("costs"):
        parts.append(costs_table(results["costs"]))
    cases = results.get("cases", [])
    if small := [case for case in cases if is_latency(case)]:
        parts.append(latency_table(small))
    rest = [case for case in cases if not is_latency(case)]
    for operation in NAMES:
        for dtype in ("bf16", "f16", "f32"):
            if same := [c for c in rest if (c["operation"], c["dtype"]) == (operation, dtype)]:
                parts += [f"{NAMES[operation][0].upper()}{NAMES[operation][1:]}, {dtype}:",
                          tables.loss_table(results, same)]
    if absent := results.get("absent"):
        parts.append("Absent: " + "; ".join(f"{label} ({why})" for label, why in absent.items()) + ".")
    return "\n\n".join(parts)
