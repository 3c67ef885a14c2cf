"""Charts of a results file as SVG: the same results make the same bytes, so that a diff shows what changed."""

import io

from runner import machine, summary

OF_COPY, SPEED_UP = "of-copy", "speed-up"
CAPTIONS = {OF_COPY: "Share of the copy's bandwidth", SPEED_UP: "How many times faster xent is"}

# Text stays text, so that it can be searched and read aloud. Colours that most eyes tell apart, each with a
# mark of its own; a white ground, for the page may be dark.
LOOK = {"svg.fonttype": "none", "svg.hashsalt": "xent", "font.size": 8.0, "axes.titlesize": 9.0,
        "axes.spines.top": False, "axes.spines.right": False, "figure.facecolor": "white",
        "axes.facecolor": "white", "figure.constrained_layout.w_pad": 0.15, "axes.axisbelow": True,
        "grid.color": "#d9d9d9", "grid.linewidth": 0.6, "text.color": "#1a1a1a"}
BLUE, RED = "#0072b2", "#c0392b"
PEER_STYLES = [("#d55e00", "o"), ("#0072b2", "s"), ("#009e73", "D"), ("#cc79a7", "^"), ("#7a5c00", "v"),
               ("#333333", "P")]
ROW_INCHES = 0.2


class NoMatplotlib(RuntimeError):
    def __init__(self):
        super().__init__("no matplotlib for this Python: Debian's package is python3-matplotlib")


def load_matplotlib():
    try:
        import matplotlib.figure
        import matplotlib.style
        import matplotlib.ticker
    except ImportError as why:
        raise NoMatplotlib from why
    return matplotlib


def file_name(machine_name, group, kind):
    """Without the day: a later run's chart takes the place of an earlier one's."""
    return f"{machine.file_word(machine_name)}--{machine.file_word(group)}--{kind}.svg"


def links(machine_name, group, there, captions=None):
    """Markdown of the group's charts that are among the file names `there`, for a page beside their folder."""
    names = [(caption, file_name(machine_name, group, kind)) for kind, caption in (captions or CAPTIONS).items()]
    return [f"![{caption}, {group}](charts/{name})" for caption, name in names if name in there]


def draw(results, folder):
    """Makes the charts of a readings.Results in the folder; their paths."""
    matplotlib = load_matplotlib()
    made = []
    with matplotlib.style.context(LOOK, after_reset=True):  # after_reset: whatever the user's own settings are
        for group in results.groups():
            mine = [reading for reading in results.readings if reading.group == group]
            for kind, drawing, shown in (
                    (OF_COPY, draw_of_copy, [r for r in mine if r.bytes]),
                    (SPEED_UP, draw_speed_up, [r for r in mine if r.peers()])):
                if shown:
                    figure, axes = sheet(matplotlib, shown)
                    axes.set_title(f"{CAPTIONS[kind]}, {group}\n{results.machine}; {results.date}", loc="left")
                    drawing(matplotlib, axes, shown, results.copy_rate(group))
                    made.append(save(figure, folder, file_name(results.machine, group, kind)))
    return made


def sheet(matplotlib, shown):
    """A figure with a row for each case, the first on top, and bands that tell families of cases apart."""
    figure = matplotlib.figure.Figure(figsize=(9.0, 1.3 + ROW_INCHES * len(shown)), layout="constrained")
    axes = figure.add_subplot()
    axes.set_ylim(len(shown) - 0.5, -0.5)
    axes.set_yticks(range(len(shown)), [reading.name for reading in shown])
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
    families = [reading.name.rsplit(", ", 1)[0] for reading in shown]
    band = 0
    for index, family in enumerate(families):
        band += index > 0 and family != families[index - 1]
        if band % 2:
            axes.axhspan(index - 0.5, index + 0.5, color="#f2f2f2", linewidth=0, zorder=0)
    return figure, axes


def draw_of_copy(matplotlib, axes, shown, copy_rate):
    shares = [reading.share_of_copy() for reading in shown]
    rows = range(len(shown))
    axes.barh(rows, [s.value for s in shares], height=0.6, color="#9ecae1")
    axes.hlines(rows, [s.low for s in shares], [s.high for s in shares], color=BLUE, linewidth=1.4)
    for row, share in zip(rows, shares):
        axes.annotate(f"{share.value * 100:.0f} %", (max(share.value, share.high), row), xytext=(3, 0),
                      textcoords="offset points", va="center", color="#1a1a1a")
    axes.axvline(1, color=RED, linewidth=1.4, linestyle="--",
                 label=f"the machine's copy, {copy_rate * 1e-9:.1f} GB/s")
    axes.set_xlim(0, 1.12 * max(1.0, *(max(s.value, s.high) for s in shares)))
    axes.xaxis.set_major_formatter(matplotlib.ticker.PercentFormatter(1.0, decimals=0, symbol=" %"))
    axes.set_xlabel("xent's bandwidth, % of the copy's beside it (medians; line: middle half of the rounds)")
    legend(axes, 1)


def draw_speed_up(matplotlib, axes, shown, _):
    labels = list(dict.fromkeys(label for reading in shown for label in reading.peers()))
    for index, label in enumerate(labels):
        color, mark = PEER_STYLES[index % len(PEER_STYLES)]
        found = [(row + 0.6 * ((index + 0.5) / len(labels) - 0.5),
                  summary.ratio(reading.seconds[label], reading.seconds["xent"]))
                 for row, reading in enumerate(shown) if label in reading.seconds]
        rows, ratios = zip(*found)
        axes.hlines(rows, [r.low for r in ratios], [r.high for r in ratios], color=color, linewidth=1.4)
        axes.plot([r.value for r in ratios], rows, mark, color=color, markersize=4, label=label)
    axes.set_xscale("log")
    axes.axvline(1, color=RED, linewidth=1.4, linestyle="--", label="as fast as xent")
    low, high = axes.get_xlim()
    axes.set_xlim(min(low, 0.8), max(high, 2.0))
    axes.xaxis.set_major_locator(matplotlib.ticker.LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(matplotlib.ticker.FuncFormatter(lambda value, _: f"{value:g}×"))
    axes.xaxis.set_minor_formatter(matplotlib.ticker.NullFormatter())
    axes.set_xlabel("time of the peer over xent's, × (log scale; medians; line: middle half of the rounds)")
    legend(axes, len(labels) + 1)


def legend(axes, columns):
    axes.legend(loc="upper right", bbox_to_anchor=(1, -36 / (72 * ROW_INCHES * len(axes.get_yticks()))),
                ncol=min(columns, 4), frameon=False, borderaxespad=0)


def save(figure, folder, name):
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    # matplotlib ends lines with blanks, which git complains of.
    path.write_text("\n".join(line.rstrip() for line in text.getvalue().splitlines()) + "\n", encoding="utf-8")
    return path
