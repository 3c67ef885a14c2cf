"""One case of the grid: xent beside its peers, the limit that its memory traffic has, the reference and the truth."""

from dataclasses import replace

from runner import measure

REFERENCE = "reference"
REFERENCE_ELEMENTS = 1 << 18  # it works on one thread, element by element: more rows tell nothing more


def limit_of(operation):
    """What xent's bytes per second are held against: those of reading where it only reads."""
    return "read" if operation in ("cross_entropy_forward", "nll") else "copy"


def measure_case(field, case, rounds, seconds):
    """As measure.measure_loss, with the seconds that the reference would take for all rows."""
    part = replace(case, rows=min(case.rows, max(1, REFERENCE_ELEMENTS // case.classes)))
    field.xent.ask("prepare", REFERENCE, *part.words(), "reference")
    limit = limit_of(case.operation)
    # The copy runs beside what only reads too: bench/compare tells a slower machine by it.
    beside = [REFERENCE, *dict.fromkeys(("copy", limit))]
    measured = measure.measure_loss(field, case, rounds, seconds, beside)
    field.xent.ask("drop", REFERENCE)
    measured["seconds"][REFERENCE] = [s * case.rows / part.rows for s in measured["seconds"][REFERENCE]]
    judged = field.xent.ask("judge", *case.words()[:-1])
    return {**measured, "limit": limit, "reference_rows": part.rows, "error": judged["worst"],
            "error_rows": judged["rows"]}
