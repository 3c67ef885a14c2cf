"""What changed between two results files, and what of it is more than noise."""

from dataclasses import dataclass
from statistics import median, quantiles

from runner import tables
from runner.readings import Unreadable

FEWEST_ROUNDS = 3  # quartiles of fewer say nothing about spread

RULE = """\
Of each case that both files have, each round's time of xent becomes one number: its time over the time
in which the machine copied a byte in that same round (with --absolute: its time alone). Training has no
copy between its epochs; there it is the median of all copies of the same run. The change is the median
of NEW's rounds over the median of OLD's.

A case is slower beyond noise if the middle halves of its rounds do not overlap and leave a gap:
    NEW's lower quartile > OLD's upper quartile x (1 + w/2)
where w is the typical width of a middle half: the median over these cases of (upper quartile - lower
quartile) / median, in that one of the two files where it is larger. It is faster beyond noise if the same
holds with OLD and NEW exchanged. Fewer than three rounds have no spread: such a case is listed, not judged.
"noise" in the table is the range of changes that this rule puts down to noise.

The rounds of a case follow each other within seconds, so what disturbs the machine for longer than that can pass
for a change. Believe what a second run confirms, above all where a file says that other programs were busy, or
where a case is slower in one of the two ways alone, beside the copy or --absolute."""


@dataclass(frozen=True)
class Spread:
    low: float
    middle: float
    high: float
    rounds: int

    def width(self):
        return (self.high - self.low) / self.middle


@dataclass(frozen=True)
class Change:
    name: str
    old_seconds: float
    new_seconds: float
    ratio: float  # of NEW to OLD, in what the rule compares
    least: float  # from here to most it is noise
    most: float
    judged: bool

    def slower(self):
        return self.judged and self.ratio > self.most

    def faster(self):
        return self.judged and self.ratio < self.least

    def verdict(self):
        if not self.judged:
            return "too few rounds"
        return "**slower**" if self.slower() else "faster" if self.faster() else "within noise"


@dataclass(frozen=True)
class Comparison:
    changes: list   # the worst first
    only_old: list  # names
    only_new: list

    def slower(self):
        return [change for change in self.changes if change.slower()]


def spread(reading, absolute):
    """Of the rounds of xent, in the measure that the rule compares."""
    rounds = reading.seconds["xent"]
    if not absolute:
        rounds = [time / copy for time, copy in zip(rounds, reading.copy)]
    low, middle, high = quantiles(rounds, n=4, method="inclusive") if len(rounds) > 1 else rounds * 3
    return Spread(low, middle, high, len(rounds))


def typical_width(spreads):
    widths = [s.width() for s in spreads if s.rounds >= FEWEST_ROUNDS]
    return median(widths) if widths else 0.0


def compare(old, new, absolute=False, across_machines=False):
    """Of two readings.Results. Unreadable says why they cannot be compared."""
    if old.kind != new.kind:
        raise Unreadable(f"the one is of a {old.kind}, the other of a {new.kind}")
    if old.machine != new.machine and not across_machines:
        raise Unreadable(f"two machines, {old.machine} and {new.machine}: --across-machines compares them all the same")
    olds, news = ({reading.key(): reading for reading in results.readings} for results in (old, new))
    both = [key for key in olds if key in news]
    if not both:
        raise Unreadable("the two have no case in common")
    spreads = [(spread(olds[key], absolute), spread(news[key], absolute)) for key in both]
    gap = 1 + max(typical_width(side) for side in zip(*spreads)) / 2
    changes = [change(olds[key], news[key], *pair, gap) for key, pair in zip(both, spreads)]
    if not any(c.judged for c in changes):
        raise Unreadable(f"no case has {FEWEST_ROUNDS} rounds in both: nothing can be judged")
    return Comparison(sorted(changes, key=lambda c: (-c.ratio, c.name)),
                      [reading.full_name() for key, reading in olds.items() if key not in news],
                      [reading.full_name() for key, reading in news.items() if key not in olds])


def change(old, new, before, after, gap):
    """The rule, solved for the ratio of the medians: beyond these two limits the quartiles have the gap."""
    return Change(new.full_name(), median(old.seconds["xent"]), median(new.seconds["xent"]),
                  after.middle / before.middle,
                  least=before.low / before.middle * after.middle / after.high / gap,
                  most=before.high / before.middle * after.middle / after.low * gap,
                  judged=min(before.rounds, after.rounds) >= FEWEST_ROUNDS)


def percent(ratio):
    rounded = round((ratio - 1) * 100)
    return f"{'+' if rounded > 0 else '−' if rounded < 0 else '±'}{abs(rounded)} %"


def row(c):
    noise = f"{percent(c.least)} to {percent(c.most)}" if c.judged else "–"
    return [c.name, tables.duration(c.old_seconds), tables.duration(c.new_seconds), percent(c.ratio), noise,
            c.verdict()]


def report(old, new, comparison, absolute=False):
    """Markdown; old and new are readings.Results."""
    parts = ["\n".join(f"- {label}: {about(results)}" for label, results in (("old", old), ("new", new))),
             "\n".join(copies(old, new)),
             "The change is of raw times." if absolute else
             "Times are raw; the change is of times beside the copy that ran in the same rounds.",
             tables.table(["what", "old", "new", "change", "noise", "verdict"], map(row, comparison.changes))]
    for label, names in (("old", comparison.only_old), ("new", comparison.only_new)):
        if names:
            parts.append("\n".join([f"Only in the {label} results:", "", *(f"- {name}" for name in names)]))
    return "\n\n".join([*parts, count(comparison.changes)])


def about(results):
    quick = "; a quick run, whose figures mean little" if results.quick else ""
    busy = "; other programs were busy" if results.busy else ""
    return f"{results.machine}; {results.software}; {results.date}{quick}{busy}"


def copies(old, new):
    for group in old.groups():
        if group in new.groups():
            rates = [results.copy_rate(group) * 1e-9 for results in (old, new)]
            yield f"- copying memory, {group}: {rates[0]:.1f} GB/s, then {rates[1]:.1f} GB/s"


def count(changes):
    judged = [c for c in changes if c.judged]
    slower, faster = (sum(map(verdict, judged)) for verdict in (Change.slower, Change.faster))
    few = len(changes) - len(judged)
    return (f"Of {len(changes)} cases {slower} slower, {faster} faster, {len(judged) - slower - faster} within noise"
            + (f", {few} with too few rounds" if few else "")
            + f"; the median of the changes is {percent(median(c.ratio for c in changes))}.")
