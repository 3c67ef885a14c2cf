"""What the grid comes to: a verdict on each case, means of the leads over the fastest peer, and the worst cases."""

import math
from dataclasses import dataclass
from statistics import fmean, median

from runner import summary, tables
from runner.grid import REFERENCE

WORST = 10  # cases that a summary shows

AHEAD, LEVEL, BEHIND, ALONE = "ahead", "level", "behind", "no peer"


@dataclass(frozen=True)
class Verdict:
    word: str
    fastest: str = ""   # peer, and how many times faster xent is than that one
    least: float = 0.0
    slowest: str = ""
    most: float = 0.0

    def text(self):
        if self.word == ALONE:
            return ALONE
        most = f" to {self.most:.1f}×" if self.slowest != self.fastest else ""
        return f"{self.word}, {self.least:.1f}×{most}"


def verdict(case):
    """Ahead or behind of the fastest peer if the middle half of the rounds' ratios says so, else level."""
    medians = {label: median(case["seconds"][label]) for label in summary.peers(case) if label != REFERENCE}
    if not medians:
        return Verdict(ALONE)
    fastest, slowest = min(medians, key=medians.get), max(medians, key=medians.get)
    lead = summary.ratio(case["seconds"][fastest], case["seconds"]["xent"])
    word = AHEAD if lead.low > 1 else BEHIND if lead.high < 1 else LEVEL
    return Verdict(word, fastest, lead.value, slowest, medians[slowest] / median(case["seconds"]["xent"]))


def geometric_mean(values):
    return math.exp(fmean(map(math.log, values)))


def compared(run):
    """(case, verdict) of those that had a peer, the worst first."""
    found = ((case, verdict(case)) for case in run["cases"])
    return sorted(((case, v) for case, v in found if v.word != ALONE), key=lambda pair: pair[1].least)


def means(pairs):
    """A line per operation, a column per type: geometric means over the numbers of classes, and of all."""
    dtypes = list(dict.fromkeys(case["dtype"] for case, _ in pairs))
    operations = [name for name in tables.OPERATIONS if any(case["operation"] == name for case, _ in pairs)]

    def cell(wanted):
        leads = [v.least for case, v in pairs if wanted(case)]
        return f"{geometric_mean(leads):.2f}×" if leads else "–"

    rows = [[tables.OPERATIONS[name], *(cell(lambda c: c["operation"] == name and c["dtype"] == d) for d in dtypes),
             cell(lambda c: c["operation"] == name)] for name in operations]
    rows.append(["all", *(cell(lambda c: c["dtype"] == d) for d in dtypes), cell(lambda c: True)])
    return tables.table(["faster than the fastest peer", *dtypes, "all"], rows)


def worst(pairs, share_of_limit):
    """share_of_limit(case): xent's bytes per second beside the limit's."""
    rows = [[tables.case_name(case), tables.median_of(case, "xent"),
             f"{share_of_limit(case) * 100:.0f} % of {case['limit']}", v.fastest,
             tables.times_faster(case, v.fastest), v.slowest, f"{v.most:.1f}×", v.word]
            for case, v in pairs[:WORST]]
    return tables.table(["worst first", "xent", "bandwidth", "fastest peer", "xent is faster", "slowest peer",
                         "xent is faster", "verdict"], rows)


def section(run, share_of_limit):
    """Paragraphs; none where nobody ran against xent."""
    pairs = compared(run)
    if not pairs:
        return []
    count = {word: sum(v.word == word for _, v in pairs) for word in (AHEAD, LEVEL, BEHIND)}
    died = sorted({label for case in run["cases"] for label in case.get("died", [])})
    text = (f"Of {len(run['cases'])} cases {len(pairs)} had a peer: xent is ahead of the fastest in {count[AHEAD]}, "
            f"level in {count[LEVEL]}, behind in {count[BEHIND]}. Geometric means of the leads over it:")
    return [text, means(pairs), "The worst of them:", worst(pairs, share_of_limit),
            *(f"{label} died in {', '.join(tables.case_name(c) for c in run['cases'] if label in c.get('died', []))}."
              for label in died)]
