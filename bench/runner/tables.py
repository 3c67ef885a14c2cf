"""Markdown tables from a results file. No figure in the project's documents comes from anywhere else."""

from statistics import median

from runner import summary

OPERATIONS = {
    "cross_entropy": "cross-entropy, forward + backward",
    "cross_entropy_in_place": "cross-entropy, forward + backward in place",
    "cross_entropy_forward": "cross-entropy, forward",
    "cross_entropy_backward": "cross-entropy, backward",
    "softmax": "softmax",
    "log_softmax": "log-softmax",
    "softmax_backward": "softmax, backward",
    "log_softmax_backward": "log-softmax, backward",
    "nll": "NLL",
    "nll_backward": "NLL, backward",
}


def table(headings, rows):
    """Numbers to the right: all columns but the first."""
    lines = ["| " + " | ".join(headings) + " |", "|---" + "|--:" * (len(headings) - 1) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def duration(seconds):
    for unit, scale in (("s", 1), ("ms", 1e-3)):
        if seconds >= scale:
            return f"{seconds / scale:.2f} {unit}"
    return f"{seconds * 1e6:.0f} µs"


def times_faster(measured, label):
    if label not in measured["seconds"]:
        return "–"
    r = summary.ratio(measured["seconds"][label], measured["seconds"]["xent"])
    return f"{r.value:.1f}× ({r.low:.1f}–{r.high:.1f})"


def median_of(measured, label):
    return duration(median(measured["seconds"][label])) if label in measured["seconds"] else "–"


def all_peers(cases):
    return list(dict.fromkeys(label for case in cases for label in summary.peers(case)))


def loss_table(run, cases, first="shape", name=None):
    """One row per case: xent's time and bandwidth, then each peer's time and xent's lead over it."""
    labels = all_peers(cases)
    headings = [first, "xent", "GB/s", "of copy"]
    headings += [heading for label in labels for heading in (label, "xent is faster")]
    copy_bytes = run["limits"]["copy"]["bytes"]
    rows = []
    for case in cases:
        row = [name(case) if name else f"{case['rows']} × {case['classes']}", median_of(case, "xent"),
               f"{summary.rate(case['bytes'], case['seconds']['xent']) * 1e-9:.1f}",
               f"{summary.share_of_copy(case, copy_bytes) * 100:.0f} %"]
        row += [cell for label in labels for cell in (median_of(case, label), times_faster(case, label))]
        rows.append(row)
    return table(headings, rows)


def training_table(run):
    training = run["training"]
    rows = [["xent", median_of(training, "xent"), ""]]
    rows += [[label, median_of(training, label), times_faster(training, label)]
             for label in summary.peers(training)]
    whole = training["steps"] * training["batch"] >= training["samples"]
    what = f"an epoch of {training['samples']:,} images" if whole else f"{training['steps']} steps"
    return table([f"{training['layers']}, batch {training['batch']}", what, "xent is faster"], rows)


def limits_table(runs):
    rows = []
    for run in runs:
        for name, limit in run["limits"].items():
            if "bytes" not in limit:
                continue
            rate = summary.rate(limit["bytes"], limit["seconds"])
            rows.append([f"{name}, {threads(run)}", f"{rate * 1e-9:.1f}", limit["how"]])
    return table(["memory", "GB/s", "the fastest way was"], rows)


def arithmetic(runs):
    """A line for each run that measured it."""
    return [f"Arithmetic, {threads(run)}: {limit['operations'] / median(limit['seconds']) * 1e-9:.1f} GFLOP/s "
            f"({limit['how']})." for run in runs if (limit := run["limits"].get("fma"))]


def threads(run):
    return f"{run['threads']} thread" + ("s" if run["threads"] != 1 else "")


def pick(run, operation, dtype="f32", reduction="mean"):
    wanted = (operation, dtype, reduction)
    return [c for c in run["cases"] if (c["operation"], c["dtype"], c["reduction"]) == wanted]


def other_cases(run):
    headline = pick(run, "cross_entropy")
    return [case for case in run["cases"] if case not in headline]


def case_name(case):
    reduction = ", a loss per row" if case["reduction"] == "none" else ""
    return f"{OPERATIONS[case['operation']]}{reduction}, {case['dtype']}, {case['rows']} × {case['classes']}"
