"""Charts of a grid: a roofline for each type, and leads over the fastest peer by the number of classes. The same
results make the same bytes, as charts.py says."""

from statistics import median

from runner import arithmetic, charts, grid_summary, grid_tables, readings, summary, tables

ROOFLINE, LEAD = "roofline", "lead"
CAPTIONS = {ROOFLINE: "The grid under the machine's roofs", LEAD: "The grid: the lead over the fastest peer"}
STYLES = {name: style for name, style in zip(
    (name for name in tables.OPERATIONS if not name.endswith("in_place")),
    [("#d55e00", "o"), ("#e69f00", "s"), ("#7a5c00", "D"), ("#0072b2", "^"), ("#56b4e9", "v"), ("#003a5c", "P"),
     ("#009e73", "X"), ("#cc79a7", "<"), ("#333333", ">")])}
LEGEND_INCHES = 0.8
POINT = {"markersize": 3.5, "linewidth": 0.8}


def draw(document, folder):
    """Makes the charts of a grid's results in the folder; their paths."""
    matplotlib = charts.load_matplotlib()
    name = readings.machine_name(document)
    made = []
    with matplotlib.style.context(charts.LOOK, after_reset=True):
        for run in document["runs"]:
            for kind, drawing, shows in ((ROOFLINE, draw_roofline, has_roofs), (LEAD, draw_lead, has_peers)):
                panels = {dtype: cases for dtype, cases in by_type(run).items() if shows(run, cases)}
                if not panels:
                    continue
                figure, axes = sheet(matplotlib, panels)
                title = f"{CAPTIONS[kind]}, {tables.threads(run)}\n{name}; {document['date']}"
                figure.suptitle(title, x=0.02, ha="left", fontsize=9)
                for panel, (dtype, cases) in zip(axes, panels.items()):
                    panel.set_title(dtype, loc="left")
                    drawing(matplotlib, panel, run["limits"], dtype, cases)
                legend(figure, axes)
                made.append(charts.save(figure, folder, charts.file_name(name, tables.threads(run), kind)))
    return made


def by_type(run):
    found = {}
    for case in run["cases"]:
        found.setdefault(case["dtype"], []).append(case)
    return found


def by_operation(cases):
    return {name: sorted((c for c in cases if c["operation"] == name), key=lambda c: c["classes"]) for name in STYLES}


def has_roofs(run, cases):
    """Grids of earlier days did not measure arithmetic."""
    return "fma" in run["limits"] and any(case["operation"] in arithmetic.COUNTED for case in cases)


def has_peers(run, cases):
    return any(grid_summary.verdict(case).fastest for case in cases)


def sheet(matplotlib, panels):
    rows = (len(panels) + 1) // 2
    height = LEGEND_INCHES + 0.4 + 3.2 * rows
    figure = matplotlib.figure.Figure(figsize=(9.0, height), layout="constrained")
    figure.get_layout_engine().set(rect=(0, LEGEND_INCHES / height, 1, 1 - LEGEND_INCHES / height))
    axes = figure.subplots(rows, 2, squeeze=False).ravel()
    for extra in axes[len(panels):]:
        extra.set_axis_off()
    return figure, axes[:len(panels)]


def legend(figure, axes):
    entries = {label: handle for panel in axes for handle, label in zip(*panel.get_legend_handles_labels())}
    figure.legend(entries.values(), entries.keys(), loc="lower center", ncol=4, frameon=False)


def point(case):
    """Operations per byte, and operations per second."""
    operations = arithmetic.an_element(case["operation"], case["dtype"]) * case["rows"] * case["classes"]
    return operations / grid_tables.moved(case), operations / median(case["seconds"]["xent"])


def draw_roofline(matplotlib, axes, limits, dtype, cases):
    roof = arithmetic.most(limits["fma"]["operations"] / median(limits["fma"]["seconds"]), dtype)
    shown = {name: [point(case) for case in mine] for name, mine in by_operation(cases).items()
             if mine and name in arithmetic.COUNTED}
    at = [x for points in shown.values() for x, _ in points]
    left, right = min(at) / 2, max([*at, roof / memory(limits, "read")]) * 2
    for name, dashes in (("copy", "--"), ("read", ":")):
        rate = memory(limits, name)
        axes.plot([left, roof / rate, right], [left * rate * 1e-9, roof * 1e-9, roof * 1e-9], dashes, color=charts.RED,
                  linewidth=1.2, label=f"{name} memory, then multiply-adds")
        note(axes, f"{name} {rate * 1e-9:.1f} GB/s", left, left * rate, (2, -8 if name == "copy" else 5))
    note(axes, f"{roof * 1e-9:.1f}·10⁹/s", right, roof, (0, 3), ha="right")
    for name, points in shown.items():
        color, mark = STYLES[name]
        axes.plot(*zip(*((x, y * 1e-9) for x, y in points)), mark, color=color, label=tables.OPERATIONS[name], **POINT)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.grid()
    axes.set_xlabel("operations per byte that must move")
    axes.set_ylabel("10⁹ operations a second")


def note(axes, text, x, y, points_away, **alignment):
    axes.annotate(text, (x, y * 1e-9), xytext=points_away, textcoords="offset points", color=charts.RED, fontsize=6.5,
                  **alignment)


def memory(limits, name):
    return summary.rate(limits[name]["bytes"], limits[name]["seconds"])


def draw_lead(matplotlib, axes, limits, dtype, cases):
    for name, mine in by_operation(cases).items():
        points = [(case["classes"], v.least) for case in mine if (v := grid_summary.verdict(case)).fastest]
        if points:
            color, mark = STYLES[name]
            axes.plot(*zip(*points), mark, linestyle="-", color=color, label=tables.OPERATIONS[name], **POINT)
    axes.axhline(1, color=charts.RED, linewidth=1.2, linestyle="--", label="as fast as the fastest peer")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.grid()
    axes.yaxis.set_major_locator(matplotlib.ticker.LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(matplotlib.ticker.FuncFormatter(lambda value, _: f"{value:g}×"))
    axes.yaxis.set_minor_formatter(matplotlib.ticker.NullFormatter())
    axes.set_xlabel("classes")
    axes.set_ylabel("fastest peer's time over xent's")

