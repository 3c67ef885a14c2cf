"""A results file, of a processor or of a GPU, as one flat list of what was measured and the rounds it took."""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from runner import gpu_tables, machine, summary, tables


NOT_RESULTS = "is not a results file of bench/run, bench/gpu/run or gpu-check"


class Unreadable(RuntimeError):
    """Not a results file, or one that nothing can be told from; the text names it and says why."""


@dataclass(frozen=True)
class Reading:
    group: str        # what its readings share: "2 threads"; of a GPU "xent alone" or "beside peers"
    name: str         # unlike any other of its group
    seconds: dict     # {contestant: seconds of a call, one per round}
    copy: list        # seconds in which the machine copies a byte, as many as there are rounds
    bytes: float = 0  # those that a call must move; 0: memory is not what it is about

    def key(self):
        return self.group, self.name

    def full_name(self):
        return f"{self.group}: {self.name}"

    def peers(self):
        return [label for label in self.seconds if label not in ("xent", *summary.LIMITS)]

    def share_of_copy(self):
        """The bandwidth beside that of the copy in the same rounds, as the tables have it."""
        return summary.ratio(self.copy, [s / self.bytes for s in self.seconds["xent"]])


@dataclass(frozen=True)
class Results:
    kind: str      # "processor" or "GPU"
    machine: str
    date: str
    software: str
    quick: bool
    readings: list
    busy: bool = False  # other programs were, before the run

    def groups(self):
        return list(dict.fromkeys(reading.group for reading in self.readings))

    def copy_rate(self, group):
        """Bytes a second, over everything that was measured in the group."""
        return 1 / median(second for r in self.readings if r.group == group for second in r.copy)


def load(path):
    try:
        return read(json.loads(Path(path).read_text(encoding="utf-8")))
    except OSError as why:
        raise Unreadable(f"{path}: {why.strerror}") from why
    except ValueError as why:  # of JSON, or of UTF-8
        raise Unreadable(f"{path}: is not JSON: {why}") from why
    except Unreadable as why:
        raise Unreadable(f"{path}: {why}") from why


def read(document):
    """A document as bench/run, bench/gpu/run and gpu-check write them."""
    try:
        if not isinstance(document, dict):
            raise Unreadable(NOT_RESULTS)
        if "runs" in document:
            results = of_processor(document)
        elif document.get("kind") == "gpu-check":
            results = of_gpu_check(document)
        elif {"xent", "limits", "cases"} <= set(document):
            results = of_gpu_run(document)
        else:
            raise Unreadable(NOT_RESULTS)
        check(results.readings)
    except KeyError as why:
        raise Unreadable(f"lacks, or names what is not known: {why}") from why
    except (TypeError, AttributeError, IndexError, ValueError, ZeroDivisionError) as why:
        raise Unreadable(f"is not as a results file should be: {why}") from why
    return results


def machine_name(document):
    """What tells one machine from another, as documents.newest_per_… do."""
    facts = document["machine"]
    return facts["gpu"] if "gpu" in facts else f"{facts['processor']}, {facts['threads']} threads"


def of_processor(document):
    software = document["software"]
    readings = [reading for run in document["runs"] for reading in of_run(run)]
    return Results("processor", machine_name(document), document["date"],
                   f"xent {software['xent']} built with {software['compiler']}", document["quick"], readings,
                   machine.busy(document["machine"]))


def of_run(run):
    group = tables.threads(run)
    copied = run["limits"]["copy"]["bytes"]
    readings = [Reading(group, tables.case_name(case), case["seconds"], per_byte(case["seconds"]["copy"], copied),
                        case["bytes"]) for case in run["cases"]]
    if "training" in run:
        # No copy runs between epochs: all that the run copied before stands in for it.
        everything = [s for reading in readings for s in reading.copy]
        everything += per_byte(run["limits"]["copy"]["seconds"], copied)
        training = run["training"]
        name = (f"training {training['layers']}, batch {training['batch']}, "
                f"{training['steps']} steps on {training['digits']}")
        typical = [median(everything)] * len(training["seconds"]["xent"])
        readings.append(Reading(group, name, training["seconds"], typical))
    return readings


def of_gpu_check(document):
    software = document["software"]
    parts = gpu_tables.measured(document)
    return Results("GPU", machine_name(document), document["date"],
                   f"xent {software['xent']} built with nvcc {software['nvcc']}",
                   any(figures.get("quick", False) for _, figures in parts),
                   [reading for heading, figures in parts for reading in of_gpu_figures(heading, figures)])


def of_gpu_run(document):
    facts = document["xent"]
    group = gpu_tables.PARTS["peers" if document.get("peers") else "bench"]
    return Results("GPU", facts["device"], document["date"], f"xent {facts['version']}",
                   document["quick"], of_gpu_figures(group, document))


def of_gpu_figures(group, figures):
    copied = figures["limits"]["copy"]["bytes"]
    return [Reading(group.lower(), gpu_tables.case_name(case), case["seconds"],
                    per_byte(case["seconds"]["copy"], copied), case["bytes"]) for case in figures["cases"]]


def per_byte(seconds, copied):
    return [second / copied for second in seconds]


def check(readings):
    """Raises Unreadable for what no arithmetic should meet."""
    if not readings:
        raise Unreadable("holds no measurement")
    seen = set()
    for reading in readings:
        if reading.key() in seen:
            raise Unreadable(f"has this twice: {reading.full_name()}")
        seen.add(reading.key())
        for label, times in [*reading.seconds.items(), ("copy", reading.copy)]:
            if not times or not all(math.isfinite(time) and time > 0 for time in times):
                raise Unreadable(f"{reading.full_name()}: the times of {label} are not all above zero")
        if len(reading.seconds["xent"]) != len(reading.copy):
            raise Unreadable(f"{reading.full_name()}: {len(reading.seconds['xent'])} rounds of xent, "
                             f"{len(reading.copy)} of the copy")
