"""Markdown tables of the grid: compact ones for the documents, one line per operation and type; and all figures."""

from statistics import median

from runner import cases, grid_summary, summary, tables
from runner.grid import REFERENCE

PYTORCH = [peer.label for peer in [*cases.PEERS, cases.COMPILED] if peer.program == "pytorch"]
ONEDNN = "oneDNN"


def moved(case):
    """All bytes of a call: where there are few classes, the labels are as many as the logits."""
    return case["bytes"] + case["row_bytes"]


def share_of_limit(run, case):
    limit = case["limit"]
    return summary.share(moved(case), case["seconds"]["xent"], run["limits"][limit]["bytes"], case["seconds"][limit])


def lead(case, labels):
    """How many times faster xent is than the fastest of those labels; None if none of them ran."""
    medians = [median(case["seconds"][label]) for label in labels if label in case["seconds"]]
    return min(medians) / median(case["seconds"]["xent"]) if medians else None


def times(value):
    """A speed-up in as few characters as tell it."""
    if value is None:
        return "–"
    return f"{value:.1f}×" if value < 9.95 else f"{value:.0f}×"


def units(value):
    return f"{value:.1f}" if value < 9.95 else f"{value:.0f}"


def lines(run):
    """(operation, dtype): its cases, in the order of the run."""
    found = {}
    for case in run["cases"]:
        found.setdefault((case["operation"], case["dtype"]), []).append(case)
    return found


def matrix(run, cell):
    """A line per operation and type, a column per number of classes. A line of nothing but dashes is left out."""
    columns = sorted({case["classes"] for case in run["cases"]})
    rows = []
    for (operation, dtype), measured in lines(run).items():
        by_classes = {case["classes"]: cell(case) for case in measured}
        cells = [by_classes.get(classes, "–") for classes in columns]
        if set(cells) != {"–"}:
            rows.append([f"{tables.OPERATIONS[operation]}, {dtype}", *cells])
    return tables.table(["classes", *(f"{classes:,}" for classes in columns)], rows) if rows else None


def left_out(run):
    """For each peer, what it was asked for and does not do: "softmax (f16, f64)", or all types without brackets."""
    found = {}
    every = {}
    for case in run["cases"]:
        every.setdefault(case["operation"], {})[case["dtype"]] = True
        for label in case["left_out"]:
            found.setdefault(label, {}).setdefault(case["operation"], {})[case["dtype"]] = True

    def named(operation, types):
        brackets = f" ({', '.join(types)})" if types != every[operation] else ""
        return tables.OPERATIONS[operation] + brackets

    return [f"Left out of {label}: {'; '.join(named(*item) for item in operations.items())}."
            for label, operations in found.items()]


def compact(run):
    """What the documents show of one number of threads."""
    shapes = sorted({(case["classes"], case["rows"]) for case in run["cases"]})
    spreads = [summary.spread(case["seconds"]["xent"]) for case in run["cases"]]
    parts = [f"#### {tables.threads(run)}",
             "Rows × classes: " + ", ".join(f"{rows:,} × {classes:,}" for classes, rows in shapes) + ". The middle half "
             f"of xent's rounds is {median(spreads) * 100:.0f} % of their median wide in the median of the cases, "
             f"{max(spreads) * 100:.0f} % in the worst.",
             *grid_summary.section(run, lambda case: share_of_limit(run, case))]
    beside = any(lead(case, PYTORCH) for case in run["cases"])
    what = "Share of the limit" + ("; how many times faster than PyTorch" if beside else "")
    for heading, cell in (
            (what, lambda case: f"{share_of_limit(run, case) * 100:.0f} %" +
                (f" {times(lead(case, PYTORCH))}" if beside else "")),
            ("How many times faster than oneDNN", lambda case: times(lead(case, [ONEDNN]))),
            ("How many times faster than the reference", lambda case: times(lead(case, [REFERENCE]))),
            ("Worst error, in units of the stored type's rounding", lambda case: units(case["error"]))):
        if shown := matrix(run, cell):
            parts += [f"{heading}:", shown]
    return "\n\n".join(parts + left_out(run))


def full(run):
    """All of one number of threads: the summary, and a table for each operation and type."""
    parts = [f"### {tables.threads(run)}", *grid_summary.section(run, lambda case: share_of_limit(run, case))]
    for (operation, dtype), measured in lines(run).items():
        labels = tables.all_peers(measured)
        headings = ["shape", "xent", "middle half", "GB/s", f"of {measured[0]['limit']}", "worst error", "verdict",
                    *(heading for label in labels for heading in (label, "xent is faster"))]
        rows = [[f"{case['rows']} × {case['classes']}", tables.median_of(case, "xent"),
                 f"{summary.spread(case['seconds']['xent']) * 100:.0f} %",
                 f"{summary.rate(moved(case), case['seconds']['xent']) * 1e-9:.1f}",
                 f"{share_of_limit(run, case) * 100:.0f} %", f"{units(case['error'])} u",
                 grid_summary.verdict(case).text(),
                 *(cell for label in labels
                   for cell in (tables.median_of(case, label), tables.times_faster(case, label)))]
                for case in measured]
        parts += [f"{tables.OPERATIONS[operation]}, {dtype}:", tables.table(headings, rows)]
    return "\n\n".join(parts + left_out(run))
